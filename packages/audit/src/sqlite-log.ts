import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type {
  Appended,
  HeadKeeper,
  LogBackend,
  LogReader,
  LogRecord,
  LogTile,
  Publication,
} from './backend.js';
import { AuditError } from './errors.js';
import { FileHeadKeeper } from './head-keeper.js';
import { DiskRoom } from './lib/disk-room.js';
import { FileGuard } from './lib/file-guard.js';
import { checkPrune, checkRecords } from './lib/log-arguments.js';
import { hashLeaf } from './lib/merkle.js';
import {
  openForReading,
  openForWriting,
  type SqliteConnection,
  type SqliteWriting,
} from './lib/sqlite-connection.js';
import {
  attempt,
  checkDriver,
  diskLow,
  isDiskLow,
  isResult,
  type SqliteDriverName,
} from './lib/sqlite-driver.js';
import { leavesOf, logRow, SqliteReads } from './lib/sqlite-reads.js';
import {
  insertAll,
  putTiles,
  removeBelow,
  replaceCheckpoint,
  sizeOf,
  transaction,
} from './lib/sqlite-writing.js';
import { TILE_WIDTH } from './lib/tiles.js';

/** The most that one call of SQLite reads of leaves: 8 MiB at their longest. */
const TOGETHER = 128;
const MOST_PERMITS = 65_536;
/** So many entries are removed in one transaction. */
const PRUNED_TOGETHER = 64 * TILE_WIDTH;

export interface SqliteLogOptions {
  /** Which library to use; better-sqlite3 if it loads, else node:sqlite, when not given. */
  readonly driver?: SqliteDriverName | undefined;
}

/** What is there while the log is open. */
interface Parts extends SqliteWriting {
  readonly guard: FileGuard;
  readonly room: DiskRoom;
  readonly heads: HeadKeeper;
  /** How many records there were when it was opened. */
  readonly came: number;
}

/**
 * A log in one SQLite database (WAL, `synchronous = FULL`: every append is synced to the disk before it resolves), of mode 0600; what is
 * pruned is overwritten. It has one writer and any number of readers. Beside it are
 *
 *   <path>.lock     the writer's lock, which goes with its process
 *   <path>.head     the highest checkpoint that was signed, unless another keeper is given to the log
 *   <path>.reserve  space that is kept for permits and outcomes
 */
export class SqliteLogBackend extends SqliteReads implements LogBackend {
  readonly name: string;
  readonly shared = false;
  readonly #driver: SqliteDriverName | undefined;
  #parts: Parts | undefined;
  #closed = false;
  /** Set once a write was lost on its way to the disk: what a sync has failed for, the next need not try again. */
  #broken: unknown;

  /**
   * @param path a file; it is made by `open` if it is not there
   * @throws TypeError, RangeError for wrong arguments
   */
  constructor(path: string, { driver }: SqliteLogOptions = {}) {
    super();
    this.name = pathArgument(path);
    checkDriver(driver);
    this.#driver = driver;
  }

  /** Known once the log is open. */
  get heads(): HeadKeeper | undefined {
    return this.#parts?.heads;
  }

  async open(): Promise<{ size: number; cutBytes: number }> {
    if (this.#closed || this.#parts !== undefined) throw notOpen(this.name);
    const writing = openForWriting(this.name, this.#driver);
    try {
      const { path, connection } = writing;
      const room = new DiskRoom(`${path}.reserve`, dirname(path));
      await room.open();
      const came = sizeOf(connection);
      const heads = new FileHeadKeeper(`${path}.head`);
      this.#parts = { ...writing, guard: new FileGuard(path), room, heads, came };
      // SQLite itself leaves out what was not committed.
      return { size: came, cutBytes: 0 };
    } catch (error) {
      writing.release();
      return attempt(this.name, () => {
        throw error;
      });
    }
  }

  async append(at: number, records: readonly LogRecord[]): Promise<Appended> {
    checkRecords(at, records);
    const { room } = this.#open();
    const isVital = records.every(({ vital }) => vital === true);
    if (room.isLow && !isVital) throw diskLow(this.name);
    const insert = async () => this.#write((connection) => insertAll(connection, at, records));
    try {
      return await (isVital ? room.give(insert, isDiskLow) : insert());
    } catch (error) {
      if (isDiskLow(error)) room.noteFull();
      throw error;
    } finally {
      // SQLite has answered within this turn of the event loop. Whoever appends without end must not keep it from the next.
      await setImmediate();
    }
  }

  async size(): Promise<number> {
    return this.ask(sizeOf);
  }

  async *records(from: number, to: number): AsyncGenerator<Pick<LogRecord, 'leaf' | 'hash'>[]> {
    for (let at = from; at < to; at += TOGETHER) {
      const count = Math.min(TOGETHER, to - at);
      const leaves = this.ask((connection) => leavesOf(connection, at, count));
      if (leaves.length !== count) throw incomplete(this.name, at + leaves.length);
      yield leaves.map((leaf) => ({ leaf, hash: hashLeaf(leaf) }));
      // Each of these calls blocks; appends take their turn between them.
      await setImmediate();
    }
  }

  async stage(tiles: readonly LogTile[]): Promise<void> {
    const { room } = this.#open();
    await room.give(async () => this.#write((connection) => putTiles(connection, tiles)), isDiskLow);
  }

  async publish(publication: Publication): Promise<boolean> {
    const { room } = this.#open();
    const replace = async () => this.#write((connection) => replaceCheckpoint(connection, publication));
    const done = await room.give(replace, isDiskLow);
    await room.look();
    return done;
  }

  async unsettled(): Promise<number[]> {
    const { came } = this.#open();
    return this.ask(({ unsettled }) =>
      (unsettled.all(came, MOST_PERMITS) as { idx: number }[]).map(({ idx }) => idx),
    );
  }

  async prune(before: number): Promise<void> {
    const { first: from, published } = this.ask(logRow);
    checkPrune(before, published);
    // A bounded part at a time, each time with a log that is consistent; appends take their turn between them.
    for (let first = from; first < before; await setImmediate()) {
      first = Math.min(before, first + PRUNED_TOGETHER);
      this.#write((connection) => removeBelow(connection, first));
    }
    // What the -wal file still has of it.
    this.ask(({ database }) => void database.exec('PRAGMA wal_checkpoint(TRUNCATE)'));
  }

  async close(): Promise<void> {
    const parts = this.#parts;
    this.#closed = true;
    this.#parts = undefined;
    if (parts !== undefined) attempt(this.name, parts.release);
  }

  protected connection(): SqliteConnection {
    return this.#open().connection;
  }

  #open(): Parts {
    if (this.#parts === undefined) throw notOpen(this.name);
    return this.#parts;
  }

  /** @throws AuditError */
  #write<T>(step: (connection: SqliteConnection) => T): T {
    const { guard, connection } = this.#open();
    if (this.#broken !== undefined) throw broken(this.name, this.#broken);
    return attempt(this.name, () => {
      guard.check();
      try {
        return transaction(connection, () => step(connection));
      } catch (error) {
        if (isResult(error, 'SQLITE_IOERR')) this.#broken = error;
        throw error;
      }
    });
  }
}

/** A log in SQLite, to be read beside its writer. */
export class SqliteLogReader extends SqliteReads implements LogReader {
  readonly name: string;
  #connection: SqliteConnection | undefined;

  /**
   * @throws AuditError `audit_log_unavailable`, `audit_log_corrupt`, `audit_log_version`
   * @throws TypeError, RangeError for wrong arguments
   */
  constructor(path: string, { driver }: SqliteLogOptions = {}) {
    super();
    this.name = pathArgument(path);
    checkDriver(driver);
    this.#connection = openForReading(this.name, driver);
  }

  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection !== undefined) attempt(this.name, () => connection.database.close());
  }

  protected connection(): SqliteConnection {
    if (this.#connection === undefined) throw notOpen(this.name);
    return this.#connection;
  }
}

function pathArgument(path: string): string {
  if (typeof path !== 'string') throw new TypeError('path must be a string');
  if (path === '' || path === ':memory:' || path.includes('\0')) {
    throw new RangeError('path must name a file: a log that is kept nowhere is no evidence');
  }
  return path;
}

function notOpen(name: string): AuditError {
  return new AuditError('audit_log_closed', `the log ${name} is not open`);
}

function incomplete(name: string, index: number): AuditError {
  return new AuditError('audit_log_corrupt', `${name} lacks entry ${index}`, {
    hint: 'restore the log from a backup, and go on under a new origin',
  });
}

function broken(name: string, cause: unknown): AuditError {
  return new AuditError(
    'audit_log_unavailable',
    `${name}: a write has failed, and what of it is durable is not known`,
    {
      cause,
      hint: 'Look at the health of the disk, then open the log again.',
    },
  );
}
