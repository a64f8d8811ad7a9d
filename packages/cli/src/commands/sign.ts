import {
  buildCovenant,
  type CovenantDocument,
  countersignCovenant,
  type KeyPair,
  type Signer,
} from '@stele/sdk';
import { type Command, InvalidArgumentError } from 'commander';
import { type ApproverFlags, addApproverOptions, readApprovers } from '../lib/approver-flags.js';
import { compileText } from '../lib/ccl-file.js';
import type { Cli, ExitCode } from '../lib/cli.js';
import { readCovenant } from '../lib/covenant-file.js';
import { CliError } from '../lib/errors.js';
import { refuseInput, writeText } from '../lib/files.js';
import { readText, refuseTwoInputs } from '../lib/input.js';
import { KEY_OPTION, readSigner } from '../lib/keys.js';
import { readMetadata } from '../lib/metadata.js';
import { jsonText } from '../lib/output.js';
import {
  addPassphraseOptions,
  PASSPHRASE_HELP,
  type PassphraseFlags,
  passphraseInput,
} from '../lib/passphrase.js';
import { parsePoint } from '../lib/times.js';
import { many } from '../lib/verify-flags.js';

interface Flags extends PassphraseFlags, ApproverFlags {
  readonly key: string;
  readonly beneficiary?: string;
  readonly beneficiaryName?: string;
  readonly issuerName?: string;
  readonly activates?: string;
  readonly expires?: string;
  readonly parent?: string;
  readonly delegation?: number;
  readonly countersigner?: string[];
  readonly metadata?: string;
  readonly tools?: string[];
  readonly allowWider?: true;
  readonly countersign?: string;
  readonly out?: string;
  readonly json?: true;
}

export function define(command: Command, cli: Cli): void {
  addApproverOptions(addPassphraseOptions(command))
    .argument('[constraints.ccl]', 'the rules, in CCL; - for standard input')
    .requiredOption('--key <file>', `what signs: ${KEY_OPTION}`)
    .option('--beneficiary <did>', 'the agent: a did:key or any absolute URI')
    .option('--beneficiary-name <name>', 'its name')
    .option('--issuer-name <name>', 'the name of the issuer')
    .option(
      '--activates <time>',
      'from when it holds: a time, a day or a span from now (2h); at once if not given',
    )
    .option('--expires <time>', 'until when: a time, a day or a span from now (90d); for ever if not given')
    .option('--parent <file>', 'the covenant that this one is delegated from')
    .option('--delegation <levels>', 'how many levels may be delegated below it (1 to 15)', wholeNumber)
    .addOption(many('--countersigner <did>', 'who must sign it too; repeatable'))
    .option('--metadata <file>', 'a JSON object that goes into the covenant')
    .addOption(
      many('--tools <file>', 'the tools that it agrees to, as `stele tools pin` wrote them; repeatable'),
    )
    .option('--allow-wider', 'sign although it is not proved to lie within its parent')
    .option('--countersign <covenant.json>', 'add a signature to this covenant instead of making one')
    .option('--out <file>', 'where the covenant goes; standard output if not given')
    .addHelpText(
      'after',
      `${PASSPHRASE_HELP}

Examples:
  $ stele sign rules.ccl --key owner.key --beneficiary did:key:z6Mk… --expires 90d --out covenant.json
  $ stele sign rules.ccl --key ring --passphrase-file passphrase --beneficiary https://acme.example/agents/refunds
  $ stele sign rules.ccl --key ring --beneficiary https://acme.example/agents/refunds --approver did:key:z6Mk… --approver did:key:z6Mr… --threshold 2
  $ stele sign --countersign covenant.json --key auditor.key --out covenant.json`,
    )
    .action(cli.does((rules: string | undefined, flags: Flags) => sign(rules, flags, cli)));
}

async function sign(rules: string | undefined, flags: Flags, cli: Cli): Promise<ExitCode> {
  if ((rules === undefined) === (flags.countersign === undefined))
    throw usage('name either the rules to sign or --countersign a covenant');
  // A covenant may be countersigned in its place; the key, the rules and the rest must stay what they are.
  const { tools = [] } = flags;
  const read = [rules, flags.countersign, flags.parent, flags.metadata, ...tools];
  refuseTwoInputs(passphraseInput(flags), ...read);
  if (flags.out !== undefined)
    await refuseInput(flags.out, '--out', [
      flags.key,
      flags.passphraseFile,
      rules,
      flags.parent,
      flags.metadata,
      ...tools,
    ]);
  const signer = await readSigner(flags.key, flags, cli);
  const covenant =
    rules === undefined
      ? await countersign(flags.countersign as string, signer, cli)
      : await build(rules, flags, signer, cli);
  await emit(covenant, flags, cli);
  return 0;
}

async function build(
  rules: string,
  flags: Flags,
  signer: KeyPair | Signer,
  cli: Cli,
): Promise<CovenantDocument> {
  const { beneficiary, beneficiaryName, issuerName, parent } = flags;
  if (beneficiary === undefined) throw usage('say for whom: --beneficiary <did>');
  const constraints = await readText(rules, cli.streams);
  const policy = compileText(constraints, rules); // for a message that names the file
  return buildCovenant({
    beneficiary: { id: beneficiary, ...given('name', beneficiaryName) },
    constraints,
    signer,
    ...given('issuer', issuerName === undefined ? undefined : { name: issuerName }),
    ...given('activatesAt', point(flags.activates, '--activates')),
    ...given('expiresAt', point(flags.expires, '--expires')),
    ...given('parent', parent === undefined ? undefined : await readCovenant(parent, cli.streams)),
    ...given('delegation', flags.delegation === undefined ? undefined : { maxDepth: flags.delegation }),
    ...given('requiredCountersigners', flags.countersigner),
    ...given('approvers', readApprovers(flags, policy)),
    ...given('metadata', await readMetadata(flags, cli.streams)),
    ...given('allowWider', flags.allowWider),
  });
}

async function countersign(path: string, signer: KeyPair | Signer, cli: Cli): Promise<CovenantDocument> {
  return countersignCovenant(await readCovenant(path, cli.streams), signer);
}

async function emit(covenant: CovenantDocument, flags: Flags, cli: Cli): Promise<void> {
  if (flags.out === undefined)
    return cli.print(flags.json ? jsonText(covenant) : JSON.stringify(covenant, null, 2));
  await writeText(flags.out, `${JSON.stringify(covenant, null, 2)}\n`);
  const { id, issuer, beneficiary, expiresAt } = covenant;
  if (flags.json) {
    const shown = { id, issuer: issuer.id, beneficiary: beneficiary.id, ...given('expiresAt', expiresAt) };
    return cli.print(jsonText({ ...shown, file: flags.out }));
  }
  cli.print(`covenant     ${id}\nissuer       ${issuer.id}\nbeneficiary  ${beneficiary.id}`);
  cli.print(`expires      ${expiresAt ?? 'never'}\nfile         ${flags.out}`);
}

const point = (text: string | undefined, option: string): string | undefined =>
  text === undefined ? undefined : `${parsePoint(text, option).toISOString().slice(0, 19)}Z`;

function given<Name extends string, Value>(name: Name, value: Value | undefined): { [K in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { [K in Name]?: Value };
}

function wholeNumber(text: string): number {
  if (!/^\d{1,3}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

const usage = (message: string) => new CliError('usage', message, 'see: stele sign --help');
