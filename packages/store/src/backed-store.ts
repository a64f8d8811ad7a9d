import type { CovenantDocument, RevocationDocument } from '@stele/core';
import { BackedApprovals } from './backed-approvals.js';
import type {
  CovenantFilter,
  CovenantPage,
  CovenantStore,
  IterateOptions,
  ListOptions,
  StoreEvent,
  StoreTransaction,
  WatchOptions,
} from './covenant-store.js';
import { StoreError } from './errors.js';
import {
  admitCovenant,
  admitRevocation,
  covenantContent,
  decodeCovenant,
  decodeRevocation,
  revocationContent,
  revocationId,
  verifiedBefore,
} from './lib/documents.js';
import { isRecordId } from './lib/ids.js';
import { BATCH, listPage, readable } from './lib/listing.js';
import { page, type Query, query, walk } from './lib/query.js';
import { assertRoom, MAX_REVOCATIONS, tooMany } from './lib/revocation-limit.js';
import { Transaction } from './lib/transaction.js';
import { events, latestToken, unsupported, watchOptions } from './lib/watching.js';
import { MAX_CHANGES, type RecordBackend, type Support } from './record-backend.js';

/** A write is tried again only when another writer has changed the same records meanwhile. */
const MAX_ATTEMPTS = 64;

/**
 * A `CovenantStore` over any `RecordBackend`. It does everything that concerns documents: what may enter, how it is
 * written, what may leave.
 */
export class BackedStore implements CovenantStore {
  /** Where the records are. `EncryptedStore` puts itself between. */
  readonly backend: RecordBackend;
  readonly approvals: BackedApprovals;
  #closed = false;

  constructor(backend: RecordBackend) {
    this.backend = backend;
    this.approvals = new BackedApprovals(backend, () => this.#assertOpen());
  }

  get supports(): Support {
    return this.backend.supports;
  }

  async put(document: CovenantDocument): Promise<void> {
    this.#assertOpen();
    const given = verifiedBefore(document) ?? (await admitCovenant(document));
    // Most covenants are new. Where one is stored already this changes nothing, and its proofs are united.
    const next = covenantContent(given);
    if (await this.backend.write([{ kind: 'covenant', id: given.id, expected: undefined, next }])) return;
    await this.#transact((tx) => tx.putAdmitted(given));
  }

  async get(id: string): Promise<CovenantDocument | undefined> {
    this.#assertOpen();
    if (!isRecordId('covenant', id)) return undefined;
    const found = await this.backend.get('covenant', id);
    return found && decodeCovenant(id, found.bytes);
  }

  async has(id: string): Promise<boolean> {
    this.#assertOpen();
    return isRecordId('covenant', id) && (await this.backend.has('covenant', id));
  }

  async delete(id: string): Promise<boolean> {
    this.#assertOpen();
    if (!isRecordId('covenant', id)) return false;
    return this.backend.write([{ kind: 'covenant', id, expected: 'present', next: undefined }]);
  }

  async putBatch(documents: readonly CovenantDocument[]): Promise<void> {
    this.#assertTransactions();
    checkBatch(documents);
    const given = await Promise.all(documents.map(admitCovenant));
    await this.#transact(async (tx) => {
      await tx.load(given.map(({ id }) => id));
      for (const document of given) await tx.putAdmitted(document);
    });
  }

  async getBatch(ids: readonly string[]): Promise<(CovenantDocument | undefined)[]> {
    this.#assertTransactions();
    checkBatch(ids);
    const known = [...new Set(ids)].filter((id) => isRecordId('covenant', id));
    const found = await this.backend.getMany('covenant', known);
    const records = new Map(known.map((id, i) => [id, found[i]]));
    return ids.map((id) => {
      const record = records.get(id);
      return record && decodeCovenant(id, record.bytes);
    });
  }

  async deleteBatch(ids: readonly string[]): Promise<number> {
    this.#assertTransactions();
    checkBatch(ids);
    return this.#transact(async (tx) => {
      const deleted = await Promise.all(ids.map((id) => tx.delete(id)));
      return deleted.filter(Boolean).length;
    });
  }

  async transaction<T>(run: (tx: StoreTransaction) => Promise<T>): Promise<T> {
    this.#assertTransactions();
    if (typeof run !== 'function') throw new TypeError('a transaction is a function');
    return this.#transact(run);
  }

  async list(options: ListOptions = {}): Promise<CovenantPage> {
    this.#assertOpen();
    const { onCorrupt } = options;
    return listPage(this.backend, 'covenant', decodeCovenant, { ...page(options), onCorrupt });
  }

  iterate(options: IterateOptions = {}): AsyncGenerator<CovenantDocument, void, undefined> {
    this.#assertOpen();
    return this.#matching(walk(options), options);
  }

  async count(filter: CovenantFilter = {}): Promise<number> {
    this.#assertOpen();
    const found = query(filter);
    const known = found.indexed ? await this.backend.count('covenant', { token: found.token }) : undefined;
    if (known !== undefined) return known;
    let count = 0;
    for await (const _ of this.#matching(found)) count++;
    return count;
  }

  async putRevocation(revocation: RevocationDocument): Promise<void> {
    this.#assertOpen();
    const given = await admitRevocation(revocation);
    await assertRoom(this.backend, given.covenant);
    const id = revocationId(given);
    const next = revocationContent(given);
    if (await this.backend.write([{ kind: 'revocation', id, expected: undefined, next }])) return;
    await this.#transact((tx) => tx.putAdmittedRevocation(given));
  }

  async getRevocations(covenantId: string): Promise<RevocationDocument[]> {
    this.#assertOpen();
    if (!isRecordId('covenant', covenantId)) return [];
    const range = { prefix: `${covenantId}/`, limit: MAX_REVOCATIONS + 1 };
    const records = await this.backend.list('revocation', range);
    if (records.length > MAX_REVOCATIONS) throw tooMany(covenantId);
    return records.map((record) => {
      if (record.error !== undefined) throw record.error;
      return decodeRevocation(record.id, record.bytes);
    });
  }

  /**
   * Every revocation, also of covenants that are not here, by the ids of the covenants; a few in memory at a time.
   * @throws StoreError `record_corrupt` for one that cannot be read, unless there is `onCorrupt` to hear of it
   */
  async *iterateRevocations({
    onCorrupt,
  }: Pick<IterateOptions, 'onCorrupt'> = {}): AsyncGenerator<RevocationDocument, void, undefined> {
    for (let after = '', more = true; more; ) {
      this.#assertOpen();
      const records = await this.backend.list('revocation', { after, limit: BATCH });
      for (const record of records) {
        const revocation = readable(record, decodeRevocation, onCorrupt);
        if (revocation !== undefined) yield revocation;
        after = record.id;
      }
      more = records.length === BATCH;
    }
  }

  watch(options: WatchOptions = {}): AsyncGenerator<StoreEvent, void, undefined> {
    const { after, signal } = watchOptions(options);
    // Asked for now: what happens between this call and the first step of the iteration is told, too.
    const from = after === undefined ? this.latestToken() : Promise.resolve(after);
    from.catch(() => undefined);
    return this.#events(from, signal);
  }

  async latestToken(): Promise<string> {
    this.#assertOpen();
    return latestToken(this.backend);
  }

  async probe(): Promise<void> {
    this.#assertOpen();
    await this.backend.probe();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.backend.close();
  }

  async #transact<T>(run: (tx: Transaction) => Promise<T>): Promise<T> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      this.#assertOpen();
      const tx = new Transaction(this.backend);
      try {
        const result = await run(tx);
        if (await tx.commit()) return result;
      } catch (error) {
        if (!tx.outdated) throw error;
      } finally {
        tx.end();
      }
    }
    throw new StoreError('transaction_conflict', 'the same records are being written by too many at once', {
      hint: 'try again later',
    });
  }

  async *#matching(
    { token, matches }: Query,
    options: IterateOptions = {},
  ): AsyncGenerator<CovenantDocument, void, undefined> {
    for (let after = ''; ; ) {
      this.#assertOpen();
      const records = await this.backend.list('covenant', { token, after, limit: BATCH });
      for (const record of records) {
        const document = readable(record, decodeCovenant, options.onCorrupt);
        if (document && matches?.(document) !== false) yield document;
        after = record.id;
      }
      if (records.length < BATCH) return;
    }
  }

  async *#events(from: Promise<string>, signal: AbortSignal): AsyncGenerator<StoreEvent, void, undefined> {
    this.#assertOpen();
    yield* events(this.backend, from, signal);
  }

  #assertOpen(): void {
    if (this.#closed) throw new StoreError('store_closed', 'the store is closed');
  }

  #assertTransactions(): void {
    this.#assertOpen();
    if (!this.supports.transaction) throw unsupported('has no transactions');
  }
}

function checkBatch(items: readonly unknown[]): void {
  if (!Array.isArray(items)) throw new TypeError('a batch is an array');
  if (items.length < 1 || items.length > MAX_CHANGES) {
    throw new RangeError(`a batch has 1 to ${MAX_CHANGES} items`);
  }
}
