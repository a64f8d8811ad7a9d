import { randomBytes } from '@stele/crypto';
import { StoreError } from '../errors.js';
import type {
  Change,
  Found,
  ListedRecord,
  RecordBackend,
  RecordChange,
  RecordFilter,
  RecordKind,
  RecordRange,
} from '../record-backend.js';
import { Bell } from './bell.js';
import { changeToken, readChanges } from './change-feed.js';
import { checkChanges, checkIds } from './changes.js';
import { FileGuard } from './file-guard.js';
import { attempt, openDatabase, type SqliteOptions } from './sqlite-connection.js';
import type { SqliteDatabase, SqliteDriverName } from './sqlite-driver.js';
import { SqliteFeed } from './sqlite-feed.js';
import { STATEMENTS, type Statements } from './sqlite-records.js';
import { RECORDS } from './sqlite-schema.js';
import { makeChanges } from './sqlite-write.js';

/** How often a watch looks for what other processes have written. */
const POLL_MS = 50;

/** Records in one table, which is the feed as well. Every write is one transaction, durable when it returns (WAL, synchronous = FULL). */
export class SqliteBackend implements RecordBackend {
  readonly supports = { transaction: true, watch: true };
  readonly driver: SqliteDriverName;
  readonly #database: SqliteDatabase;
  readonly #statements: Statements;
  readonly #guard: FileGuard;
  readonly #feed: SqliteFeed;
  readonly #bell = new Bell();
  #open = true;

  constructor(path: string, options: SqliteOptions) {
    const { driver, database, statements } = openDatabase(path, RECORDS, STATEMENTS, options);
    this.driver = driver;
    this.#database = database;
    this.#statements = statements;
    this.#guard = new FileGuard(path);
    this.#feed = new SqliteFeed(
      (read) => this.#run(read),
      () => this.#open,
    );
  }

  async get(kind: RecordKind, id: string): Promise<Found | undefined> {
    return this.#run((statements) => found(statements, kind, id));
  }

  async getMany(kind: RecordKind, ids: readonly string[]): Promise<(Found | undefined)[]> {
    checkIds(ids);
    return this.#run((statements) => {
      statements.begin.run();
      try {
        return ids.map((id) => found(statements, kind, id));
      } finally {
        statements.commit.run();
      }
    });
  }

  async write(changes: readonly Change[]): Promise<boolean> {
    checkChanges(changes);
    const done = this.#alone((statements) => makeChanges(statements, changes));
    if (done) this.#bell.ring();
    return done;
  }

  async has(kind: RecordKind, id: string): Promise<boolean> {
    return this.#run(({ has }) => has.get(kind, id)) !== undefined;
  }

  async list(
    kind: RecordKind,
    { token, after = '', prefix = '', limit }: RecordRange,
  ): Promise<ListedRecord[]> {
    const range = [after, prefix, endOf(prefix)];
    const rows = this.#run(({ list, listByToken }) =>
      token === undefined
        ? list.all(kind, ...range, limit)
        : listByToken.all(token, ...range, kind, token, kind, ...range, kind, ...range, limit),
    );
    return (rows as { id: string; bytes: unknown }[]).map(({ id, bytes }) =>
      bytes instanceof Uint8Array ? { id, bytes } : { id, error: noBytes(id) },
    );
  }

  async count(kind: RecordKind, { token, prefix = '' }: RecordFilter = {}): Promise<number | undefined> {
    const row = this.#run(({ count, countByToken, untold }) => {
      if (token === undefined) return count.get(kind, prefix, endOf(prefix));
      if (untold.get(kind) !== undefined) return undefined;
      return countByToken.get(token, prefix, endOf(prefix), kind, token, kind, prefix, endOf(prefix));
    });
    return (row as { n: number } | undefined)?.n;
  }

  async latestChange(): Promise<string> {
    return changeToken(this.#feed, this.#feed.latest());
  }

  changes(after: string, signal: AbortSignal): AsyncIterable<RecordChange> {
    return readChanges(this.#feed, after, { bell: this.#bell, signal, pollMs: POLL_MS });
  }

  async probe(): Promise<void> {
    const value = randomBytes(16);
    this.#alone(({ insertProbe }) => insertProbe.run(value));
    const read = this.#run(({ findProbe }) => findProbe.get(value));
    this.#alone(({ deleteProbe }) => deleteProbe.run(value));
    if (read === undefined)
      throw new StoreError('store_unavailable', 'the database does not keep what is written');
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#bell.ring();
    attempt(() => this.#database.close());
  }

  /** Runs a step as one transaction, alone among all who write. A step that returns false is undone. */
  #alone<T>(step: (statements: Statements) => T): T {
    return this.#run((statements) => {
      this.#guard.check();
      statements.beginImmediate.run();
      try {
        const result = step(statements);
        (result === false ? statements.rollback : statements.commit).run();
        return result;
      } catch (error) {
        giveUp(statements);
        throw error;
      }
    });
  }

  #run<T>(step: (statements: Statements) => T): T {
    if (!this.#open) throw new StoreError('store_closed', 'the database is closed');
    return attempt(() => step(this.#statements));
  }
}

/** After some errors SQLite has rolled back by itself; then this fails. */
function giveUp({ rollback }: Statements): void {
  try {
    rollback.run();
  } catch {
    // Nothing is open, as it should be.
  }
}

function found({ get }: Statements, kind: RecordKind, id: string): Found | undefined {
  // What is no id is in no row.
  const row = get.get(kind, id) as { bytes: unknown } | undefined;
  if (row === undefined) return undefined;
  if (!(row.bytes instanceof Uint8Array)) throw noBytes(id);
  return { bytes: row.bytes, version: row.bytes };
}

/** What is greater than every id with this prefix. */
const endOf = (prefix: string): string => `${prefix}\u{10ffff}`;

function noBytes(id: string): StoreError {
  return new StoreError('record_corrupt', `the stored record of ${id} is not made of bytes`, { id });
}
