import { closeSync, openSync } from 'node:fs';
import {
  loadSqlite,
  type SqliteDatabase,
  type SqliteDriverName,
  type SqliteStatement,
} from './sqlite-driver.js';
import { isBusy, toStoreError } from './sqlite-errors.js';
import { migrate, type Schema } from './sqlite-schema.js';

export interface SqliteOptions {
  readonly driver?: SqliteDriverName | undefined;
  readonly busyTimeoutMs: number;
}

/** A database that is ready for use: its schema is the newest, its statements are prepared. */
export interface Connection<Name extends string> {
  readonly driver: SqliteDriverName;
  readonly database: SqliteDatabase;
  readonly statements: Readonly<Record<Name, SqliteStatement>>;
}

/**
 * Opens a database, making the file if it is not there.
 * @param sql the statements by name; prepared once, since preparing costs as much as reading
 * @throws StoreError `sqlite_unavailable`, `store_unavailable`, `store_corrupt`, `store_version`
 */
export function openDatabase<Name extends string>(
  path: string,
  schema: Schema,
  sql: Readonly<Record<Name, string>>,
  { driver, busyTimeoutMs }: SqliteOptions,
): Connection<Name> {
  const { name, open } = loadSqlite(driver);
  return attempt(() => {
    createPrivately(path);
    const database = open(path);
    try {
      database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`);
      patiently(busyTimeoutMs, () => migrate(database, schema));
      const prepared = Object.entries<string>(sql).map(([key, text]) => [key, database.prepare(text)]);
      return { driver: name, database, statements: Object.fromEntries(prepared) };
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

/**
 * Runs a step again as long as another connection is in the way. SQLite waits by itself but where it sees a deadlock coming:
 * of two processes that switch a new file to WAL at once, one is refused at once, whatever `busy_timeout` says.
 */
function patiently<T>(timeoutMs: number, step: () => T): T {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return step();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw error;
      Atomics.wait(pause, 0, 0, PAUSE_MS);
    }
  }
}

const PAUSE_MS = 5;
const pause = new Int32Array(new SharedArrayBuffer(4));

/** Runs a step; what the driver throws becomes a StoreError. */
export function attempt<T>(step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw toStoreError(error);
  }
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
