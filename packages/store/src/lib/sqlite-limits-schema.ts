import { StoreError } from '../errors.js';
import { hasTable, type Schema } from './sqlite-schema.js';

/**
 * What limits keep. Times are whole milliseconds since 1970, sums and costs exact decimals (`1995e-2`).
 *
 * `limit_state` has one row: the version, and the latest time at which anything was charged or dropped.
 * `limit_keys`: a key is its SHA-256. `used` is the sum and `size` the number of its entries, `passed` a time up to which
 * they have been dropped, `empty_at` when all that are left will have passed.
 * `limit_reservations`: what may still be given back; `parts` as JSON.
 */
export const COUNTS: Schema = {
  steps: [
    `CREATE TABLE limit_state (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL, latest INTEGER NOT NULL) STRICT;
     INSERT INTO limit_state VALUES (1, 0, 0);
     CREATE TABLE limit_keys (number INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, period REAL NOT NULL, used TEXT NOT NULL,
       size INTEGER NOT NULL, passed INTEGER NOT NULL, empty_at INTEGER NOT NULL) STRICT;
     CREATE INDEX limit_keys_by_end ON limit_keys (empty_at);
     CREATE TABLE limit_entries (key INTEGER NOT NULL, time INTEGER NOT NULL, cost TEXT NOT NULL,
       PRIMARY KEY (key, time)) STRICT, WITHOUT ROWID;
     CREATE TABLE limit_reservations (id TEXT PRIMARY KEY, expires_at INTEGER NOT NULL, parts TEXT NOT NULL) STRICT, WITHOUT ROWID;
     CREATE INDEX limit_reservations_by_end ON limit_reservations (expires_at);`,
  ],
  version: (database) => {
    if (!hasTable(database, 'limit_state')) return 0;
    const row = database.prepare('SELECT version FROM limit_state').get() as { version: number } | undefined;
    if (row === undefined) throw damagedCounts();
    return row.version;
  },
  setVersion: (version) => `UPDATE limit_state SET version = ${version}`,
};

/** The statements of a connection, by name. */
export const STATEMENTS = {
  latest: 'SELECT latest FROM limit_state',
  setLatest: 'UPDATE limit_state SET latest = ?',

  keyNamed: 'SELECT * FROM limit_keys WHERE key = ?',
  keyNumbered: 'SELECT * FROM limit_keys WHERE number = ?',
  insertKey: `INSERT INTO limit_keys (key, period, used, size, passed, empty_at) VALUES (?, 0, '0e-0', 0, ?, 0) RETURNING number`,
  updateKey:
    'UPDATE limit_keys SET period = ?, used = ?, size = ?, passed = ?, empty_at = ? WHERE number = ?',
  deleteKey: 'DELETE FROM limit_keys WHERE number = ?',
  countKeys: 'SELECT count(*) AS n FROM limit_keys',
  emptyKeys: 'SELECT number, size FROM limit_keys WHERE empty_at <= ? ORDER BY empty_at LIMIT 64',

  insertEntry: 'INSERT INTO limit_entries (key, time, cost) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  updateEntry: 'UPDATE limit_entries SET cost = ? WHERE key = ? AND time = ?',
  entriesUpTo: 'SELECT time, cost FROM limit_entries WHERE key = ? AND time <= ? ORDER BY time',
  entriesAfter: 'SELECT time, cost FROM limit_entries WHERE key = ? AND time > ? ORDER BY time LIMIT ?',
  deleteEntry: 'DELETE FROM limit_entries WHERE key = ? AND time = ?',
  deleteEntriesUpTo: 'DELETE FROM limit_entries WHERE key = ? AND time <= ?',
  deleteEntries: 'DELETE FROM limit_entries WHERE key = ?',

  reservation: 'SELECT expires_at, parts FROM limit_reservations WHERE id = ?',
  insertReservation: 'INSERT INTO limit_reservations (id, expires_at, parts) VALUES (?, ?, ?)',
  deleteReservation: 'DELETE FROM limit_reservations WHERE id = ?',
  deleteExpired: `DELETE FROM limit_reservations WHERE id IN
    (SELECT id FROM limit_reservations WHERE expires_at <= ? ORDER BY expires_at LIMIT 64)`,
  countReservations: 'SELECT count(*) AS n FROM limit_reservations',
} as const;

/** The tables do not hold what was written to them. */
export function damagedCounts(): StoreError {
  return new StoreError('store_corrupt', 'the counts of the limits contradict themselves', {
    hint: 'restore the file from a backup, or begin with a new one, in which nothing is used yet',
  });
}
