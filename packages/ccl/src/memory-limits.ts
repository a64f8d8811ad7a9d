import { LimitUnavailableError } from './errors.js';
import type { Decimal } from './lib/decimal.js';
import { maxEntriesFor, Window } from './lib/window.js';
import {
  above0,
  type ExactCharge,
  exactCharges,
  judgeCharges,
  type LimitBounds,
  type LimitCharge,
  type LimitLedger,
  type LimitRefusal,
  limitBounds,
  type Reservation,
} from './limits.js';

export interface MemoryLimitsOptions extends LimitBounds {
  /** Milliseconds from any origin; steps back are ignored. By default `performance.now`. */
  readonly clock?: () => number;
}

/** One charge of a reservation; `place` is its place in the call. */
interface Part {
  readonly place: number;
  readonly window: Window;
  readonly cost: Decimal;
}

interface Pending {
  readonly time: number;
  readonly expiresAt: number;
  readonly parts: readonly Part[];
}

/** Limits of one process, in memory: exact sliding windows, exact decimal sums, bounded in every direction. */
export class MemoryLimits implements LimitLedger {
  readonly #clock: () => number;
  readonly #bounds: ReturnType<typeof limitBounds>;
  readonly #windows = new Map<string, Window>();
  readonly #pending = new Map<string, Pending>();
  #now = Number.NEGATIVE_INFINITY;
  #ids = 0;
  /** Before this time looking for keys to drop finds none. */
  #nextSweep = Number.POSITIVE_INFINITY;
  /** The same for reservations. */
  #nextPendingSweep = Number.POSITIVE_INFINITY;

  /** @throws RangeError for a bound that is none */
  constructor(options: MemoryLimitsOptions = {}) {
    this.#clock = options.clock ?? (() => performance.now());
    this.#bounds = limitBounds(options);
  }

  /**
   * @throws RangeError for a cost that is negative or not finite, or an amount or period that is not above 0
   * @throws LimitUnavailableError (`limit_unavailable`) when a bound is reached or the clock fails
   */
  async reserve(
    charges: readonly LimitCharge[],
    { ttlMs = 600_000 }: { readonly ttlMs?: number } = {},
  ): Promise<Reservation | LimitRefusal> {
    above0(ttlMs, 'ttlMs');
    const exact = exactCharges(charges);
    const { now, clock } = this.#tick();
    const windows = new Map<string, Window>();
    for (const { key, periodMs } of exact) {
      const window = windows.get(key) ?? this.#current(key, now);
      windows.set(key, window);
      window.period = Math.max(window.period, periodMs);
    }
    const judged = judgeCharges(exact, windows, now, clock);
    if (!judged.ok) return judged;
    return { id: this.#charge(exact, windows, now, now + ttlMs), ...judged };
  }

  async commit(id: string): Promise<void> {
    this.#pending.delete(id);
  }

  async release(id: string, which?: readonly number[]): Promise<void> {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    const { now } = this.#tick();
    this.#pending.delete(id);
    if (now >= pending.expiresAt) return;
    for (const { place, window, cost } of pending.parts) {
      if (which?.includes(place) === false) continue;
      window.remove(pending.time, cost);
      this.#nextSweep = Math.min(this.#nextSweep, window.emptyAt);
    }
  }

  /** The window of a key, with nothing in it that has passed; a new one is kept only when it is charged. */
  #current(key: string, now: number): Window {
    const window = this.#windows.get(key) ?? new Window();
    window.expire(now);
    return window;
  }

  /** @returns the reservation's id */
  #charge(
    charges: readonly ExactCharge[],
    windows: ReadonlyMap<string, Window>,
    now: number,
    expiresAt: number,
  ): string {
    const isCostly = ({ cost }: ExactCharge) => cost.units > 0n;
    this.#makeRoom(charges.filter(isCostly), now);
    const parts: Part[] = [];
    charges.forEach((charge, place) => {
      if (!isCostly(charge)) return;
      const { key, cost, amount } = charge;
      const window = windows.get(key)!;
      this.#windows.set(key, window);
      window.add(now, cost);
      window.compact(maxEntriesFor(amount, this.#bounds.maxEntriesPerKey), amount);
      this.#nextSweep = Math.min(this.#nextSweep, window.emptyAt);
      parts.push({ place, window, cost });
    });
    const id = String(++this.#ids);
    if (parts.length > 0) this.#pending.set(id, { time: now, expiresAt, parts });
    this.#nextPendingSweep = Math.min(this.#nextPendingSweep, expiresAt);
    return id;
  }

  #makeRoom(charges: readonly ExactCharge[], now: number): void {
    const { maxKeys, maxPending } = this.#bounds;
    const tooMany = () => {
      if (this.#windows.size + charges.length <= maxKeys) return false;
      const fresh = new Set(charges.map(({ key }) => key).filter((key) => !this.#windows.has(key)));
      return this.#windows.size + fresh.size > maxKeys;
    };
    if (tooMany()) this.#sweepWindows(now);
    if (tooMany()) unavailable('keys');
    if (this.#pending.size >= maxPending) this.#sweepPending(now);
    if (this.#pending.size >= maxPending) unavailable('open reservations');
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
  #tick(): { now: number; clock: number } {
    const clock = this.#clock();
    if (!Number.isFinite(clock))
      throw new LimitUnavailableError('the clock of the limits gives no finite time');
    this.#now = Math.max(this.#now, clock);
    return { now: this.#now, clock };
  }
}

function unavailable(what: string): never {
  throw new LimitUnavailableError(
    `the limits hold as many ${what} as they may`,
    'raise the bound, or use a shared backend',
  );
}
