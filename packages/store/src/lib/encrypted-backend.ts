import { aeadOpen, aeadSeal, hkdfSha256, toHex } from '@stele/crypto';
import { StoreError } from '../errors.js';
import type {
  Change,
  Found,
  ListedRecord,
  RecordBackend,
  RecordChange,
  RecordFilter,
  RecordKind,
  RecordRange,
  Support,
} from '../record-backend.js';
import { unreadable } from './changes.js';
import { pad, unpad } from './padding.js';
import { changesOf, latestToken } from './watching.js';

const HEADER = 'stele-sealed/1 ';
const KEY_ID_DIGITS = 16;
const HEADER_BYTES = HEADER.length + KEY_ID_DIGITS + 1;
const encoder = new TextEncoder();
const decoder = new TextDecoder('latin1');

/**
 * Seals every record on its way into another backend. A sealed record is one line of header, which names the format
 * and the key, and the envelope of `aeadSeal` around the padded bytes. The associated data binds kind, id and key, so
 * that a record opens only where it was put. There is no way to read a record that is not sealed.
 */
export class EncryptedBackend implements RecordBackend {
  readonly keyId: string;
  readonly #inner: RecordBackend;
  readonly #key: Uint8Array;
  readonly #header: Uint8Array;

  /** @param key 32 bytes; copied */
  constructor(inner: RecordBackend, key: Uint8Array) {
    this.#inner = inner;
    this.#key = Uint8Array.from(key);
    this.keyId = toHex(
      hkdfSha256(this.#key, new Uint8Array(), encoder.encode('stele-store/1 key id'), KEY_ID_DIGITS / 2),
    );
    this.#header = encoder.encode(`${HEADER}${this.keyId}\n`);
  }

  get supports(): Support {
    return this.#inner.supports;
  }

  async get(kind: RecordKind, id: string): Promise<Found | undefined> {
    return this.#found(kind, id, await this.#inner.get(kind, id));
  }

  async getMany(kind: RecordKind, ids: readonly string[]): Promise<(Found | undefined)[]> {
    const found = await this.#inner.getMany(kind, ids);
    return Promise.all(ids.map((id, i) => this.#found(kind, id, found[i])));
  }

  async write(changes: readonly Change[]): Promise<boolean> {
    return this.#inner.write(await Promise.all(changes.map((change) => this.#sealed(change))));
  }

  async list(kind: RecordKind, { token: _, ...range }: RecordRange): Promise<ListedRecord[]> {
    const records = await this.#inner.list(kind, range);
    return Promise.all(
      records.map(async (record) => {
        if (record.error !== undefined) return record;
        const { id } = record;
        return this.#open(kind, id, record.bytes).then(
          (bytes) => ({ id, bytes }),
          (error: unknown) => ({ id, error: unreadable(error) }),
        );
      }),
    );
  }

  has(kind: RecordKind, id: string): Promise<boolean> {
    return this.#inner.has(kind, id);
  }

  async count(kind: RecordKind, { token, ...filter }: RecordFilter = {}): Promise<number | undefined> {
    return token === undefined ? this.#inner.count(kind, filter) : undefined;
  }

  async latestChange(): Promise<string> {
    return latestToken(this.#inner);
  }

  changes(after: string, signal: AbortSignal): AsyncIterable<RecordChange> {
    return changesOf(this.#inner, after, signal);
  }

  probe(): Promise<void> {
    return this.#inner.probe();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }

  async #found(kind: RecordKind, id: string, found: Found | undefined): Promise<Found | undefined> {
    return found && { bytes: await this.#open(kind, id, found.bytes), version: found.version };
  }

  /** The tokens stay outside: they would tell who issued what. */
  async #sealed(change: Change): Promise<Change> {
    const { kind, id, next } = change;
    if (next === undefined || next === 'same') return change;
    return { ...change, next: { bytes: await this.#seal(kind, id, next.bytes), tokens: [] } };
  }

  async #seal(kind: RecordKind, id: string, bytes: Uint8Array): Promise<Uint8Array> {
    const envelope = await aeadSeal(this.#key, pad(bytes), this.#associatedData(kind, id));
    const sealed = new Uint8Array(HEADER_BYTES + envelope.length);
    sealed.set(this.#header);
    sealed.set(envelope, HEADER_BYTES);
    return sealed;
  }

  async #open(kind: RecordKind, id: string, sealed: Uint8Array): Promise<Uint8Array> {
    const header = decoder.decode(sealed.subarray(0, HEADER_BYTES));
    if (header !== `${HEADER}${this.keyId}\n`) throw this.#unreadable(id, header);
    const padded = await aeadOpen(
      this.#key,
      sealed.subarray(HEADER_BYTES),
      this.#associatedData(kind, id),
    ).catch((cause: unknown) => {
      throw this.#unreadable(id, header, cause);
    });
    const bytes = unpad(padded);
    if (bytes === undefined) throw this.#unreadable(id, header);
    return bytes;
  }

  /** JSON of plain ASCII strings is its own canonical form. */
  #associatedData(kind: RecordKind, id: string): Uint8Array {
    return encoder.encode(JSON.stringify(['stele-store/1', kind, id, this.keyId]));
  }

  /** One error for every cause. The hint names the key that the header claims, which is no secret. */
  #unreadable(id: string, header: string, cause?: unknown): StoreError {
    const [, other] = /^stele-sealed\/1 ([0-9a-f]{16})\n$/.exec(header) ?? [];
    const claim = other === undefined ? 'no key' : other === this.keyId ? 'this key' : `the key ${other}`;
    return new StoreError('record_corrupt', `the stored record of ${id} cannot be read`, {
      id,
      cause,
      hint: `it names ${claim}, the store was given the key ${this.keyId}; otherwise it was damaged or swapped`,
    });
  }
}
