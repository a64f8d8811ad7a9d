/**
 * The one record that an encrypted store keeps about itself, sealed like all others. It has the form of a revocation, of
 * a covenant that cannot be, and no listing shows it. It holds
 *
 *   storeId  16 random bytes; every other record is bound to it, so that none can be moved from store to store
 *   keys     the ids of all keys that a record may be sealed under, the newest first; a key is entered before it is first used
 *   legacy   whether there may be records of format 1, which no index knows and no store binds
 */
import { parseJson, randomBytes, sha256, toHex } from '@stele/crypto';
import { StoreError } from '../errors.js';
import { isKeyId, MAX_KEYS } from '../key-provider.js';
import { RECORD_KINDS, type RecordBackend } from '../record-backend.js';
import { equalBytes } from './bytes.js';
import { labelOf, open, seal } from './encrypted-envelope.js';
import type { Keys, StoreKey } from './encrypted-keys.js';
import { ID_PREFIX } from './ids.js';

export const OWN_KIND = 'revocation';
/** What the id of a store looks like. */
export const STORE_ID = /^[0-9a-f]{32}$/;
const MAX_ATTEMPTS = 64;
const encoder = new TextEncoder();

/** What the record says. */
export interface StoreState {
  readonly storeId: string;
  readonly keys: readonly string[];
  readonly legacy: boolean;
}

/** A state with the sealed bytes that it stands in. */
interface Read {
  readonly state: StoreState;
  readonly sealed: Uint8Array;
  readonly version: Uint8Array;
  readonly keyId: string;
}

/** @param depth how many encrypted stores lie beneath: each keeps a record of its own */
export function ownRecordId(depth: number): string {
  const hash = sha256(`stele-store/2 own record ${depth}`);
  return `${ID_PREFIX}${hash}/${hash}`;
}

export class OwnRecord {
  readonly id: string;
  readonly #inner: RecordBackend;
  readonly #keys: Keys;
  /** The store's id, where it is known from elsewhere. */
  readonly #storeId: string | undefined;
  #last: Read | undefined;

  constructor(inner: RecordBackend, id: string, keys: Keys, storeId?: string) {
    this.#inner = inner;
    this.id = id;
    this.#keys = keys;
    this.#storeId = storeId;
  }

  /** The state as it was last read, if it was. */
  get last(): StoreState | undefined {
    return this.#last?.state;
  }

  /** The state as it was last read; the store's id in it never changes. Undefined while there is none. */
  known(): StoreState | Promise<StoreState | undefined> {
    return this.#last?.state ?? this.now();
  }

  /** The state as it is now. @throws StoreError `record_corrupt`, `store_corrupt` when it was there and is gone */
  async now(): Promise<StoreState | undefined> {
    return (await this.#read())?.state;
  }

  /** Enters a key before its first use, and makes the record with the first one. */
  async admit(key: StoreKey): Promise<StoreState> {
    const known = this.#last?.state;
    if (known?.keys.includes(key.id)) return known;
    return this.update(key, (state) => withKey(state, key));
  }

  /** Looks whether `admit` would do now, and writes nothing. @throws StoreError as `admit` does */
  async assertAdmits(key: StoreKey): Promise<void> {
    withKey((await this.now()) ?? (await this.#begin()), key);
  }

  /** Changes the state, and seals it under this key. @throws StoreError `store_unavailable` when others change it at every attempt */
  async update(key: StoreKey, change: (state: StoreState) => StoreState): Promise<StoreState> {
    for (let n = 0; n < MAX_ATTEMPTS; n++) {
      const read = await this.#read();
      const state = change(read?.state ?? (await this.#begin()));
      if (read !== undefined && read.keyId === key.id && sameState(read.state, state)) return state;
      const bytes = await seal(key, '', this.#place, encoder.encode(JSON.stringify(state)), []);
      const next = { bytes, tokens: [] };
      const changed = { kind: OWN_KIND, id: this.id, expected: read?.version, next } as const;
      if (await this.#inner.write([changed])) return state;
    }
    throw new StoreError('store_unavailable', 'the store’s own record is being written by too many at once', {
      hint: 'try again',
    });
  }

  get #place() {
    return { kind: 'store', id: this.id };
  }

  async #read(): Promise<Read | undefined> {
    const last = this.#last;
    const found = await this.#inner.get(OWN_KIND, this.id);
    if (found === undefined) {
      if (last === undefined) return undefined;
      throw new StoreError('store_corrupt', 'the encrypted store’s own record is gone', {
        id: this.id,
        hint: LOST,
      });
    }
    if (last !== undefined && equalBytes(last.sealed, found.bytes)) return last;
    const read = { ...(await this.#open(found.bytes)), version: found.version };
    const storeId = last?.state.storeId ?? this.#storeId ?? read.state.storeId;
    if (read.state.storeId !== storeId) throw this.#unreadable();
    this.#last = read;
    return read;
  }

  async #open(sealed: Uint8Array): Promise<Omit<Read, 'version'>> {
    const label = labelOf(sealed);
    const key = label?.format === 2 ? await this.#keys.find(label.keyId) : undefined;
    if (key === undefined) throw this.#unreadable();
    try {
      const contents = await open(key, '', this.#place, sealed, 2);
      return { state: stateOf(contents?.bytes), sealed: Uint8Array.from(sealed), keyId: key.id };
    } catch (cause) {
      throw this.#unreadable(cause);
    }
  }

  /**
   * The state of a store that has no record of its own yet. Records that are bound to a store's id cannot be there, unless the
   * record was lost and the id is known from elsewhere; then nothing is known of their keys, as with format 1.
   */
  async #begin(): Promise<StoreState> {
    const firsts = await Promise.all(RECORD_KINDS.map((kind) => this.#inner.list(kind, { limit: 1 })));
    const present = firsts.flat();
    const lost = this.#storeId === undefined;
    if (lost && present.some(({ bytes }) => bytes !== undefined && labelOf(bytes)?.format === 2)) {
      // No other record of format 2 is ever written before it, so it is there by now if others have begun meanwhile.
      const begun = await this.now();
      if (begun !== undefined) return begun;
      throw new StoreError('store_corrupt', 'the encrypted store’s own record is missing', {
        id: this.id,
        hint: LOST,
      });
    }
    return { storeId: this.#storeId ?? toHex(randomBytes(16)), keys: [], legacy: present.length > 0 };
  }

  #unreadable(cause?: unknown): StoreError {
    return new StoreError('record_corrupt', 'the encrypted store’s own record cannot be read', {
      id: this.id,
      cause,
      hint: `it was damaged, swapped, or sealed under a key that is not at hand; ${LOST}`,
    });
  }
}

const LOST =
  'restore it from a backup, or open the store with its `storeId`: without it no other record opens';

function stateOf(bytes: Uint8Array | undefined): StoreState {
  if (bytes === undefined) throw new TypeError('not padded');
  const state = parseJson(bytes) as unknown as StoreState;
  const { storeId, keys, legacy } = state;
  const fits =
    STORE_ID.test(storeId) && keys.length <= MAX_KEYS && keys.every(isKeyId) && typeof legacy === 'boolean';
  if (!fits) throw new TypeError('not a state of a version known here');
  return Object.freeze({ storeId, keys: Object.freeze([...keys]), legacy });
}

/** @throws StoreError `key_unavailable` when there are as many keys as there may be */
function withKey(state: StoreState, key: StoreKey): StoreState {
  if (state.keys.includes(key.id)) return state;
  if (state.keys.length < MAX_KEYS) return { ...state, keys: [key.id, ...state.keys] };
  throw new StoreError('key_unavailable', `records may be under ${MAX_KEYS} keys already`, {
    hint: 'drop keys that no record needs, and run `reencrypt`',
  });
}

function sameState(a: StoreState, b: StoreState): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
