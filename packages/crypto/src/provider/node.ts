/** The provider on Node.js: OpenSSL through node:crypto, behind the byte checks that OpenSSL leaves out. */
import * as crypto from 'node:crypto';
import { wellEncoded } from './ed25519-rule.js';
import type { Provider } from './provider.js';

const MAX_PUBLIC_KEYS = 1_000;
const TAG_BYTES = 16;
const HASH_BYTES = 32;
const HMAC_BLOCK = 64;
/** A private JWK must name its public half, but OpenSSL derives that from the seed and never reads it. */
const UNREAD = Buffer.alloc(32).toString('base64url');

/** Allowed public keys by their bytes, oldest first: importing one costs 6 % of a verification. */
const publicKeys = new Map<string, crypto.KeyObject>();
/** Private keys by the array they came in, with the bytes it held: the caller may overwrite it. */
const privateKeys = new WeakMap<Uint8Array, { seed: Buffer; key: crypto.KeyObject }>();

/** The one-shot function is more than twice as fast on short input; it came with Node 20.12. */
const oneShotHash = crypto.hash as typeof crypto.hash | undefined;
/** Its digest comes three times as fast in a string of as many characters as in a Buffer; from here it becomes bytes again. */
const digest = Buffer.alloc(32);

export const provider: Provider = {
  name: 'node:crypto',
  randomBytes: (length) => plain(crypto.randomBytes(length)),
  equal: (a, b) => crypto.timingSafeEqual(a, b),
  sha256: oneShotHash
    ? (data) => {
        digest.write(oneShotHash('sha256', data, 'binary'), 0, HASH_BYTES, 'latin1');
        return new Uint8Array(digest);
      }
    : (data) => plain(crypto.createHash('sha256').update(data).digest()),
  sha256Hex: oneShotHash
    ? (data) => oneShotHash('sha256', data, 'hex')
    : (data) => crypto.createHash('sha256').update(data).digest('hex'),
  hmacSha256: (key, data) => plain(hmac(key, data)),
  hkdfSha256: (ikm, salt, info, length) => provider.hkdfExpandSha256(hmac(salt, ikm), info, length),
  hkdfExpandSha256: (prk, info, length) => {
    const blocks = Math.ceil(length / HASH_BYTES);
    const result = Buffer.alloc(blocks * HASH_BYTES);
    const write = hmacWriter(prk);
    const input = new Uint8Array(HASH_BYTES + info.length + 1);
    input.set(info, HASH_BYTES);
    for (let n = 0; n < blocks; n++) {
      input[input.length - 1] = n + 1;
      write(n === 0 ? input.subarray(HASH_BYTES) : input, result, n * HASH_BYTES);
      if (n + 1 < blocks) input.set(result.subarray(n * HASH_BYTES, (n + 1) * HASH_BYTES));
    }
    return length === result.length ? plain(result) : plain(result).slice(0, length);
  },
  scrypt: (password, salt, n, length) =>
    new Promise((resolve, reject) => {
      const cost = { N: n, r: 8, p: 1, maxmem: (n + 1_024) * 1_024 };
      crypto.scrypt(password, salt, length, cost, (error, key) =>
        error ? reject(error) : resolve(plain(key)),
      );
    }),
  publicKeyOf: (seed) => {
    const jwk = crypto.createPublicKey(privateKey(seed)).export({ format: 'jwk' });
    return plain(Buffer.from(jwk.x as string, 'base64url'));
  },
  sign: (message, seed) => plain(crypto.sign(null, message, privateKey(seed))),
  forget: (seed) => {
    privateKeys.get(seed)?.seed.fill(0);
    privateKeys.delete(seed);
  },
  verify: (message, signature, publicKeyBytes) => {
    if (!wellEncoded(signature, publicKeyBytes)) return false;
    return crypto.verify(null, message, publicKey(publicKeyBytes), signature);
  },
  verifyAside: (message, signature, publicKeyBytes) =>
    new Promise((resolve, reject) => {
      if (!wellEncoded(signature, publicKeyBytes)) return resolve(false);
      const key = publicKey(publicKeyBytes);
      crypto.verify(null, message, key, signature, (error, valid) =>
        error ? reject(error) : resolve(valid),
      );
    }),
  gcmSeal: async (key, nonce, plaintext, aad) => {
    const cipher = crypto.createCipheriv('aes-256-gcm', key, nonce).setAAD(aad);
    const ciphertext = cipher.update(plaintext);
    cipher.final();
    const sealed = new Uint8Array(ciphertext.length + TAG_BYTES);
    sealed.set(ciphertext);
    sealed.set(cipher.getAuthTag(), ciphertext.length);
    return sealed;
  },
  gcmOpen: async (key, nonce, sealed, aad) => {
    const end = sealed.length - TAG_BYTES;
    if (end < 0) return undefined;
    const decipher = crypto.createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(aad).setAuthTag(sealed.subarray(end));
    const plaintext = decipher.update(sealed.subarray(0, end));
    try {
      decipher.final(); // GCM is a stream cipher: all has come already, and only the tag is checked here
      return plain(plaintext);
    } catch {
      plaintext.fill(0);
      return undefined;
    }
  },
};

function hmac(key: Uint8Array, data: Uint8Array): Buffer {
  return crypto.createHmac('sha256', key).update(data).digest();
}

/**
 * Writes HMACs (RFC 2104, section 2) under one key. The one-shot function does it in half the time that an Hmac takes to be made;
 * hkdfSync makes a key object besides.
 */
function hmacWriter(key: Uint8Array): (data: Uint8Array, into: Buffer, at: number) => void {
  if (oneShotHash === undefined || key.length > HMAC_BLOCK) {
    return (data, into, at) => into.set(hmac(key, data), at);
  }
  const outer = Buffer.alloc(HMAC_BLOCK + HASH_BYTES, 0x5c);
  const pad = new Uint8Array(HMAC_BLOCK).fill(0x36);
  for (let i = 0; i < key.length; i++) {
    outer[i] = (key[i] as number) ^ 0x5c;
    pad[i] = (key[i] as number) ^ 0x36;
  }
  return (data, into, at) => {
    const inner = new Uint8Array(HMAC_BLOCK + data.length);
    inner.set(pad);
    inner.set(data, HMAC_BLOCK);
    outer.write(oneShotHash('sha256', inner, 'binary'), HMAC_BLOCK, HASH_BYTES, 'latin1');
    into.write(oneShotHash('sha256', outer, 'binary'), at, HASH_BYTES, 'latin1');
  };
}

/** A Uint8Array of its own memory. What OpenSSL returns has that already; a small Buffer of Node's shares a pool with its neighbours. */
function plain(buffer: Buffer): Uint8Array {
  const isAlone = buffer.byteLength === buffer.buffer.byteLength;
  return isAlone ? new Uint8Array(buffer.buffer) : new Uint8Array(buffer);
}

/** JWK and not DER: OpenSSL's decoder makes DER ten times slower to import. */
function publicKey(bytes: Uint8Array): crypto.KeyObject {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const name = view.toString('latin1');
  const known = publicKeys.get(name);
  if (known !== undefined) return known;
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: view.toString('base64url') };
  const key = crypto.createPublicKey({ format: 'jwk', key: jwk });
  if (publicKeys.size >= MAX_PUBLIC_KEYS) publicKeys.delete(publicKeys.keys().next().value as string);
  publicKeys.set(name, key);
  return key;
}

function privateKey(seed: Uint8Array): crypto.KeyObject {
  const known = privateKeys.get(seed);
  if (known !== undefined && crypto.timingSafeEqual(known.seed, seed)) return known.key;
  const copy = Buffer.alloc(seed.length);
  copy.set(seed);
  const d = copy.toString('base64url');
  const key = crypto.createPrivateKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', d, x: UNREAD } });
  privateKeys.set(seed, { seed: copy, key });
  return key;
}
