import { StoreError } from '../errors.js';
import type { RecordChange, RecordKind } from '../record-backend.js';
import type { Bell } from './bell.js';
import type { PostgresBell } from './postgres-bell.js';
import { sqlState } from './postgres-errors.js';
import { EXPIRED } from './postgres-records-schema.js';

/** How often a watch looks for what other processes have written and could not tell, in milliseconds. */
const POLL_MS = 100;
/** How often to look whether transactions that had begun before have ended. */
const SETTLE_MS = 2;

interface Place {
  readonly transaction: string;
  readonly place: string;
}

interface Latest extends Place {
  readonly settled: boolean;
  readonly next: string;
  readonly epoch: string;
}

interface Row extends Place {
  readonly kind: RecordKind;
  readonly id: string;
  readonly deleted: boolean;
}

/** The last that a bigint can hold. */
const LAST_NUMBER = 2n ** 63n - 1n;

const TOKEN = /^([0-9a-f]{32})\.(0|[1-9][0-9]{0,18})\.(0|[1-9][0-9]{0,18})$/;

/**
 * The feed of a schema: all changes of all processes, each once, those of a record in the order in which they were made, although
 * transactions commit in any order. It is looked at whenever somebody tells of a write, and again and again, since nobody need tell.
 */
export class PostgresFeed {
  readonly #ask: <R>(text: string, values: unknown[]) => Promise<R[]>;
  readonly #bell: Bell;
  readonly #others: PostgresBell;
  readonly #open: () => boolean;
  readonly #timeoutMs: number;

  /**
   * @param ask runs a statement, with `@.` for the schema
   * @param bell rings at every change of this process, and at the end
   * @param others rings the bell when others tell of a change
   */
  constructor(
    ask: <R>(text: string, values: unknown[]) => Promise<R[]>,
    bell: Bell,
    others: PostgresBell,
    open: () => boolean,
    timeoutMs: number,
  ) {
    this.#ask = ask;
    this.#bell = bell;
    this.#others = others;
    this.#open = open;
    this.#timeoutMs = timeoutMs;
  }

  /** @throws StoreError `store_unavailable` also when a transaction that had begun before does not end */
  async latest(): Promise<string> {
    const deadline = performance.now() + this.#timeoutMs;
    const never = new AbortController().signal;
    for (let since: string | null = null; ; ) {
      const latest = await this.#latest(since);
      if (latest.settled) return tokenOf(latest.epoch, latest);
      if (performance.now() > deadline)
        throw new StoreError('store_unavailable', 'a transaction that writes to the store does not end');
      since = latest.next;
      await this.#bell.heard(never, SETTLE_MS);
    }
  }

  /** @throws StoreError `watch_expired`, `store_unavailable` */
  async *after(token: string, signal: AbortSignal): AsyncGenerator<RecordChange, void, undefined> {
    this.#others.entered();
    try {
      const { epoch, ...start } = await this.#start(token);
      let place: Place = start;
      while (this.#open() && !signal.aborted) {
        const rows = await this.#ask<Row>('SELECT * FROM @.store_changes($1, $2)', [
          place.transaction,
          place.place,
        ]);
        for (const row of rows) {
          place = row;
          yield { token: tokenOf(epoch, row), kind: row.kind, id: row.id, deleted: row.deleted };
          if (signal.aborted) return;
        }
        if (rows.length > 0) continue;
        this.#others.listen();
        await this.#bell.heard(signal, POLL_MS);
      }
    } catch (error) {
      if (!this.#open()) return;
      throw sqlState((error as StoreError).cause) === EXPIRED ? expired() : error;
    } finally {
      this.#others.left();
    }
  }

  async #latest(since: string | null): Promise<Latest> {
    const [latest] = await this.#ask<Latest>('SELECT * FROM @.store_latest($1)', [since]);
    if (latest?.epoch != null) return latest;
    throw new StoreError('store_corrupt', 'the table of the feed is empty', { hint: 'restore the database' });
  }

  /** A token is that of a change that is there, or of the last that was dropped. */
  async #start(token: string): Promise<Place & { epoch: string }> {
    const [, epoch, transaction, place] = TOKEN.exec(token) ?? [];
    if (epoch === undefined || transaction === undefined || place === undefined) throw expired();
    if ([transaction, place].some((number) => BigInt(number) > LAST_NUMBER)) throw expired();
    const known = await this.#ask(
      `SELECT FROM @.feed WHERE epoch = $1 AND ((transaction, place) = ($2::bigint, $3::bigint)
         OR EXISTS (SELECT FROM @.changes AS c WHERE (c.transaction, c.place) = ($2::bigint, $3::bigint))
         OR EXISTS (SELECT FROM @.records AS r WHERE (r.transaction, r.place) = ($2::bigint, $3::bigint)))`,
      [epoch, transaction, place],
    );
    if (known.length === 0) throw expired();
    return { epoch, transaction, place };
  }
}

function tokenOf(epoch: string, { transaction, place }: Place): string {
  return `${epoch}.${transaction}.${place}`;
}

function expired(): StoreError {
  return new StoreError('watch_expired', 'the changes after this token are not known', {
    hint: 'take latestToken(), read everything again, and watch from there',
  });
}
