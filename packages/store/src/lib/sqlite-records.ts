import type { SqliteStatement } from './sqlite-driver.js';

/** Bytes as a parameter: the SQLite of Node 22 binds an empty array as NULL. */
const BYTES = "coalesce(?, x'')";
const RANGE = 'id > ? AND id >= ? AND id < ?';

/** The statements of a connection, prepared once: preparing costs as much as reading. */
export const STATEMENTS = {
  begin: 'BEGIN',
  beginImmediate: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  rollback: 'ROLLBACK',

  get: 'SELECT bytes FROM records WHERE kind = ? AND id = ?',
  has: 'SELECT 1 FROM records WHERE kind = ? AND id = ?',
  list: `SELECT id, bytes FROM records WHERE kind = ? AND ${RANGE} ORDER BY id LIMIT ?`,
  // The second half are the records of an older version, which never said by what they are found.
  listByToken: `SELECT r.id AS id, r.bytes AS bytes FROM tokens AS t JOIN records AS r ON r.number = t.record
    WHERE t.token = ? AND t.id > ? AND t.id >= ? AND t.id < ? AND r.kind = ?
    UNION ALL SELECT id, bytes FROM records WHERE tokens IS NULL AND kind = ? AND ${RANGE} ORDER BY id LIMIT ?`,
  count: 'SELECT count(*) AS n FROM records WHERE kind = ? AND id >= ? AND id < ?',
  countByToken: `SELECT count(*) AS n FROM tokens AS t JOIN records AS r ON r.number = t.record
    WHERE t.token = ? AND t.id >= ? AND t.id < ? AND r.kind = ?`,
  untold: 'SELECT 1 FROM records WHERE tokens IS NULL AND kind = ? LIMIT 1',

  find: 'SELECT number, tokens FROM records WHERE kind = ? AND id = ?',
  findVersion: `SELECT number, tokens FROM records WHERE kind = ? AND id = ? AND bytes = ${BYTES}`,
  insert: `INSERT INTO records (kind, id, bytes, tokens) VALUES (?, ?, ${BYTES}, ?) ON CONFLICT (kind, id) DO NOTHING`,
  update: `UPDATE records SET bytes = ${BYTES}, tokens = ? WHERE number = ?`,
  delete: 'DELETE FROM records WHERE number = ?',
  insertToken: 'INSERT INTO tokens (token, id, record) VALUES (?, ?, ?)',
  deleteToken: 'DELETE FROM tokens WHERE token = ? AND id = ?',

  epoch: 'SELECT epoch FROM feed',
  latest: 'SELECT coalesce(max(place), 0) AS place FROM changes',
  since: 'SELECT place, kind, id, deleted FROM changes WHERE place > ? ORDER BY place LIMIT 256',
  append: 'INSERT INTO changes (kind, id, deleted) VALUES (?, ?, ?)',
  drop: 'DELETE FROM changes WHERE place <= ?',

  insertProbe: 'INSERT INTO probes (value) VALUES (?)',
  findProbe: 'SELECT 1 FROM probes WHERE value = ?',
  deleteProbe: 'DELETE FROM probes WHERE value = ?',
} as const;

export type Statements = Readonly<Record<keyof typeof STATEMENTS, SqliteStatement>>;
