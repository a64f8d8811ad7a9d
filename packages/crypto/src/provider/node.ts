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
const MAX_QUICK_INFO = 256;
/** What HMAC hashes, wiped after each use. */
const innerText = new Uint8Array(HMAC_BLOCK + HASH_BYTES + MAX_QUICK_INFO + 1);
const outerText = new Uint8Array(HMAC_BLOCK + HASH_BYTES);
/** Room for the keys that are handed out for the length of a call: one, and more once calls are nested. */
const idle: TwoKeys[] = [roomForTwoKeys()];
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
    const result = Buffer.allocUnsafeSlow(Math.ceil(length / HASH_BYTES) * HASH_BYTES);
    expandInto(result, prk, info);
    return length === result.length ? plain(result) : plain(result).slice(0, length);
  },
  withTwoKeys: (prk, info, use) => {
    const keys = idle.pop() ?? roomForTwoKeys();
    try {
      expandInto(keys.both, prk, info);
      return use(keys.first, keys.second);
    } finally {
      keys.both.fill(0);
      idle.push(keys);
    }
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
  gcmSeal: (key, nonce, plaintext, aad) => {
    const cipher = crypto.createCipheriv('aes-256-gcm', key, nonce).setAAD(aad);
    const ciphertext = cipher.update(plaintext);
    cipher.final();
    const sealed = new Uint8Array(ciphertext.length + TAG_BYTES);
    sealed.set(ciphertext);
    sealed.set(cipher.getAuthTag(), ciphertext.length);
    return sealed;
  },
  gcmOpen: (key, nonce, sealed, aad) => {
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

interface TwoKeys {
  readonly both: Uint8Array;
  readonly first: Uint8Array;
  readonly second: Uint8Array;
}

function roomForTwoKeys(): TwoKeys {
  const both = new Uint8Array(2 * HASH_BYTES);
  return { both, first: both.subarray(0, HASH_BYTES), second: both.subarray(HASH_BYTES) };
}

function hmac(key: Uint8Array, data: Uint8Array): Buffer {
  return crypto.createHmac('sha256', key).update(data).digest();
}

/** RFC 5869, section 2.3. @param result whole blocks */
function expandInto(result: Uint8Array, prk: Uint8Array, info: Uint8Array): void {
  const quick = oneShotHash !== undefined && prk.length <= HMAC_BLOCK && info.length <= MAX_QUICK_INFO;
  if (quick) quickExpand(oneShotHash, prk, info, result);
  else expand(prk, info, result);
}

/** As many blocks as the result has. hkdfSync takes half as long again, most of it to make a key object of the key. */
function expand(prk: Uint8Array, info: Uint8Array, result: Uint8Array): void {
  const text = Buffer.concat([Buffer.alloc(HASH_BYTES), info, Buffer.alloc(1)]);
  for (let at = 0; at < result.length; at += HASH_BYTES) {
    text[text.length - 1] = at / HASH_BYTES + 1;
    const block = hmac(prk, at === 0 ? text.subarray(HASH_BYTES) : text);
    text.set(block);
    result.set(block, at);
  }
}

/** The same by the one-shot function, HMAC (RFC 2104) spelled out: to make an Hmac takes twice as long as what it does. */
function quickExpand(hash: typeof crypto.hash, prk: Uint8Array, info: Uint8Array, result: Uint8Array): void {
  const last = HMAC_BLOCK + HASH_BYTES + info.length;
  innerText.set(info, HMAC_BLOCK + HASH_BYTES);
  writePad(outerText, 0, prk, 0x5c);
  for (let at = 0; at < result.length; at += HASH_BYTES) {
    // In the first block the key is followed by the info at once, in the others by the block before.
    const start = at === 0 ? HASH_BYTES : 0;
    writePad(innerText, start, prk, 0x36);
    innerText[last] = at / HASH_BYTES + 1;
    const inner = innerText.subarray(start, last + 1);
    writeDigest(outerText, HMAC_BLOCK, hash('sha256', inner, 'binary'));
    const block = hash('sha256', outerText, 'binary');
    writeDigest(result, at, block);
    writeDigest(innerText, HMAC_BLOCK, block);
  }
  innerText.fill(0);
  outerText.fill(0);
}

/** A character for each byte. A Buffer's own `write` takes longer for so few. */
function writeDigest(text: Uint8Array, at: number, characters: string): void {
  for (let i = 0; i < HASH_BYTES; i++) text[at + i] = characters.charCodeAt(i);
}

function writePad(text: Uint8Array, at: number, key: Uint8Array, pad: number): void {
  text.fill(pad, at, at + HMAC_BLOCK);
  for (let i = 0; i < key.length; i++) text[at + i] = (key[i] as number) ^ pad;
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
