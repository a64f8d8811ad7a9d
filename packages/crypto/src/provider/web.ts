/** The provider everywhere else: noble for what WebCrypto lacks or judges by another rule, WebCrypto for the rest. */
import { getPublicKey, hashes, Point, sign } from '@noble/ed25519';
import { expand, hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { scryptAsync } from '@noble/hashes/scrypt.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { wellEncoded } from './ed25519-rule.js';
import type { Provider } from './provider.js';

hashes.sha512 = sha512;

const { n: ORDER } = Point.CURVE();

export const provider: Provider = {
  name: 'noble',
  randomBytes: (length) => globalThis.crypto.getRandomValues(new Uint8Array(length)),
  equal: (a, b) => {
    let difference = 0;
    for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
    return difference === 0;
  },
  sha256: (data) => sha256(bytesOf(data)),
  sha256Hex: (data) => hex(sha256(bytesOf(data))),
  hmacSha256: (key, data) => hmac(sha256, key, data),
  hkdfSha256: (ikm, salt, info, length) => hkdf(sha256, ikm, salt, info, length),
  hkdfExpandSha256: (prk, info, length) => expand(sha256, prk, info, length),
  withTwoKeys: (prk, info, use) => {
    const keys = expand(sha256, prk, info, 64);
    return use(keys.slice(0, 32), keys.slice(32));
  },
  scrypt: (password, salt, n, length) =>
    scryptAsync(password, salt, { N: n, r: 8, p: 1, dkLen: length, maxmem: (n + 1_024) * 1_024 }),
  publicKeyOf: (seed) => getPublicKey(seed),
  sign: (message, seed) => sign(message, seed),
  forget: () => {},
  verify: (message, signature, publicKey) =>
    wellEncoded(signature, publicKey) && equationHolds(message, signature, publicKey),
  verifyAside: async (message, signature, publicKey) => provider.verify(message, signature, publicKey),
  gcmSeal: async (key, nonce, plaintext, aad) => {
    const sealed = await subtle().encrypt(gcm(nonce, aad), await gcmKey(key, 'encrypt'), own(plaintext));
    return new Uint8Array(sealed);
  },
  gcmOpen: async (key, nonce, sealed, aad) => {
    const imported = await gcmKey(key, 'decrypt');
    try {
      return new Uint8Array(await subtle().decrypt(gcm(nonce, aad), imported, own(sealed)));
    } catch {
      return undefined;
    }
  },
};

/** S·B - k·A = R by comparing encodings, so without the cofactor (RFC 8032, section 5.1.7). */
function equationHolds(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  const r = signature.subarray(0, 32);
  const a = decodePoint(publicKey);
  if (a === undefined) return false;
  const k = bigintOf(sha512.create().update(r).update(publicKey).update(message).digest()) % ORDER;
  const s = bigintOf(signature.subarray(32));
  const expected = Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k)).toBytes();
  return provider.equal(expected, r);
}

function decodePoint(bytes: Uint8Array): Point | undefined {
  try {
    return Point.fromBytes(bytes, false);
  } catch {
    return undefined;
  }
}

function bigintOf(littleEndian: Uint8Array): bigint {
  return BigInt(`0x${hex(littleEndian.slice().reverse())}`);
}

function hex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

function subtle(): typeof globalThis.crypto.subtle {
  return globalThis.crypto.subtle;
}

function gcm(nonce: Uint8Array, aad: Uint8Array) {
  return { name: 'AES-GCM', iv: own(nonce), additionalData: own(aad), tagLength: 128 };
}

function gcmKey(key: Uint8Array, usage: 'encrypt' | 'decrypt') {
  return subtle().importKey('raw', own(key), 'AES-GCM', false, [usage]);
}

/** The caller has made sure that no shared memory comes here; only the type does not know. */
function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}

const encoder = new TextEncoder();

const bytesOf = (data: Uint8Array | string): Uint8Array =>
  typeof data === 'string' ? encoder.encode(data) : data;
