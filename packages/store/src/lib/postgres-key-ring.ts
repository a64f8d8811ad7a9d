import { StoreError } from '../errors.js';
import { PostgresConnections, type PostgresOptions, type PostgresPool } from './postgres-connections.js';
import { PostgresMigration, type PostgresPart } from './postgres-schema.js';

/** As large as @stele/crypto lets a ring become, in bytes of UTF-8. */
const MAX_STATE_BYTES = 16 * 1024 * 1024;
const NAME = /^[A-Za-z0-9._-]{1,64}$/;

/** States are bytes: PostgreSQL's text cannot hold every character. */
const KEY_RINGS: PostgresPart = {
  name: 'key_rings',
  steps: [
    (schema) =>
      `CREATE TABLE "${schema}".key_rings (name text PRIMARY KEY, version bigint NOT NULL, state bytea NOT NULL)`,
  ],
};

export interface PostgresKeyRingOptions extends PostgresOptions {
  /** Which of the rings in the schema, 1 to 64 letters, digits, dots, dashes and underscores; `keys` when not given. */
  readonly name?: string | undefined;
}

/**
 * A key ring in PostgreSQL, for any number of processes and machines: the `ring` of a `KeyManager`. What a state replaced stays in the
 * table's free space until PostgreSQL has vacuumed it, and longer in its log and its backups.
 */
export class PostgresKeyRing {
  readonly #connections: PostgresConnections;
  readonly #migration: PostgresMigration;
  readonly #name: string;

  /**
   * Connects with the first call.
   * @param source a URL (`postgres://…`), or a pool of `pg`, which stays the caller's to close
   * @throws TypeError, RangeError for wrong arguments
   */
  constructor(source: string | PostgresPool, options: PostgresKeyRingOptions = {}) {
    const { name = 'keys' } = options;
    if (typeof name !== 'string' || !NAME.test(name)) {
      throw new RangeError('name must be 1 to 64 letters, digits, dots, dashes and underscores');
    }
    this.#name = name;
    this.#connections = new PostgresConnections(source, options);
    this.#migration = new PostgresMigration(this.#connections, KEY_RINGS);
  }

  /** @throws StoreError `store_unavailable`, `store_corrupt`, `store_version`, `store_closed` */
  async load(): Promise<{ readonly version: number; readonly state: string } | undefined> {
    const [row] = await this.#ask<{ version: string; state: Buffer }>(
      'SELECT version, state FROM @ WHERE name = $1',
      [],
    );
    if (row === undefined) return undefined;
    try {
      return { version: Number(row.version), state: decoder.decode(row.state) };
    } catch (cause) {
      throw new StoreError('store_corrupt', 'the state of the key ring is no text', {
        cause,
        hint: 'restore it from a backup',
      });
    }
  }

  /**
   * @returns false if the ring holds another version than the one expected
   * @throws RangeError for a state that is empty or longer than 16 MiB
   * @throws StoreError `store_unavailable` (the state may have been saved: load it), `store_corrupt`, `store_version`, `store_closed`
   */
  async save(expectedVersion: number | undefined, state: string): Promise<boolean> {
    const bytes = Buffer.from(state);
    if (bytes.length === 0 || bytes.length > MAX_STATE_BYTES) {
      throw new RangeError(`a state must have 1 to ${MAX_STATE_BYTES} bytes`);
    }
    const saved =
      expectedVersion === undefined
        ? await this.#ask('INSERT INTO @ VALUES ($1, 1, $2) ON CONFLICT DO NOTHING RETURNING 1', [bytes])
        : await this.#ask(
            'UPDATE @ SET version = version + 1, state = $2 WHERE name = $1 AND version = $3 RETURNING 1',
            [bytes, expectedVersion],
          );
    return saved.length === 1;
  }

  /** Frees what is held. May be called twice. What is asked of it afterwards is `store_closed`. */
  async close(): Promise<void> {
    await this.#connections.close();
  }

  /** @param text a statement, with `@` for the table; its first parameter is the name of the ring */
  async #ask<Row>(text: string, values: unknown[]): Promise<Row[]> {
    await this.#migration.ready();
    const table = `"${this.#connections.schema}".key_rings`;
    return this.#connections.query<Row>(text.replace('@', table), [this.#name, ...values]);
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
