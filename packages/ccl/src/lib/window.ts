import { type Decimal, unitsAt } from './decimal.js';

/** One charge, or several neighbours merged into the latest of them. */
export interface Entry {
  readonly time: number;
  units: bigint;
  /** Set when it counts no more: its window has passed, or all was given back. */
  gone: boolean;
  /** The entry that took it over. */
  into: Entry | undefined;
}

/** The charges to one key within the last `period` milliseconds, oldest first, with their exact sum. */
export class Window {
  period = 0;
  /** The scale of all units in this window. */
  #places = 0;
  #used = 0n;
  #entries: Entry[] = [];
  /** Entries before this index have passed. */
  #head = 0;

  get places(): number {
    return this.#places;
  }

  get isEmpty(): boolean {
    return this.#head === this.#entries.length;
  }

  /** When the last charge passes. */
  get emptyAt(): number {
    return this.isEmpty
      ? Number.NEGATIVE_INFINITY
      : this.#entries[this.#entries.length - 1]!.time + this.period;
  }

  /** Makes the scale fine enough for a decimal. */
  refine(places: number): void {
    if (places <= this.#places) return;
    const factor = 10n ** BigInt(places - this.#places);
    for (let i = this.#head; i < this.#entries.length; i++) this.#entries[i]!.units *= factor;
    this.#used *= factor;
    this.#places = places;
  }

  /** Drops what has passed. A charge at t counts in [t, t + period), so two exactly a period apart never meet. */
  expire(now: number): void {
    while (!this.isEmpty && now - this.#entries[this.#head]!.time >= this.period) {
      const entry = this.#entries[this.#head++]!;
      entry.gone = true;
      this.#used -= entry.units;
    }
    if (this.isEmpty) this.#clear();
    else if (this.#head > 1000 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }

  /** What was charged within the last `period` milliseconds, in units. */
  usedWithin(period: number, now: number): bigint {
    if (period >= this.period) return this.#used;
    let sum = 0n;
    for (let i = this.#entries.length - 1; i >= this.#head && now - this.#entries[i]!.time < period; i--) {
      sum += this.#entries[i]!.units;
    }
    return sum;
  }

  /** Milliseconds until at least `units` of what counts within `period` have passed. */
  waitFor(units: bigint, period: number, now: number): number {
    let freed = 0n;
    let passed = now;
    for (let i = this.#head; freed < units && i < this.#entries.length; i++) {
      const entry = this.#entries[i]!;
      if (now - entry.time >= period) continue;
      freed += entry.units;
      passed = entry.time + period;
    }
    return Math.ceil(passed - now);
  }

  add(time: number, units: bigint): Entry {
    const entry: Entry = { time, units, gone: false, into: undefined };
    this.#entries.push(entry);
    this.#used += units;
    return entry;
  }

  /** Takes back what was added with an entry, unless that has passed. */
  remove(entry: Entry, cost: Decimal): void {
    const holder = resolve(entry);
    if (holder.gone) return;
    const units = unitsAt(cost, this.#places);
    holder.units -= units;
    this.#used -= units;
    if (this.#used === 0n) this.#clear();
  }

  /**
   * Merges neighbours into the later of them until each pair holds more than `capacity`, if there are more than
   * `most` entries. What is merged counts for longer, never for less.
   */
  compact(most: number, capacity: bigint): void {
    if (this.#entries.length - this.#head <= most) return;
    const kept: Entry[] = [];
    for (let i = this.#head; i < this.#entries.length; i++) {
      const entry = this.#entries[i]!;
      const last = kept[kept.length - 1];
      if (last !== undefined && last.units + entry.units <= capacity) {
        entry.units += last.units;
        last.into = entry;
        kept.pop();
      }
      kept.push(entry);
    }
    this.#entries = kept;
    this.#head = 0;
  }

  #clear(): void {
    for (let i = this.#head; i < this.#entries.length; i++) this.#entries[i]!.gone = true;
    this.#entries = [];
    this.#head = 0;
    this.#used = 0n;
    this.#places = 0;
    this.period = 0;
  }
}

/** The entry that counts for this one now; shortens the way for the next time. */
function resolve(entry: Entry): Entry {
  let holder = entry;
  while (holder.into !== undefined) {
    holder.into = holder.into.into ?? holder.into;
    if (holder.into.into === undefined) return holder.into;
    holder = holder.into;
  }
  return holder;
}
