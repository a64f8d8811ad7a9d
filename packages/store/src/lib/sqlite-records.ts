import type { SqliteStatement } from './sqlite-driver.js';

/** Bytes as a parameter: the SQLite of Node 22 binds an empty array as NULL. */
const BYTES = "coalesce(?, x'')";
const RANGE = 'id > ? AND id >= ? AND id < ?';
/** A record as it is, and not what is left of one that was. */
const THERE = 'gone IS NULL';
/** Records that are not in the index of tokens yet. Asked for NOT INDEXED, from there on by number, since by their ids all would be looked at. */
const UNINDEXED = 'number > (SELECT indexed FROM feed)';
const CARRIES = "instr(' ' || tokens || ' ', ' ' || ? || ' ') > 0";
/** Records of an older version, which never said by what they are found. */
const UNTOLD = 'records INDEXED BY records_untold WHERE tokens IS NULL';

/** The statements of a connection, prepared once: preparing costs as much as reading. */
export const STATEMENTS = {
  begin: 'BEGIN',
  beginImmediate: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  rollback: 'ROLLBACK',

  get: `SELECT bytes FROM records WHERE kind = ? AND id = ? AND ${THERE}`,
  has: `SELECT 1 FROM records WHERE kind = ? AND id = ? AND ${THERE}`,
  list: `SELECT id, bytes FROM records WHERE kind = ? AND ${RANGE} AND ${THERE} ORDER BY id LIMIT ?`,
  listByToken: `SELECT t.id AS id, r.bytes AS bytes FROM tokens AS t JOIN records AS r ON r.number = t.record
    WHERE t.token = ? AND t.id > ? AND t.id >= ? AND t.id < ? AND r.kind = ?
    UNION ALL SELECT id, bytes FROM records NOT INDEXED WHERE ${UNINDEXED} AND ${CARRIES} AND kind = ? AND ${RANGE} AND ${THERE}
    UNION ALL SELECT id, bytes FROM ${UNTOLD} AND kind = ? AND ${RANGE} AND ${THERE} ORDER BY id LIMIT ?`,
  count: `SELECT count(*) AS n FROM records WHERE kind = ? AND id >= ? AND id < ? AND ${THERE}`,
  countByToken: `SELECT (SELECT count(*) FROM tokens AS t JOIN records AS r ON r.number = t.record
    WHERE t.token = ? AND t.id >= ? AND t.id < ? AND r.kind = ?)
    + (SELECT count(*) FROM records NOT INDEXED WHERE ${UNINDEXED} AND ${CARRIES} AND kind = ? AND id >= ? AND id < ? AND ${THERE}) AS n`,
  untold: `SELECT 1 FROM ${UNTOLD} AND kind = ? AND ${THERE} LIMIT 1`,

  find: `SELECT number, tokens FROM records WHERE kind = ? AND id = ? AND ${THERE}`,
  findVersion: `SELECT number, tokens FROM records WHERE kind = ? AND id = ? AND ${THERE} AND bytes = ${BYTES}`,
  insert: `INSERT INTO records (kind, id, bytes, tokens) VALUES (?, ?, ${BYTES}, ?) ON CONFLICT (kind, id) WHERE ${THERE} DO NOTHING`,
  retire: "UPDATE records SET bytes = x'', tokens = '', gone = 0 WHERE number = ?",
  bury: "INSERT INTO records (kind, id, bytes, tokens, gone) VALUES (?, ?, x'', '', 1)",
  drop: 'DELETE FROM records WHERE gone IS NOT NULL AND number <= ?',

  // All at once and in the order of the index: one by one they take three times as long.
  enterTokens: `INSERT INTO tokens (token, id, record) SELECT each.value, records.id, number
    FROM records NOT INDEXED, json_each('[' || replace(json_quote(tokens), ' ', '","') || ']') AS each
    WHERE ${UNINDEXED} AND tokens <> '' AND ${THERE} ORDER BY each.value, records.id`,
  deleteToken: 'DELETE FROM tokens WHERE token = ? AND id = ?',
  indexed: 'UPDATE feed SET indexed = ?',

  feed: 'SELECT epoch, shift, base FROM feed',
  latest: 'SELECT max(base, (SELECT coalesce(max(number), 0) FROM records)) AS number FROM feed',
  since: 'SELECT number, kind, id, gone FROM records WHERE number > ? ORDER BY number LIMIT 256',

  insertProbe: 'INSERT INTO probes (value) VALUES (?)',
  findProbe: 'SELECT 1 FROM probes WHERE value = ?',
  deleteProbe: 'DELETE FROM probes WHERE value = ?',
} as const;

export type Statements = Readonly<Record<keyof typeof STATEMENTS, SqliteStatement>>;
