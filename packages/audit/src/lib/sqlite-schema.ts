import { AuditError } from '../errors.js';
import type { SqliteDatabase } from './sqlite-driver.js';

/** Marks a database file as a log of ours (PRAGMA application_id): "STAL" in ASCII. */
const APPLICATION_ID = 0x5354414c;

/**
 * The steps from each version to the next; the n-th leads to version n + 1. Only ever append.
 *
 * Entry bundles are made of the records, so that no leaf is kept twice, and a leaf's hash is made of the leaf.
 */
const STEPS = [
  `CREATE TABLE log (one INTEGER PRIMARY KEY CHECK (one = 1), first INTEGER NOT NULL, published INTEGER NOT NULL, checkpoint TEXT) STRICT;
   INSERT INTO log VALUES (1, 0, 0, NULL);
   CREATE TABLE records (idx INTEGER PRIMARY KEY, leaf BLOB NOT NULL) STRICT;
   CREATE TABLE sealed (idx INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
   CREATE TABLE permits (idx INTEGER PRIMARY KEY) STRICT;
   CREATE TABLE tiles (level INTEGER NOT NULL, idx INTEGER NOT NULL, hashes BLOB NOT NULL, PRIMARY KEY (level, idx)) STRICT;`,
];

/**
 * Brings a database to the newest schema, in one transaction. What is not a log is left exactly as it is.
 * @throws AuditError `audit_log_version` for a newer schema, `audit_log_corrupt` for a database of something else
 */
export function migrate(database: SqliteDatabase, name: string): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    const version = versionOf(database, name);
    if (version < STEPS.length) {
      for (const step of STEPS.slice(version)) database.exec(step);
      database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${STEPS.length}`);
    }
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

/**
 * For whoever only reads.
 * @throws AuditError `audit_log_version` unless the schema is the newest, `audit_log_corrupt` for a database of something else
 */
export function checkVersion(database: SqliteDatabase, name: string): void {
  const version = versionOf(database, name);
  if (version === STEPS.length) return;
  throw new AuditError(
    'audit_log_version',
    `${name} has the schema version ${version}, which is older than this software`,
    {
      hint: 'open the log for writing once, which brings it up to date',
    },
  );
}

/** @returns 0 for a database in which there is nothing */
function versionOf(database: SqliteDatabase, name: string): number {
  const version = pragma(database, 'user_version');
  const application = pragma(database, 'application_id');
  if (application !== APPLICATION_ID) {
    if (application === 0 && version === 0 && isEmpty(database)) return 0;
    throw new AuditError('audit_log_corrupt', `${name} is the database of something else`, {
      hint: 'choose another file',
    });
  }
  if (version <= STEPS.length) return version;
  throw new AuditError(
    'audit_log_version',
    `${name} has the schema version ${version}, which is newer than this software`,
    {
      hint: 'upgrade Stele',
    },
  );
}

function isEmpty(database: SqliteDatabase): boolean {
  return database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
}

function pragma(database: SqliteDatabase, name: string): number {
  return Number(Object.values(database.prepare(`PRAGMA ${name}`).get() as object)[0]);
}
