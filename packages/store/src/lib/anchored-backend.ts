import { StoreError } from '../errors.js';
import {
  type Change,
  type Found,
  type ListedRecord,
  RECORD_KINDS,
  type RecordBackend,
  type RecordChange,
  type RecordFilter,
  type RecordKind,
  type RecordRange,
  type Support,
} from '../record-backend.js';
import type { StoreAnchor } from '../store-anchor.js';
import {
  digestOf,
  isCrowded,
  readState,
  STATE_ID,
  STATE_KIND,
  type StoreSum,
  stateBytes,
} from './anchor-state.js';
import { Anchoring, busy, lateAnchor, pause, type Standing } from './anchoring.js';
import { checkChanges, holds } from './changes.js';
import { SetHash } from './set-hash.js';
import { changesOf, latestToken } from './watching.js';

const BATCH = 64;
const MAX_ATTEMPTS = 64;
/** How old what is known of the anchor may be for a read. */
const MAX_AGE_MS = 1_000;
/** A record that cannot be read counts as an empty one, which nobody puts. */
const UNREADABLE = new Uint8Array();

export const ANCHOR_TIMEOUT_MS = 10_000;

interface AnchoredOptions {
  /** How long each answer of the anchor may take. */
  readonly timeoutMs?: number;
  /** Milliseconds of a clock that is never set back. */
  readonly now?: () => number;
}

/** What a whole store was found to be. */
export interface StoreProof {
  /** How often it was written. */
  readonly counter: number;
  /** How many records it has, those that the store keeps about itself included. */
  readonly records: number;
}

/**
 * Keeps, beside the records and in the same write, how often they were written and the hash of all of them, and holds that
 * against an anchor: at the first use, at every write, and at a read where that is a second ago. That a single record
 * was deleted, planted or brought back is seen by `verify`, which reads all.
 */
export class AnchoredBackend implements RecordBackend {
  /** What lies beneath. */
  readonly inner: RecordBackend;
  readonly #anchoring: Anchoring;
  readonly #timeoutMs: number;
  readonly #now: () => number;
  #checkedAt = Number.NEGATIVE_INFINITY;
  #checking: Promise<void> | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** @throws TypeError for what has no transactions */
  constructor(
    inner: RecordBackend,
    anchor: StoreAnchor,
    { timeoutMs = ANCHOR_TIMEOUT_MS, now = () => performance.now() }: AnchoredOptions = {},
  ) {
    if (!inner.supports.transaction) throw new TypeError('only a store with transactions can have an anchor');
    this.inner = inner;
    this.#anchoring = new Anchoring(inner, anchor, timeoutMs);
    this.#timeoutMs = timeoutMs;
    this.#now = now;
  }

  get supports(): Support {
    return this.inner.supports;
  }

  async get(kind: RecordKind, id: string): Promise<Found | undefined> {
    await this.#fresh();
    return isState(kind, id) ? undefined : this.inner.get(kind, id);
  }

  async getMany(kind: RecordKind, ids: readonly string[]): Promise<(Found | undefined)[]> {
    await this.#fresh();
    const found = await this.inner.getMany(kind, ids);
    return found.map((each, n) => (isState(kind, ids[n]) ? undefined : each));
  }

  async has(kind: RecordKind, id: string): Promise<boolean> {
    await this.#fresh();
    return !isState(kind, id) && this.inner.has(kind, id);
  }

  async list(kind: RecordKind, range: RecordRange): Promise<ListedRecord[]> {
    await this.#fresh();
    if (kind !== STATE_KIND) return this.inner.list(kind, range);
    const records = await this.inner.list(kind, { ...range, limit: range.limit + 1 });
    return records.filter(({ id }) => id !== STATE_ID).slice(0, range.limit);
  }

  async count(kind: RecordKind, filter: RecordFilter = {}): Promise<number | undefined> {
    await this.#fresh();
    const count = await this.inner.count(kind, filter);
    const isCounted =
      filter.token === undefined && kind === STATE_KIND && STATE_ID.startsWith(filter.prefix ?? '');
    if (count === undefined || !isCounted) return count;
    // An encrypted store beneath does not count it.
    return count - (await this.inner.list(kind, { prefix: STATE_ID, limit: 1 })).length;
  }

  async latestChange(): Promise<string> {
    return latestToken(this.inner);
  }

  async *changes(after: string, signal: AbortSignal): AsyncGenerator<RecordChange, void, undefined> {
    for await (const change of changesOf(this.inner, after, signal)) {
      if (!isState(change.kind, change.id)) yield change;
    }
  }

  /** One after the other: all change the same record. */
  write(changes: readonly Change[]): Promise<boolean> {
    return this.#inTurn(() => this.#write(changes));
  }

  async probe(): Promise<void> {
    await this.inner.probe();
    await this.#anchoring.check();
  }

  async close(): Promise<void> {
    await this.inner.close();
  }

  /** Reads everything. @throws StoreError `store_rolled_back` */
  async verify(): Promise<StoreProof> {
    let whole = '';
    for (let n = 0; n < MAX_ATTEMPTS; n++) {
      const before = await this.#begun();
      const state = readState((before.state as Found).bytes);
      const found = await this.#sum(state.counter);
      const after = await this.#anchoring.check();
      if (after.now !== before.now) continue;
      if (digestOf(stateBytes(found)) === before.now)
        return { counter: state.counter, records: state.records };
      // A writer that stands or has died half-way through its write may be all that is wrong.
      if (whole !== before.now) {
        if (await this.#isWhole(before)) whole = before.now;
        continue;
      }
      throw new StoreError(
        'store_rolled_back',
        'records were deleted, added, or brought back to an earlier state',
        {
          hint: `it has ${found.records} records where ${state.records} were put; restore the newest copy, or accept what is there with \`reanchor\``,
        },
      );
    }
    throw busy();
  }

  /** Takes what is there for what was put. */
  reanchor(): Promise<void> {
    return this.#inTurn(async () => {
      for (let n = 0; n < MAX_ATTEMPTS; n++) {
        if (await this.#begin(await this.#anchoring.accept())) return;
        await pause(n);
      }
      throw busy();
    });
  }

  async #write(changes: readonly Change[]): Promise<boolean> {
    checkChanges(changes);
    if (changes.some(({ kind, id }) => isState(kind, id)))
      throw new RangeError('id is the id of the state of the store');
    for (let n = 0; n < MAX_ATTEMPTS; n++) {
      const standing = await this.#begun();
      if (isCrowded(standing.last)) {
        // Nobody who has announced a state may be forgotten; after this write none of them can make it any more.
        await this.#made(standing, afterwards(readState((standing.state as Found).bytes), [], []), []);
        await pause(n);
        continue;
      }
      const there = await this.#there(changes);
      if (!changes.every((change, i) => holds(change, there[i]?.version))) return false;
      if (!changes.some((change, i) => changesAnything(change, there[i]))) return this.inner.write(changes);
      const next = afterwards(readState((standing.state as Found).bytes), changes, there);
      // Exactly what was taken out of the sum must still be there when it is replaced.
      const exact = changes.map((change, i) => ({ ...change, expected: there[i]?.version }));
      if (await this.#made(standing, next, exact)) return true;
      await pause(n);
    }
    throw busy();
  }

  /** Announces, writes, says that it is done. @returns false if others were faster, with nothing changed */
  async #made(standing: Standing, next: StoreSum, changes: readonly Change[]): Promise<boolean> {
    const bytes = stateBytes(next);
    const digest = digestOf(bytes);
    if (!(await this.#anchoring.announce(standing, digest))) return false;
    const state = {
      kind: STATE_KIND,
      id: STATE_ID,
      expected: standing.state?.version,
      next: { bytes, tokens: [] },
    } as const;
    const at = this.#now();
    // The state comes first: a feed then ends with what it tells of.
    if (!(await this.inner.write([state, ...changes]))) return false;
    await this.#anchoring.reach(next.counter, digest);
    this.#checkedAt = at;
    return true;
  }

  /** How the store stands, once it has an anchor: with its first use it gets one. */
  async #begun(): Promise<Standing> {
    for (let n = 0; n < MAX_ATTEMPTS; n++) {
      const standing = await this.#anchoring.check();
      if (standing.state !== undefined) return standing;
      await this.#begin(standing);
      await pause(n);
    }
    throw busy();
  }

  async #begin(standing: Standing): Promise<boolean> {
    return this.#made(standing, await this.#sum(standing.last.counter + 1), []);
  }

  /** Waits for whoever is writing, and finishes what was left half-way. @returns false if the store is in another state by now */
  async #isWhole({ state }: Standing): Promise<boolean> {
    const same = { kind: STATE_KIND, id: STATE_ID, expected: state?.version, next: 'same' } as const;
    // Where nothing can be written, nobody writes.
    return this.inner.write([same]).catch(() => true);
  }

  /** The sum of what is there. */
  async #sum(counter: number): Promise<StoreSum> {
    const sum = new SetHash();
    let records = 0;
    for (const kind of RECORD_KINDS) {
      for (let after: string | undefined; ; ) {
        const found = await this.inner.list(kind, { limit: BATCH, ...(after !== undefined && { after }) });
        for (const { id, bytes = UNREADABLE } of found) {
          if (isState(kind, id)) continue;
          sum.add({ kind, id, bytes });
          records += 1;
        }
        if (found.length < BATCH) break;
        after = found.at(-1)?.id;
      }
    }
    return { counter, records, sum };
  }

  /** What is there of what is to be changed. */
  async #there(changes: readonly Change[]): Promise<(Found | undefined)[]> {
    const found = new Map<string, Found | undefined>();
    for (const kind of RECORD_KINDS) {
      const ids = changes.filter((change) => change.kind === kind).map(({ id }) => id);
      const records = ids.length === 0 ? [] : await this.inner.getMany(kind, ids);
      for (const [i, id] of ids.entries()) found.set(id, records[i]);
    }
    return changes.map(({ id }) => found.get(id));
  }

  /** Holds the store against its anchor, unless that was done within the last second. */
  async #fresh(): Promise<void> {
    if (this.#now() - this.#checkedAt < MAX_AGE_MS) return;
    this.#checking ??= this.#checkNow().finally(() => {
      this.#checking = undefined;
    });
    await this.#checking;
  }

  async #checkNow(): Promise<void> {
    const at = this.#now();
    const { state } = await this.#anchoring.check();
    if (state === undefined) await this.#inTurn(() => this.#begun());
    this.#checkedAt = at;
  }

  /** Who waits for one who waits in vain for the anchor waits no longer: else the last of many would wait for as many time-outs. */
  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const { late } = this.#anchoring;
    const next = async () => {
      if (this.#anchoring.late !== late) throw lateAnchor(this.#timeoutMs);
      return step();
    };
    const done = this.#turn.then(next, next);
    this.#turn = done;
    return done;
  }
}

const isState = (kind: RecordKind, id: string | undefined): boolean => kind === STATE_KIND && id === STATE_ID;

const changesAnything = ({ next }: Change, there: Found | undefined): boolean =>
  next !== 'same' && (next !== undefined || there !== undefined);

/** The state after a write. */
function afterwards(
  { counter, records, sum }: StoreSum,
  changes: readonly Change[],
  there: readonly (Found | undefined)[],
): StoreSum {
  let count = records;
  for (const [i, { kind, id, next }] of changes.entries()) {
    const before = there[i];
    if (next === 'same') continue;
    if (before !== undefined) sum.remove({ kind, id, bytes: before.bytes });
    if (next !== undefined) sum.add({ kind, id, bytes: next.bytes });
    count += Number(next !== undefined) - Number(before !== undefined);
  }
  return { counter: counter + 1, records: count, sum };
}
