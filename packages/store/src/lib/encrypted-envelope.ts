/**
 * What a sealed record looks like:
 *
 *   stele-sealed/2 <id of the key>\n    in clear, 32 bytes
 *   salt (32) ‖ commitment (32) ‖ ciphertext ‖ tag (16)
 *   HKDF-SHA256(ikm = key, no salt, info = "stele-store/2 record" ‖ salt, 64 bytes) = AES-256-GCM key (32) ‖ commitment (32)
 *
 * The salt is fresh for each record, so that no AES key comes twice and the nonce can be zero. It is made of 32 random bytes
 * and of all that is sealed: a generator that repeats itself, as in a machine that was restored with its memory, does not
 * bring one key to two texts. It stands in HKDF's info, so that the first half of HKDF is computed once for each key. The commitment is checked first: AES-GCM
 * alone lets someone craft one ciphertext that opens under two keys. The plaintext is padded: the length of the tokens (2
 * bytes, big-endian), the tokens with a line feed between them, the bytes of the record. The associated data is the JSON of
 * ["stele-store/2", store, kind, id, key id], so that a record opens only where it was put.
 *
 * Format 1 had neither tokens nor a store, and the envelope of `aeadSeal`:
 *
 *   stele-sealed/1 <id of the key>\n ‖ envelope of the padded bytes, bound to ["stele-store/1", kind, id, key id]
 */
import {
  aeadOpen,
  aes256GcmOpen,
  aes256GcmSeal,
  constantTimeEqual,
  hkdfExpandSha256,
  hmacSha256,
  randomBytes,
} from '@stele/crypto';
import { isKeyId } from '../key-provider.js';
import type { StoreKey } from './encrypted-keys.js';
import { pad, unpad } from './padding.js';

const HEADER_BYTES = 32;
const SALT_END = HEADER_BYTES + 32;
const COMMITMENT_END = SALT_END + 32;
const HEADER = /^stele-sealed\/([12]) ([0-9a-f]{16})\n$/;
const NOTHING_TO_ESCAPE = /^[\w:/]*$/;
const TOKENS_LENGTH_BYTES = 2;
const NONCE = new Uint8Array(12);
const encoder = new TextEncoder();
const ascii = new TextDecoder('latin1');
const INFO = encoder.encode('stele-store/2 record');
const SALT_INFO = encoder.encode('stele-store/2 salt');

/** Where a record is. */
export interface Place {
  readonly kind: string;
  readonly id: string;
}

/** What is sealed: the bytes of a record with its index tokens. */
export interface Contents {
  readonly bytes: Uint8Array;
  /** What {@link sealedTokens} reads; undefined in format 1, which had no tokens. */
  readonly tokens: Uint8Array | undefined;
}

/** What a sealed record says of itself, in clear and not yet authenticated. */
export interface Label {
  readonly format: 1 | 2;
  readonly keyId: string;
}

/** The label of a sealed record, or undefined for what is none. */
export function labelOf(sealed: Uint8Array): Label | undefined {
  const [, format, keyId] = HEADER.exec(ascii.decode(sealed.subarray(0, HEADER_BYTES))) ?? [];
  return isKeyId(keyId) ? { format: format === '1' ? 1 : 2, keyId } : undefined;
}

/** Seals in format 2. */
export async function seal(
  key: StoreKey,
  storeId: string,
  place: Place,
  bytes: Uint8Array,
  tokens: readonly string[],
): Promise<Uint8Array> {
  const text = encoder.encode(tokens.join('\n'));
  const padded = pad(Uint8Array.of(text.length >> 8, text.length & 0xff), text, bytes);
  const associatedData = boundTo(2, storeId, place, key.id);
  const salt = saltOf(key, randomBytes(32), associatedData, padded);
  const { aesKey, commitment } = derive(key, salt);
  const ciphertext = await aes256GcmSeal(aesKey, NONCE, padded, associatedData);
  const sealed = new Uint8Array(COMMITMENT_END + ciphertext.length);
  encoder.encodeInto(`stele-sealed/2 ${key.id}\n`, sealed);
  sealed.set(salt, HEADER_BYTES);
  sealed.set(commitment, SALT_END);
  sealed.set(ciphertext, COMMITMENT_END);
  return sealed;
}

/**
 * Opens a record under the key and in the format that its label names.
 * @param storeId not looked at in format 1
 * @returns undefined for what was not sealed here
 * @throws CryptoError `decryption_failed`
 */
export async function open(
  key: StoreKey,
  storeId: string,
  place: Place,
  sealed: Uint8Array,
  format: Label['format'],
): Promise<Contents | undefined> {
  const associatedData = boundTo(format, storeId, place, key.id);
  if (format === 1) {
    const bytes = unpad(await aeadOpen(key.bytes, sealed.subarray(HEADER_BYTES), associatedData));
    return bytes && { bytes, tokens: undefined };
  }
  const { aesKey, commitment } = derive(key, sealed.subarray(HEADER_BYTES, SALT_END));
  if (!constantTimeEqual(commitment, sealed.subarray(SALT_END, COMMITMENT_END))) return undefined;
  const padded = await aes256GcmOpen(aesKey, NONCE, sealed.subarray(COMMITMENT_END), associatedData);
  const contents = unpad(padded);
  return contents && contentsOf(contents);
}

/** The tokens that were sealed, in clear; undefined for contents of format 1. */
export function sealedTokens({ tokens }: Contents): string[] | undefined {
  if (tokens === undefined) return undefined;
  return tokens.length === 0 ? [] : ascii.decode(tokens).split('\n');
}

/** As good as random while `random` is, and another one for other contents in any case. */
export function saltOf(
  key: StoreKey,
  random: Uint8Array,
  associatedData: Uint8Array,
  padded: Uint8Array,
): Uint8Array {
  const input = new Uint8Array(SALT_INFO.length + random.length + associatedData.length + padded.length);
  input.set(SALT_INFO);
  input.set(random, SALT_INFO.length);
  input.set(padded, SALT_INFO.length + random.length);
  input.set(associatedData, SALT_INFO.length + random.length + padded.length);
  return hmacSha256(key.extracted, input);
}

/** The second half of HKDF (RFC 5869, section 2.3). */
function derive(key: StoreKey, salt: Uint8Array): { aesKey: Uint8Array; commitment: Uint8Array } {
  const info = new Uint8Array(INFO.length + salt.length);
  info.set(INFO);
  info.set(salt, INFO.length);
  const bytes = hkdfExpandSha256(key.extracted, info, 64);
  return { aesKey: bytes.subarray(0, 32), commitment: bytes.subarray(32) };
}

function contentsOf(bytes: Uint8Array): Contents | undefined {
  const [high, low] = bytes;
  if (high === undefined || low === undefined) return undefined;
  const end = TOKENS_LENGTH_BYTES + ((high << 8) | low);
  if (end > bytes.length) return undefined;
  return { bytes: bytes.subarray(end), tokens: bytes.subarray(TOKENS_LENGTH_BYTES, end) };
}

/** JSON of plain ASCII strings is its own canonical form; with nothing to escape it needs no JSON.stringify. */
function boundTo(format: Label['format'], storeId: string, { kind, id }: Place, keyId: string): Uint8Array {
  if (format === 1) return encoder.encode(JSON.stringify(['stele-store/1', kind, id, keyId]));
  return encoder.encode(
    NOTHING_TO_ESCAPE.test(id)
      ? `["stele-store/2","${storeId}","${kind}","${id}","${keyId}"]`
      : JSON.stringify(['stele-store/2', storeId, kind, id, keyId]),
  );
}
