import { StoreError } from '../errors.js';
import type { Found, RecordBackend, RecordKind, RecordRange, StoredRecord } from '../record-backend.js';
import { isRecordId } from './ids.js';
import { attempt, openDatabase, type SqliteOptions } from './sqlite-connection.js';
import type { SqliteDatabase, SqliteDriverName, SqliteStatement } from './sqlite-driver.js';
import { RECORDS } from './sqlite-schema.js';

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

  constructor(path: string, options: SqliteOptions) {
    const { driver, database, statements } = openDatabase(path, RECORDS, STATEMENTS, options);
    this.driver = driver;
    this.#database = database;
    this.#statements = statements;
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

function blob(id: string, value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new StoreError('record_corrupt', `the stored record of ${id} is not made of bytes`, { id });
}
