import type { Rotation } from '@stele/crypto';
import type { Command } from 'commander';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { continuityOf, writeContinuity } from '../../lib/continuity.js';
import { CliError } from '../../lib/errors.js';
import { refuseExisting } from '../../lib/files.js';
import { ageOf, days } from '../../lib/key-ages.js';
import { jsonText, printable } from '../../lib/output.js';
import { addPassphraseOptions, PASSPHRASE_HELP, type PassphraseFlags } from '../../lib/passphrase.js';
import {
  addRingOption,
  MAX_AGE,
  mended,
  newestOf,
  type OpenRing,
  OVERLAP,
  openRing,
} from '../../lib/ring.js';
import { parseSpan } from '../../lib/times.js';

interface Flags extends PassphraseFlags {
  readonly ring: string;
  readonly overlap: string;
  readonly ifDue?: true;
  readonly maxAge: string;
  readonly continuity?: string;
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  addPassphraseOptions(addRingOption(command))
    .option('--overlap <span>', 'how long the old key still verifies; 0d for not at all', OVERLAP)
    .option('--if-due', 'rotate only if the active key has reached --max-age')
    .option('--max-age <span>', 'the age from which it is due', MAX_AGE)
    .option(
      '--continuity <file>',
      'write the statement that the new key follows the old one, signed by both, to a new file',
    )
    .addHelpText(
      'after',
      `
Of several processes that rotate one key at once, one does; the others report the same rotation. Keys whose overlap has
ended are wiped, also where nothing is due.
${PASSPHRASE_HELP}

Examples:
  $ stele keys rotate --ring ring --passphrase-file passphrase --overlap 7d --continuity continuity.json
  $ stele keys rotate --ring ring --passphrase-file passphrase --if-due --max-age 90d`,
    )
    .action(cli.does((flags: Flags) => rotate(flags, cli)));
}

async function rotate(flags: Flags, cli: Cli): Promise<ExitCode> {
  const overlapPeriodMs = parseSpan(flags.overlap, '--overlap');
  const maxAgeMs = parseSpan(flags.maxAge, '--max-age');
  if (maxAgeMs === 0)
    throw new CliError('usage', '--max-age is 0: every key would be due', 'leave out --if-due instead');
  if (flags.continuity !== undefined && overlapPeriodMs === 0)
    throw new CliError('usage', '--continuity needs an overlap: without one the old key signs nothing more');
  const ring = await openRing(flags.ring, flags, cli, { overlapPeriodMs, maxAgeMs });
  if (flags.ifDue && !isDue(ring)) return notDue(ring, flags, cli);
  if (flags.continuity !== undefined) await refuseExisting(flags.continuity, 'name another file');
  const rotation = await mended(() => rotated(ring));
  if (flags.continuity !== undefined) await state(ring, rotation, flags.continuity);
  report(rotation, flags, cli);
  return 0;
}

/** A ring whose newest key was revoked has nothing that signs. */
const isDue = ({ manager }: OpenRing) => manager.needsRotation() || manager.activeKey.state === 'revoked';

/** The key to be replaced is the one that was there when the command was given: meanwhile somebody may have replaced it. */
async function rotated({ manager, before }: OpenRing): Promise<Rotation> {
  const { publicKeyHex } = newestOf(before);
  if (manager.activeKey.publicKeyHex === publicKeyHex) return manager.rotate();
  const { history } = manager;
  const oldKey = history.find((key) => key.publicKeyHex === publicKeyHex);
  return { oldKey: oldKey ?? newestOf(before), newKey: manager.activeKey };
}

async function state({ manager }: OpenRing, { oldKey, newKey }: Rotation, path: string): Promise<void> {
  try {
    await writeContinuity(path, await continuityOf(manager, oldKey, newKey));
  } catch (error) {
    throw new CliError(
      'file_unwritable',
      `the keys were rotated, but the statement of continuity was not written: ${(error as Error).message}`,
      'run: stele keys continuity --ring <ring> --out <file>, before the overlap ends',
    );
  }
}

async function notDue({ manager }: OpenRing, { json }: Flags, cli: Cli): Promise<ExitCode> {
  await mended(() => manager.retireExpired());
  const { activeKey } = manager;
  if (json) cli.print(jsonText({ rotated: false, activeKey }));
  else cli.print(`not due: ${activeKey.did} is ${days(ageOf(activeKey))} days old`);
  return 0;
}

function report({ oldKey, newKey }: Rotation, { continuity, json }: Flags, cli: Cli): void {
  const file = continuity === undefined ? {} : { continuity };
  if (json) cli.print(jsonText({ rotated: true, oldKey, newKey, ...file }));
  else {
    cli.print(`new key     ${newKey.did}\npublic key  ${newKey.publicKeyHex}`);
    cli.print(`old key     ${oldKey.did} (${endOf(oldKey)})`);
    if (continuity !== undefined) cli.print(`continuity  ${printable(continuity)}`);
  }
}

const endOf = ({ state, verifiesUntil }: Rotation['oldKey']) =>
  state === 'retiring' ? `verifies until ${verifiesUntil}` : state;
