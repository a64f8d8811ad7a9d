import { type ReissueReport, type ReissueResult, SteleClient } from '@stele/sdk';
import type { Command } from 'commander';
import type { Cli, ExitCode } from '../lib/cli.js';
import { CliError } from '../lib/errors.js';
import { readStatements, refuseTwoInputs } from '../lib/input.js';
import { namedCovenant } from '../lib/named-covenant.js';
import { jsonText, printable } from '../lib/output.js';
import {
  addPassphraseOptions,
  PASSPHRASE_HELP,
  type PassphraseFlags,
  passphraseInput,
} from '../lib/passphrase.js';
import { Progress } from '../lib/progress.js';
import { addRingOption, openRing, readRing } from '../lib/ring.js';
import { ringStanding } from '../lib/ring-standing.js';
import { openStore } from '../lib/stores.js';
import { many } from '../lib/verify-flags.js';

interface Flags extends PassphraseFlags {
  readonly store: string;
  readonly ring: string;
  readonly continuity?: string[];
  readonly trust?: string[];
  readonly compromised?: string[];
  readonly acceptRetired?: true;
  readonly progress?: boolean;
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  addPassphraseOptions(
    addRingOption(
      command
        .argument('[covenants...]', 'which, by id or file; all active ones of the old keys if not given')
        .requiredOption(
          '--store <store>',
          'the store: the folder of a FileStore, the file of a SqliteStore, or a URL of PostgreSQL or Redis',
        ),
    ),
  )
    .addOption(many('--continuity <file>', 'statements that join the old keys to the new one; repeatable'))
    .addOption(
      many('--trust <did>', 'a did:key trusted as the root of a chain, beside the new key; repeatable'),
    )
    .option(
      '--accept-retired',
      'also take covenants of keys whose overlap has ended: the store is yours alone',
    )
    .addOption(
      many('--compromised <did>', 'an old key that was compromised; the covenants must then be named'),
    )
    .option('--progress', 'draw the progress bar although standard error is no terminal')
    .option('--no-progress', 'draw no progress bar')
    .addHelpText('after', HELP)
    .action(cli.does((covenants: string[], flags: Flags) => reissue(covenants, flags, cli)));
}

const HELP = `
Issues the same promises again under the active key of the ring, parents before their children, and stores each as it is made.
What has been reissued already is left as it is: so a run that was cut short, at any point, is resumed by running it again. Run one at
a time. A covenant that needs countersignatures fails, and --json holds its reissue without them.
Exit codes: 1 if a covenant failed; else 0.
${PASSPHRASE_HELP}

Example:
  $ stele reissue --store covenants --ring ring --passphrase-file passphrase --continuity continuity.json`;

async function reissue(named: readonly string[], flags: Flags, cli: Cli): Promise<ExitCode> {
  if (flags.continuity === undefined && flags.compromised === undefined)
    throw new CliError(
      'usage',
      'say what joins the old keys to the new one: --continuity <file>',
      'see: stele keys rotate',
    );
  refuseTwoInputs(passphraseInput(flags), ...(flags.continuity ?? []), ...named);
  const continuity = await readStatements(flags.continuity ?? [], cli.streams);
  const covenants = await Promise.all(named.map((each) => namedCovenant(each, cli.streams)));
  const store = await openStore(flags.store);
  try {
    const { manager } = await openRing(flags.ring, flags, cli);
    const { did } = manager.activeKey;
    const client = new SteleClient({
      store,
      signer: manager.signer,
      trust: [did, ...(flags.trust ?? [])],
      continuity,
      followContinuity: true,
      keyStatus: ringStanding(await readRing(flags.ring), flags.acceptRetired === true),
    });
    const report = await run(client, covenants, flags, cli);
    cli.print(flags.json ? jsonText({ key: did, ...report }) : summary(report));
    return report.failed === 0 ? 0 : 1;
  } finally {
    await store.close();
  }
}

/** Tells of each covenant as it is done, below a bar. */
async function run(client: SteleClient, covenants: string[], flags: Flags, cli: Cli): Promise<ReissueReport> {
  const { compromised, progress: show } = flags;
  const progress = new Progress(cli.streams.stderr, { task: 'reissue', unit: 'covenants', show });
  try {
    return await client.reissue(covenants.length === 0 ? undefined : covenants, {
      ...(compromised === undefined ? {} : { compromised }),
      onProgress: ({ done, total, current }) => {
        tell(current, progress, flags, cli);
        progress.at(done, done, total);
      },
    });
  } finally {
    progress.clear();
  }
}

function tell(result: ReissueResult, progress: Progress, { json }: Flags, cli: Cli): void {
  if (json) return;
  progress.clear();
  cli.print(`${result.status.padEnd(8)}  ${result.covenant}  ${outcome(result)}`);
}

function outcome(result: ReissueResult): string {
  if (result.status === 'skipped') return REASONS[result.reason];
  if (result.status !== 'failed') return `as ${result.reissue}`;
  const { code, check, message } = result;
  return `${code}${check === undefined ? '' : ` (${check})`}: ${printable(message, 400)}`;
}

const REASONS = {
  ended: 'it has ended',
  revoked: 'it was revoked',
  not_ours: 'its issuer is not joined to the new key',
  current: 'it is under the new key',
} as const;

const summary = ({ reissued, already, skipped, failed }: ReissueReport) =>
  `${reissued} reissued, ${already} already, ${skipped} skipped, ${failed} failed`;
