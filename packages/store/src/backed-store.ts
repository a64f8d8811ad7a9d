import type { CovenantDocument, RevocationDocument } from '@stele/core';
import type { CovenantFilter, CovenantPage, CovenantStore, ListOptions } from './covenant-store.js';
import { StoreError } from './errors.js';
import {
  admitCovenant,
  admitRevocation,
  decodeCovenant,
  decodeRevocation,
  encodeCovenant,
  encodeRevocation,
  proofsOf,
  revocationId,
  unite,
} from './lib/documents.js';
import { isRecordId } from './lib/ids.js';
import { type Matches, matcher, page } from './lib/query.js';
import type { RecordBackend } from './record-backend.js';

/** How many records are in memory at a time while a store is walked. */
const BATCH = 64;
/** How many records one call of `list` looks at before it hands out a cursor. */
const MAX_EXAMINED = 10_000;
const MAX_REVOCATIONS = 1000;
/** A put is tried again only when another writer has changed the same record meanwhile. */
const MAX_ATTEMPTS = 64;

/**
 * A `CovenantStore` over any `RecordBackend`. It does everything that concerns documents: what may enter, how it is
 * written, what may leave.
 */
export class BackedStore implements CovenantStore {
  /** Where the records are. `EncryptedStore` puts itself between. */
  readonly backend: RecordBackend;
  #closed = false;

  constructor(backend: RecordBackend) {
    this.backend = backend;
  }

  async put(document: CovenantDocument): Promise<void> {
    this.#assertOpen();
    const given = await admitCovenant(document);
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const found = await this.backend.get('covenant', given.id);
      const stored = found && decodeCovenant(given.id, found.bytes);
      const next = stored === undefined ? given : await unite(stored, given);
      // Whoever came between has stored all that is given here, so there is nothing left to do.
      if (attempt > 0 && stored !== undefined && proofsOf(next).length === proofsOf(stored).length) return;
      const record = { kind: 'covenant', id: given.id, bytes: encodeCovenant(next) } as const;
      if (await this.backend.put(record, found?.version)) return;
    }
    throw new StoreError('store_unavailable', `${given.id} is being written by too many at once`, {
      id: given.id,
      hint: 'try again',
    });
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
    return isRecordId('covenant', id) && (await this.backend.delete('covenant', id));
  }

  async list(options: ListOptions = {}): Promise<CovenantPage> {
    this.#assertOpen();
    const { matches, limit, after } = page(options);
    const items: CovenantDocument[] = [];
    let last = after;
    for (let examined = 0; items.length < limit && examined < MAX_EXAMINED; ) {
      const wanted = Math.min(BATCH, matches === undefined ? limit - items.length : BATCH);
      const records = await this.backend.list('covenant', { after: last, limit: wanted });
      for (const { id, bytes } of records) {
        const document = decodeCovenant(id, bytes);
        last = id;
        if (matches?.(document) !== false && items.push(document) === limit) break;
      }
      if (records.length < wanted && items.length < limit) return { items };
      examined += records.length;
    }
    const [further] = await this.backend.list('covenant', { after: last, limit: 1 });
    return further === undefined ? { items } : { items, nextCursor: last };
  }

  iterate(filter: CovenantFilter = {}): AsyncGenerator<CovenantDocument, void, undefined> {
    this.#assertOpen();
    return this.#matching(matcher(filter));
  }

  async count(filter: CovenantFilter = {}): Promise<number> {
    this.#assertOpen();
    const matches = matcher(filter);
    if (matches === undefined) return this.backend.count('covenant');
    let count = 0;
    for await (const _ of this.#matching(matches)) count++;
    return count;
  }

  async putRevocation(revocation: RevocationDocument): Promise<void> {
    this.#assertOpen();
    const given = await admitRevocation(revocation);
    const record = { kind: 'revocation', id: revocationId(given), bytes: encodeRevocation(given) } as const;
    const present = await this.backend.count('revocation', `${given.covenant}/`);
    // One more than can be read is let in: it makes the covenant unreliable, which is what a revoker wants. Refusing the
    // first one too many would let a thousand worthless revocations keep out the one that counts.
    if (present > MAX_REVOCATIONS) throw tooMany(given.covenant);
    if (await this.backend.put(record, undefined)) return;
    const stored = await this.backend.get('revocation', record.id);
    if (stored !== undefined) decodeRevocation(record.id, stored.bytes);
  }

  async getRevocations(covenantId: string): Promise<RevocationDocument[]> {
    this.#assertOpen();
    if (!isRecordId('covenant', covenantId)) return [];
    const range = { prefix: `${covenantId}/`, limit: MAX_REVOCATIONS + 1 };
    const records = await this.backend.list('revocation', range);
    if (records.length > MAX_REVOCATIONS) throw tooMany(covenantId);
    return records.map(({ id, bytes }) => decodeRevocation(id, bytes));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.backend.close();
  }

  async *#matching(matches: Matches | undefined): AsyncGenerator<CovenantDocument, void, undefined> {
    for (let after = ''; ; ) {
      this.#assertOpen();
      const records = await this.backend.list('covenant', { after, limit: BATCH });
      for (const { id, bytes } of records) {
        const document = decodeCovenant(id, bytes);
        if (matches?.(document) !== false) yield document;
        after = id;
      }
      if (records.length < BATCH) return;
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new StoreError('store_closed', 'the store is closed');
  }
}

function tooMany(id: string): StoreError {
  return new StoreError('revocation_limit', `${id} has more than ${MAX_REVOCATIONS} revocations`, {
    id,
    hint: 'treat the covenant as revoked',
  });
}
