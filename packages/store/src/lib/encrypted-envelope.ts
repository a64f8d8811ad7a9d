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
import { aeadOpen, committingOpen, committingSeal, hmacSha256, randomBytes } from '@stele/crypto';
import { isKeyId } from '../key-provider.js';
import type { StoreKey } from './encrypted-keys.js';
import { pad, unpad } from './padding.js';
import { isThenable } from './within.js';

const HEADER_BYTES = 32;
const HEADER = /^stele-sealed\/([12]) ([0-9a-f]{16})\n$/;
const TOKENS_LENGTH_BYTES = 2;
const encoder = new TextEncoder();
const ascii = new TextDecoder('latin1');
const INFO = encoder.encode('stele-store/2 record');
const SALT_INFO = encoder.encode('stele-store/2 salt');

/** Most records of a store have the same label. */
let lastLabel: Label | undefined;
const lastHeader = new Uint8Array(HEADER_BYTES);

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
  if (lastLabel !== undefined && startsWith(sealed, lastHeader)) return lastLabel;
  const header = sealed.subarray(0, HEADER_BYTES);
  const [, format, keyId] = HEADER.exec(ascii.decode(header)) ?? [];
  if (!isKeyId(keyId)) return undefined;
  lastHeader.set(header);
  lastLabel = Object.freeze({ format: format === '1' ? 1 : 2, keyId });
  return lastLabel;
}

function startsWith(bytes: Uint8Array, header: Uint8Array): boolean {
  for (let i = 0; i < header.length; i++) if (bytes[i] !== header[i]) return false;
  return true;
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
  const envelope = await committingSeal(key.extracted, INFO, salt, padded, associatedData);
  const sealed = new Uint8Array(HEADER_BYTES + envelope.length);
  encoder.encodeInto(`stele-sealed/2 ${key.id}\n`, sealed);
  sealed.set(envelope, HEADER_BYTES);
  return sealed;
}

/**
 * Opens a record under the key and in the format that its label names.
 * @param storeId not looked at in format 1
 * @returns undefined for what was not sealed here; at once where the platform decrypts at once, which takes a tenth less
 * @throws CryptoError `decryption_failed`, at once or by the promise
 */
export function open(
  key: StoreKey,
  storeId: string,
  place: Place,
  sealed: Uint8Array,
  format: Label['format'],
): Contents | undefined | Promise<Contents | undefined> {
  const associatedData = boundTo(format, storeId, place, key.id);
  const envelope = sealed.subarray(HEADER_BYTES);
  if (format === 1) {
    return aeadOpen(key.bytes, envelope, associatedData).then((padded) => {
      const bytes = unpad(padded);
      return bytes && { bytes, tokens: undefined };
    });
  }
  const padded = committingOpen(key.extracted, INFO, envelope, associatedData);
  return isThenable(padded) ? padded.then(contentsOf) : contentsOf(padded);
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

function contentsOf(padded: Uint8Array): Contents | undefined {
  const bytes = unpad(padded);
  if (bytes === undefined) return undefined;
  const [high, low] = bytes;
  if (high === undefined || low === undefined) return undefined;
  const end = TOKENS_LENGTH_BYTES + ((high << 8) | low);
  if (end > bytes.length) return undefined;
  return { bytes: bytes.subarray(end), tokens: bytes.subarray(TOKENS_LENGTH_BYTES, end) };
}

/** The strings are ASCII with nothing to escape in them, but for an id that is none; so the JSON is its own canonical form. */
function boundTo(format: Label['format'], storeId: string, { kind, id }: Place, keyId: string): Uint8Array {
  if (format === 1) return encoder.encode(JSON.stringify(['stele-store/1', kind, id, keyId]));
  return encoded(`["stele-store/2","${storeId}","${kind}",${JSON.stringify(id)},"${keyId}"]`);
}

/** A buffer for many texts: one for each would cost more than all else about it. */
let pool = new Uint8Array();
const POOL_BYTES = 8192;

/** The UTF-8 bytes of a short text. */
function encoded(text: string): Uint8Array {
  if (text.length > pool.length) pool = new Uint8Array(Math.max(POOL_BYTES, text.length));
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return encoder.encode(text);
    pool[i] = code;
  }
  const bytes = pool.subarray(0, text.length);
  pool = pool.subarray(text.length);
  return bytes;
}
