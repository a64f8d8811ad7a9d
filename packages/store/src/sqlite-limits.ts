import { randomUUID } from 'node:crypto';
import {
  type ExactCharge,
  exactCharges,
  judgeCharges,
  type LimitBounds,
  type LimitCharge,
  type LimitLedger,
  type LimitRefusal,
  LimitUnavailableError,
  limitBounds,
  type Reservation,
} from '@stele/ccl/ledger';
import { limitClock } from './lib/limit-call.js';
import { pathArgument } from './lib/path.js';
import { openDatabase } from './lib/sqlite-connection.js';
import type { SqliteDriverName, SqliteStatement } from './lib/sqlite-driver.js';
import { COUNTS, STATEMENTS } from './lib/sqlite-limits-schema.js';
import { SqliteTurns } from './lib/sqlite-turns.js';
import { exact, forget, SqliteWindow, type Statements, whole } from './lib/sqlite-window.js';
import { type SqliteStoreOptions, sqliteOptions } from './sqlite-store.js';

export interface SqliteLimitsOptions extends SqliteStoreOptions, LimitBounds {
  /** Milliseconds since 1970; `Date.now` when not given. All that share a file must share a clock. */
  readonly clock?: (() => number) | undefined;
  /** How far the clock may stand behind what the file has seen, in milliseconds; 60,000 when not given. */
  readonly clockSkewMs?: number | undefined;
}

/** A charge of a reservation that may be given back: its place in the call, its key's number, its time, its cost. */
type Part = readonly [place: number, key: number, time: number, cost: string];

/**
 * Limits in one SQLite database, shared by any number of processes of one machine: exact sliding windows, exact decimal sums,
 * bounded in every direction. A reservation is on the disk before it is answered, so it outlives the process and the machine.
 * A new file is 0600; a `SqliteStore` may use the same one.
 *
 * The clock is the host's. It never goes back behind what the file has seen: up to `clockSkewMs` behind time stands still,
 * farther behind every call is `limit_unavailable`. A clock that runs ahead lets windows pass early, as it lets covenants
 * expire; when it is set right, the file is unavailable until that time has come, since what passed cannot be told any more.
 */
export class SqliteLimits implements LimitLedger {
  /** The library in use. */
  readonly driver: SqliteDriverName;
  readonly #turns: SqliteTurns;
  readonly #sql: Statements;
  readonly #clock: () => number;
  readonly #clockSkewMs: number;
  readonly #bounds: ReturnType<typeof limitBounds>;
  /** The latest time that this object has seen; what it refused then is not written to the file. */
  #seen = 0;

  /**
   * Opens the database, making the file if it is not there.
   * @param path a file, or `:memory:`
   * @throws StoreError `sqlite_unavailable` if no driver loads, `store_unavailable`, `store_corrupt`, `store_version` for a newer
   *   schema or a database that is not Stele's
   * @throws TypeError, RangeError for wrong arguments
   */
  constructor(path: string, options: SqliteLimitsOptions = {}) {
    const { clock = Date.now, clockSkewMs } = limitClock(options);
    this.#clock = clock;
    this.#clockSkewMs = clockSkewMs;
    this.#bounds = limitBounds(options);
    const file = pathArgument(path);
    const { driver, database, statements } = openDatabase(file, COUNTS, STATEMENTS, sqliteOptions(options));
    this.driver = driver;
    this.#sql = statements;
    this.#turns = new SqliteTurns(database, file);
  }

  /**
   * @throws TypeError, RangeError for wrong charges
   * @throws LimitUnavailableError (`limit_unavailable`) when the database fails, is held by another process for too long, or is
   *   not at its path any more; when a bound is reached; when the clock fails or stands behind. Nothing is charged, or, where the
   *   disk failed at the very end, it is charged until its window has passed.
   */
  async reserve(
    charges: readonly LimitCharge[],
    { ttlMs = 600_000 }: { readonly ttlMs?: number } = {},
  ): Promise<Reservation | LimitRefusal> {
    if (!(ttlMs > 0 && Number.isFinite(ttlMs))) throw new RangeError('ttlMs must be a finite number above 0');
    const checked = exactCharges(charges);
    return this.#turns.take(true, () => this.#decide(checked, ttlMs));
  }

  // Neither is synced: what a failing machine loses of them counts too much, never too little.

  async commit(id: string): Promise<void> {
    await this.#turns.take(false, () => this.#sql.deleteReservation.run(id));
  }

  async release(id: string, which?: readonly number[]): Promise<void> {
    await this.#turns.take(false, () => this.#giveBack(id, which));
  }

  /** Frees what is held. May be called twice. What is asked of it afterwards is `limit_unavailable`. */
  async close(): Promise<void> {
    this.#turns.close();
  }

  #decide(charges: readonly ExactCharge[], ttlMs: number): Reservation | LimitRefusal {
    const { now, clock } = this.#tick();
    const windows = new Map<string, SqliteWindow>();
    for (const { key, periodMs } of charges) {
      const window = windows.get(key) ?? SqliteWindow.open(this.#sql, key, now);
      windows.set(key, window);
      window.widen(periodMs);
    }
    const judged = judgeCharges(charges, windows, now, clock);
    if (judged.ok || [...windows.values()].some(({ changed }) => changed)) this.#sql.setLatest.run(now);
    if (!judged.ok) return judged;
    return { ...judged, id: this.#charge(charges, windows, now, whole(now + ttlMs)) };
  }

  /** @returns the reservation's id */
  #charge(
    charges: readonly ExactCharge[],
    windows: ReadonlyMap<string, SqliteWindow>,
    now: number,
    expiresAt: number,
  ): string {
    const costly = charges
      .map((charge, place) => ({ ...charge, place }))
      .filter(({ cost }) => cost.units > 0n);
    this.#makeRoom(new Set(costly.map(({ key }) => windows.get(key)!)), now);
    const parts = costly.map(({ place, key, cost, amount }): Part => {
      const number = windows.get(key)!.add(now, cost, amount, this.#bounds.maxEntriesPerKey);
      return [place, number, now, String(cost)];
    });
    const id = randomUUID();
    if (parts.length > 0) this.#sql.insertReservation.run(id, expiresAt, JSON.stringify(parts));
    return id;
  }

  #giveBack(id: string, which: readonly number[] | undefined): void {
    const row = this.#sql.reservation.get(id) as { expires_at: number; parts: string } | undefined;
    if (row === undefined) return;
    const { now } = this.#tick();
    this.#sql.deleteReservation.run(id);
    this.#sql.setLatest.run(now);
    if (now >= row.expires_at) return;
    for (const [place, key, time, cost] of JSON.parse(row.parts) as readonly Part[]) {
      if (which?.includes(place) === false) continue;
      SqliteWindow.numbered(this.#sql, key, now)?.remove(time, exact(cost));
    }
  }

  /** @throws LimitUnavailableError before anything is charged */
  #makeRoom(windows: ReadonlySet<SqliteWindow>, now: number): void {
    const { countKeys, countReservations, deleteExpired } = this.#sql;
    const fresh = [...windows].filter(({ number }) => number === undefined).length;
    if (fresh > 0) {
      this.#forgetPassed(now);
      if (count(countKeys) + fresh > this.#bounds.maxKeys) full('keys');
    }
    deleteExpired.run(now);
    if (count(countReservations) >= this.#bounds.maxPending) full('open reservations');
  }

  /** Some at a time, so that no caller waits for the deletion of a great many. */
  #forgetPassed(now: number): void {
    let entries = 0;
    for (const key of this.#sql.emptyKeys.all(now) as { number: number; size: number }[]) {
      if (entries > 10_000) return;
      entries += key.size;
      forget(this.#sql, key.number);
    }
  }

  /** The time, in whole milliseconds, which never goes back behind what the file has seen. */
  #tick(): { now: number; clock: number } {
    const clock = this.#clock();
    if (!(clock >= 0 && clock <= LAST_DATE))
      throw new LimitUnavailableError('the clock of the limits gives no time');
    const { latest } = this.#sql.latest.get() as { latest: number };
    if (latest - clock > this.#clockSkewMs) {
      throw new LimitUnavailableError(
        `the clock stands at ${date(clock)}, but the limits have seen ${date(latest)}`,
        'set the clock right; if it was wrong then, wait or begin with a new file, in which nothing is used yet',
      );
    }
    this.#seen = Math.max(Math.floor(clock), latest, this.#seen);
    return { now: this.#seen, clock };
  }
}

/** The last time that a Date can hold. */
const LAST_DATE = 8.64e15;

const date = (ms: number): string => new Date(Math.min(ms, LAST_DATE)).toISOString();

const count = (statement: SqliteStatement): number => (statement.get() as { n: number }).n;

function full(what: string): never {
  throw new LimitUnavailableError(`the limits hold as many ${what} as they may`, 'raise the bound');
}
