/** Stores of covenants, opened by their names. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { FileStore, type KeyProvider, SqliteStore } from '@stele/sdk';
import { type BackedStore, EncryptedStore, holdsSealedRecords, RECORD_KINDS } from '@stele/store';
import { isSteleError } from '@stele/types/errors';
import { CliError } from './errors.js';
import { parseStoreName, type StoreName } from './store/name.js';

/** How long a server may take over one call: batches are large, and nobody else waits. */
const TIMEOUT_MS = 30_000;

export interface OpenOptions {
  /** Whether one is made where there is none; it is not, unless this is true. */
  readonly create?: boolean;
  /** The keys of an encrypted store. */
  readonly keys?: KeyProvider | undefined;
}

/** A store with what may be shown of its name. */
export interface OpenedStore {
  readonly shown: string;
  readonly store: BackedStore;
  /** The same store, where it is encrypted. */
  readonly encrypted: EncryptedStore | undefined;
}

/**
 * Opens a store as it is. One that is encrypted is opened only with keys, one that is not only without.
 * @throws CliError `usage`, `store_missing`, `store_encrypted`, `store_not_encrypted`, `encryption_key_wrong`; StoreError
 */
export async function openNamedStore(
  name: string,
  { create = false, keys }: OpenOptions = {},
): Promise<OpenedStore> {
  const parsed = parseStoreName(name);
  const plain = await plainStore(parsed, create);
  try {
    if (parsed.kind === 'dynamodb') await assertTable(plain, parsed.shown);
    const isSealed = await holdsSealedRecords(plain);
    if (keys === undefined) {
      if (isSealed) throw needsKey(parsed.shown);
      return { shown: parsed.shown, store: plain, encrypted: undefined };
    }
    if (!isSealed && !(await isEmpty(plain))) throw needsNoKey(parsed.shown);
    const encrypted = new EncryptedStore({ store: plain, keys });
    await assertOpens(encrypted);
    return { shown: parsed.shown, store: encrypted, encrypted };
  } catch (error) {
    await plain.close().catch(() => undefined);
    throw error;
  }
}

/**
 * Opens a store that is there and is not encrypted.
 * @throws CliError as `openNamedStore`; StoreError
 */
export async function openStore(name: string): Promise<BackedStore> {
  return (await openNamedStore(name)).store;
}

/** Something that two names of one store have in common. A server under two host names is not known for one. */
export async function identityOf(name: string): Promise<string> {
  const parsed = parseStoreName(name);
  if ('url' in parsed) return `${parsed.url} ${parsed.space ?? 'stele'}`;
  if (parsed.kind === 'dynamodb') return ['dynamodb', parsed.region, parsed.endpoint, parsed.table].join(' ');
  const path = resolve(parsed.path);
  return realpath(path).catch(async () =>
    join(await realpath(dirname(path)).catch(() => dirname(path)), basename(path)),
  );
}

async function plainStore(name: StoreName, create: boolean): Promise<BackedStore> {
  if ('url' in name) return serverStore(name, create);
  if (name.kind === 'dynamodb') {
    const { DynamoDbStore } = await import('@stele/store/dynamodb');
    const { kind, shown, ...table } = name;
    return DynamoDbStore.connect({ ...table, timeoutMs: TIMEOUT_MS });
  }
  const found = await stat(name.path).catch(() => undefined);
  if (found?.isFile() && found.size > 0) return new SqliteStore(name.path);
  if (name.kind === 'sqlite') {
    if (create && (found === undefined || found.isFile())) return new SqliteStore(name.path);
    throw missing(name.shown);
  }
  // The marker of a store: any other folder would be made one.
  if (found?.isDirectory() && (await isFile(join(name.path, 'format')))) return new FileStore(name.path);
  if (!create || found?.isFile() || (found?.isDirectory() && !(await hasNothing(name.path))))
    throw missing(name.shown);
  if (/\.(db|sqlite3?)$/i.test(name.path))
    throw new CliError('usage', 'a new store by this name would be a folder', 'for a database: sqlite:PATH');
  return new FileStore(name.path);
}

async function serverStore(
  { kind, url, space }: Extract<StoreName, { url: string }>,
  create: boolean,
): Promise<BackedStore> {
  const common = { create, timeoutMs: TIMEOUT_MS };
  try {
    if (kind === 'postgres') {
      const { PostgresStore } = await import('@stele/store/postgres');
      return new PostgresStore(url, { ...common, ...(space === undefined ? {} : { schema: space }) });
    }
    const { RedisStore } = await import('@stele/store/redis');
    return new RedisStore(url, { ...common, ...(space === undefined ? {} : { prefix: space }) });
  } catch (error) {
    // Says which part of the name has the wrong form, without repeating it.
    if (error instanceof RangeError) throw new CliError('usage', error.message);
    throw error;
  }
}

/** A table costs money, so whoever pays makes it: not even a copy does. */
async function assertTable({ backend }: BackedStore, shown: string): Promise<void> {
  try {
    await backend.list('covenant', { limit: 1 });
  } catch (error) {
    const { cause } = error as { cause?: { name?: unknown } };
    if (cause?.name !== 'ResourceNotFoundException') throw error;
    throw new CliError(
      'store_missing',
      `there is no table at ${shown}`,
      'make one: two keys of type S, the partition key kind and the sort key id',
    );
  }
}

async function assertOpens(store: EncryptedStore): Promise<void> {
  try {
    await store.storeId();
  } catch (error) {
    if (!isSteleError(error) || error.code !== 'record_corrupt') throw error;
    throw new CliError(
      'encryption_key_wrong',
      'the encrypted store does not open with this key',
      'the key is another one, or the record that the store keeps about itself was damaged',
    );
  }
}

async function isEmpty({ backend }: BackedStore): Promise<boolean> {
  const firsts = await Promise.all(RECORD_KINDS.map((kind) => backend.list(kind, { limit: 1 })));
  return firsts.flat().length === 0;
}

/** As somebody left it who was about to make a store there, or made a folder for it. */
async function hasNothing(path: string): Promise<boolean> {
  return (await readdir(path)).every((entry) => entry === 'tmp');
}

const isFile = (path: string) =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );

const missing = (shown: string) =>
  new CliError(
    'store_missing',
    `there is no store at ${shown}`,
    'name the folder of a FileStore, the file of a SqliteStore, or a URL',
  );

const needsKey = (shown: string) =>
  new CliError('store_encrypted', `the store ${shown} is encrypted`, 'give the file with its key');

const needsNoKey = (shown: string) =>
  new CliError(
    'store_not_encrypted',
    `the store ${shown} is not encrypted`,
    'leave out the key; to encrypt it copy it into a new store: stele store copy',
  );
