import type { ClientConfig, Pool } from 'pg';
import { StoreError } from '../errors.js';
import { isLost, toStoreError } from './postgres-errors.js';

/** What is used of a client of `pg`. */
export interface PostgresClient {
  query(
    text: string,
    values?: unknown[],
  ): Promise<{ readonly rows: unknown[]; readonly rowCount: number | null }>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
  release(destroy?: boolean): void;
}

/** What is used of a `Pool` of `pg`. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>;
}

export interface PostgresOptions {
  /** The schema that holds the tables, made if it is not there: 1 to 48 of a-z, 0-9 and _, no digit first; `stele` when not given. */
  readonly schema?: string | undefined;
  /**
   * How long a round trip may take, waiting for a connection included, in milliseconds; 5,000 when not given. A call is one, but for
   * the first, which looks after the tables.
   */
  readonly timeoutMs?: number | undefined;
  /** The most connections of a pool that is made from a URL; 10 when not given. */
  readonly maxConnections?: number | undefined;
}

const SCHEMA = /^[a-z_][a-z0-9_]{0,47}$/;

/** More calls than that do not wait for a connection. */
const MOST_CALLS = 10_000;

/** A connection that hears what others tell, until it is ended or lost. */
export interface PostgresListener {
  end(): void;
}

/** Connections to one schema of one database. Every call ends within the time-out, and none outlives a connection that was cut. */
export class PostgresConnections {
  /** Checked, so that it can stand in a statement. */
  readonly schema: string;
  readonly timeoutMs: number;
  readonly #source: string | PostgresPool;
  readonly #maxConnections: number;
  /** Made from a URL when it is first needed. */
  #own: Promise<Pool> | undefined;
  /** The caller's, or our own. */
  #made: PostgresPool | undefined;
  #calls = 0;
  #open = true;

  /**
   * @param source a URL (`postgres://…`), for a pool that is closed with this, or a pool of the caller's, who closes it
   * @throws TypeError, RangeError for wrong arguments
   */
  constructor(source: string | PostgresPool, options: PostgresOptions) {
    const { schema = 'stele', timeoutMs = 5000, maxConnections = 10 } = options;
    if (typeof schema !== 'string' || !SCHEMA.test(schema)) {
      throw new RangeError('schema must be 1 to 48 of a-z, 0-9 and _, and begin with no digit');
    }
    this.schema = schema;
    this.timeoutMs = within(timeoutMs, 1, 600_000, 'timeoutMs');
    this.#maxConnections = within(maxConnections, 1, 1000, 'maxConnections');
    const isUrl = typeof source === 'string' && /^postgres(?:ql)?:\/\//.test(source);
    if (!isUrl && typeof (source as PostgresPool | undefined)?.connect !== 'function') {
      throw new TypeError('source must be a URL like postgres://host/database, or a pool of pg');
    }
    this.#source = source;
    if (typeof source !== 'string') this.#made = source;
  }

  /** One statement, a transaction of its own. @throws StoreError */
  async query<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
    return this.use(async (client) => (await client.query(text, values)).rows as Row[]);
  }

  /** Runs statements as one transaction; it is rolled back if the work throws. @throws StoreError */
  async transaction<T>(work: (client: PostgresClient) => Promise<T>): Promise<T> {
    return this.use(async (client) => {
      await client.query('BEGIN');
      try {
        const result = await work(client);
        await client.query('COMMIT');
        return result;
      } catch (error) {
        if (!isLost(error)) await client.query('ROLLBACK');
        throw error;
      }
    });
  }

  /**
   * Lends a connection. One that was lost, or was in use when the time was up, is thrown away.
   * @throws StoreError `store_unavailable`, `store_closed`
   */
  async use<T>(work: (client: PostgresClient) => Promise<T>): Promise<T> {
    if (!this.#open) throw new StoreError('store_closed', 'the connection to PostgreSQL is closed');
    if (this.#calls >= MOST_CALLS) {
      throw new StoreError('store_unavailable', 'too many calls wait for PostgreSQL', { hint: 'try again' });
    }
    this.#calls++;
    const loan = new Loan();
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<T>((resolve, reject) => {
        timer = setTimeout(() => {
          loan.end(true);
          reject(tooLate(this.timeoutMs));
        }, this.timeoutMs);
        this.#lend(work, loan).then(resolve, reject);
      });
    } catch (error) {
      throw toStoreError(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Listens on a channel, by a connection of its own that holds a shared lock for as long as it does. None of the caller's pool is kept for
   * that: it may have few.
   * @returns undefined where that cannot be had
   */
  async listen(
    channel: string,
    lock: string,
    { heard, lost }: { heard: () => void; lost: () => void },
  ): Promise<PostgresListener | undefined> {
    if (typeof this.#source !== 'string' || !this.#open) return undefined;
    const client = await clientOf(this.#source, this.timeoutMs).catch(() => undefined);
    if (client === undefined) return undefined;
    let listens = true;
    const ended = () => {
      if (listens) lost();
      listens = false;
    };
    const end = () => {
      listens = false;
      client.end().catch(ignore);
    };
    client.on('notification', heard).on('error', ended).on('end', ended);
    try {
      await client.connect();
      // A process may end with a watch that is not asked any more. The types do not know of this method.
      (client as unknown as { unref(): void }).unref();
      await client.query(`LISTEN "${channel}"`);
      await client.query('SELECT pg_catalog.pg_advisory_lock_shared(pg_catalog.hashtextextended($1, 0))', [
        lock,
      ]);
      return { end };
    } catch {
      end();
      return undefined;
    }
  }

  /** Ends the connections of a pool that was made here. May be called twice. */
  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    const own = await this.#own?.catch(() => undefined);
    if (own === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.timeoutMs);
    });
    await Promise.race([own.end(), late]).finally(() => clearTimeout(timer));
  }

  async #makePool(): Promise<PostgresPool> {
    this.#own ??= ownPool(this.#source as string, this.timeoutMs, this.#maxConnections);
    try {
      this.#made = await this.#own;
      return this.#made;
    } catch (error) {
      this.#own = undefined;
      throw error;
    }
  }

  async #lend<T>(work: (client: PostgresClient) => Promise<T>, loan: Loan): Promise<T> {
    try {
      const client = await (this.#made ?? (await this.#makePool())).connect();
      if (!loan.begin(client)) throw tooLate(this.timeoutMs);
      const result = await work(client);
      loan.end(false);
      return result;
    } catch (error) {
      loan.end(isLost(error));
      throw error;
    } finally {
      // Not when its time was up: it may have waited in the pool for longer.
      this.#calls--;
    }
  }
}

/** A connection that is lent for one piece of work, and goes back once. */
class Loan {
  #client: PostgresClient | undefined;
  #isOver = false;

  /** @returns false when the time was up before there was a connection: then it has gone back already */
  begin(client: PostgresClient): boolean {
    if (this.#isOver) {
      client.release();
      return false;
    }
    this.#client = client;
    // A connection that is cut says so twice: to the query that waits, and as an event, which nobody may miss.
    client.on('error', ignore);
    return true;
  }

  /** May be called again, in vain. */
  end(destroy: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#client?.off('error', ignore);
    this.#client?.release(destroy);
  }
}

async function ownPool(url: string, timeoutMs: number, max: number): Promise<Pool> {
  const { Pool } = await loadPg();
  const pool = new Pool({ ...settings(url, timeoutMs), max });
  // A connection that breaks while nobody uses it; the pool makes a new one.
  pool.on('error', ignore);
  return pool;
}

async function clientOf(url: string, timeoutMs: number) {
  const { Client } = await loadPg();
  return new Client(settings(url, timeoutMs));
}

async function loadPg() {
  return import('pg').catch((cause: unknown) => {
    throw new StoreError('store_unavailable', 'the package pg cannot be loaded', {
      cause,
      hint: 'run `npm install pg`',
    });
  });
}

function settings(url: string, timeoutMs: number): ClientConfig {
  return {
    connectionString: url,
    connectionTimeoutMillis: timeoutMs,
    // What the server still does when nobody waits any more ends, too.
    statement_timeout: timeoutMs,
    idle_in_transaction_session_timeout: timeoutMs,
    keepAlive: true,
    application_name: 'stele',
  };
}

function within(value: number, least: number, most: number, name: string): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name} must be an integer from ${least} to ${most}`);
}

function tooLate(timeoutMs: number): StoreError {
  return new StoreError('store_unavailable', `PostgreSQL has not answered within ${timeoutMs} ms`, {
    hint: 'look at the database and the network; what was asked may or may not have been done',
  });
}

const ignore = (): void => {};
