import type { CovenantDocument, RevocationDocument } from '@stele/core';
import type { StoreTransaction } from '../covenant-store.js';
import { StoreError } from '../errors.js';
import {
  type Change,
  type Content,
  MAX_CHANGES,
  type RecordBackend,
  type RecordKind,
} from '../record-backend.js';
import { equalBytes } from './bytes.js';
import { keyOf } from './changes.js';
import {
  admitCovenant,
  admitRevocation,
  covenantContent,
  decodeCovenant,
  decodeRevocation,
  revocationContent,
  revocationId,
  unite,
} from './documents.js';
import { isRecordId } from './ids.js';
import { assertRoom } from './revocation-limit.js';

/** A record that the transaction has touched. */
interface Touched {
  readonly kind: RecordKind;
  readonly id: string;
  /** What was there at the first look; the transaction is void if it is not there any more at the end. */
  expected: Change['expected'];
  /** The bytes that are there as the transaction sees it; undefined if none, `unread` if some but nobody has looked. */
  bytes: Uint8Array | undefined | 'unread';
  next: Change['next'];
}

/**
 * One run of a transaction: remembers the versions it reads, keeps what it writes to itself, and makes all of it one write whose
 * conditions cover everything that was read. Its calls take turns.
 */
export class Transaction implements StoreTransaction {
  readonly #backend: RecordBackend;
  readonly #touched = new Map<string, Touched>();
  #turn: Promise<unknown> = Promise.resolve();
  #ended = false;
  #outdated = false;

  constructor(backend: RecordBackend) {
    this.#backend = backend;
  }

  /** Whether it has noticed by itself that others have changed what it has read. */
  get outdated(): boolean {
    return this.#outdated;
  }

  get(id: string): Promise<CovenantDocument | undefined> {
    return this.#take(async () => {
      if (!isRecordId('covenant', id)) return undefined;
      const bytes = await this.#read('covenant', id);
      return bytes && decodeCovenant(id, bytes);
    });
  }

  has(id: string): Promise<boolean> {
    return this.#take(
      async () => isRecordId('covenant', id) && (await this.#present(id)).bytes !== undefined,
    );
  }

  async put(document: CovenantDocument): Promise<void> {
    const given = await admitCovenant(document);
    return this.putAdmitted(given);
  }

  /** Reads covenants at once that will be needed. */
  load(ids: readonly string[]): Promise<void> {
    return this.#take(async () => {
      const wanted = [...new Set(ids)];
      const found = await this.#backend.getMany('covenant', wanted);
      wanted.forEach((id, i) => {
        const record = found[i];
        this.#touch({ kind: 'covenant', id, expected: record?.version, bytes: record?.bytes, next: 'same' });
      });
    });
  }

  /** Puts what `admitCovenant` has returned. */
  putAdmitted(given: CovenantDocument): Promise<void> {
    return this.#take(async () => {
      const bytes = await this.#read('covenant', given.id);
      const stored = bytes && decodeCovenant(given.id, bytes);
      const next = stored === undefined ? given : await unite(stored, given);
      this.#write('covenant', given.id, covenantContent(next));
    });
  }

  delete(id: string): Promise<boolean> {
    return this.#take(async () => {
      if (!isRecordId('covenant', id)) return false;
      const record = await this.#present(id);
      if (record.bytes === undefined) return false;
      record.bytes = undefined;
      record.next = undefined;
      return true;
    });
  }

  async putRevocation(revocation: RevocationDocument): Promise<void> {
    const given = await admitRevocation(revocation);
    return this.putAdmittedRevocation(given);
  }

  /** Puts what `admitRevocation` has returned. */
  putAdmittedRevocation(given: RevocationDocument): Promise<void> {
    return this.#take(async () => {
      const id = revocationId(given);
      const stored = await this.#read('revocation', id);
      if (stored !== undefined) return void decodeRevocation(id, stored);
      await assertRoom(this.#backend, given.covenant, this.#revocationsOf(given.covenant));
      this.#write('revocation', id, revocationContent(given));
    });
  }

  /** Ends the run. @returns false if others were faster */
  async commit(): Promise<boolean> {
    this.#ended = true;
    await this.#turn;
    if (this.#outdated) return false;
    const changes = [...this.#touched.values()];
    return changes.length === 0 || this.#backend.write(changes);
  }

  /** Ends the run without a trace. */
  end(): void {
    this.#ended = true;
  }

  #take<T>(step: () => Promise<T>): Promise<T> {
    if (this.#ended) throw new TypeError('the transaction has ended');
    const answer = this.#turn.then(step);
    this.#turn = answer.catch(() => undefined);
    return answer;
  }

  /** The bytes of a record as the transaction sees it. */
  async #read(kind: RecordKind, id: string): Promise<Uint8Array | undefined> {
    const known = this.#touched.get(keyOf(kind, id));
    if (known !== undefined && known.bytes !== 'unread') return known.bytes;
    const found = await this.#backend.get(kind, id);
    if (known !== undefined && found === undefined) throw this.#conflict(id);
    this.#touch({ kind, id, expected: found?.version, bytes: found?.bytes, next: 'same' });
    return found?.bytes;
  }

  /** A covenant's record without a look at what is in it. */
  async #present(id: string): Promise<Touched> {
    const known = this.#touched.get(keyOf('covenant', id));
    if (known !== undefined) return known;
    const [expected, bytes] = (await this.#backend.has('covenant', id))
      ? (['present', 'unread'] as const)
      : [undefined, undefined];
    return this.#touch({ kind: 'covenant', id, expected, bytes, next: 'same' });
  }

  #touch(record: Touched): Touched {
    this.#touched.set(keyOf(record.kind, record.id), record);
    if (this.#touched.size <= MAX_CHANGES) return record;
    throw new RangeError(`a transaction touches at most ${MAX_CHANGES} records`);
  }

  /** After `#read`. */
  #write(kind: RecordKind, id: string, content: Content): void {
    const record = this.#touched.get(keyOf(kind, id)) as Touched;
    if (record.bytes instanceof Uint8Array && equalBytes(record.bytes, content.bytes)) return;
    record.bytes = content.bytes;
    record.next = content;
  }

  #revocationsOf(covenant: string): number {
    const own = [...this.#touched.values()].filter(
      ({ kind, id, expected }) =>
        kind === 'revocation' && id.startsWith(`${covenant}/`) && expected === undefined,
    );
    return own.length;
  }

  #conflict(id: string): StoreError {
    this.#outdated = true;
    return new StoreError('transaction_conflict', `${id} was changed meanwhile`, { id });
  }
}
