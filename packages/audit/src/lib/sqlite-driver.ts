import { closeSync, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { AuditError } from '../errors.js';

/** Which library talks to SQLite. */
export type SqliteDriverName = 'better-sqlite3' | 'node:sqlite';

/** The few members of either driver that are used. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
  close(): unknown;
}

export interface SqliteStatement {
  run(...parameters: unknown[]): unknown;
  get(...parameters: unknown[]): unknown;
  all(...parameters: unknown[]): unknown[];
}

type Open = (path: string) => SqliteDatabase;
type Constructor = new (path: string) => SqliteDatabase;

const load = createRequire(import.meta.url);

/** How each library opens a database; throws if it cannot be loaded. */
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

const NAMES = ['better-sqlite3', 'node:sqlite'] as const;

/** @throws RangeError for what is no name of a driver */
export function checkDriver(driver: SqliteDriverName | undefined): void {
  if (driver === undefined || NAMES.includes(driver)) return;
  throw new RangeError("driver must be 'better-sqlite3' or 'node:sqlite'");
}

/**
 * How databases are opened: with the driver that is asked for, or the first that loads.
 * @throws AuditError `audit_log_unavailable`; its `cause` says why each failed
 */
export function loadSqlite(driver?: SqliteDriverName): Open {
  const failures: unknown[] = [];
  for (const name of driver === undefined ? NAMES : [driver]) {
    try {
      return loaders[name]();
    } catch (error) {
      failures.push(error);
    }
  }
  throw new AuditError('audit_log_unavailable', 'SQLite cannot be loaded', {
    cause: new AggregateError(failures),
    hint: 'run `npm install better-sqlite3`, or use Node 22.13 or later, which has node:sqlite',
  });
}

/** Makes a file that only its owner can read, unless it is there; SQLite gives its -wal and -shm files the same mode. */
export function makePrivately(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EEXIST') throw error;
  }
}

// https://www.sqlite.org/rescode.html: primary result codes. better-sqlite3 names them, node:sqlite numbers them.
const RESULTS = {
  SQLITE_BUSY: 5,
  SQLITE_IOERR: 10,
  SQLITE_CORRUPT: 11,
  SQLITE_FULL: 13,
  SQLITE_FORMAT: 24,
  SQLITE_NOTADB: 26,
};

/** Whether an error of either driver has this result code. */
export function isResult(error: unknown, name: keyof typeof RESULTS): boolean {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown };
  if (typeof errcode === 'number') return (errcode & 0xff) === RESULTS[name];
  return typeof code === 'string' && (code === name || code.startsWith(`${name}_`));
}

/** Runs a step; what a driver or the file system throws becomes an AuditError. */
export function attempt<T>(path: string, step: () => T): T {
  try {
    return step();
  } catch (error) {
    throw toAuditError(path, error);
  }
}

function toAuditError(path: string, cause: unknown): unknown {
  if (cause instanceof AuditError || cause instanceof RangeError) return cause;
  if (isResult(cause, 'SQLITE_FULL')) return diskLow(path, cause);
  const { code, errcode } = (cause ?? {}) as { code?: unknown; errcode?: unknown };
  const why = errcode === undefined ? String(code ?? cause) : `SQLite result ${String(errcode)}`;
  const damaged = (['SQLITE_CORRUPT', 'SQLITE_NOTADB', 'SQLITE_FORMAT'] as const).some((name) =>
    isResult(cause, name),
  );
  return damaged
    ? new AuditError('audit_log_corrupt', `the database ${path} is damaged, or is none: ${why}`, {
        cause,
        hint: 'restore it from a backup, and go on under a new origin',
      })
    : new AuditError('audit_log_unavailable', `the database ${path} cannot be used: ${why}`, {
        cause,
        hint: 'look at the free space, the permissions, and for another process that holds the database',
      });
}

export function diskLow(path: string, cause?: unknown): AuditError {
  return new AuditError('audit_disk_low', `${path}: what disk is left is kept for permits and outcomes`, {
    cause,
    hint: 'make room on the disk',
  });
}

export const isDiskLow = (error: unknown): boolean =>
  error instanceof AuditError && error.code === 'audit_disk_low';
