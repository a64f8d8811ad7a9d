import { StoreError } from '../errors.js';
import type {
  Change,
  Content,
  Found,
  ListedRecord,
  RecordBackend,
  RecordChange,
  RecordFilter,
  RecordKind,
  RecordRange,
  Support,
} from '../record-backend.js';
import { STATE_ID } from './anchor-state.js';
import { AnchoredBackend } from './anchored-backend.js';
import { checkChanges, unreadable } from './changes.js';
import type { BlindIndex } from './encrypted-index.js';
import type { Keys, StoreKey } from './encrypted-keys.js';
import { OWN_KIND, OwnRecord, ownRecordId, type StoreState } from './encrypted-own-record.js';
import { SealedRecords } from './encrypted-records.js';
import {
  type KeyUsage,
  keyUsage,
  type ReencryptOptions,
  type ReencryptProgress,
  reencrypt,
} from './encrypted-rotation.js';
import { changesOf, latestToken } from './watching.js';
import { isThenable } from './within.js';

/**
 * Seals every record on its way into another backend, and blinds what it is found by. There is no way to read a record
 * that is not sealed.
 */
export class EncryptedBackend implements RecordBackend {
  readonly #inner: RecordBackend;
  readonly #keys: Keys;
  readonly #own: OwnRecord;
  readonly #records: SealedRecords;
  /** How many encrypted backends lie beneath. */
  readonly #depth: number;
  #open = true;

  constructor(inner: RecordBackend, keys: Keys, storeId?: string) {
    this.#inner = inner;
    this.#keys = keys;
    const beneath = inner instanceof AnchoredBackend ? inner.inner : inner;
    this.#depth = beneath instanceof EncryptedBackend ? beneath.#depth + 1 : 0;
    this.#own = new OwnRecord(inner, ownRecordId(this.#depth), keys, storeId);
    this.#records = new SealedRecords(keys, this.#own);
  }

  get supports(): Support {
    return this.#inner.supports;
  }

  async get(kind: RecordKind, id: string): Promise<Found | undefined> {
    const found = await this.#inner.get(kind, id);
    return this.#opened(kind, id, found);
  }

  async getMany(kind: RecordKind, ids: readonly string[]): Promise<(Found | undefined)[]> {
    const found = await this.#inner.getMany(kind, ids);
    return Promise.all(ids.map((id, n) => this.#opened(kind, id, found[n])));
  }

  async write(changes: readonly Change[]): Promise<boolean> {
    checkChanges(changes);
    if (changes.some(({ kind, id }) => this.#isOwn(kind, id))) {
      throw new RangeError('id is the id of the store’s own record');
    }
    return this.#inner.write(await this.#sealed(changes));
  }

  async has(kind: RecordKind, id: string): Promise<boolean> {
    return !this.#isOwn(kind, id) && this.#inner.has(kind, id);
  }

  async list(kind: RecordKind, range: RecordRange): Promise<ListedRecord[]> {
    const found = await this.#visible(kind, range);
    return Promise.all(found.map((record) => this.#openedListed(kind, record)));
  }

  async count(kind: RecordKind, { token, prefix }: RecordFilter = {}): Promise<number | undefined> {
    if (token === undefined) return this.#countAll(kind, prefix);
    const state = await this.#own.now();
    const [index, ...others] = (await this.#indexes(state)) ?? [];
    // Between two counts a record may be sealed anew, and be counted twice.
    if (index === undefined || others.length > 0) return undefined;
    const count = await this.#inner.count(kind, { prefix, token: index.token(kind, token) });
    return (await this.#sameKeys(state)) ? count : undefined;
  }

  async latestChange(): Promise<string> {
    return latestToken(this.#inner);
  }

  async *changes(after: string, signal: AbortSignal): AsyncGenerator<RecordChange, void, undefined> {
    for await (const change of changesOf(this.#inner, after, signal)) {
      if (!this.#isHidden(change.kind, change.id)) yield change;
    }
  }

  async probe(): Promise<void> {
    await this.#inner.probe();
    await this.#own.assertAdmits(await this.#keys.current());
  }

  async close(): Promise<void> {
    this.#open = false;
    await this.#inner.close();
  }

  /** The id of the store, or undefined before its first record. */
  async storeId(): Promise<string | undefined> {
    this.#assertOpen();
    return (await this.#own.known())?.storeId;
  }

  /** How many records are under which key. */
  async keyUsage(): Promise<KeyUsage[]> {
    this.#assertOpen();
    return keyUsage(this.#inner, this.#keys);
  }

  /** Seals under the current key whatever is not. */
  async reencrypt(options: ReencryptOptions): Promise<ReencryptProgress> {
    this.#assertOpen();
    return reencrypt(
      { inner: this.#inner, keys: this.#keys, own: this.#own, records: this.#records },
      options,
    );
  }

  #opened(kind: RecordKind, id: string, found: Found | undefined): Found | undefined | Promise<Found> {
    if (found === undefined || this.#isOwn(kind, id)) return undefined;
    const { version } = found;
    const opened = this.#records.open(kind, id, found.bytes);
    return isThenable(opened)
      ? opened.then(({ bytes }) => ({ bytes, version }))
      : { bytes: opened.bytes, version };
  }

  async #openedListed(kind: RecordKind, record: ListedRecord): Promise<ListedRecord> {
    const { id } = record;
    if (record.error !== undefined) return record;
    try {
      return { id, bytes: (await this.#records.open(kind, id, record.bytes)).bytes };
    } catch (error) {
      return { id, error: unreadable(error) };
    }
  }

  async #sealed(changes: readonly Change[]): Promise<readonly Change[]> {
    if (!changes.some(({ next }) => isContent(next))) return changes;
    const seal = await this.#records.sealer();
    return Promise.all(
      changes.map(async (change) => {
        const { kind, id, next } = change;
        return isContent(next) ? { ...change, next: await seal(kind, id, next) } : change;
      }),
    );
  }

  /** The sealed records of a range, without what the store keeps about itself. */
  async #visible(kind: RecordKind, range: RecordRange): Promise<ListedRecord[]> {
    if (range.token !== undefined) return this.#found(kind, range, range.token);
    if (kind !== OWN_KIND) return this.#inner.list(kind, range);
    const records = await this.#inner.list(kind, { ...range, limit: range.limit + 2 });
    return records.filter(({ id }) => !this.#isHidden(kind, id)).slice(0, range.limit);
  }

  /**
   * The sealed records that carry a token, whichever key they are under. Where no index can tell, all of them: who asked for
   * a token looks into what comes.
   */
  async #found(kind: RecordKind, range: RecordRange, token: string): Promise<ListedRecord[]> {
    const state = await this.#own.now();
    const indexes = await this.#indexes(state);
    if (indexes === undefined) return this.#visible(kind, { ...range, token: undefined });
    const found = new Map<string, ListedRecord>();
    // The newest key comes last, so that what is sealed anew meanwhile is met at least once.
    for (const index of indexes) {
      const records = await this.#inner.list(kind, { ...range, token: index.token(kind, token) });
      for (const record of records) found.set(record.id, record);
    }
    // A key that has come meanwhile may have taken records away from those that were asked for.
    if (!(await this.#sameKeys(state))) return this.#visible(kind, { ...range, token: undefined });
    return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, range.limit);
  }

  /** The indexes in which every record is found, the oldest first; undefined where some are in none, or a key is not at hand. */
  async #indexes(state: StoreState | undefined): Promise<BlindIndex[] | undefined> {
    if (state === undefined || state.legacy) return undefined;
    const keys = await Promise.all(state.keys.map((id) => this.#keys.find(id)));
    if (!keys.every((key): key is StoreKey => key !== undefined)) return undefined;
    return keys.map((key) => this.#records.index(key, state.storeId)).reverse();
  }

  async #sameKeys(state: StoreState | undefined): Promise<boolean> {
    return (await this.#own.now())?.keys.join() === state?.keys.join();
  }

  async #countAll(kind: RecordKind, prefix = ''): Promise<number | undefined> {
    const count = await this.#inner.count(kind, { prefix });
    if (count === undefined || kind !== OWN_KIND) return count;
    const hidden = [this.#own.id, STATE_ID].filter((id) => id.startsWith(prefix));
    const counted = await Promise.all(hidden.map((id) => this.#inner.list(kind, { prefix: id, limit: 1 })));
    return count - counted.flat().length;
  }

  #isOwn(kind: RecordKind, id: string): boolean {
    return kind === OWN_KIND && id === this.#own.id;
  }

  /** What no listing shows: also the state for an anchor, where the store is used without. */
  #isHidden(kind: RecordKind, id: string): boolean {
    return this.#isOwn(kind, id) || (kind === OWN_KIND && id === STATE_ID);
  }

  #assertOpen(): void {
    if (!this.#open) throw new StoreError('store_closed', 'the store is closed');
  }
}

function isContent(next: Change['next']): next is Content {
  return typeof next === 'object';
}
