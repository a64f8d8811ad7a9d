import { provider } from '#provider';
import { byteLength, bytesArgument, copyBytes, exactBytes, isBytes } from './bytes.js';
import { didFromPublicKey } from './did.js';
import { toHex } from './encoding.js';

/** An Ed25519 key pair. Printing or serialising it never shows the private key. */
export interface KeyPair {
  /** The 32-byte seed (RFC 8032, section 5.1.5). Not enumerable: `{ ...pair }` leaves it behind. */
  readonly privateKey: Uint8Array;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The public key as 64 lower-case hex characters. */
  readonly publicKeyHex: string;
  /** The public key as a did:key. */
  readonly did: string;
}

/** The library that signs and verifies: `node:crypto`, `noble`, or `sodium-native` once it was chosen. */
export function cryptoProvider(): string {
  return provider.name;
}

const inspectCustom = Symbol.for('nodejs.util.inspect.custom');
const ownPairs = new WeakSet<object>();

/** A fresh key pair from the platform's random generator. */
export async function generateKeyPair(): Promise<KeyPair> {
  return makeKeyPair(provider.randomBytes(32));
}

/**
 * The key pair of a 32-byte seed (RFC 8032, section 5.1.5), for example one that a KMS decrypted.
 * The bytes are copied: wipe yours.
 * @throws {TypeError} if it is no Uint8Array (or Buffer)
 * @throws {RangeError} if it is not 32 bytes long
 */
export async function keyPairFromPrivateKey(bytes: Uint8Array): Promise<KeyPair> {
  return makeKeyPair(copyBytes(exactBytes(bytes, 32, 'privateKey')));
}

/** Makes the pair around this very seed array, at once. */
export function makeKeyPair(privateKey: Uint8Array): KeyPair {
  const publicKey = provider.publicKeyOf(privateKey);
  const shown = { publicKeyHex: toHex(publicKey), did: didFromPublicKey(publicKey) };
  const hidden = (value: unknown) => ({ value, enumerable: false });
  const pair: KeyPair = Object.defineProperties({ publicKey, ...shown } as KeyPair, {
    // A getter, because inspecting hidden properties prints their values.
    privateKey: { get: () => privateKey, enumerable: false },
    toJSON: hidden(() => ({ ...shown })),
    [inspectCustom]: hidden(() => ({ ...shown, privateKey: '[hidden]' })),
  });
  ownPairs.add(pair);
  return Object.freeze(pair);
}

/** True for a pair that this package made, whose halves therefore belong together. */
export function isOwnPair(value: object): value is KeyPair {
  return ownPairs.has(value);
}

/**
 * Signs with Ed25519 (RFC 8032).
 * @param message the bytes to sign; never bytes that a counterparty chose
 * @param privateKey the 32-byte seed
 * @returns 64 bytes
 * @throws {TypeError} if an argument is no Uint8Array
 * @throws {RangeError} if the private key is not 32 bytes long
 */
export async function sign(message: Uint8Array, privateKey: Uint8Array): Promise<Uint8Array> {
  return signNow(bytesArgument(message, 'message'), exactBytes(privateKey, 32, 'privateKey'));
}

export function signNow(message: Uint8Array, privateKey: Uint8Array): Uint8Array {
  return provider.sign(message, privateKey);
}

/**
 * Verifies an Ed25519 signature by one strict rule, the same on every platform: exact lengths, canonical encodings
 * of A, R and S, neither A nor R of small order, and the cofactorless equation.
 * @returns false for anything that is not a valid signature, whatever the arguments are; it never rejects
 */
export async function verify(
  message: Uint8Array,
  signature: Uint8Array,
  publicKey: Uint8Array,
): Promise<boolean> {
  return verifyNow(message, signature, publicKey);
}

export function verifyNow(message: unknown, signature: unknown, publicKey: unknown): boolean {
  if (!isBytes(message) || !isExactly(signature, 64) || !isExactly(publicKey, 32)) return false;
  try {
    // Copies, because what was checked must be what the equation is computed over.
    return provider.verify(bytesArgument(message, 'message'), copyBytes(signature), copyBytes(publicKey));
  } catch {
    return false;
  }
}

export function isExactly(value: unknown, length: number): value is Uint8Array {
  return isBytes(value) && byteLength(value) === length;
}
