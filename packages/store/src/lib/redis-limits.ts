import { randomUUID } from 'node:crypto';
import {
  Decimal,
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
  type LimitTrouble,
  limitCall,
  limitClock,
  limitTrouble,
  NOTHING,
  placesOf,
} from './limit-call.js';
import { type RedisClient, RedisConnection, type RedisOptions } from './redis-connection.js';
import { COMMIT_SCRIPT, RELEASE_SCRIPT, RESERVE_SCRIPT } from './redis-limits-scripts.js';
import type { RedisScript } from './redis-script.js';

export interface RedisLimitsOptions extends RedisOptions, LimitBounds {
  /** Milliseconds since 1970; the server's clock when not given. All that share a ledger must share a clock. */
  readonly clock?: (() => number) | undefined;
  /** How far the clock may stand behind what the limits have seen, in milliseconds; 60,000 when not given. */
  readonly clockSkewMs?: number | undefined;
}

/**
 * Limits in Redis, for any number of processes and machines: exact sliding windows, exact decimal sums, bounded in every direction.
 * Every call is one script, so one step. The clock is the server's.
 *
 * A charge is as durable as the server makes it: with `appendonly yes` and `appendfsync always` it outlives the machine; with `everysec` a
 * crash can lose the last second, without `appendonly` everything since the last snapshot, and a failover what the replica had not
 * received. What is lost could be spent again. Where that must not be, use `PostgresLimits`.
 *
 * All keys of a prefix have one hash tag: in a cluster a ledger lives on one node. Several prefixes are several ledgers.
 */
export class RedisLimits implements LimitLedger {
  readonly #redis: RedisConnection;
  readonly #clock: (() => number) | undefined;
  readonly #clockSkewMs: number;
  readonly #bounds: ReturnType<typeof limitBounds>;
  readonly #keys: readonly string[];
  /** The latest time that this object has seen. */
  #seen = 0;

  /**
   * Connects with the first call.
   * @param source a URL (`redis://…`), or a client of `ioredis`, which is copied: it stays the caller's
   * @throws TypeError, RangeError for wrong arguments
   */
  constructor(source: string | RedisClient, options: RedisLimitsOptions = {}) {
    const { clock, clockSkewMs } = limitClock(options);
    this.#clock = clock;
    this.#clockSkewMs = clockSkewMs;
    this.#bounds = limitBounds(options);
    this.#redis = new RedisConnection(source, options);
    this.#keys = ['state', 'keys', 'ends', 'entries', 'reservations', 'pending'].map((name) =>
      this.#redis.key(`limits:${name}`),
    );
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
    const { maxEntriesPerKey, maxKeys, maxPending } = this.#bounds;
    const call = written(limitCall(charges, maxEntriesPerKey));
    const id = randomUUID();
    const [verdict, ...answer] = await this.#ask(RESERVE_SCRIPT, {
      ...call,
      id,
      ttl: ttlMs,
      maxKeys,
      maxPending,
    });
    if (verdict === 'ok') return { ok: true, id, remaining: answer.map(toNumber) };
    const [index, retry, ...left] = answer;
    return {
      ok: false,
      index: Number(index),
      remaining: left.map(toNumber),
      retryAfterMs: retry === '' ? undefined : Number(retry),
    };
  }

  async commit(id: string): Promise<void> {
    if (id !== '') await this.#run(COMMIT_SCRIPT, id);
  }

  async release(id: string, which?: readonly number[]): Promise<void> {
    await this.#ask(RELEASE_SCRIPT, { id, which: placesOf(which) });
  }

  /** Charges nothing, and writes something that it takes back: whether limits can be charged now. @throws LimitUnavailableError */
  async probe(): Promise<void> {
    await this.reserve([NOTHING]);
    await this.#redis.probe().catch((error: unknown) => {
      throw unavailable(error);
    });
  }

  /** Frees what is held. May be called twice. What is asked of it afterwards is `limit_unavailable`. */
  async close(): Promise<void> {
    await this.#redis.close();
  }

  /** @returns the verdict and what follows it, without the time */
  async #ask(script: RedisScript, call: Readonly<Record<string, unknown>>): Promise<string[]> {
    const clock = clockTime(this.#clock);
    const skew = Math.min(this.#clockSkewMs, Number.MAX_VALUE);
    const answer = await this.#run(script, JSON.stringify({ ...call, clock, skew, seen: this.#seen }));
    const [verdict, now, ...rest] = answer;
    if (verdict !== 'ok' && verdict !== 'no') throw trouble(verdict);
    this.#seen = Math.max(this.#seen, Number(now));
    return [verdict, ...rest];
  }

  async #run(script: RedisScript, argument: string): Promise<string[]> {
    try {
      const answer = await this.#redis.run(script, this.#keys, [argument]);
      if (Array.isArray(answer)) return answer.map(String);
    } catch (error) {
      throw unavailable(error);
    }
    throw limitTrouble('damaged');
  }
}

/** A call as the script reads it: decimals as text. */
function written({ keys, charges }: LimitCall): Readonly<Record<string, unknown>> {
  return {
    keys: keys.map(({ digest, total, periodMs }) => ({ digest, total: String(total), period: periodMs })),
    charges: charges.map(({ key, amount, cost, periodMs, most }) => ({
      key: key + 1,
      amount: String(amount),
      cost: String(cost),
      period: periodMs,
      most,
    })),
  };
}

function toNumber(text: string): number {
  const value = Decimal.parse(text);
  if (value === undefined) throw limitTrouble('damaged');
  return value.toNumber();
}

function trouble(verdict: string | undefined): LimitUnavailableError {
  if (verdict !== 'version') return limitTrouble((verdict ?? 'damaged') as LimitTrouble);
  return new LimitUnavailableError(
    'the limits were written by a newer version',
    'upgrade Stele, or choose another prefix',
  );
}

function unavailable(error: unknown): LimitUnavailableError {
  const { message, hint, cause } = error as { message: string; hint?: string; cause?: unknown };
  if (String((cause as Error | undefined)?.message).includes('stele:damaged'))
    return limitTrouble('damaged', cause);
  return new LimitUnavailableError(`the limits cannot be counted: ${message}`, hint, error);
}
