/** Where the keys of a manager are kept, and what may go wrong there. */
import { SteleError } from '@stele/types/errors';
import { utf8 } from './bytes.js';

/** The largest state that a ring must take, in bytes of UTF-8. */
export const MAX_KEY_RING_BYTES = 16 * 1024 * 1024;

/** What a ring holds. */
export interface StoredKeyRing {
  /** 1 for the first state, and one more for each after it. */
  readonly version: number;
  /** JSON, as the manager wrote it: the public history of every key, sealed private keys, and a seal over all of it. */
  readonly state: string;
}

/**
 * One place that keeps one ring of keys: a file, a row of a database. It need not understand what it keeps. What it throws
 * reaches the caller of the manager as the `cause` of `key_ring_unavailable`. It must answer or throw in bounded time, since whoever
 * signs or verifies waits for it.
 */
export interface KeyRing {
  /** The newest state, or undefined if none was ever saved. */
  load(): Promise<StoredKeyRing | undefined>;
  /**
   * Saves a state in place of the version expected, all or nothing, and so that it outlives the machine.
   * @param expectedVersion undefined if there must be none yet
   * @returns false, and nothing is changed, if the ring holds another version: somebody else was first
   * @throws {RangeError} for a state that is empty or longer than {@link MAX_KEY_RING_BYTES}
   */
  save(expectedVersion: number | undefined, state: string): Promise<boolean>;
}

/** A ring in memory, for tests and for managers of one process. */
export class MemoryKeyRing implements KeyRing {
  #stored: StoredKeyRing | undefined;

  async load(): Promise<StoredKeyRing | undefined> {
    return this.#stored;
  }

  async save(expectedVersion: number | undefined, state: string): Promise<boolean> {
    checkState(state);
    if (this.#stored?.version !== expectedVersion) return false;
    this.#stored = Object.freeze({ version: (expectedVersion ?? 0) + 1, state });
    return true;
  }
}

/** @returns the state as UTF-8. @throws {RangeError} if it is empty or too long */
export function checkState(state: string): Uint8Array {
  const bytes = utf8(state);
  if (bytes.length > 0 && bytes.length <= MAX_KEY_RING_BYTES) return bytes;
  throw new RangeError(`a state must have 1 to ${MAX_KEY_RING_BYTES} bytes`);
}

/** Every code that a {@link KeyRingError} can carry. */
export type KeyRingErrorCode =
  /** The ring could not be read or written; `cause` is its error. Whether a write took effect is not known. */
  | 'key_ring_unavailable'
  /** What the ring holds is no key ring, or not what follows a state seen before. */
  | 'key_ring_malformed'
  /** The ring was written by a newer version of this software. */
  | 'key_ring_version'
  /** The ring, or a private key in it, could not be opened: it was sealed otherwise, or changed. */
  | 'key_ring_locked'
  /** The ring is for keys of another use. */
  | 'key_ring_use'
  /** The history would be larger than a ring must take. */
  | 'key_ring_full'
  /** Others changed the ring at every attempt. */
  | 'key_ring_contended';

/** What a key manager throws when its ring does not do. Test `code`, never the message. */
export class KeyRingError extends SteleError<KeyRingErrorCode> {}
