import { StoreError } from '../errors.js';
import type { SqliteDatabase } from './sqlite-driver.js';

/** Marks a database file as one of Stele's (PRAGMA application_id): "STEL" in ASCII. */
const APPLICATION_ID = 0x5354454c;

/** The tables of one part of Stele. Several parts may share a file, each with a version of its own. */
export interface Schema {
  /** The steps from each version to the next; the n-th leads to version n + 1. Only ever append. */
  readonly steps: readonly string[];
  /** The version in a database of Stele's; 0 where this part has no tables yet. */
  readonly version: (database: SqliteDatabase) => number;
  /** The statement that writes it. */
  readonly setVersion: (version: number) => string;
}

/**
 * What a store keeps. Every row of `records` is a change, and their numbers are the order of the feed: a record as it is (`gone` is NULL), or what
 * is left of one that was written anew later (0), or a deletion (1). So a new record costs one row in one table, and one in an index.
 * `records.tokens` has what a record is found by; NULL in what version 1 wrote. `tokens` is the index of them, up to the
 * record `feed.indexed`: those behind it are looked through, until they are entered together.
 * `feed.epoch` tells this feed from any other. A place in the feed is the number less `feed.shift`; numbers up to `feed.base` are
 * records of before, and no changes.
 *
 * Rows keep their own key: with documents of 2 KB, clustering them under (kind, id) makes reading and writing slower
 * by three times.
 */
export const RECORDS: Schema = {
  steps: [
    `CREATE TABLE records (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, bytes BLOB NOT NULL);
     CREATE UNIQUE INDEX records_by_id ON records (kind, id);`,
    `ALTER TABLE records ADD COLUMN tokens TEXT;
     CREATE INDEX records_untold ON records (kind, id) WHERE tokens IS NULL;
     CREATE TABLE tokens (token TEXT NOT NULL, id TEXT NOT NULL, record INTEGER NOT NULL, PRIMARY KEY (token, id)) STRICT, WITHOUT ROWID;
     CREATE TABLE changes (place INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, deleted INTEGER NOT NULL) STRICT;
     CREATE TABLE feed (epoch TEXT NOT NULL) STRICT;
     INSERT INTO feed VALUES (lower(hex(randomblob(16))));
     CREATE TABLE probes (value BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;`,
    // The changes that were kept come behind all records, in their places; so every token of the feed stays good.
    `ALTER TABLE feed ADD COLUMN shift INTEGER NOT NULL DEFAULT 0;
     ALTER TABLE feed ADD COLUMN base INTEGER NOT NULL DEFAULT 0;
     ALTER TABLE feed ADD COLUMN indexed INTEGER NOT NULL DEFAULT 0;
     UPDATE feed SET shift = max(0, (SELECT coalesce(max(number), 0) FROM records) + 1 - (SELECT coalesce(min(place), 1) FROM changes));
     UPDATE feed SET base = shift - 1 + (SELECT coalesce(min(place), 1) FROM changes);
     DROP INDEX records_by_id;
     ALTER TABLE records ADD COLUMN gone INTEGER;
     INSERT INTO records (number, kind, id, bytes, tokens, gone)
       SELECT place + shift, kind, id, x'', '', deleted FROM changes, feed ORDER BY place;
     UPDATE feed SET indexed = (SELECT coalesce(max(number), 0) FROM records);
     DROP TABLE changes;
     CREATE UNIQUE INDEX records_by_id ON records (kind, id) WHERE gone IS NULL;
     CREATE INDEX records_gone ON records (number) WHERE gone IS NOT NULL;`,
  ],
  version: (database) => Number(pragma(database, 'user_version')),
  setVersion: (version) => `PRAGMA user_version = ${version}`,
};

/**
 * Sets the connection up and brings the database to the newest schema, in one transaction.
 * @throws StoreError `store_version` for a newer schema, or for a database that is not Stele's
 */
export function migrate(database: SqliteDatabase, schema: Schema): void {
  const { steps, setVersion } = schema;
  // Looked at first: a database of someone else is left exactly as it is.
  const found = atOnce(database, () => knownVersion(database, schema));
  if (pragma(database, 'journal_mode') !== 'wal') database.exec('PRAGMA journal_mode = WAL');
  database.exec('PRAGMA synchronous = FULL');
  if (found === steps.length) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const step of steps.slice(knownVersion(database, schema))) database.exec(step);
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
    database.exec(setVersion(steps.length));
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

/** @returns 0 for an empty database, too */
function knownVersion(database: SqliteDatabase, { steps, version }: Schema): number {
  const ours = Number(pragma(database, 'application_id')) === APPLICATION_ID;
  const found = ours ? version(database) : Number(pragma(database, 'user_version'));
  if (ours ? found <= steps.length : found === 0 && isEmpty(database)) return found;
  const what = ours ? `has the schema version ${found}, which is newer than this software` : 'is no store';
  throw new StoreError('store_version', `the database ${what}`, {
    hint: 'upgrade Stele, or choose another file',
  });
}

/** Whether there is a table of that name. */
export function hasTable(database: SqliteDatabase, name: string): boolean {
  return database.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(name) !== undefined;
}

function isEmpty(database: SqliteDatabase): boolean {
  return database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
}

function pragma(database: SqliteDatabase, name: string): unknown {
  return Object.values(database.prepare(`PRAGMA ${name}`).get() as object)[0];
}
