import { BackedStore } from './backed-store.js';
import type { CovenantStore } from './covenant-store.js';
import { StoreError } from './errors.js';
import { encryptionKeyId, type KeyProvider, rawKeys } from './key-provider.js';
import { ANCHOR_TIMEOUT_MS, AnchoredBackend, type StoreProof } from './lib/anchored-backend.js';
import { EncryptedBackend } from './lib/encrypted-backend.js';
import { labelOf } from './lib/encrypted-envelope.js';
import { Keys } from './lib/encrypted-keys.js';
import { OWN_KIND, ownRecordId, STORE_ID } from './lib/encrypted-own-record.js';
import type { KeyUsage, ReencryptOptions, ReencryptProgress } from './lib/encrypted-rotation.js';
import { RECORD_KINDS, type RecordBackend } from './record-backend.js';
import type { StoreAnchor } from './store-anchor.js';

/** A store that shows where its records are, as every store of this package does. */
export interface StoreWithBackend extends CovenantStore {
  readonly backend: RecordBackend;
}

/** Either `encryptionKey` or `keys`. */
export interface EncryptedStoreOptions {
  /** The store whose backend keeps the sealed records. From now on use it only through the `EncryptedStore`. */
  readonly store: StoreWithBackend;
  /** Exactly 32 secret, random bytes. Copied. */
  readonly encryptionKey?: Uint8Array | undefined;
  /** Where several keys come from: `rawKeys`, `SealedKeys`, or a provider of your own. */
  readonly keys?: KeyProvider | undefined;
  /**
   * What `storeId()` said, if you noted it: then a store that was exchanged for another one under the same key is refused, and
   * one that has lost its own record can be had back with `reencrypt`.
   */
  readonly storeId?: string | undefined;
  /**
   * Where the state of the store is remembered outside of it: then it is noticed when the store, or a record of it, was brought
   * back to an earlier state or deleted. All who write to the store must have it. Only for a store with transactions.
   */
  readonly anchor?: StoreAnchor | undefined;
  /** How long the provider is waited for, in milliseconds, 1 to 600,000; 10,000 when not given. */
  readonly keyTimeoutMs?: number | undefined;
  /** How long each answer of the anchor is waited for, in milliseconds, 1 to 600,000; 10,000 when not given. */
  readonly anchorTimeoutMs?: number | undefined;
}

const MAX_TIMEOUT_MS = 600_000;

/**
 * Encryption over any store: whole covenants, revocations and approvals are sealed with AES-256-GCM under a key of their own, in
 * an envelope that commits to that key. In clear are the ids, the ids of the keys, and blind index tokens. A record that is
 * changed, cut, swapped with another one of this or any other store, planted, or sealed under another key is
 * `record_corrupt`. That records were deleted or brought back to an earlier state cannot be seen from the store alone: give it
 * an `anchor`. Then the whole store's having been brought back is `store_rolled_back` at the first use, at each write, and at a read
 * within a second; what was done to single records is found by `verify`.
 *
 * A wrong key is noticed at the first read or write. Every method that needs a key may also reject with
 * `key_unavailable`. `close` closes the store beneath.
 */
export class EncryptedStore extends BackedStore {
  /** Names `encryptionKey`, here and in the sealed records; says nothing about it. Undefined where there are `keys`. */
  readonly keyId: string | undefined;
  readonly #sealed: EncryptedBackend;
  readonly #anchored: AnchoredBackend | undefined;

  /**
   * @throws TypeError for a store without a backend, a key that is no Uint8Array, a provider or an id that is none; for both or neither of the keys
   * @throws RangeError for a key that is not 32 bytes long, a time-out out of bounds
   */
  constructor(options: EncryptedStoreOptions) {
    const { store, encryptionKey, keys, storeId, anchor } = options;
    const { keyTimeoutMs = 10_000, anchorTimeoutMs = ANCHOR_TIMEOUT_MS } = options;
    if (typeof store?.backend?.write !== 'function') {
      throw new TypeError(
        'store must have a `backend`: MemoryStore, FileStore, SqliteStore, or a BackedStore of your own',
      );
    }
    for (const [name, ms] of Object.entries({ keyTimeoutMs, anchorTimeoutMs }))
      if (!Number.isInteger(ms) || ms < 1 || ms > MAX_TIMEOUT_MS)
        throw new RangeError(`${name} must be an integer from 1 to ${MAX_TIMEOUT_MS}`);
    if (storeId !== undefined && !STORE_ID.test(storeId))
      throw new TypeError('storeId must be 32 hex digits');
    const provider = providerArgument(encryptionKey, keys);
    const anchored =
      anchor === undefined
        ? undefined
        : new AnchoredBackend(store.backend, anchorArgument(anchor), { timeoutMs: anchorTimeoutMs });
    const sealed = new EncryptedBackend(anchored ?? store.backend, new Keys(provider, keyTimeoutMs), storeId);
    super(sealed);
    this.#sealed = sealed;
    this.#anchored = anchored;
    this.keyId = encryptionKey && encryptionKeyId(encryptionKey);
  }

  /**
   * 32 hex digits that every record is bound to. No secret. Undefined before the first record.
   * @throws StoreError `record_corrupt`, `key_unavailable`, `store_unavailable`
   */
  storeId(): Promise<string | undefined> {
    return this.#sealed.storeId();
  }

  /**
   * Reads the whole store and holds it against its anchor: whether each record is there, and as it was put last. Tried anew
   * while others write.
   * @throws StoreError `store_rolled_back`; `unsupported` for a store without an anchor, of which nobody can tell
   */
  async verify(): Promise<StoreProof> {
    return this.#withAnchor().verify();
  }

  /**
   * Takes what is there for what was put, and anchors it anew: after a copy was restored on purpose.
   * @throws StoreError `unsupported` for a store without an anchor; `store_unavailable`
   */
  async reanchor(): Promise<void> {
    return this.#withAnchor().reanchor();
  }

  /**
   * How many records name which key: all keys of the provider, the current one first, and those that it does not know. An old
   * key is no longer needed when it has none and every process has long been writing under the new one; look at it again
   * right before you destroy it. What is put meanwhile may or may not be counted.
   * @throws StoreError `key_unavailable`, `store_unavailable`
   */
  keyUsage(): Promise<KeyUsage[]> {
    return this.#sealed.keyUsage();
  }

  /**
   * Seals anew, under the current key, every record that is under an older one or in an older format, while the store is
   * in use: a put that comes between is never lost. `watch` tells of it as of any put.
   * @returns how many records were looked at, sealed anew, and could not be read
   * @throws StoreError `record_corrupt` at the first record that cannot be read, unless there is `onCorrupt`;
   *   `key_unavailable`, `store_unavailable`
   * @throws the reason of `signal`
   */
  reencrypt(options: ReencryptOptions = {}): Promise<ReencryptProgress> {
    return this.#sealed.reencrypt(options);
  }

  #withAnchor(): AnchoredBackend {
    if (this.#anchored !== undefined) return this.#anchored;
    throw new StoreError(
      'unsupported',
      'the store has no anchor, and nobody can tell what was deleted or brought back',
      {
        hint: 'open it with an `anchor`, such as a FileAnchor on another disk',
      },
    );
  }
}

/**
 * Whether an `EncryptedStore` keeps its records in this one, so that it must not be used by itself.
 * @throws StoreError `store_unavailable`, and what else a read of this store rejects with
 */
export async function holdsSealedRecords({ backend }: StoreWithBackend): Promise<boolean> {
  if (await backend.has(OWN_KIND, ownRecordId(0))) return true;
  // In the first format a store had no record of its own.
  const firsts = await Promise.all(RECORD_KINDS.map((kind) => backend.list(kind, { limit: 1 })));
  return firsts.flat().some(({ bytes }) => bytes !== undefined && labelOf(bytes) !== undefined);
}

function providerArgument(encryptionKey: unknown, keys: KeyProvider | undefined): KeyProvider {
  if ((encryptionKey === undefined) === (keys === undefined)) {
    throw new TypeError('give either an encryptionKey or keys');
  }
  if (keys === undefined) return rawKeys(encryptionKey as Uint8Array);
  if (typeof keys.ids === 'function' && typeof keys.key === 'function') return keys;
  throw new TypeError('keys must be a KeyProvider');
}

function anchorArgument(anchor: StoreAnchor): StoreAnchor {
  if (typeof anchor?.read === 'function' && typeof anchor.advance === 'function') return anchor;
  throw new TypeError('anchor must be a StoreAnchor');
}
