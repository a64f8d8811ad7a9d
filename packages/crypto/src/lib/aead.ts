/**
 * Authenticated encryption in a key-committing envelope. AES-GCM alone lets someone craft one ciphertext that opens
 * under two keys; here a commitment derived from the key is checked first.
 *
 *   0x01 ‖ salt (32) ‖ commitment (32) ‖ ciphertext ‖ tag (16)
 *   HKDF-SHA256(ikm = key, salt, info = "stele/aead/1", 76 bytes) = AES key (32) ‖ commitment (32) ‖ nonce (12)
 *
 * The salt is fresh for each call, so that neither key nor nonce ever comes twice.
 */
import { provider } from '#provider';
import { byteLength, bytesArgument, concatBytes, exactBytes } from './bytes.js';
import { CryptoError } from './errors.js';

const FORMAT = 1;
const SALT_BYTES = 32;
const COMMITMENT_BYTES = 32;
const HEADER_BYTES = 1 + SALT_BYTES + COMMITMENT_BYTES;
const TAG_BYTES = 16;
const NONCE_BYTES = 12;
/** Where the ciphertext of a committing envelope without a format byte begins. */
const CIPHERTEXT_AT = SALT_BYTES + COMMITMENT_BYTES;
/** Where no key is used twice. */
const ZERO_NONCE = new Uint8Array(NONCE_BYTES);
const INFO = new TextEncoder().encode('stele/aead/1');

/**
 * Encrypts and authenticates.
 * @param key 32 secret bytes
 * @param plaintext any bytes
 * @param associatedData bytes that are not in the result but must be the same to open it
 * @returns the plaintext's length plus 81 bytes
 * @throws {TypeError} if an argument is no Uint8Array
 * @throws {RangeError} if the key is not 32 bytes long
 */
export async function aeadSeal(
  key: Uint8Array,
  plaintext: Uint8Array,
  associatedData: Uint8Array,
): Promise<Uint8Array> {
  const salt = provider.randomBytes(SALT_BYTES);
  const derived = derive(exactBytes(key, 32, 'key'), salt);
  const data = bytesArgument(plaintext, 'plaintext');
  const aad = bytesArgument(associatedData, 'associatedData');
  const sealed = await provider.gcmSeal(derived.key, derived.nonce, data, aad);
  return concatBytes(Uint8Array.of(FORMAT), salt, derived.commitment, sealed);
}

/**
 * Opens what {@link aeadSeal} made.
 * @throws {CryptoError} `decryption_failed`: one error for every cause, so that it tells an attacker nothing
 * @throws {TypeError} if an argument is no Uint8Array
 * @throws {RangeError} if the key is not 32 bytes long
 */
export async function aeadOpen(
  key: Uint8Array,
  sealed: Uint8Array,
  associatedData: Uint8Array,
): Promise<Uint8Array> {
  const secret = exactBytes(key, 32, 'key');
  const envelope = bytesArgument(sealed, 'sealed');
  const aad = bytesArgument(associatedData, 'associatedData');
  if (byteLength(envelope) < HEADER_BYTES + TAG_BYTES || envelope[0] !== FORMAT) throw decryptionFailed();
  const derived = derive(secret, envelope.slice(1, 1 + SALT_BYTES));
  const commitment = envelope.slice(1 + SALT_BYTES, HEADER_BYTES);
  if (!provider.equal(commitment, derived.commitment)) throw decryptionFailed();
  return opened(await provider.gcmOpen(derived.key, derived.nonce, envelope.slice(HEADER_BYTES), aad));
}

/**
 * AES-256-GCM (NIST SP 800-38D) as it is. A nonce must never come twice under one key; prefer {@link aeadSeal}.
 * @param key 32 bytes
 * @param nonce 12 bytes
 * @returns the ciphertext followed by the 16-byte tag
 * @throws {RangeError} for another length of key or nonce
 */
export async function aes256GcmSeal(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  associatedData: Uint8Array,
): Promise<Uint8Array> {
  return provider.gcmSeal(
    exactBytes(key, 32, 'key'),
    exactBytes(nonce, NONCE_BYTES, 'nonce'),
    bytesArgument(plaintext, 'plaintext'),
    bytesArgument(associatedData, 'associatedData'),
  );
}

/**
 * Opens what {@link aes256GcmSeal} made.
 * @throws {CryptoError} `decryption_failed`
 * @throws {RangeError} for another length of key or nonce
 */
export async function aes256GcmOpen(
  key: Uint8Array,
  nonce: Uint8Array,
  sealed: Uint8Array,
  associatedData: Uint8Array,
): Promise<Uint8Array> {
  const plaintext = await provider.gcmOpen(
    exactBytes(key, 32, 'key'),
    exactBytes(nonce, NONCE_BYTES, 'nonce'),
    bytesArgument(sealed, 'sealed'),
    bytesArgument(associatedData, 'associatedData'),
  );
  return opened(plaintext);
}

/**
 * HKDF with SHA-256 (RFC 5869).
 * @param length 1 to 8,160 bytes
 * @throws {RangeError} for another length
 */
export function hkdfSha256(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  return provider.hkdfSha256(
    bytesArgument(ikm, 'ikm'),
    bytesArgument(salt, 'salt'),
    bytesArgument(info, 'info'),
    hkdfLength(length),
  );
}

/**
 * Encrypts many texts under one key, each with a salt of its own and committed to its key as in {@link aeadSeal}:
 *
 *   salt (32) ‖ commitment (32) ‖ ciphertext ‖ tag (16)
 *   HKDF-Expand-SHA256(prk, info ‖ salt, 64 bytes) = AES-256-GCM key (32) ‖ commitment (32); the nonce is zero
 *
 * @param prk what the first half of HKDF made of the key, `hmacSha256(salt of HKDF, key)`: 32 bytes
 * @param info what the key is used for
 * @param salt 32 bytes that never come twice with one `prk` and `info`
 * @returns the plaintext's length plus 80 bytes; at once where the platform encrypts at once (Node.js), else a promise
 * @throws {TypeError} if an argument is no Uint8Array
 * @throws {RangeError} if `prk` or `salt` is not 32 bytes long
 */
export function committingSeal(
  prk: Uint8Array,
  info: Uint8Array,
  salt: Uint8Array,
  plaintext: Uint8Array,
  associatedData: Uint8Array,
): Uint8Array | Promise<Uint8Array> {
  const fresh = exactBytes(salt, SALT_BYTES, 'salt');
  const data = bytesArgument(plaintext, 'plaintext');
  const aad = bytesArgument(associatedData, 'associatedData');
  return withKeysOf(prk, info, fresh, (key, commitment) => {
    const head = concatBytes(fresh, commitment);
    const sealed = provider.gcmSeal(key, ZERO_NONCE, data, aad);
    return isThenable(sealed)
      ? sealed.then((ciphertext) => concatBytes(head, ciphertext))
      : concatBytes(head, sealed);
  });
}

/**
 * Opens what {@link committingSeal} made.
 * @throws {CryptoError} `decryption_failed`, at once or by the promise
 * @throws {TypeError} if an argument is no Uint8Array
 * @throws {RangeError} if `prk` is not 32 bytes long
 */
export function committingOpen(
  prk: Uint8Array,
  info: Uint8Array,
  sealed: Uint8Array,
  associatedData: Uint8Array,
): Uint8Array | Promise<Uint8Array> {
  const bytes = bytesArgument(sealed, 'sealed');
  const aad = bytesArgument(associatedData, 'associatedData');
  if (byteLength(bytes) < CIPHERTEXT_AT + TAG_BYTES) throw decryptionFailed();
  return withKeysOf(prk, info, bytes.subarray(0, SALT_BYTES), (key, commitment) => {
    if (!provider.equal(commitment, bytes.subarray(SALT_BYTES, CIPHERTEXT_AT))) throw decryptionFailed();
    const plaintext = provider.gcmOpen(key, ZERO_NONCE, bytes.subarray(CIPHERTEXT_AT), aad);
    return isThenable(plaintext) ? plaintext.then(opened) : opened(plaintext);
  });
}

function hkdfLength(length: number): number {
  if (Number.isInteger(length) && length >= 1 && length <= 255 * 32) return length;
  throw new RangeError('length must be an integer from 1 to 8160');
}

function derive(key: Uint8Array, salt: Uint8Array) {
  const bytes = provider.hkdfSha256(key, salt, INFO, 32 + COMMITMENT_BYTES + NONCE_BYTES);
  return { key: bytes.slice(0, 32), commitment: bytes.slice(32, 64), nonce: bytes.slice(64) };
}

/** Both providers read the AES key before they first wait. */
function withKeysOf<T>(
  prk: Uint8Array,
  info: Uint8Array,
  salt: Uint8Array,
  use: (key: Uint8Array, commitment: Uint8Array) => T,
): T {
  const purpose = bytesArgument(info, 'info');
  const salted = new Uint8Array(byteLength(purpose) + SALT_BYTES);
  salted.set(purpose);
  salted.set(salt, byteLength(purpose));
  return provider.withTwoKeys(exactBytes(prk, 32, 'prk'), salted, use);
}

/** By its method, since another Promise may be the global one (zone.js): of that, no async function's is. */
function isThenable<T>(result: T | Promise<T>): result is Promise<T> {
  return typeof (result as { then?: unknown } | undefined)?.then === 'function';
}

function opened(plaintext: Uint8Array | undefined): Uint8Array {
  if (plaintext === undefined) throw decryptionFailed();
  return plaintext;
}

/** The one error for whatever does not open. */
export function decryptionFailed(): CryptoError {
  return new CryptoError('decryption_failed', 'the sealed bytes could not be opened', {
    hint: 'The key or the associated data is another one, or the bytes were changed.',
  });
}
