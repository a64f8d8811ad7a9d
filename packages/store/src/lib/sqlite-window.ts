import { createHash } from 'node:crypto';
import { Decimal, type LimitEntry, maxEntriesFor, mergeEntries, type Tally } from '@stele/ccl/ledger';
import type { SqliteStatement } from './sqlite-driver.js';
import { damagedCounts, type STATEMENTS } from './sqlite-limits-schema.js';

export type Statements = Readonly<Record<keyof typeof STATEMENTS, SqliteStatement>>;

interface KeyRow {
  readonly number: number;
  readonly period: number;
  readonly used: string;
  readonly size: number;
  readonly passed: number;
  readonly empty_at: number;
}

interface EntryRow {
  readonly time: number;
  readonly cost: string;
}

/** So many entries are read at a time. */
const PAGE = 256;

/**
 * The charges to one key, as the tables have them within the current transaction. Nothing but `open`, which drops what
 * has passed, writes before `add` or `remove` does.
 */
export class SqliteWindow implements Tally {
  /** Whether opening it has dropped anything. */
  readonly changed: boolean;
  readonly #sql: Statements;
  readonly #key: Uint8Array | undefined;
  #number: number | undefined;
  #period: number;
  #used: Decimal;
  #size: number;
  #passed: number;
  #emptyAt: number;

  private constructor(sql: Statements, row: KeyRow | undefined, now: number, key?: Uint8Array) {
    const passed = row !== undefined && row.empty_at <= now;
    if (passed) forget(sql, row.number);
    const kept = passed ? undefined : row;
    this.#sql = sql;
    this.#key = key;
    this.#number = kept?.number;
    this.#period = kept?.period ?? 0;
    this.#used = kept === undefined ? Decimal.ZERO : exact(kept.used);
    this.#size = kept?.size ?? 0;
    // Whatever was charged to an earlier row, of this key or of another with its number, has passed.
    this.#passed = kept?.passed ?? now - 1;
    this.#emptyAt = kept?.empty_at ?? now;
    this.changed = this.#dropPassed(now) || passed;
  }

  static open(sql: Statements, key: string, now: number): SqliteWindow {
    // UTF-16, so that any two strings differ, also those that are no Unicode.
    const digest = createHash('sha256').update(key, 'utf16le').digest();
    return new SqliteWindow(sql, sql.keyNamed.get(digest) as KeyRow | undefined, now, digest);
  }

  /** One that is charged, or undefined. */
  static numbered(sql: Statements, number: number, now: number): SqliteWindow | undefined {
    const row = sql.keyNumbered.get(number) as KeyRow | undefined;
    return row === undefined ? undefined : new SqliteWindow(sql, row, now);
  }

  /** Its place in `limit_keys`; undefined as long as nothing is charged. */
  get number(): number | undefined {
    return this.#number;
  }

  /** Has charges remembered for a period at least. */
  widen(period: number): void {
    this.#period = Math.max(this.#period, period);
  }

  usedWithin(period: number, now: number): Decimal {
    if (period >= this.#period) return this.#used;
    let sum = Decimal.ZERO;
    for (const { cost } of this.#entriesAfter(now - period)) sum = sum.plus(cost);
    return sum;
  }

  freeAt(excess: Decimal, period: number, now: number): number {
    let freed = Decimal.ZERO;
    for (const { time, cost } of this.#entriesAfter(now - period)) {
      freed = freed.plus(cost);
      if (!excess.exceeds(freed)) return time + period;
    }
    throw damagedCounts();
  }

  /** @param now no earlier than any other charge to it */
  add(now: number, cost: Decimal, amount: Decimal, maxEntries: number): number {
    const { insertKey, insertEntry, entriesAfter, updateEntry } = this.#sql;
    this.#number ??= (insertKey.get(this.#key, this.#passed) as { number: number }).number;
    if (Number(insertEntry.run(this.#number, now, String(cost)).changes) === 1) {
      this.#size++;
    } else {
      const present = exact((entriesAfter.get(this.#number, now - 1, 1) as EntryRow).cost);
      updateEntry.run(String(present.plus(cost)), this.#number, now);
    }
    this.#used = this.#used.plus(cost);
    this.#emptyAt = whole(now + this.#period);
    const most = maxEntriesFor(amount, maxEntries);
    if (this.#size > most) this.#merge(most, amount);
    this.#save();
    return this.#number;
  }

  /** Takes back what was added at a time, unless that has passed. */
  remove(time: number, cost: Decimal): void {
    if (this.#number === undefined || time <= this.#passed) return;
    const { entriesAfter, updateEntry, deleteEntry } = this.#sql;
    // Charges merge into later ones: the first entry at or after that time holds what was charged then.
    const holder = entriesAfter.get(this.#number, time - 1, 1) as EntryRow | undefined;
    if (holder === undefined || cost.exceeds(exact(holder.cost))) throw damagedCounts();
    const left = exact(holder.cost).minus(cost);
    if (left.units > 0n) updateEntry.run(String(left), this.#number, holder.time);
    else this.#size -= Number(deleteEntry.run(this.#number, holder.time).changes);
    this.#used = this.#used.minus(cost);
    if (this.#size > 0) this.#save();
    else forget(this.#sql, this.#number);
  }

  /** A charge at t counts in [t, t + period), so two exactly a period apart never meet. */
  #dropPassed(now: number): boolean {
    if (this.#number === undefined) return false;
    const { entriesUpTo, deleteEntriesUpTo } = this.#sql;
    const passed = entriesUpTo.all(this.#number, now - this.#period) as EntryRow[];
    for (const { time, cost } of passed) {
      this.#used = this.#used.minus(exact(cost));
      this.#passed = time;
    }
    if (passed.length === 0) return false;
    this.#size -= Number(deleteEntriesUpTo.run(this.#number, this.#passed).changes);
    this.#save();
    return true;
  }

  *#entriesAfter(time: number): Generator<LimitEntry> {
    if (this.#number === undefined) return;
    let after = time;
    for (let rows = [] as EntryRow[]; ; ) {
      rows = this.#sql.entriesAfter.all(this.#number, after, PAGE) as EntryRow[];
      for (const row of rows) yield { time: row.time, cost: exact(row.cost) };
      if (rows.length < PAGE) return;
      after = rows[PAGE - 1]!.time;
    }
  }

  #merge(most: number, amount: Decimal): void {
    const { deleteEntries, insertEntry } = this.#sql;
    const entries = mergeEntries([...this.#entriesAfter(-1)], most, this.#used, amount);
    deleteEntries.run(this.#number);
    for (const { time, cost } of entries) insertEntry.run(this.#number, time, String(cost));
    this.#size = entries.length;
  }

  #save(): void {
    const { updateKey } = this.#sql;
    updateKey.run(this.#period, String(this.#used), this.#size, this.#passed, this.#emptyAt, this.#number);
  }
}

/** Drops a key and all that was charged to it. */
export function forget(sql: Statements, number: number): void {
  sql.deleteEntries.run(number);
  sql.deleteKey.run(number);
}

/** A time as the tables keep it; rounded up, which forgets later. */
export function whole(time: number): number {
  return Math.min(Math.ceil(time), Number.MAX_SAFE_INTEGER);
}

/** A decimal from the tables. @throws StoreError `store_corrupt` */
export function exact(text: unknown): Decimal {
  const value = Decimal.parse(text);
  if (value === undefined) throw damagedCounts();
  return value;
}
