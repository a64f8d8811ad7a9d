/**
 * What a platform must give. Two implementations answer alike: `node.ts` (node:crypto) and `web.ts` (pure
 * JavaScript and WebCrypto). The package's `imports` map picks one, so that a bundle for browsers never sees `node:`.
 * Arguments are already checked: real byte arrays, exact lengths.
 */
export interface Provider {
  /** The library whose Ed25519 this is. */
  readonly name: string;
  randomBytes(length: number): Uint8Array;
  /** Constant-time comparison of arrays of equal length. */
  equal(a: Uint8Array, b: Uint8Array): boolean;
  /** A string is well-formed and stands for its UTF-8 bytes. */
  sha256(data: Uint8Array | string): Uint8Array;
  sha256Hex(data: Uint8Array | string): string;
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array;
  hkdfSha256(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array;
  hkdfExpandSha256(prk: Uint8Array, info: Uint8Array, length: number): Uint8Array;
  /** Hands two keys of 32 bytes to a function, the first 64 bytes of HKDF-Expand. They are its own until it returns, and may be wiped then. */
  withTwoKeys<T>(prk: Uint8Array, info: Uint8Array, use: (first: Uint8Array, second: Uint8Array) => T): T;
  /**
   * scrypt (RFC 7914) with r = 8 and p = 1, which takes n KiB of memory.
   * @param n a power of 2 from 2
   */
  scrypt(password: Uint8Array, salt: Uint8Array, n: number, length: number): Promise<Uint8Array>;
  /** The Ed25519 public key of a 32-byte seed. */
  publicKeyOf(seed: Uint8Array): Uint8Array;
  sign(message: Uint8Array, seed: Uint8Array): Uint8Array;
  /** Drops whatever was remembered for this seed array. */
  forget(seed: Uint8Array): void;
  /** The strict rule of `ed25519-rule.ts`. */
  verify(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean;
  /** The same rule on another thread where the platform has one for it. */
  verifyAside(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): Promise<boolean>;
  /** AES-256-GCM; the result is the ciphertext and the 16-byte tag. */
  gcmSeal(
    key: Uint8Array,
    nonce: Uint8Array,
    plaintext: Uint8Array,
    aad: Uint8Array,
  ): Uint8Array | Promise<Uint8Array>;
  /** The plaintext, or undefined if the tag does not fit. */
  gcmOpen(
    key: Uint8Array,
    nonce: Uint8Array,
    sealed: Uint8Array,
    aad: Uint8Array,
  ): Uint8Array | undefined | Promise<Uint8Array | undefined>;
}
