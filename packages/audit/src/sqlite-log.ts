import { setImmediate } from 'node:timers/promises';
import type { Appended, LogBackend, LogReader, LogRecord, Publication } from './backend.js';
import { AuditError } from './errors.js';
import { FileGuard } from './lib/file-guard.js';
import { checkPrune, checkRecords, checkSizes } from './lib/log-arguments.js';
import { hashLeaf } from './lib/merkle.js';
import { openForReading, openForWriting, type SqliteConnection } from './lib/sqlite-connection.js';
import { attempt, checkDriver, type SqliteDriverName } from './lib/sqlite-driver.js';
import { leavesOf, logRow, SqliteReads } from './lib/sqlite-reads.js';
import { TILE_WIDTH } from './lib/tile-format.js';

/** The most that one call of SQLite reads of leaves: 8 MiB at their longest. */
const TOGETHER = 128;
const MOST_PERMITS = 65_536;
/** So many entries are removed in one transaction. */
const PRUNED_TOGETHER = 64 * TILE_WIDTH;

export interface SqliteLogOptions {
  /** Which library to use; better-sqlite3 if it loads, else node:sqlite, when not given. */
  readonly driver?: SqliteDriverName | undefined;
}

/**
 * A log in one SQLite database (WAL, `synchronous = FULL`: every append is synced to the disk before it resolves). It has one
 * writer, whom the lock of `<path>.lock` keeps alone, and any number of readers. A new file is 0600; what is pruned is overwritten.
 */
export class SqliteLogBackend extends SqliteReads implements LogBackend {
  readonly name: string;
  readonly shared = false;
  readonly #driver: SqliteDriverName | undefined;
  #open: { connection: SqliteConnection; guard: FileGuard; release: () => void; came: number } | undefined;
  #closed = false;

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

  async open(): Promise<{ size: number; cutBytes: number }> {
    if (this.#closed) throw notOpen(this.name);
    const { connection, release } = openForWriting(this.name, this.#driver);
    const guard = new FileGuard(this.name);
    const came = attempt(this.name, () => sizeOf(connection));
    this.#open = { connection, guard, release, came };
    // SQLite itself leaves out what was not committed.
    return { size: came, cutBytes: 0 };
  }

  async append(at: number, records: readonly LogRecord[]): Promise<Appended> {
    checkRecords(at, records);
    return this.#write((connection) => {
      const size = sizeOf(connection);
      if (size !== at) return { appended: false, size };
      records.forEach((record, i) => void insert(connection, at + i, record));
      return { appended: true, size: at + records.length };
    });
  }

  async size(): Promise<number> {
    return this.ask(sizeOf);
  }

  async *records(from: number, to: number): AsyncGenerator<Pick<LogRecord, 'leaf' | 'hash'>[]> {
    for (let at = from; ; at += TOGETHER) {
      const leaves = this.ask((connection) => leavesOf(connection, at, to, TOGETHER));
      if (leaves.length === 0) return;
      yield leaves.map((leaf) => ({ leaf, hash: hashLeaf(leaf) }));
      // Each of these calls blocks; appends take their turn between them.
      await setImmediate();
    }
  }

  async publish({ before, checkpoint, size, tiles }: Publication): Promise<boolean> {
    return this.#write((connection) => {
      const log = logRow(connection);
      if (log.checkpoint !== (before ?? null)) return false;
      checkSizes(size, log.published, sizeOf(connection));
      for (const { level, index, bytes } of tiles) {
        if (level !== 'entries') connection.putTile.run(level, index, bytes);
      }
      connection.publish.run(checkpoint, size);
      return true;
    });
  }

  async unsettled(): Promise<number[]> {
    return this.ask(({ unsettled }) =>
      (unsettled.all(this.#writer().came, MOST_PERMITS) as { idx: number }[]).map(({ idx }) => idx),
    );
  }

  async prune(before: number): Promise<void> {
    checkPrune(before, this.ask(logRow).published);
    // Whole tiles at a time, each time with a log that is consistent, so that neither a crash nor an append has to wait for all of it.
    for (let first = this.ask(logRow).first; first < before; ) {
      first = Math.min(before, first + PRUNED_TOGETHER);
      this.#write((connection) => void removeBelow(connection, first));
      await setImmediate();
    }
    this.ask(({ database }) => void database.exec('PRAGMA wal_checkpoint(TRUNCATE)'));
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#closed = true;
    this.#open = undefined;
    if (open !== undefined) attempt(this.name, open.release);
  }

  protected connection(): SqliteConnection {
    return this.#writer().connection;
  }

  #writer() {
    if (this.#open === undefined) throw notOpen(this.name);
    return this.#open;
  }

  /** One transaction, durable when it returns. What the step throws undoes it. */
  #write<T>(step: (connection: SqliteConnection) => T): T {
    return this.ask((connection) => {
      this.#writer().guard.check();
      connection.begin.run();
      try {
        const result = step(connection);
        connection.commit.run();
        return result;
      } catch (error) {
        undo(connection);
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

function insert(
  connection: SqliteConnection,
  index: number,
  { leaf, sealed, opens, closes }: LogRecord,
): void {
  connection.insert.run(index, leaf);
  if (sealed !== undefined) connection.seal.run(index, sealed);
  if (opens === true) connection.permit.run(index);
  if (closes !== undefined) connection.settle.run(closes);
}

function removeBelow(connection: SqliteConnection, first: number): void {
  connection.setFirst.run(first);
  connection.pruneRecords.run(first);
  connection.pruneSealed.run(first);
  for (let level = 0, end = first / TILE_WIDTH; end >= 1; level++, end = Math.floor(end / TILE_WIDTH)) {
    connection.pruneTiles.run(level, end);
  }
}

function sizeOf({ size }: SqliteConnection): number {
  return (size.get() as { size: number }).size;
}

/** After some errors SQLite has rolled back by itself; then this fails. */
function undo({ rollback }: SqliteConnection): void {
  try {
    rollback.run();
  } catch {
    // Nothing is open, as it should be.
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
