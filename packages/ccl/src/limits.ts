import { Decimal } from './lib/decimal.js';

/** One thing to charge: at most `amount` in any half-open window of `periodMs`, of which this takes `cost`. */
export interface LimitCharge {
  /** What is counted together, for example covenant line, statement and subject. Any string. */
  readonly key: string;
  /** The most that a window may hold; above 0. */
  readonly amount: number;
  /** From 0 up; 1 where requests are counted. */
  readonly cost: number;
  /** A charge is remembered for the longest period that its key was charged with until it passed. */
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
  /** When it fits if nothing else is charged meanwhile, and not before; undefined if never, because the cost is above the amount. */
  readonly retryAfterMs: number | undefined;
}

/**
 * Keeps the counts of limits. Every method may reject with `limit_unavailable`; the decision is then a denial.
 *
 * The sums are exact decimals and the windows slide exactly, up to `maxEntriesPerKey` charges of one key (see
 * `LimitBounds`). Time is the ledger's and never goes back: a clock that does frees nothing.
 */
export interface LimitLedger {
  /**
   * Charges all or none, in one atomic step. Charges to one key count together.
   * @param options.ttlMs after which the reservation counts as committed if it was not released; 600,000 when not given
   * @throws RangeError for a cost that is negative or not finite, or an amount or period that is not above 0
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

/** How much a ledger keeps. Where a bound leaves no room, it is unavailable. */
export interface LimitBounds {
  /** The most keys with charges in their windows; 100,000 when not given. */
  readonly maxKeys?: number | undefined;
  /**
   * The most entries of one key, 16 to 1,000,000; 10,000 when not given, and ten times as many for amounts up to 10,000. Beyond
   * it neighbouring charges merge, which may refuse early by up to four parts in so many of the amount, and never permits more.
   */
  readonly maxEntriesPerKey?: number | undefined;
  /** The most reservations that are neither final nor released; 100,000 when not given. */
  readonly maxPending?: number | undefined;
}

/** What a ledger knows of the charges to one key, for `judgeCharges`. */
export interface Tally {
  /** What was charged in the `periodMs` up to `now`: at t if t is in (now - periodMs, now]. */
  usedWithin(periodMs: number, now: number): Decimal;
  /** When enough of that will have passed that `excess`, which is above 0 and no more than that, is free. */
  freeAt(excess: Decimal, periodMs: number, now: number): number;
}

/** A checked charge with exact numbers. */
export interface ExactCharge {
  readonly key: string;
  readonly amount: Decimal;
  readonly cost: Decimal;
  readonly periodMs: number;
}

/**
 * Checks charges and makes their numbers exact. For the authors of ledgers.
 * @throws TypeError, RangeError
 */
export function exactCharges(charges: readonly LimitCharge[]): ExactCharge[] {
  return charges.map(({ key, amount, cost, periodMs }) => {
    if (typeof key !== 'string') throw new TypeError('key must be a string');
    if (!(cost >= 0 && Number.isFinite(cost))) throw new RangeError('cost must be a finite number from 0 up');
    return {
      key,
      amount: Decimal.of(above0(amount, 'amount')),
      cost: Decimal.of(cost),
      periodMs: above0(periodMs, 'periodMs'),
    };
  });
}

/**
 * Whether charges fit, all or none. For the authors of ledgers: every ledger judges with this.
 * @param tallies by key, with nothing in them that has passed
 * @param now the ledger's time
 * @param clock what its clock says, if that stands behind: a retry waits for the clock
 */
export function judgeCharges(
  charges: readonly ExactCharge[],
  tallies: ReadonlyMap<string, Tally>,
  now: number,
  clock: number = now,
): Omit<Reservation, 'id'> | LimitRefusal {
  const totals = new Map<string, Decimal>();
  for (const { key, cost } of charges) totals.set(key, (totals.get(key) ?? Decimal.ZERO).plus(cost));
  const left = charges.map(({ key, amount, periodMs }) =>
    amount.minus(tallies.get(key)!.usedWithin(periodMs, now)),
  );
  let index = -1;
  let latest = Number.NEGATIVE_INFINITY;
  charges.forEach(({ key, amount, periodMs }, i) => {
    const total = totals.get(key)!;
    if (!total.exceeds(left[i]!)) return;
    const freeAt = total.exceeds(amount)
      ? Number.POSITIVE_INFINITY
      : tallies.get(key)!.freeAt(total.minus(left[i]!), periodMs, now);
    if (freeAt > latest) [index, latest] = [i, freeAt];
  });
  if (index === -1) {
    return { ok: true, remaining: charges.map(({ key }, i) => left[i]!.minus(totals.get(key)!).toNumber()) };
  }
  const retryAfterMs = latest === Number.POSITIVE_INFINITY ? undefined : Math.ceil(latest - clock);
  return { ok: false, index, remaining: left.map((one) => Math.max(0, one.toNumber())), retryAfterMs };
}

/** The bounds with their defaults. @throws RangeError */
export function limitBounds({
  maxKeys = 100_000,
  maxEntriesPerKey = 10_000,
  maxPending = 100_000,
}: LimitBounds): Required<Readonly<Record<keyof LimitBounds, number>>> {
  const within = (value: number, least: number, most: number, name: string) => {
    if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
    throw new RangeError(`${name} must be a whole number from ${least} to ${most}`);
  };
  return {
    maxKeys: within(maxKeys, 1, Number.MAX_SAFE_INTEGER, 'maxKeys'),
    maxEntriesPerKey: within(maxEntriesPerKey, 16, 1_000_000, 'maxEntriesPerKey'),
    maxPending: within(maxPending, 1, Number.MAX_SAFE_INTEGER, 'maxPending'),
  };
}

/** @throws RangeError */
export function above0(value: number, name: string): number {
  if (value > 0 && Number.isFinite(value)) return value;
  throw new RangeError(`${name} must be a finite number above 0`);
}
