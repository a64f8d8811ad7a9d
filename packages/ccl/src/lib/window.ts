import type { Tally } from '../limits.js';
import { Decimal } from './decimal.js';

/** What was charged at one time, or at several neighbouring ones up to that time. */
export interface LimitEntry {
  readonly time: number;
  readonly cost: Decimal;
}

/** The charges to one key within the last `period` milliseconds, oldest first, with their exact sum. */
export class Window implements Tally {
  period = 0;
  #used = Decimal.ZERO;
  #entries: LimitEntry[] = [];
  /** Entries before this index have passed. */
  #head = 0;
  /** The time of the latest entry that has passed. */
  #passed = Number.NEGATIVE_INFINITY;

  /** When the last charge passes. */
  get emptyAt(): number {
    const last = this.#entries[this.#entries.length - 1];
    return last === undefined ? Number.NEGATIVE_INFINITY : last.time + this.period;
  }

  /** Drops what has passed. A charge at t counts in [t, t + period), so two exactly a period apart never meet. */
  expire(now: number): void {
    while (this.#head < this.#entries.length && now - this.#entries[this.#head]!.time >= this.period) {
      const { time, cost } = this.#entries[this.#head++]!;
      this.#used = this.#used.minus(cost);
      this.#passed = time;
    }
    if (this.#head === this.#entries.length) this.#clear();
    else if (this.#head > 1000 && this.#head * 2 > this.#entries.length) this.#keep(this.#counted());
  }

  usedWithin(period: number, now: number): Decimal {
    if (period >= this.period) return this.#used;
    let sum = Decimal.ZERO;
    for (let i = this.#entries.length - 1; i >= this.#head && now - this.#entries[i]!.time < period; i--) {
      sum = sum.plus(this.#entries[i]!.cost);
    }
    return sum;
  }

  freeAt(excess: Decimal, period: number, now: number): number {
    let left = excess;
    let at = this.#head;
    for (; left.units > 0n; at++) {
      const { time, cost } = this.#entries[at]!;
      if (now - time < period) left = left.minus(cost);
    }
    return this.#entries[at - 1]!.time + period;
  }

  /** @param time no earlier than that of any other charge */
  add(time: number, cost: Decimal): void {
    const last = this.#entries[this.#entries.length - 1];
    this.#used = this.#used.plus(cost);
    if (last?.time === time) this.#entries[this.#entries.length - 1] = { time, cost: last.cost.plus(cost) };
    else this.#entries.push({ time, cost });
  }

  /** Takes back what was added at a time, unless that has passed. */
  remove(time: number, cost: Decimal): void {
    if (time <= this.#passed) return;
    const at = this.#indexOf(time);
    const entry = this.#entries[at]!;
    this.#entries[at] = { time: entry.time, cost: entry.cost.minus(cost) };
    this.#used = this.#used.minus(cost);
    if (this.#used.units === 0n) this.#clear();
  }

  /** Merges neighbours if there are more than `most` entries. */
  compact(most: number, amount: Decimal): void {
    if (this.#entries.length - this.#head > most)
      this.#keep(mergeEntries(this.#counted(), most, this.#used, amount));
  }

  /** The first entry at or after a time: what was charged at that time is in it, since charges merge into later ones. */
  #indexOf(time: number): number {
    let [low, high] = [this.#head, this.#entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#entries[middle]!.time < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #counted(): LimitEntry[] {
    return this.#entries.slice(this.#head);
  }

  #keep(entries: LimitEntry[]): void {
    this.#entries = entries;
    this.#head = 0;
  }

  #clear(): void {
    this.#keep([]);
    this.#used = Decimal.ZERO;
    this.period = 0;
  }
}

const EXACT = Decimal.of(10_000);

/** How many entries a key may have before neighbours merge: amounts up to 10,000 are to be exact for longer. */
export function maxEntriesFor(amount: Decimal, maxEntriesPerKey: number): number {
  return amount.exceeds(EXACT) ? maxEntriesPerKey : maxEntriesPerKey * 10;
}

/**
 * Merges neighbours into the later of them, until each pair holds more than four parts in `most` of the amount (or of
 * what is used, should that be more, so that no more than `most` entries can be left). What is merged counts for longer,
 * never for less.
 */
export function mergeEntries(
  entries: readonly LimitEntry[],
  most: number,
  used: Decimal,
  amount: Decimal,
): LimitEntry[] {
  const capacity = (used.exceeds(amount) ? used : amount).share(4, most);
  const kept: LimitEntry[] = [];
  for (const entry of entries) {
    const last = kept[kept.length - 1];
    const sum = last?.cost.plus(entry.cost);
    if (sum === undefined || sum.exceeds(capacity)) kept.push(entry);
    else kept[kept.length - 1] = { time: entry.time, cost: sum };
  }
  return kept;
}
