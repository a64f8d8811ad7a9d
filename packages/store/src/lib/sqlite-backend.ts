import { closeSync, openSync } from 'node:fs';
import { StoreError } from '../errors.js';
import type { Found, RecordBackend, RecordKind, RecordRange, StoredRecord } from '../record-backend.js';
import { isRecordId } from './ids.js';
import {
  loadSqlite,
  type SqliteDatabase,
  type SqliteDriverName,
  type SqliteStatement,
} from './sqlite-driver.js';
import { toStoreError } from './sqlite-errors.js';
import { migrate } from './sqlite-schema.js';

/** Bytes as a parameter: the SQLite of Node 22 binds an empty array as NULL. */
const BYTES = "coalesce(?, x'')";

/** The statements of a connection, prepared once: preparing costs as much as reading. */
const STATEMENTS = {
  get: 'SELECT bytes FROM records WHERE kind = ? AND id = ?',
  has: 'SELECT 1 FROM records WHERE kind = ? AND id = ?',
  insert: `INSERT INTO records (kind, id, bytes) VALUES (?, ?, ${BYTES}) ON CONFLICT (kind, id) DO NOTHING`,
  update: `UPDATE records SET bytes = ${BYTES} WHERE kind = ? AND id = ? AND bytes = ${BYTES}`,
  delete: 'DELETE FROM records WHERE kind = ? AND id = ?',
  list: 'SELECT id, bytes FROM records WHERE kind = ? AND id > ? AND id >= ? AND id < ? ORDER BY id LIMIT ?',
  count: 'SELECT count(*) AS n FROM records WHERE kind = ? AND id >= ? AND id < ?',
} as const;

type Statements = Readonly<Record<keyof typeof STATEMENTS, SqliteStatement>>;

/** Records in one table. Every put is one statement, durable when it returns (WAL, synchronous = FULL). */
export class SqliteBackend implements RecordBackend {
  readonly driver: SqliteDriverName;
  readonly #database: SqliteDatabase;
  readonly #statements: Statements;
  #open = true;

  constructor(path: string, options: { driver?: SqliteDriverName | undefined; busyTimeoutMs: number }) {
    const { name, open } = loadSqlite(options.driver);
    this.driver = name;
    this.#database = attempt(() => {
      createPrivately(path);
      return open(path);
    });
    this.#statements = attempt(() => {
      try {
        return prepareAll(this.#database, options.busyTimeoutMs);
      } catch (error) {
        this.#database.close();
        throw error;
      }
    });
  }

  async get(kind: RecordKind, id: string): Promise<Found | undefined> {
    if (!isRecordId(kind, id)) return undefined;
    const row = this.#run(({ get }) => get.get(kind, id)) as { bytes: unknown } | undefined;
    if (row === undefined) return undefined;
    const bytes = blob(id, row.bytes);
    return { bytes, version: bytes };
  }

  async put({ kind, id, bytes }: StoredRecord, expected: Uint8Array | undefined): Promise<boolean> {
    if (!isRecordId(kind, id)) throw new RangeError('id is not the id of a record');
    const { changes } = this.#run(({ insert, update }) =>
      expected === undefined ? insert.run(kind, id, bytes) : update.run(bytes, kind, id, expected),
    );
    return Number(changes) === 1;
  }

  async delete(kind: RecordKind, id: string): Promise<boolean> {
    if (!isRecordId(kind, id)) return false;
    return Number(this.#run((statements) => statements.delete.run(kind, id)).changes) === 1;
  }

  async has(kind: RecordKind, id: string): Promise<boolean> {
    return isRecordId(kind, id) && this.#run(({ has }) => has.get(kind, id)) !== undefined;
  }

  async list(kind: RecordKind, { after = '', prefix = '', limit }: RecordRange): Promise<StoredRecord[]> {
    const rows = this.#run(({ list }) => list.all(kind, after, prefix, `${prefix}\u{10ffff}`, limit));
    return (rows as { id: string; bytes: unknown }[]).map((row) => ({
      kind,
      id: row.id,
      bytes: blob(row.id, row.bytes),
    }));
  }

  async count(kind: RecordKind, prefix = ''): Promise<number> {
    return Number(
      (this.#run(({ count }) => count.get(kind, prefix, `${prefix}\u{10ffff}`)) as { n: number }).n,
    );
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    attempt(() => this.#database.close());
  }

  #run<T>(step: (statements: Statements) => T): T {
    if (!this.#open) throw new StoreError('store_closed', 'the database is closed');
    return attempt(() => step(this.#statements));
  }
}

function prepareAll(database: SqliteDatabase, busyTimeoutMs: number): Statements {
  database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
  migrate(database);
  const entries = Object.entries(STATEMENTS).map(([name, sql]) => [name, database.prepare(sql)]);
  return Object.fromEntries(entries) as Statements;
}

/**
 * Makes a new database file readable by its owner alone; SQLite gives its -wal and -shm files the same mode. A file
 * that exists is not opened here: closing it would drop the locks of another connection of this process.
 */
function createPrivately(path: string): void {
  if (path === ':memory:') return;
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EEXIST') throw error;
  }
}

function blob(id: string, value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new StoreError('record_corrupt', `the stored record of ${id} is not made of bytes`, { id });
}

function attempt<T>(step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw toStoreError(error);
  }
}
