import { BackedStore } from './backed-store.js';
import type { CovenantStore } from './covenant-store.js';
import { EncryptedBackend } from './lib/encrypted-backend.js';
import type { RecordBackend } from './record-backend.js';

/** A store that shows where its records are, as every store of this package does. */
export interface StoreWithBackend extends CovenantStore {
  readonly backend: RecordBackend;
}

export interface EncryptedStoreOptions {
  /** The store whose backend keeps the sealed records. From now on use it only through the `EncryptedStore`. */
  readonly store: StoreWithBackend;
  /** Exactly 32 secret, random bytes. Copied. */
  readonly encryptionKey: Uint8Array;
}

/**
 * Encryption over any store: whole covenants and revocations are sealed with AES-256-GCM under a key of their own, in
 * an envelope that commits to that key. Nothing but the ids is in clear. A record that is changed, cut, swapped with
 * another, planted, or sealed under another key is `record_corrupt`. That records were deleted or brought back to an
 * earlier state cannot be seen from the store alone.
 *
 * A wrong key is noticed at the first read. `close` closes the store beneath.
 */
export class EncryptedStore extends BackedStore {
  /** Names the key, here and in the sealed records; says nothing about it. */
  readonly keyId: string;

  /**
   * @throws TypeError for a store without a backend, a key that is no Uint8Array
   * @throws RangeError for a key that is not 32 bytes long
   */
  constructor(options: EncryptedStoreOptions) {
    const { store, encryptionKey } = options;
    if (typeof store?.backend?.write !== 'function') {
      throw new TypeError(
        'store must have a `backend`: MemoryStore, FileStore, SqliteStore, or a BackedStore of your own',
      );
    }
    if (!(encryptionKey instanceof Uint8Array)) throw new TypeError('encryptionKey must be a Uint8Array');
    if (encryptionKey.length !== 32) throw new RangeError('encryptionKey must be exactly 32 bytes');
    const backend = new EncryptedBackend(store.backend, encryptionKey);
    super(backend);
    this.keyId = backend.keyId;
  }
}
