import type { Pool } from 'pg';
import { AuditError } from '../errors.js';
import { isLost, toAuditError, tooLate } from './postgres-errors.js';

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

export interface PostgresLogOptions {
  /** The schema that holds the tables of this log, made if it is not there: 1 to 48 of a-z, 0-9 and _, no digit first; `stele` when not given. */
  readonly schema?: string | undefined;
  /** How long a call may take, waiting for a connection and for other writers included, in milliseconds; 5,000 when not given. */
  readonly timeoutMs?: number | undefined;
  /** The most connections of a pool that is made from a URL, at least 2: a writer keeps one for itself. 4 when not given. */
  readonly maxConnections?: number | undefined;
}

const SCHEMA = /^[a-z_][a-z0-9_]{0,47}$/;
/** More calls than that do not wait for a connection. */
const MOST_CALLS = 1000;

/** Connections to one schema of one database. Every call ends within the time-out, and none outlives a connection that was cut. */
export class PostgresConnections {
  /** Checked, so that it can stand in a statement. */
  readonly schema: string;
  readonly timeoutMs: number;
  readonly #source: string | PostgresPool;
  readonly #maxConnections: number;
  /** Made from a URL when it is first needed. */
  #own: Promise<Pool> | undefined;
  #calls = 0;

  /**
   * @param source a URL (`postgres://…`), for a pool that is closed with this, or a pool of the caller's, who closes it
   * @throws TypeError, RangeError for wrong arguments
   */
  constructor(source: string | PostgresPool, options: PostgresLogOptions) {
    const { schema = 'stele', timeoutMs = 5000, maxConnections = 4 } = options;
    if (typeof schema !== 'string' || !SCHEMA.test(schema)) {
      throw new RangeError('schema must be 1 to 48 of a-z, 0-9 and _, and begin with no digit');
    }
    this.schema = schema;
    this.timeoutMs = within(timeoutMs, 1, 600_000, 'timeoutMs');
    this.#maxConnections = within(maxConnections, 2, 1000, 'maxConnections');
    const isUrl = typeof source === 'string' && /^postgres(?:ql)?:\/\//.test(source);
    if (!isUrl && typeof (source as PostgresPool | undefined)?.connect !== 'function') {
      throw new TypeError('source must be a URL like postgres://host/database, or a pool of pg');
    }
    this.#source = source;
  }

  /**
   * Lends a connection for one piece of work. One that was lost, or was in use when the time was up, is thrown away.
   * @throws AuditError `audit_log_unavailable`, `audit_log_corrupt`
   */
  async use<T>(work: (client: PostgresClient) => Promise<T>): Promise<T> {
    if (this.#calls >= MOST_CALLS) {
      throw new AuditError('audit_log_unavailable', 'too many calls wait for PostgreSQL', {
        hint: 'try again',
      });
    }
    this.#calls++;
    try {
      return await withinTime(this.timeoutMs, async (signal) => {
        const lease = await this.lease(signal);
        try {
          const result = await work(lease.client);
          lease.end(false);
          return result;
        } catch (error) {
          lease.end(isLost(error));
          throw error;
        }
      });
    } catch (error) {
      throw toAuditError(error);
    } finally {
      this.#calls--;
    }
  }

  /** Takes a connection for as long as it is wanted; it is thrown away when the signal says so. */
  async lease(signal: AbortSignal, lost: () => void = ignore): Promise<Lease> {
    const client = await (await this.#pool()).connect();
    let lent = true;
    const end = (destroy: boolean) => {
      if (!lent) return;
      lent = false;
      signal.removeEventListener('abort', cut);
      client.off('error', lost);
      client.release(destroy);
    };
    const cut = () => end(true);
    // A connection that is cut says so twice: to the query that waits, and as an event, which nobody may miss.
    client.on('error', lost);
    signal.addEventListener('abort', cut);
    if (signal.aborted) {
      end(false);
      throw signal.reason;
    }
    return { client, end, keep: () => signal.removeEventListener('abort', cut) };
  }

  /** Ends the connections of a pool that was made here. */
  async close(): Promise<void> {
    const own = await this.#own?.catch(ignore);
    if (own === undefined) return;
    await withinTime(this.timeoutMs, () => own.end()).catch(ignore);
  }

  async #pool(): Promise<PostgresPool> {
    if (typeof this.#source !== 'string') return this.#source;
    this.#own ??= ownPool(this.#source, this.timeoutMs, this.#maxConnections);
    return this.#own.catch((error: unknown) => {
      this.#own = undefined;
      throw error;
    });
  }
}

/** A connection that is lent. */
export interface Lease {
  readonly client: PostgresClient;
  /** Gives it back, once. @param destroy whether it is of no use any more */
  end(destroy: boolean): void;
  /** From now on the signal is nothing to it. */
  keep(): void;
}

/** Runs work that is told when its time is up, and then not waited for. @throws AuditError `audit_log_unavailable` */
export async function withinTime<T>(
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const end = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const error = tooLate(timeoutMs);
      end.abort(error);
      reject(error);
    }, timeoutMs);
  });
  try {
    return await Promise.race([work(end.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function ownPool(url: string, timeoutMs: number, max: number): Promise<Pool> {
  const { Pool } = await import('pg').catch((cause: unknown) => {
    throw new AuditError('audit_log_unavailable', 'the package pg cannot be loaded', {
      cause,
      hint: 'run `npm install pg`',
    });
  });
  const pool = new Pool({
    connectionString: url,
    max,
    connectionTimeoutMillis: timeoutMs,
    // What the server still does when nobody waits any more ends, too.
    statement_timeout: timeoutMs,
    idle_in_transaction_session_timeout: timeoutMs,
    keepAlive: true,
    application_name: 'stele audit',
  });
  // A connection that breaks while nobody uses it; the pool makes a new one.
  pool.on('error', ignore);
  return pool;
}

function within(value: number, least: number, most: number, name: string): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name} must be an integer from ${least} to ${most}`);
}

const ignore = (): undefined => undefined;
