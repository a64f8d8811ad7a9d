import { StoreError } from '../errors.js';

// https://www.sqlite.org/rescode.html: the primary result codes that mean that the file is damaged or no database.
const DAMAGED_NAMES = ['SQLITE_CORRUPT', 'SQLITE_NOTADB', 'SQLITE_FORMAT'];
const DAMAGED_NUMBERS = [11, 26, 24];

const BUSY = 5;

/** Whether another connection was in the way, by the result code that the driver gives. */
export function isBusy(error: unknown): boolean {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown };
  return typeof errcode === 'number' ? (errcode & 0xff) === BUSY : String(code).startsWith('SQLITE_BUSY');
}

/** Gives what a driver throws a code of ours. better-sqlite3 names the result code, node:sqlite numbers it. */
export function toStoreError(cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  const { code, errcode } = cause as { code?: unknown; errcode?: unknown };
  const damaged =
    typeof errcode === 'number'
      ? DAMAGED_NUMBERS.includes(errcode & 0xff)
      : DAMAGED_NAMES.some((name) => String(code).startsWith(name));
  const why = typeof errcode === 'number' ? `SQLite result ${errcode}` : String(code ?? cause);
  return damaged
    ? new StoreError('store_corrupt', `the database file is damaged: ${why}`, {
        cause,
        hint: 'restore it from a backup',
      })
    : new StoreError('store_unavailable', `the database refused: ${why}`, {
        cause,
        hint: 'look at the free space, the permissions, and for another process that holds the database',
      });
}
