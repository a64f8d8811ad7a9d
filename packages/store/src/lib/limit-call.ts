import { createHash } from 'node:crypto';
import {
  Decimal,
  exactCharges,
  type LimitCharge,
  LimitUnavailableError,
  maxEntriesFor,
} from '@stele/ccl/ledger';

/** One charge, for a backend that counts by itself. */
export interface CallCharge {
  /** Which of the keys it is charged to, from 0. */
  readonly key: number;
  readonly amount: Decimal;
  readonly cost: Decimal;
  readonly periodMs: number;
  /** How many entries its key may have before neighbours merge. */
  readonly most: number;
}

/** A key that is charged, with what all its charges come to. */
export interface CallKey {
  /** SHA-256, in hexadecimal; of UTF-16, so that any two strings differ, also those that are no Unicode. */
  readonly digest: string;
  readonly total: Decimal;
  /** The least of the amounts that it is charged under. */
  readonly least: Decimal;
  /** The longest of the periods, in milliseconds. */
  readonly periodMs: number;
}

/** The charges of one call; the keys are in the order of their digests, which is the order in which they are locked. */
export interface LimitCall {
  readonly keys: readonly CallKey[];
  readonly charges: readonly CallCharge[];
}

/**
 * Checks charges and writes them for a backend that counts by itself.
 * @throws TypeError, RangeError
 */
export function limitCall(charges: readonly LimitCharge[], maxEntriesPerKey: number): LimitCall {
  const exact = exactCharges(charges).map((charge) => ({ ...charge, digest: digestOf(charge.key) }));
  const byDigest = new Map<string, CallKey>();
  for (const { digest, cost, amount, periodMs } of exact) {
    const known = byDigest.get(digest);
    byDigest.set(digest, {
      digest,
      total: (known?.total ?? Decimal.ZERO).plus(cost),
      least: known?.least.exceeds(amount) === false ? known.least : amount,
      periodMs: Math.max(known?.periodMs ?? 0, periodMs),
    });
  }
  const keys = [...byDigest.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
  const places = new Map(keys.map(({ digest }, place) => [digest, place]));
  return {
    keys,
    charges: exact.map(({ digest, amount, cost, periodMs }) => ({
      key: places.get(digest)!,
      amount,
      cost,
      periodMs,
      most: maxEntriesFor(amount, maxEntriesPerKey),
    })),
  };
}

/** A charge that costs nothing, by which version, clock and counts are looked at. */
export const NOTHING: LimitCharge = Object.freeze({ key: 'stele.probe', amount: 1, cost: 0, periodMs: 1000 });

function digestOf(key: string): string {
  return createHash('sha256').update(key, 'utf16le').digest('hex');
}

/** A caller's clock. */
export interface LimitClock {
  readonly clock?: (() => number) | undefined;
  readonly clockSkewMs?: number | undefined;
}

/** @throws TypeError, RangeError for what is no clock */
export function limitClock({ clock, clockSkewMs = 60_000 }: LimitClock) {
  if (clock !== undefined && typeof clock !== 'function') throw new TypeError('clock must be a function');
  if (!(clockSkewMs >= 0)) throw new RangeError('clockSkewMs must be a number from 0 up');
  return { clock, clockSkewMs };
}

/** What a clock says, or undefined for the backend's own. @throws LimitUnavailableError */
export function clockTime(clock: (() => number) | undefined): number | undefined {
  if (clock === undefined) return undefined;
  const now = clock();
  if (now >= 0 && now <= LAST_DATE) return now;
  throw new LimitUnavailableError('the clock of the limits gives no time');
}

/** The last time that a Date can hold. */
const LAST_DATE = 8.64e15;

/** The places of charges that a caller gives back, without what can be none. */
export function placesOf(which: readonly number[] | undefined): number[] | undefined {
  return which?.filter((place) => Number.isInteger(place) && place >= 0 && place < 2 ** 31);
}

/** @throws RangeError */
export function checkTtl(ttlMs: number): number {
  if (ttlMs > 0 && Number.isFinite(ttlMs)) return ttlMs;
  throw new RangeError('ttlMs must be a finite number above 0');
}

/** The reasons, beside its failure, for which a backend does not count. */
export type LimitTrouble = 'clock' | 'keys' | 'pending' | 'damaged';

/** What a caller is told of them. */
export function limitTrouble(trouble: LimitTrouble, cause?: unknown): LimitUnavailableError {
  const [message, hint] = {
    clock: [
      "the backend's clock stands far behind what the limits have seen",
      'set the clock right; if it was wrong then, wait or begin with a new ledger, in which nothing is used yet',
    ],
    keys: ['the limits hold as many keys as they may', 'raise the bound'],
    pending: ['the limits hold as many open reservations as they may', 'raise the bound'],
    damaged: [
      'the counts of the limits contradict themselves',
      'restore them from a backup, or begin with a new ledger, in which nothing is used yet',
    ],
  }[trouble] as [string, string];
  return new LimitUnavailableError(message, hint, cause);
}
