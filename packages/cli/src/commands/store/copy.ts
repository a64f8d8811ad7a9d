import type { BackedStore } from '@stele/store';
import type { Command } from 'commander';
import type { Cli, ExitCode } from '../../lib/cli.js';
import {
  addEncryptionOptions,
  ENCRYPTION_HELP,
  type EncryptionFlags,
  readEncryptionKeys,
} from '../../lib/encryption-keys.js';
import { CliError } from '../../lib/errors.js';
import { count, jsonText } from '../../lib/output.js';
import { compareStores } from '../../lib/store/compare.js';
import { type Copied, copyMissing } from '../../lib/store/copy.js';
import { Findings } from '../../lib/store/findings.js';
import { addProgressOptions, progressOf, STORE_ARGUMENT, type StoreFlags } from '../../lib/store/flags.js';
import { countAll } from '../../lib/store/walk.js';
import { identityOf, type OpenedStore, openNamedStore } from '../../lib/stores.js';

interface Flags extends StoreFlags {
  readonly toEncryptionKeyFile?: string;
  readonly toEncryptionKeyRing?: string;
  readonly toKmsKey?: string;
}

export function define(command: Command, cli: Cli): void {
  addProgressOptions(
    addEncryptionOptions(
      command.argument('<from>', STORE_ARGUMENT).argument('<to>', 'the same; it is made if there is none'),
    )
      .option('--to-encryption-key-file <file>', 'the key of the second store, which is or becomes encrypted')
      .option('--to-encryption-key-ring <folder>', 'its keys, sealed by AWS KMS; made if there are none')
      .option('--to-kms-key <key>', 'the key in AWS KMS that seals that ring'),
  )
    .addHelpText('after', HELP)
    .action(cli.does((from: string, to: string, flags: Flags) => copy(from, to, flags, cli)));
}

const HELP = `
Puts every revocation, approval and covenant into the second store that it lacks, then reads both stores anew and compares all they
hold. Run it again after anything that cut it short: what is there already is left alone. Nothing is deleted or replaced in either
store; of two proofs by one key the stored one stays, and is told as a difference; an approval that was used in either store is used in
the second. What is written to the first store meanwhile
may be missing in the second: stop its writers before the last run.
Exit codes: 0 if both hold the same, 1 if not or if a record could not be read or put, 2 if a store failed.
${ENCRYPTION_HELP}

Examples:
  $ stele store copy covenants sqlite:covenants.db
  $ stele store copy covenants 'postgres://stele@db.example/app?schema=stele' --to-encryption-key-file store.key
  $ stele store copy covenants 'dynamodb://covenants?region=eu-central-1' --to-encryption-key-ring store-keys --to-kms-key alias/stele`;

async function copy(fromName: string, toName: string, flags: Flags, cli: Cli): Promise<ExitCode> {
  const keys = await readEncryptionKeys(flags);
  const toKeys = await readEncryptionKeys(flagsOfTarget(flags), { create: true });
  if ((await identityOf(fromName)) === (await identityOf(toName)))
    throw new CliError('usage', 'a store cannot be copied into itself', 'name another one to copy into');
  const from = await openNamedStore(fromName, { keys });
  try {
    const to = await openNamedStore(toName, { keys: toKeys, create: true });
    try {
      return await copyAndCompare(from, to, flags, cli);
    } finally {
      await to.store.close();
    }
  } finally {
    await from.store.close();
  }
}

function flagsOfTarget(flags: Flags): EncryptionFlags {
  const { toEncryptionKeyFile, toEncryptionKeyRing, toKmsKey } = flags;
  return {
    ...(toEncryptionKeyFile !== undefined && { encryptionKeyFile: toEncryptionKeyFile }),
    ...(toEncryptionKeyRing !== undefined && { encryptionKeyRing: toEncryptionKeyRing }),
    ...(toKmsKey !== undefined && { kmsKey: toKmsKey }),
  };
}

async function copyAndCompare(from: OpenedStore, to: OpenedStore, flags: Flags, cli: Cli): Promise<ExitCode> {
  const findings = new Findings(cli, flags.json === true);
  const { covenants, revocations, approvals } = await put(from.store, to, findings, flags, cli);
  const before = findings.count;
  await compare(from, to, findings, flags, cli);
  const equal = findings.count === before;
  if (flags.json) {
    const copied = { covenants, revocations, approvals };
    const report = { from: from.shown, to: to.shown, ...copied, equal, ...findings.report };
    cli.print(jsonText(report));
  } else {
    cli.print(`covenants:   ${summary(covenants)}\nrevocations: ${summary(revocations)}`);
    cli.print(`approvals:   ${summary(approvals)}`);
    cli.print(equal ? 'both stores hold the same' : 'the stores differ');
  }
  return findings.count === 0 ? 0 : 1;
}

async function put(from: BackedStore, to: OpenedStore, findings: Findings, flags: Flags, cli: Cli) {
  const progress = progressOf('copy', await countAll(from), flags, cli);
  findings.progress = progress;
  try {
    return await copyMissing(from, to.store, {
      onFailure: (error) => findings.addError(error, to.shown),
      onProgress: (done) => progress.at(done, done),
    });
  } finally {
    progress.clear();
  }
}

async function compare(from: OpenedStore, to: OpenedStore, findings: Findings, flags: Flags, cli: Cli) {
  const progress = progressOf('compare', await countAll(from.store), flags, cli);
  findings.progress = progress;
  try {
    await compareStores(from.store, to.store, {
      onDifference: ({ kind, id }, code) => findings.add({ kind, id, code }),
      onCorruptFrom: (error) => findings.addError(error, from.shown),
      onCorruptTo: (error) => findings.addError(error, to.shown),
      onProgress: (done) => progress.at(done, done),
    });
  } finally {
    progress.clear();
  }
}

const summary = ({ copied, already, failed }: Copied) =>
  `${count(copied)} copied, ${count(already)} already there, ${count(failed)} failed`;
