/**
 * The values of one entry, sealed under the key of a subject:
 *
 *   stele-values/1\n                 15 bytes
 *   id of the key (16) ‖ salt (32) ‖ commitment (32) ‖ ciphertext ‖ tag (16)
 *   HKDF-SHA256(ikm = key, no salt, info = "stele-audit/1 values" ‖ salt, 64 bytes) = AES-256-GCM key (32) ‖ commitment (32)
 *
 * The salt is fresh for each record, so that no AES key comes twice and the nonce can be zero; it is the
 * SHA-256 of 32 random bytes and the associated data, in which the leaf hash stands for all that is sealed, so that a generator
 * that repeats itself does no harm. The commitment is checked
 * first: AES-GCM alone lets someone craft one ciphertext that opens under two keys. Sealed is the salt of the entry's
 * commitments (32 bytes) and the JSON object of the values, with spaces behind it to a multiple of 256 bytes. The
 * associated data is the JSON of ["stele-audit/1 values", origin, index, leaf hash, key id], so that a record opens only
 * beside the entry that it was sealed for.
 */
import { aes256GcmOpen, aes256GcmSeal, constantTimeEqual, hmacSha256, toHex } from '@stele/crypto';
import type { Committed } from './commitments.js';
import { randomSalt, sha256Of } from './hashing.js';

const HEADER = 'stele-values/1\n';
const ID_END = HEADER.length + 16;
const SALT_END = ID_END + 32;
const COMMITMENT_END = SALT_END + 32;
const TAG_BYTES = 16;
const STEP = 256;
const LABEL = 'stele-audit/1 values';
const INFO = Buffer.from(LABEL);
const NONCE = new Uint8Array(12);

/** Where values belong. */
export interface Place {
  readonly origin: string;
  readonly index: number;
  /** 32 bytes. */
  readonly leafHash: Uint8Array;
}

/** The first half of HKDF of a subject's key (RFC 5869, section 2.2): from here on it stands for the key. */
export const extracted = (key: Uint8Array): Uint8Array => hmacSha256(new Uint8Array(), key);

/** What is derived for one record. Whoever has derived it needs the subject's key no more. */
export interface RecordKey {
  readonly associatedData: Uint8Array;
  readonly keyId: string;
  readonly salt: Uint8Array;
  readonly aesKey: Uint8Array;
  readonly commitment: Uint8Array;
}

/** Derives the key of a new record. */
export function newRecordKey(keyId: string, prk: Uint8Array, place: Place): RecordKey {
  const associatedData = boundTo(place, keyId);
  const salt = sha256Of(Buffer.concat([randomSalt(), associatedData]));
  return { associatedData, keyId, salt, ...derived(prk, salt) };
}

/** Derives the key of a sealed record; undefined where it was sealed under another key. */
export function recordKeyOf(
  sealed: Uint8Array,
  keyId: string,
  prk: Uint8Array,
  place: Place,
): RecordKey | undefined {
  const salt = sealed.subarray(ID_END, SALT_END);
  const { aesKey, commitment } = derived(prk, salt);
  const isOurs = constantTimeEqual(commitment, sealed.subarray(SALT_END, COMMITMENT_END));
  return isOurs ? { associatedData: boundTo(place, keyId), keyId, salt, aesKey, commitment } : undefined;
}

/** Seals the values of an entry. */
export async function sealValues(key: RecordKey, committed: Committed): Promise<Uint8Array> {
  const ciphertext = await aes256GcmSeal(key.aesKey, NONCE, plaintextOf(committed), key.associatedData);
  const sealed = Buffer.allocUnsafe(COMMITMENT_END + ciphertext.length);
  sealed.write(HEADER, 'latin1');
  sealed.write(key.keyId, HEADER.length, 'hex');
  sealed.set(key.salt, ID_END);
  sealed.set(key.commitment, SALT_END);
  sealed.set(ciphertext, COMMITMENT_END);
  return sealed;
}

/** The id of the key under which a record was sealed, not yet authenticated; undefined for what is no sealed record. */
export function keyIdOf(sealed: Uint8Array): string | undefined {
  if (sealed.length < COMMITMENT_END + TAG_BYTES) return undefined;
  const header = Buffer.from(sealed.buffer, sealed.byteOffset, HEADER.length).toString('latin1');
  return header === HEADER ? toHex(sealed.subarray(HEADER.length, ID_END)) : undefined;
}

/**
 * Opens a record.
 * @returns the salt of the commitments and the JSON of the values
 * @throws CryptoError `decryption_failed` for a record that was changed, or that was sealed for another entry
 */
export async function openSealed(
  key: RecordKey,
  sealed: Uint8Array,
): Promise<{ salt: Uint8Array; json: Uint8Array }> {
  const ciphertext = sealed.subarray(COMMITMENT_END);
  const plaintext = await aes256GcmOpen(key.aesKey, NONCE, ciphertext, key.associatedData);
  return { salt: plaintext.subarray(0, 32), json: plaintext.subarray(32) };
}

/** In steps, so that the length tells little. */
function plaintextOf({ salt, values }: Committed): Uint8Array {
  const json = `{${values.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`;
  const length = salt.length + Buffer.byteLength(json);
  const plaintext = Buffer.alloc(Math.ceil(length / STEP) * STEP, ' ');
  plaintext.set(salt);
  plaintext.write(json, salt.length);
  return plaintext;
}

/** The second half of HKDF (RFC 5869, section 2.3), two blocks. */
function derived(prk: Uint8Array, salt: Uint8Array): { aesKey: Uint8Array; commitment: Uint8Array } {
  const block = Buffer.alloc(32 + INFO.length + 32 + 1);
  block.set(INFO, 32);
  block.set(salt, 32 + INFO.length);
  block[block.length - 1] = 1;
  const aesKey = hmacSha256(prk, block.subarray(32));
  block.set(aesKey);
  block[block.length - 1] = 2;
  return { aesKey, commitment: hmacSha256(prk, block) };
}

function boundTo({ origin, index, leafHash }: Place, keyId: string): Uint8Array {
  const hash = Buffer.from(leafHash.buffer, leafHash.byteOffset, leafHash.length).toString('hex');
  return Buffer.from(JSON.stringify([LABEL, origin, index, hash, keyId]));
}
