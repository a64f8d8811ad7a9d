import type { ApprovalState, BackedStore, EncryptedStore } from '@stele/store';
import type { Command } from 'commander';
import type { Cli, ExitCode } from '../../lib/cli.js';
import { addEncryptionOptions, ENCRYPTION_HELP, readEncryptionKeys } from '../../lib/encryption-keys.js';
import { count, jsonText, printable, table } from '../../lib/output.js';
import { addProgressOptions, progressOf, STORE_ARGUMENT, type StoreFlags } from '../../lib/store/flags.js';
import { type KeyRow, keyRows, keyTable } from '../../lib/store/key-usage.js';
import { approvalsOf, countAll, covenantsOf, revocationsOf } from '../../lib/store/walk.js';
import { openNamedStore } from '../../lib/stores.js';

export function define(command: Command, cli: Cli): void {
  addProgressOptions(addEncryptionOptions(command.argument('<store>', STORE_ARGUMENT)))
    .addHelpText('after', HELP)
    .action(cli.does((name: string, flags: StoreFlags) => stats(name, flags, cli)));
}

const HELP = `
Counts covenants, revocations, revoked covenants and approvals by their states, names the issuers with the most covenants, and says what the store supports; of an
encrypted one also how many records are under which key. Signatures are not checked: \`stele store verify\` does that.
Exit codes: 0, or 1 if a record could not be read.
${ENCRYPTION_HELP}

Examples:
  $ stele store stats covenants
  $ stele store stats sqlite:covenants.db --encryption-key-file store.key --json`;

const TOP = 5;
/** Beyond these issuers are counted together. */
const MOST_ISSUERS = 10_000;

interface Contents {
  covenants: number;
  revocations: number;
  /** Covenants that a revocation names, whether they are here or not. */
  revoked: number;
  approvals: Record<ApprovalState, number>;
  unreadable: number;
  issuers: Map<string, number>;
}

async function stats(name: string, flags: StoreFlags, cli: Cli): Promise<ExitCode> {
  const keys = await readEncryptionKeys(flags);
  const { store, encrypted, shown } = await openNamedStore(name, { keys });
  try {
    const contents = await contentsOf(store, flags, cli);
    const encryption = encrypted && (await encryptionOf(encrypted));
    if (flags.json) cli.print(jsonText(jsonOf(shown, store, contents, encryption)));
    else cli.print(textOf(shown, store, contents, encryption));
    return contents.unreadable === 0 ? 0 : 1;
  } finally {
    await store.close();
  }
}

async function contentsOf(store: BackedStore, flags: StoreFlags, cli: Cli): Promise<Contents> {
  const progress = progressOf('stats', await countAll(store), flags, cli);
  const found: Contents = {
    ...{ covenants: 0, revocations: 0, revoked: 0, unreadable: 0 },
    approvals: { open: 0, used: 0, denied: 0, void: 0 },
    issuers: new Map(),
  };
  const onCorrupt = () => {
    found.unreadable++;
  };
  let done = 0;
  const passed = () => progress.at(++done, done);
  try {
    for await (const { document } of covenantsOf(store, onCorrupt)) {
      found.covenants++;
      countIssuer(found.issuers, document.issuer);
      passed();
    }
    let last = '';
    for await (const { document } of revocationsOf(store, onCorrupt)) {
      found.revocations++;
      if (document.covenant !== last) found.revoked++;
      last = document.covenant;
      passed();
    }
    for await (const { document } of approvalsOf(store, onCorrupt)) {
      found.approvals[document.state]++;
      passed();
    }
    return found;
  } finally {
    progress.clear();
  }
}

/** Not verified, so the issuer may be anything; what is no text is counted with the others. */
function countIssuer(issuers: Map<string, number>, issuer: { readonly id?: unknown } | null): void {
  const id = issuer?.id;
  if (typeof id !== 'string' || (!issuers.has(id) && issuers.size >= MOST_ISSUERS)) return;
  issuers.set(id, (issuers.get(id) ?? 0) + 1);
}

interface Encryption {
  readonly storeId: string | undefined;
  readonly keys: readonly KeyRow[];
}

async function encryptionOf(store: EncryptedStore): Promise<Encryption> {
  return { storeId: await store.storeId(), keys: keyRows(await store.keyUsage()) };
}

/** The issuers with the most covenants, and how many covenants the others have. */
function topOf({ covenants, issuers }: Contents): {
  issuers: { issuer: string; covenants: number }[];
  others: number;
} {
  const top = [...issuers].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, TOP);
  const others = covenants - top.reduce((sum, [, n]) => sum + n, 0);
  return { issuers: top.map(([issuer, n]) => ({ issuer, covenants: n })), others };
}

function jsonOf(shown: string, store: BackedStore, contents: Contents, encryption: Encryption | undefined) {
  const { covenants, revocations, revoked, approvals, unreadable } = contents;
  const { transaction, watch } = store.supports;
  const { issuers, others } = topOf(contents);
  return {
    ...{ store: shown, covenants, revocations, revokedCovenants: revoked, approvals, unreadable },
    ...{ issuers, others },
    supports: { transaction, watch },
    encrypted: encryption !== undefined,
    ...encryption,
  };
}

function textOf(
  shown: string,
  store: BackedStore,
  contents: Contents,
  encryption: Encryption | undefined,
): string {
  const { covenants, revocations, revoked, approvals, unreadable } = contents;
  const { issuers, others } = topOf(contents);
  const can = Object.entries(store.supports).map(([what, does]) => `${what} ${does ? 'yes' : 'no'}`);
  const rows = issuers.map((row) => [printable(row.issuer), count(row.covenants)]);
  return [
    shown,
    `${count(covenants)} covenants, ${count(revocations)} revocations (of ${count(revoked)} covenants), ${count(unreadable)} unreadable`,
    `approvals: ${Object.entries(approvals)
      .map(([state, n]) => `${count(n)} ${state}`)
      .join(', ')}`,
    `supports: ${can.join(', ')}`,
    ...(issuers.length === 0
      ? []
      : ['', table(['issuer', 'covenants'], others === 0 ? rows : [...rows, ['others', count(others)]])]),
    ...(encryption === undefined
      ? []
      : ['', `encrypted, store id ${encryption.storeId ?? 'none yet'}`, keyTable(encryption.keys)]),
  ].join('\n');
}
