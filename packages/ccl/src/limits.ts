import { LimitUnavailableError } from './errors.js';
import { type Decimal, toDecimal, toNumber, unitsAt } from './lib/decimal.js';
import { type Entry, Window } from './lib/window.js';

/** One thing to charge: at most `amount` in any half-open window of `periodMs`, of which this takes `cost`. */
export interface LimitCharge {
  /** What is counted together, for example covenant line, statement and subject. */
  readonly key: string;
  /** The most that a window may hold; above 0. */
  readonly amount: number;
  /** From 0 up; 1 where requests are counted. */
  readonly cost: number;
  readonly periodMs: number;
}

/** All charges fit and count from now on, whether or not they are committed. */
export interface Reservation {
  readonly ok: true;
  readonly id: string;
  /** What each charge's window still holds, after this reservation. */
  readonly remaining: readonly number[];
}

/** Nothing was charged. */
export interface LimitRefusal {
  readonly ok: false;
  /** The charge that did not fit; of several the one that has to wait longest. */
  readonly index: number;
  /** What each charge's window holds now. */
  readonly remaining: readonly number[];
  /** When it may fit; undefined if it never will, because the cost is above the amount. */
  readonly retryAfterMs: number | undefined;
}

/** Keeps the counts of limits. Every method may reject with `limit_unavailable`; the decision is then a denial. */
export interface LimitLedger {
  /**
   * Charges all or none, in one atomic step.
   * @param options.ttlMs after which the reservation counts as committed if it was not released
   */
  reserve(
    charges: readonly LimitCharge[],
    options?: { readonly ttlMs?: number },
  ): Promise<Reservation | LimitRefusal>;
  /** Makes a reservation final. Does nothing for one that is unknown, final or released. */
  commit(id: string): Promise<void>;
  /**
   * Gives a reservation back. Does nothing for one that is unknown, final or released.
   * @param which the charges to give back, by their places in `reserve`; the others become final. All when not given.
   */
  release(id: string, which?: readonly number[]): Promise<void>;
}

export interface MemoryLimitsOptions {
  /** Milliseconds from any origin; steps back are ignored. By default `performance.now`. */
  readonly clock?: () => number;
  /** The most keys with charges in their windows; 100,000 by default. */
  readonly maxKeys?: number;
  /**
   * The most entries of one key, 10,000 by default and 16 at least. Beyond it neighbouring charges merge, which may
   * refuse early by up to four parts in `maxEntriesPerKey` of the amount, and never permits more.
   */
  readonly maxEntriesPerKey?: number;
  /** The most reservations that are neither final nor released; 100,000 by default. */
  readonly maxPending?: number;
}

/** One charge of a reservation; `place` is its place in the call. */
interface Part {
  readonly place: number;
  readonly window: Window;
  readonly entry: Entry;
  readonly cost: Decimal;
}

interface Pending {
  readonly expiresAt: number;
  readonly parts: readonly Part[];
}

/** A checked charge with exact numbers. */
interface Charge {
  readonly place: number;
  readonly key: string;
  readonly periodMs: number;
  readonly amount: Decimal;
  readonly cost: Decimal;
  /** The key's window; a new one that is not kept yet if it has none. */
  readonly window: Window;
}

const DEFAULT_TTL_MS = 600_000;

/** Limits of one process, in memory: exact sliding windows, exact decimal sums, bounded in every direction. */
export class MemoryLimits implements LimitLedger {
  readonly #clock: () => number;
  readonly #maxKeys: number;
  readonly #maxEntries: number;
  readonly #maxPending: number;
  readonly #windows = new Map<string, Window>();
  readonly #pending = new Map<string, Pending>();
  #now = Number.NEGATIVE_INFINITY;
  #ids = 0;
  /** Before this time looking for keys to drop finds none. */
  #nextSweep = Number.POSITIVE_INFINITY;
  /** The same for reservations. */
  #nextPendingSweep = Number.POSITIVE_INFINITY;

  constructor(options: MemoryLimitsOptions = {}) {
    this.#clock = options.clock ?? (() => performance.now());
    this.#maxKeys = atLeast(1, options.maxKeys ?? 100_000, 'maxKeys');
    this.#maxEntries = atLeast(16, options.maxEntriesPerKey ?? 10_000, 'maxEntriesPerKey');
    this.#maxPending = atLeast(1, options.maxPending ?? 100_000, 'maxPending');
  }

  /**
   * @throws RangeError for a cost that is negative or not finite, or an amount or period that is not above 0
   * @throws LimitUnavailableError (`limit_unavailable`) when a bound is reached or the clock fails
   */
  async reserve(
    charges: readonly LimitCharge[],
    options: { readonly ttlMs?: number } = {},
  ): Promise<Reservation | LimitRefusal> {
    const ttlMs = above0(options.ttlMs ?? DEFAULT_TTL_MS, 'ttlMs');
    const opened = new Map<string, Window>();
    const checked = charges.map((charge, place) => this.#check(charge, place, opened));
    const now = this.#tick();
    for (const { window, periodMs, cost, amount } of checked) {
      window.expire(now);
      window.period = Math.max(window.period, periodMs);
      window.refine(Math.max(cost.places, amount.places));
    }
    const refusal = refuse(checked, now);
    if (refusal !== undefined) return refusal;
    return this.#charge(checked, now, now + ttlMs);
  }

  async commit(id: string): Promise<void> {
    this.#pending.delete(id);
  }

  async release(id: string, which?: readonly number[]): Promise<void> {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    const now = this.#tick();
    this.#pending.delete(id);
    if (now >= pending.expiresAt) return;
    for (const { place, window, entry, cost } of pending.parts) {
      if (which?.includes(place) === false) continue;
      window.remove(entry, cost);
      if (window.isEmpty) this.#nextSweep = now;
    }
  }

  #check(charge: LimitCharge, place: number, opened: Map<string, Window>): Charge {
    const { key, amount, cost, periodMs } = charge;
    if (typeof key !== 'string') throw new TypeError('key must be a string');
    if (!(cost >= 0 && Number.isFinite(cost))) throw new RangeError('cost must be a finite number from 0 up');
    const window = this.#windows.get(key) ?? opened.get(key) ?? new Window();
    opened.set(key, window);
    return {
      place,
      key,
      window,
      periodMs: above0(periodMs, 'periodMs'),
      amount: toDecimal(above0(amount, 'amount')),
      cost: toDecimal(cost === 0 ? 0 : cost),
    };
  }

  #charge(charges: readonly Charge[], now: number, expiresAt: number): Reservation {
    const costly = charges.filter(({ cost }) => cost.units > 0n);
    this.#makeRoom(costly, now);
    const parts = costly.map(({ place, key, window, cost, amount }) => {
      this.#windows.set(key, window);
      const entry = window.add(now, unitsAt(cost, window.places));
      this.#nextSweep = Math.min(this.#nextSweep, window.emptyAt);
      window.compact(this.#maxEntries, (4n * unitsAt(amount, window.places)) / BigInt(this.#maxEntries));
      return { place, window, entry, cost };
    });
    const id = String(++this.#ids);
    if (parts.length > 0) this.#pending.set(id, { expiresAt, parts });
    this.#nextPendingSweep = Math.min(this.#nextPendingSweep, expiresAt);
    return { ok: true, id, remaining: remaining(charges, now) };
  }

  #makeRoom(charges: readonly Charge[], now: number): void {
    const keys = new Set(charges.map(({ key }) => key));
    const tooMany = () => {
      let fresh = 0;
      for (const key of keys) if (!this.#windows.has(key)) fresh++;
      return this.#windows.size + fresh > this.#maxKeys;
    };
    if (tooMany()) this.#sweepWindows(now);
    if (tooMany()) unavailable('keys');
    if (this.#pending.size >= this.#maxPending) this.#sweepPending(now);
    if (this.#pending.size >= this.#maxPending) unavailable('open reservations');
  }

  #sweepWindows(now: number): void {
    if (now < this.#nextSweep) return;
    this.#nextSweep = Number.POSITIVE_INFINITY;
    for (const [key, window] of this.#windows) {
      if (window.emptyAt <= now) this.#windows.delete(key);
      else this.#nextSweep = Math.min(this.#nextSweep, window.emptyAt);
    }
  }

  #sweepPending(now: number): void {
    if (now < this.#nextPendingSweep) return;
    this.#nextPendingSweep = Number.POSITIVE_INFINITY;
    for (const [id, { expiresAt }] of this.#pending) {
      if (expiresAt <= now) this.#pending.delete(id);
      else this.#nextPendingSweep = Math.min(this.#nextPendingSweep, expiresAt);
    }
  }

  /** The time, which never goes back: a clock that does must not free room. */
  #tick(): number {
    const time = this.#clock();
    if (!Number.isFinite(time))
      throw new LimitUnavailableError('the clock of the limits gives no finite time');
    this.#now = Math.max(this.#now, time);
    return this.#now;
  }
}

/** Why the charges do not all fit, if so. Charges to one key count together. */
function refuse(charges: readonly Charge[], now: number): LimitRefusal | undefined {
  const totals = new Map<Window, bigint>();
  for (const { window, cost } of charges) {
    totals.set(window, (totals.get(window) ?? 0n) + unitsAt(cost, window.places));
  }
  let index = -1;
  let longest = 0;
  charges.forEach(({ window, amount, periodMs }, i) => {
    const wait = waitFor(window, totals.get(window)!, unitsAt(amount, window.places), periodMs, now);
    if (wait > longest) {
      index = i;
      longest = wait;
    }
  });
  if (index === -1) return undefined;
  const retryAfterMs = longest === Number.POSITIVE_INFINITY ? undefined : longest;
  return { ok: false, index, remaining: remaining(charges, now), retryAfterMs };
}

/** Milliseconds until `cost` fits; 0 if it does now. */
function waitFor(window: Window, cost: bigint, amount: bigint, period: number, now: number): number {
  const excess = window.usedWithin(period, now) + cost - amount;
  if (excess <= 0n) return 0;
  return cost > amount ? Number.POSITIVE_INFINITY : Math.max(1, window.waitFor(excess, period, now));
}

function remaining(charges: readonly Charge[], now: number): number[] {
  return charges.map(({ window, amount, periodMs }) => {
    const left = unitsAt(amount, window.places) - window.usedWithin(periodMs, now);
    return left > 0n ? toNumber(left, window.places) : 0;
  });
}

function unavailable(what: string): never {
  throw new LimitUnavailableError(
    `the limits hold as many ${what} as they may`,
    'raise the bound, or use a shared backend',
  );
}

function above0(value: number, name: string): number {
  if (value > 0 && Number.isFinite(value)) return value;
  throw new RangeError(`${name} must be a finite number above 0`);
}

function atLeast(least: number, value: number, name: string): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new RangeError(`${name} must be a whole number from ${least} up`);
}
