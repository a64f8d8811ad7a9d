import { randomUUID } from 'node:crypto';
import {
  type LimitBounds,
  type LimitCharge,
  type LimitLedger,
  type LimitRefusal,
  LimitUnavailableError,
  limitBounds,
  type Reservation,
} from '@stele/ccl/ledger';
import {
  checkTtl,
  clockTime,
  type LimitCall,
  limitCall,
  limitClock,
  limitTrouble,
  NOTHING,
  placesOf,
} from './limit-call.js';
import { PostgresConnections, type PostgresOptions, type PostgresPool } from './postgres-connections.js';
import { isInTheWay, sqlState } from './postgres-errors.js';
import { POSTGRES_LIMITS, TROUBLES } from './postgres-limits-schema.js';
import { PostgresMigration } from './postgres-schema.js';

export interface PostgresLimitsOptions extends PostgresOptions, LimitBounds {
  /** Milliseconds since 1970; the server's clock when not given. All that share a ledger must share a clock. */
  readonly clock?: (() => number) | undefined;
  /** How far the clock may stand behind what the limits have seen, in milliseconds; 60,000 when not given. */
  readonly clockSkewMs?: number | undefined;
}

interface Answer {
  readonly ok: boolean;
  readonly place: number | null;
  readonly remaining: readonly string[] | null;
  readonly retry: number | null;
  readonly now: string;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** So often a call is made again when the server broke it off in favour of another. */
const MAX_ATTEMPTS = 5;

/**
 * Limits in PostgreSQL, for any number of processes and machines: exact sliding windows, exact decimal sums, bounded in every direction.
 * A call is one round trip, and locks the keys that it charges and nothing else. A reservation is on the server's disk before it
 * is answered (with `synchronous_commit` on, which is PostgreSQL's default). The clock is the server's.
 */
export class PostgresLimits implements LimitLedger {
  readonly #connections: PostgresConnections;
  readonly #migration: PostgresMigration;
  readonly #clock: (() => number) | undefined;
  readonly #clockSkewMs: number;
  readonly #bounds: ReturnType<typeof limitBounds>;
  /** The latest time that this object has seen. */
  #seen = 0;

  /**
   * Connects with the first call.
   * @param source a URL (`postgres://…`), or a pool of `pg`, which stays the caller's to close
   * @throws TypeError, RangeError for wrong arguments
   */
  constructor(source: string | PostgresPool, options: PostgresLimitsOptions = {}) {
    const { clock, clockSkewMs } = limitClock(options);
    this.#clock = clock;
    this.#clockSkewMs = clockSkewMs;
    this.#bounds = limitBounds(options);
    this.#connections = new PostgresConnections(source, options);
    this.#migration = new PostgresMigration(this.#connections, POSTGRES_LIMITS);
  }

  /**
   * @throws TypeError, RangeError for wrong charges
   * @throws LimitUnavailableError (`limit_unavailable`) when the server does not answer within `timeoutMs` or fails, when a bound is
   *   reached, when the clock stands behind. Nothing is charged, or, where the connection was lost at the very end, it is charged
   *   until its window has passed.
   */
  async reserve(
    charges: readonly LimitCharge[],
    { ttlMs = 600_000 }: { readonly ttlMs?: number } = {},
  ): Promise<Reservation | LimitRefusal> {
    checkTtl(ttlMs);
    const call = limitCall(charges, this.#bounds.maxEntriesPerKey);
    const clock = clockTime(this.#clock);
    const id = randomUUID();
    const [answer] = await this.#ask<Answer>(
      `SELECT ok, place, remaining::text[], retry, now FROM "${this.#connections.schema}".limit_reserve($1, $2, $3, $4, $5, $6, $7, $8,
         $9, $10, $11, $12, $13, $14, $15, $16)`,
      [
        id,
        ...columns(call),
        ttlMs,
        clock,
        this.#seen,
        this.#skew,
        this.#bounds.maxKeys,
        this.#bounds.maxPending,
      ],
    );
    if (answer === undefined) throw limitTrouble('damaged');
    this.#saw(answer.now);
    return toAnswer(answer, id);
  }

  async commit(id: string): Promise<void> {
    if (!UUID.test(id)) return;
    await this.#ask(`SELECT "${this.#connections.schema}".limit_commit($1)`, [id]);
  }

  async release(id: string, which?: readonly number[]): Promise<void> {
    if (!UUID.test(id)) return;
    const places = placesOf(which) ?? null;
    const [answer] = await this.#ask<{ now: string }>(
      `SELECT "${this.#connections.schema}".limit_release($1, $2, $3, $4, $5) AS now`,
      [id, places, clockTime(this.#clock), this.#seen, this.#skew],
    );
    this.#saw(answer?.now);
  }

  /** Charges nothing, and writes what is there already: whether limits can be charged now. @throws LimitUnavailableError */
  async probe(): Promise<void> {
    await this.reserve([NOTHING]);
    const written = await this.#ask(
      `UPDATE "${this.#connections.schema}".limit_counts SET pending = pending WHERE part = pg_backend_pid() % 64 RETURNING part`,
      [],
    );
    if (written.length !== 1) throw limitTrouble('damaged');
  }

  /** Frees what is held. May be called twice. What is asked of it afterwards is `limit_unavailable`. */
  async close(): Promise<void> {
    await this.#connections.close();
  }

  /** As a parameter: JavaScript's infinity is not SQL's. */
  get #skew(): number {
    return Math.min(this.#clockSkewMs, Number.MAX_VALUE);
  }

  #saw(now: string | undefined): void {
    this.#seen = Math.max(this.#seen, Number(now ?? 0));
  }

  async #ask<Row>(text: string, values: unknown[]): Promise<Row[]> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#migration.ready();
        return await this.#connections.query<Row>(text, values);
      } catch (error) {
        if (attempt >= MAX_ATTEMPTS || !isInTheWay(error)) throw unavailable(error);
      }
    }
  }
}

/** A call as parallel arrays, in the order of the function's parameters. */
function columns({ keys, charges }: LimitCall): unknown[] {
  return [
    keys.map(({ digest }) => Buffer.from(digest, 'hex')),
    keys.map(({ total }) => String(total)),
    keys.map(({ least }) => String(least)),
    keys.map(({ periodMs }) => periodMs),
    charges.map(({ key }) => key + 1),
    charges.map(({ amount }) => String(amount)),
    charges.map(({ cost }) => String(cost)),
    charges.map(({ periodMs }) => periodMs),
    charges.map(({ most }) => most),
  ];
}

function toAnswer({ ok, place, remaining, retry }: Answer, id: string): Reservation | LimitRefusal {
  const left = (remaining ?? []).map(Number);
  if (ok) return { ok: true, id, remaining: left };
  return {
    ok: false,
    index: place ?? 0,
    remaining: left.map((one) => Math.max(0, one)),
    retryAfterMs: retry ?? undefined,
  };
}

function unavailable(error: unknown): LimitUnavailableError {
  if (error instanceof LimitUnavailableError) return error;
  const { message, hint, cause } = error as { message: string; hint?: string; cause?: unknown };
  const trouble = TROUBLES[sqlState(cause) as keyof typeof TROUBLES];
  if (trouble !== undefined) return limitTrouble(trouble, cause);
  return new LimitUnavailableError(`the limits cannot be counted: ${message}`, hint, error);
}
