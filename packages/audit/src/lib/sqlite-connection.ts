import { lstatSync, realpathSync, statSync } from 'node:fs';
import { AuditError } from '../errors.js';
import {
  attempt,
  isResult,
  loadSqlite,
  makePrivately,
  type SqliteDatabase,
  type SqliteDriverName,
  type SqliteStatement,
} from './sqlite-driver.js';
import { checkVersion, migrate } from './sqlite-schema.js';

/** How long to wait, blocking, for a reader that is just now the first or the last to have the database open. */
const PATIENCE_MS = 2000;

/** What is asked of a database, by name; prepared once, since preparing costs as much as reading. */
const SQL = {
  size: 'SELECT max(first, coalesce((SELECT max(idx) + 1 FROM records), 0)) AS size FROM log',
  log: 'SELECT first, published, checkpoint FROM log',
  leaves: 'SELECT idx, leaf FROM records WHERE idx >= ? AND idx < ? ORDER BY idx',
  tile: 'SELECT substr(hashes, 1, ?) AS hashes FROM tiles WHERE level = ? AND idx = ?',
  sealed: 'SELECT bytes FROM sealed WHERE idx = ?',
  unsettled: 'SELECT idx FROM permits WHERE idx < ? ORDER BY idx LIMIT ?',
  insert: 'INSERT INTO records VALUES (?, ?)',
  seal: 'INSERT INTO sealed VALUES (?, ?)',
  permit: 'INSERT INTO permits VALUES (?)',
  settle: 'DELETE FROM permits WHERE idx = ?',
  putTile: `INSERT INTO tiles VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET hashes = excluded.hashes
    WHERE length(excluded.hashes) > length(hashes)`,
  publish: 'UPDATE log SET checkpoint = ?, published = ?',
  setFirst: 'UPDATE log SET first = ?',
  pruneRecords: 'DELETE FROM records WHERE idx < ?',
  pruneSealed: 'DELETE FROM sealed WHERE idx < ?',
  pruneTiles: 'DELETE FROM tiles WHERE level = ? AND idx < ?',
  begin: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  rollback: 'ROLLBACK',
};

/** A database that is open, with its statements. */
export interface SqliteConnection extends Readonly<Record<keyof typeof SQL, SqliteStatement>> {
  readonly database: SqliteDatabase;
}

/** Opens a log to read it beside whoever writes. @throws AuditError */
export function openForReading(path: string, driver: SqliteDriverName | undefined): SqliteConnection {
  return attempt(path, () => {
    // SQLite would make it.
    statSync(path);
    return open(path, driver, (database) => {
      database.exec('PRAGMA query_only = ON');
      checkVersion(database, path);
    });
  });
}

/** A log that is open for its one writer. */
export interface SqliteWriting {
  /** Without symbolic links. */
  readonly path: string;
  readonly connection: SqliteConnection;
  /** Gives both the connection and the lock back. */
  readonly release: () => void;
}

/** Opens a log, or makes it, for its one writer. @throws AuditError */
export function openForWriting(path: string, driver: SqliteDriverName | undefined): SqliteWriting {
  return attempt(path, () => {
    makePrivately(path);
    // Whatever name it is opened by, its lock and its -wal file have one name.
    const real = realpathSync.native(path);
    checkOneName(real);
    const unlock = takeLock(real, driver);
    try {
      const connection = open(real, driver, (database) => {
        // Looked at before anything is changed: a database of something else stays as it is.
        migrate(database, path);
        database.exec('PRAGMA journal_mode = WAL');
        database.exec('PRAGMA synchronous = FULL');
        database.exec('PRAGMA secure_delete = ON');
      });
      const release = () => {
        try {
          connection.database.close();
        } finally {
          unlock();
        }
      };
      return { path: real, connection, release };
    } catch (error) {
      unlock();
      throw error;
    }
  });
}

function open(
  path: string,
  driver: SqliteDriverName | undefined,
  prepare: (database: SqliteDatabase) => void,
): SqliteConnection {
  const database = loadSqlite(driver)(path);
  try {
    database.exec(`PRAGMA busy_timeout = ${PATIENCE_MS}`);
    prepare(database);
    const statements = Object.entries(SQL).map(([name, sql]) => [name, database.prepare(sql)]);
    return { ...(Object.fromEntries(statements) as Record<keyof typeof SQL, SqliteStatement>), database };
  } catch (error) {
    database.close();
    throw error;
  }
}

/**
 * An exclusive lock on a database beside the log's, in which nothing is ever written. It is the kernel's, and goes with its process,
 * however that ends; and it does not keep readers from the log.
 */
function takeLock(path: string, driver: SqliteDriverName | undefined): () => void {
  const lock = `${path}.lock`;
  makePrivately(lock);
  if (!lstatSync(lock).isFile())
    throw new AuditError('audit_log_unavailable', `${lock} is no file`, { hint: 'remove it' });
  const database = loadSqlite(driver)(lock);
  try {
    database.exec('PRAGMA busy_timeout = 0');
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (!isResult(error, 'SQLITE_BUSY')) throw error;
    throw new AuditError('audit_log_locked', `${path} has another writer`, {
      cause: error,
      hint: 'close the other writer, or give this one a log of its own',
    });
  }
  return () => database.close();
}

/** Under another name SQLite would look for another -wal file, and both would write. */
function checkOneName(path: string): void {
  if (statSync(path).nlink === 1) return;
  throw new AuditError('audit_log_unavailable', `${path} has another name, a hard link`, {
    hint: 'remove one of them, or use a symbolic link',
  });
}
