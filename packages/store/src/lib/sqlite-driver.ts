import { createRequire } from 'node:module';
import { StoreError } from '../errors.js';

/** Which library talks to SQLite. */
export type SqliteDriverName = 'better-sqlite3' | 'node:sqlite';

/** The few members of either driver that are used. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
  close(): unknown;
}

export interface SqliteStatement {
  run(...parameters: unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint };
  get(...parameters: unknown[]): unknown;
  all(...parameters: unknown[]): unknown[];
}

type Open = (path: string) => SqliteDatabase;
type Constructor = new (path: string) => SqliteDatabase;

const load = createRequire(import.meta.url);

/** From a driver's name to how it opens a database. Each throws if the driver cannot be loaded. */
const loaders: Readonly<Record<SqliteDriverName, () => Open>> = {
  'better-sqlite3': () => {
    const Database = load('better-sqlite3') as Constructor;
    // The package loads without its compiled part and fails only when a database is opened.
    new Database(':memory:').close();
    return (path) => new Database(path);
  },
  'node:sqlite': () => {
    const { DatabaseSync } = load('node:sqlite') as { DatabaseSync: Constructor };
    return (path) => new DatabaseSync(path);
  },
};

const DRIVER_NAMES = ['better-sqlite3', 'node:sqlite'] as const;
const loaded = new Map<SqliteDriverName, Open>();

/**
 * The driver asked for, or the first that loads: better-sqlite3, then node:sqlite.
 * @throws StoreError `sqlite_unavailable`; its `cause` says why each failed
 * @throws RangeError for a name that is none
 */
export function loadSqlite(driver?: SqliteDriverName): { name: SqliteDriverName; open: Open } {
  if (driver !== undefined && !DRIVER_NAMES.includes(driver)) {
    throw new RangeError("driver must be 'better-sqlite3' or 'node:sqlite'");
  }
  const failures: unknown[] = [];
  for (const name of driver === undefined ? DRIVER_NAMES : [driver]) {
    try {
      const open = loaded.get(name) ?? loaders[name]();
      loaded.set(name, open);
      return { name, open };
    } catch (error) {
      failures.push(error);
    }
  }
  throw new StoreError('sqlite_unavailable', `SQLite cannot be loaded${driver ? ` through ${driver}` : ''}`, {
    cause: new AggregateError(failures),
    hint: 'run `npm install better-sqlite3`, or use Node 22.13 or later, which has node:sqlite',
  });
}
