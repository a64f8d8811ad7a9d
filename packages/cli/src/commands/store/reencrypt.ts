import { type ReencryptProgress, SealedKeys } from '@stele/sdk';
import type { EncryptedStore } from '@stele/store';
import type { Command } from 'commander';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { confirm } from '../../lib/confirm.js';
import { addEncryptionOptions, ENCRYPTION_HELP, readEncryptionKeys } from '../../lib/encryption-keys.js';
import { CliError } from '../../lib/errors.js';
import { count, jsonText } from '../../lib/output.js';
import { Findings } from '../../lib/store/findings.js';
import { addProgressOptions, progressOf, STORE_ARGUMENT, type StoreFlags } from '../../lib/store/flags.js';
import { type KeyRow, keyRows, keyTable } from '../../lib/store/key-usage.js';
import { countAll } from '../../lib/store/walk.js';
import { openNamedStore } from '../../lib/stores.js';

interface Flags extends StoreFlags {
  readonly rotate?: true;
  readonly dropUnused?: true;
  readonly yes?: true;
}

export function define(command: Command, cli: Cli): void {
  addProgressOptions(addEncryptionOptions(command.argument('<store>', STORE_ARGUMENT)))
    .option('--rotate', 'make a new key in the ring first')
    .option('--drop-unused', 'afterwards forget, for ever, the keys of the ring that no record is under')
    .option('--yes', 'with --drop-unused: do not ask whether it is meant')
    .addHelpText('after', HELP)
    .action(cli.does((name: string, flags: Flags) => reencrypt(name, flags, cli)));
}

const HELP = `
Seals anew, under the key of --encryption-key-file, every record that is under an old one, while the store is in use. First give
every process the new key beside the old one, which it goes on writing under; then the new one as the one to write under; then run
this. Cut short, at any point, it is run again and goes on. Destroy an old key only when it is said to be unused and every process has
long been writing under the new one; backups still need it.
With --encryption-key-ring the ring says which key is the new one: --rotate makes it, and the processes that have the ring see it within
a minute. Leave --rotate out where a run was cut short. Of processes, of backups and of other stores under the same ring --drop-unused
knows nothing: it asks first.
Exit codes: 0 if every record is under the new key, 1 if some are not, 2 if the store failed or it was interrupted.
${ENCRYPTION_HELP}

Examples:
  $ stele store reencrypt covenants --encryption-key-file new.key --old-encryption-key-file old.key
  $ stele store reencrypt covenants --encryption-key-ring store-keys --kms-key alias/stele --rotate`;

async function reencrypt(name: string, flags: Flags, cli: Cli): Promise<ExitCode> {
  const keys = await readEncryptionKeys(flags);
  const ring = keys instanceof SealedKeys ? keys : undefined;
  if (ring === undefined && (flags.rotate || flags.dropUnused))
    throw new CliError('usage', 'only the keys of a ring are made and dropped', 'give --encryption-key-ring');
  if (keys === undefined)
    throw new CliError('usage', 'say which key is the new one', 'give --encryption-key-file <file>');
  const { store, encrypted, shown } = await openNamedStore(name, { keys });
  try {
    await assertSealed(encrypted as EncryptedStore, shown);
    // Before all else: nobody waits long for the question, and who is refused has made no key.
    const forgets = `the keys that no record of ${shown} is under are to be forgotten, whatever backups and other stores hold under them`;
    if (flags.dropUnused) await confirm(forgets, flags.yes === true, cli);
    if (flags.rotate) await ring?.rotate();
    const findings = new Findings(cli, flags.json === true);
    const progress = await run(encrypted as EncryptedStore, findings, flags, cli);
    const rows = keyRows(await (encrypted as EncryptedStore).keyUsage());
    const done = findings.count === 0 && rows.every(({ current, records }) => current || records === 0);
    if (flags.dropUnused) await dropUnused(ring as SealedKeys, rows);
    if (flags.json) cli.print(jsonText({ store: shown, done, ...progress, keys: rows, ...findings.report }));
    else cli.print(textOf(progress, rows));
    return done ? 0 : 1;
  } finally {
    await store.close();
  }
}

/** An empty one would become encrypted by being sealed anew. */
async function assertSealed(store: EncryptedStore, shown: string): Promise<void> {
  if ((await store.storeId()) !== undefined) return;
  if ((await countAll(store)) === 0)
    throw new CliError('store_not_encrypted', `the store ${shown} is empty, and not encrypted yet`);
}

async function dropUnused(ring: SealedKeys, rows: readonly KeyRow[]): Promise<void> {
  for (const { keyId, current, records } of rows)
    if (keyId !== null && !current && records === 0) await ring.drop(keyId);
}

async function run(
  store: EncryptedStore,
  findings: Findings,
  flags: StoreFlags,
  cli: Cli,
): Promise<ReencryptProgress> {
  const records = await countAll(store);
  const progress = progressOf('reencrypt', records, flags, cli);
  findings.progress = progress;
  try {
    return await interruptibly((signal) =>
      store.reencrypt({
        signal,
        onCorrupt: (error) => findings.addError(error),
        onProgress: ({ examined }) => progress.at(examined, examined),
      }),
    );
  } finally {
    progress.clear();
  }
}

/** Ends between two records when the process is told to end. */
async function interruptibly<T>(act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const end = new AbortController();
  const abort = () =>
    end.abort(new CliError('interrupted', 'the re-encryption was interrupted', 'run it again: it goes on'));
  process.once('SIGINT', abort).once('SIGTERM', abort);
  try {
    return await act(end.signal);
  } finally {
    process.off('SIGINT', abort).off('SIGTERM', abort);
  }
}

function textOf({ examined, reencrypted, corrupt }: ReencryptProgress, rows: readonly KeyRow[]): string {
  const old = rows.filter(({ current }) => !current);
  return [
    `${count(examined)} records, ${count(reencrypted)} sealed anew, ${count(corrupt)} unreadable`,
    keyTable(rows),
    ...old.map(({ keyId, records }) =>
      records === 0 ? `${keyId} is unused` : `${keyId ?? 'no key'}: ${count(records)} records are left`,
    ),
  ].join('\n');
}
