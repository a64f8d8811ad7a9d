import { StoreError } from '../errors.js';
import type { PostgresClient, PostgresConnections } from './postgres-connections.js';
import { sqlState } from './postgres-errors.js';

/** The tables of one part of Stele. The parts share a schema, each with a version of its own. */
export interface PostgresPart {
  readonly name: string;
  /** The steps from each version to the next, for a schema of this name; the n-th leads to version n + 1. Only ever append. */
  readonly steps: readonly ((schema: string) => string)[];
  /** What to do each time that it is opened, again as long as its result has a row. */
  readonly opening?: (schema: string) => string;
}

/** How our functions are declared: what others have put into the schemas of a session's search path is not called by them. */
export const PLPGSQL = 'LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp';

/** SQLSTATE: no such table, no such schema. */
const ABSENT = ['42P01', '3F000'];
/** There is already a table, a function, an object of this name. */
const PRESENT = ['42P07', '42723', '42710'];

/**
 * Brings a part of a schema to the newest version, once: nothing else is asked before it has succeeded, and what failed is tried
 * again by the next call. Any number of processes may do so at once.
 */
export class PostgresMigration {
  readonly #connections: PostgresConnections;
  readonly #part: PostgresPart;
  /** Whether tables are made where there are none. */
  readonly #create: boolean;
  #done: Promise<void> | undefined;
  #isReady = false;

  constructor(connections: PostgresConnections, part: PostgresPart, create = true) {
    this.#connections = connections;
    this.#part = part;
    this.#create = create;
  }

  /** Whether there is nothing to wait for. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** @throws StoreError `store_version` for a newer schema or tables of someone else, `store_unavailable` */
  async ready(): Promise<void> {
    this.#done ??= this.#migrate().catch((error: unknown) => {
      this.#done = undefined;
      throw error;
    });
    await this.#done;
    this.#isReady = true;
  }

  async #migrate(): Promise<void> {
    const { schema } = this.#connections;
    const known = await this.#connections.use((client) => this.#version(client));
    if (known === 0 && !this.#create) throw absent(schema);
    if (known < this.#part.steps.length) await this.#bringUp();
    const opening = this.#part.opening?.(schema);
    while (opening !== undefined && (await this.#connections.query(opening)).length > 0);
  }

  async #bringUp(): Promise<void> {
    const { schema } = this.#connections;
    await this.#connections.transaction(async (client) => {
      await client.query('SELECT pg_advisory_xact_lock(pg_catalog.hashtextextended($1, 0))', [
        `stele schema ${schema}`,
      ]);
      // Whoever may not make schemas may use one that is there.
      const { rows } = await client.query('SELECT to_regnamespace($1) IS NULL AS absent', [schema]);
      if ((rows[0] as { absent: boolean }).absent) await client.query(`CREATE SCHEMA "${schema}"`);
      await client.query(
        `CREATE TABLE IF NOT EXISTS "${schema}".stele_parts (name text PRIMARY KEY, version integer NOT NULL)`,
      );
      const version = await this.#version(client);
      for (const step of this.#part.steps.slice(version)) await this.#take(client, step(schema));
      await client.query(
        `INSERT INTO "${schema}".stele_parts VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET version = excluded.version`,
        [this.#part.name, this.#part.steps.length],
      );
    });
  }

  /** @returns 0 where the part has no tables yet */
  async #version(client: PostgresClient): Promise<number> {
    const { name, steps } = this.#part;
    const version = await client
      .query(`SELECT version FROM "${this.#connections.schema}".stele_parts WHERE name = $1`, [name])
      .then(({ rows }) => (rows[0] as { version: number } | undefined)?.version ?? 0)
      .catch((error: unknown) => {
        if (ABSENT.includes(sqlState(error) ?? '')) return 0;
        throw error;
      });
    if (version <= steps.length) return version;
    throw notOurs(`has version ${version} of ${name}, which is newer than this software`);
  }

  async #take(client: PostgresClient, step: string): Promise<void> {
    try {
      await client.query(step);
    } catch (error) {
      if (PRESENT.includes(sqlState(error) ?? '')) throw notOurs('has tables of someone else', error);
      throw error;
    }
  }
}

function absent(schema: string): StoreError {
  return new StoreError('store_version', `there is no store in the schema ${schema}`, {
    hint: 'look at the name of the schema, and of the database',
  });
}

function notOurs(what: string, cause?: unknown): StoreError {
  return new StoreError('store_version', `the schema ${what}`, {
    cause,
    hint: 'upgrade Stele, or choose another schema',
  });
}
