import { hkdfSha256, toHex } from '@stele/crypto';

/** So many keys can be in use at once: the current one and those that records are still sealed under. */
export const MAX_KEYS = 16;
const ID_BYTES = 8;
const ID_FORM = /^[0-9a-f]{16}$/;
const ID_INFO = new TextEncoder().encode('stele-store/1 key id');

/**
 * Where the keys of an `EncryptedStore` come from. A key is 32 secret, random bytes; its id is {@link encryptionKeyId}
 * of it, and is written beside every record.
 *
 * `ids` is asked at each write and at each search, so it should answer from memory; `key` once for each id that is not
 * known yet. What is thrown or comes late reaches the caller as the `cause` of `key_unavailable`.
 */
export interface KeyProvider {
  /** The ids of all keys that there are, first the one for what is written from now on; 1 to 16. */
  ids(): readonly string[] | Promise<readonly string[]>;
  /** The key of this id, or undefined if there is none, or no longer. It is copied. */
  key(id: string): Uint8Array | undefined | Promise<Uint8Array | undefined>;
}

/**
 * The id of a key: 16 hex digits that are derived from it and say nothing about it.
 * @throws TypeError for a key that is no Uint8Array
 * @throws RangeError for a key that is not 32 bytes long
 */
export function encryptionKeyId(key: Uint8Array): string {
  return toHex(hkdfSha256(keyArgument(key), new Uint8Array(), ID_INFO, ID_BYTES));
}

/**
 * Keys that you keep elsewhere. They are copied.
 * @param current for what is written from now on
 * @param older for what was written before; up to 15
 * @throws TypeError for a key that is no Uint8Array
 * @throws RangeError for a key that is not 32 bytes long, a key that comes twice, too many keys
 */
export function rawKeys(current: Uint8Array, ...older: Uint8Array[]): KeyProvider {
  const keys = new Map([current, ...older].map((key) => [encryptionKeyId(key), Uint8Array.from(key)]));
  if (keys.size !== 1 + older.length) throw new RangeError('a key comes twice');
  if (keys.size > MAX_KEYS) throw new RangeError(`there can be ${MAX_KEYS} keys at most`);
  const ids = Object.freeze([...keys.keys()]);
  return Object.freeze({ ids: () => ids, key: (id: string) => keys.get(id) });
}

/** True for a text that can be the id of a key. */
export function isKeyId(value: unknown): value is string {
  return typeof value === 'string' && ID_FORM.test(value);
}

function keyArgument(key: unknown): Uint8Array {
  if (!(key instanceof Uint8Array)) throw new TypeError('a key must be a Uint8Array');
  if (key.length !== 32) throw new RangeError('a key must be exactly 32 bytes');
  return key;
}
