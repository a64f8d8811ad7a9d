import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EncryptedStore, FileStore, MemoryStore, SqliteStore } from '@stele/store';
import { share } from '../lib/bars.mjs';
import { covenants, parties, verified } from '../lib/samples.mjs';

export const title = 'Stores';

const PUTS = 100;
const FILE_PUTS = 20;
const FEW_FILES = 'FileStore that holds 100';
const BARE_PUT = 'better-sqlite3, bare put of a ready text';
const SQLITE_PUT = 'SqliteStore, put of a VerifiedCovenant';
const BARE_GET = 'better-sqlite3, bare get and JSON.parse';
const SQLITE_GET = 'SqliteStore, get';

export async function* tables({ folder, smoke }) {
  const keys = await parties();
  const path = (name) => join(folder, name);
  const bare = bareTable(path('bare.db'));
  const stores = {
    sqlite: new SqliteStore(path('sqlite.db')),
    unverified: new SqliteStore(path('unverified.db')),
    encrypted: encrypted(new SqliteStore(path('encrypted.db'))),
    memory: new MemoryStore(),
    encryptedMemory: encrypted(new MemoryStore()),
    files: new FileStore(path('files')),
  };
  const folders = {
    few: filledFolder(path('few'), 100),
    many: filledFolder(path('many'), smoke ? 1_000 : 100_000),
  };
  try {
    yield await puts(keys, bare, stores);
    yield await putsBySize(keys, folders);
    yield await gets(keys, bare, stores, smoke ? 20 : 2_000);
  } finally {
    for (const store of [...Object.values(stores), ...Object.values(folders)]) await store.close();
    bare.close();
  }
}

/** Each round puts covenants that no store has seen: writing what is there already costs SQLite nothing. */
async function puts(keys, bare, stores) {
  let documents = [];
  const put = (store) => (i) => store.put(documents[i % PUTS].verified);
  return {
    title: 'Put a covenant, durable when it returns',
    note: 'Each one new. SQLite in WAL mode with synchronous = FULL everywhere, so that a put ends with one fsync. The stores put a `VerifiedCovenant`, which is not verified again, except in the row that says otherwise.',
    rounds: 21,
    prepare: async () => {
      const made = await covenants(PUTS, keys);
      documents = await Promise.all(
        made.map(async (document) => ({
          document,
          text: JSON.stringify(document),
          verified: await verified(document),
        })),
      );
    },
    candidates: [
      { name: BARE_PUT, run: (i) => bare.put(documents[i % PUTS].document.id, documents[i % PUTS].text) },
      { name: SQLITE_PUT, run: put(stores.sqlite), bar: share(0.6, BARE_PUT) },
      {
        name: 'SqliteStore, put of an unverified document',
        run: (i) => stores.unverified.put(documents[i % PUTS].document),
      },
      { name: 'EncryptedStore over SqliteStore', run: put(stores.encrypted), bar: share(0.65, SQLITE_PUT) },
      { name: 'FileStore', run: put(stores.files) },
      { name: 'MemoryStore, nothing durable', run: put(stores.memory) },
      { name: 'EncryptedStore over MemoryStore', run: put(stores.encryptedMemory) },
    ].map((candidate) => ({ ...candidate, operations: PUTS })),
  };
}

/** What a put costs must not depend on how many records are there already. */
async function putsBySize(keys, { few, many }) {
  let documents = [];
  const put = (store) => (i) => store.put(documents[i % FILE_PUTS]);
  return {
    title: 'Put a covenant into a folder of files',
    note: 'Each one new and verified before. A put ends with two syncs: of the file, and of the folder it is renamed into.',
    rounds: 21,
    prepare: async () => {
      const made = await covenants(FILE_PUTS, keys);
      documents = await Promise.all(made.map(verified));
    },
    candidates: [
      { name: FEW_FILES, run: put(few) },
      { name: 'FileStore that holds 100,000', run: put(many), bar: share(0.9, FEW_FILES) },
    ].map((candidate) => ({ ...candidate, operations: FILE_PUTS })),
  };
}

async function gets(keys, bare, stores, count) {
  const documents = await covenants(count, keys);
  for (const document of documents) {
    const covenant = await verified(document);
    bare.put(document.id, JSON.stringify(document));
    for (const store of Object.values(stores)) await store.put(covenant);
  }
  const id = (i) => documents[(i * 7919) % count].id;
  const get = (store) => (i) => store.get(id(i));
  return {
    title: 'Get a covenant',
    note: `One of ${count.toLocaleString('en-US')} in turn. A store recomputes the hash that is the id, parses as I-JSON and returns a frozen document.`,
    candidates: [
      { name: BARE_GET, run: (i) => JSON.parse(bare.get(id(i))) },
      { name: SQLITE_GET, run: get(stores.sqlite), bar: share(0.45, BARE_GET) },
      { name: 'EncryptedStore over SqliteStore', run: get(stores.encrypted), bar: share(0.5, SQLITE_GET) },
      { name: 'FileStore', run: get(stores.files) },
      { name: 'MemoryStore', run: get(stores.memory) },
      { name: 'EncryptedStore over MemoryStore', run: get(stores.encryptedMemory) },
    ],
  };
}

/** A store whose folder holds so many files besides; none of them is ever opened. */
function filledFolder(path, count) {
  const store = new FileStore(path);
  for (let n = 0; n < count; n++) {
    const name = createHash('sha256').update(`${path} ${n}`).digest('hex');
    const shard = join(path, 'covenants', name.slice(0, 2));
    mkdirSync(shard, { recursive: true });
    writeFileSync(join(shard, name), `a record of some length: ${'x'.repeat(1000)}`);
  }
  return store;
}

function encrypted(store) {
  return new EncryptedStore({ store, encryptionKey: new Uint8Array(32).fill(7) });
}

/** The plainest use of the very library build that SqliteStore loads: its statements are prepared once. */
function bareTable(path) {
  const Database = createRequire(fileURLToPath(import.meta.resolve('@stele/store')))('better-sqlite3');
  const database = new Database(path);
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  database.exec('CREATE TABLE documents (id TEXT PRIMARY KEY, body TEXT NOT NULL)');
  const put = database.prepare(
    'INSERT INTO documents VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body',
  );
  const get = database.prepare('SELECT body FROM documents WHERE id = ?').pluck();
  return { put: (id, body) => put.run(id, body), get: (id) => get.get(id), close: () => database.close() };
}
