import { StoreError } from '../errors.js';
import { hasTable, type Schema } from './sqlite-schema.js';

/** What key rings keep: their states by name. `key_ring_state` has one row with the version of these tables. */
export const KEY_RINGS: Schema = {
  steps: [
    `CREATE TABLE key_ring_state (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL) STRICT;
     INSERT INTO key_ring_state VALUES (1, 0);
     CREATE TABLE key_rings (name TEXT PRIMARY KEY, version INTEGER NOT NULL, state TEXT NOT NULL) STRICT, WITHOUT ROWID;`,
  ],
  version: (database) => {
    if (!hasTable(database, 'key_ring_state')) return 0;
    const row = database.prepare('SELECT version FROM key_ring_state').get() as
      | { version: number }
      | undefined;
    if (row !== undefined) return row.version;
    throw new StoreError('store_corrupt', 'the tables of the key rings have lost their version', {
      hint: 'restore the file from a backup',
    });
  },
  setVersion: (version) => `UPDATE key_ring_state SET version = ${version}`,
};

/** The statements of a connection, by name. */
export const KEY_RING_STATEMENTS = {
  load: 'SELECT version, state FROM key_rings WHERE name = ?',
  insert: 'INSERT INTO key_rings (name, version, state) VALUES (?, 1, ?) ON CONFLICT DO NOTHING',
  update: 'UPDATE key_rings SET version = version + 1, state = ? WHERE name = ? AND version = ?',
} as const;
