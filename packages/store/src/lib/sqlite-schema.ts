import { StoreError } from '../errors.js';
import type { SqliteDatabase } from './sqlite-driver.js';

/** Marks a database file as a Stele store (PRAGMA application_id): "STEL" in ASCII. */
const APPLICATION_ID = 0x5354454c;

/**
 * The steps from each schema version to the next; the n-th leads to version n + 1. Only ever append.
 *
 * Rows keep their own key: with documents of 2 KB, clustering them under (kind, id) makes reading and writing slower
 * by three times.
 */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE records (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, bytes BLOB NOT NULL);
   CREATE UNIQUE INDEX records_by_id ON records (kind, id);`,
];

/**
 * Sets the connection up and brings the database to the newest schema, in one transaction.
 * @throws StoreError `store_version` for a newer schema, or for a database that is no store
 */
export function migrate(database: SqliteDatabase): void {
  // Looked at first: a database of someone else is left exactly as it is.
  const current = atOnce(database, () => isCurrent(database));
  if (pragma(database, 'journal_mode') !== 'wal') database.exec('PRAGMA journal_mode = WAL');
  database.exec('PRAGMA synchronous = FULL');
  if (current) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    const version = Number(pragma(database, 'user_version'));
    if (!isCurrent(database)) for (const step of MIGRATIONS.slice(version)) database.exec(step);
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    database.exec(`PRAGMA user_version = ${MIGRATIONS.length}`);
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

/** Reads several things in one state of the database: another process may be making it just now. */
function atOnce<T>(database: SqliteDatabase, read: () => T): T {
  database.exec('BEGIN');
  try {
    return read();
  } finally {
    database.exec('COMMIT');
  }
}

/** @returns false for a store of an earlier version and for an empty database */
function isCurrent(database: SqliteDatabase): boolean {
  const version = Number(pragma(database, 'user_version'));
  const ours = Number(pragma(database, 'application_id')) === APPLICATION_ID;
  if (ours && version <= MIGRATIONS.length) return version === MIGRATIONS.length;
  if (!ours && version === 0 && isEmpty(database)) return false;
  const what = ours ? `has the schema version ${version}, which is newer than this software` : 'is no store';
  throw new StoreError('store_version', `the database ${what}`, {
    hint: 'upgrade Stele, or choose another file',
  });
}

function isEmpty(database: SqliteDatabase): boolean {
  return (database.prepare('SELECT count(*) AS n FROM sqlite_schema').get() as { n: number }).n === 0;
}

function pragma(database: SqliteDatabase, name: string): unknown {
  return Object.values(database.prepare(`PRAGMA ${name}`).get() as object)[0];
}
