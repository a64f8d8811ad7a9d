/** did:key for Ed25519 (W3C CCG did:key, multicodec 0xed, multibase base58btc), in its one canonical spelling. */
import { copyBytes, exactBytes } from './bytes.js';
import { fromBase58btc, toBase58btc } from './encoding.js';
import { CryptoError } from './errors.js';

const PREFIX = 'did:key:z';
/** The multicodec code of ed25519-pub as a varint. */
const MULTICODEC = [0xed, 0x01] as const;
/** 34 bytes that begin with 0xed01 always make 47 characters. */
const DID_LENGTH = PREFIX.length + 47;

const MAX_CACHED = 1_000;
/** Decoded keys, oldest first: base58 is slow, and a verifier meets the same few issuers again and again. */
const decoded = new Map<string, Uint8Array>();

/**
 * The did:key of an Ed25519 public key.
 * @param publicKey 32 bytes
 * @throws {RangeError} for another length
 */
export function didFromPublicKey(publicKey: Uint8Array): string {
  const key = exactBytes(publicKey, 32, 'publicKey');
  return PREFIX + toBase58btc(Uint8Array.of(...MULTICODEC, ...key));
}

/**
 * The Ed25519 public key of a did:key, 32 bytes of the caller's own.
 * @throws {CryptoError} `did_malformed` for any other method, codec, length or spelling
 */
export function publicKeyFromDid(did: string): Uint8Array {
  if (typeof did !== 'string') throw malformed();
  const known = decoded.get(did);
  if (known !== undefined) return copyBytes(known);
  const key = decode(did);
  if (decoded.size >= MAX_CACHED) decoded.delete(decoded.keys().next().value as string);
  decoded.set(did, key);
  return copyBytes(key);
}

/** True if {@link publicKeyFromDid} takes the value. Never throws. */
export function isEd25519Did(value: unknown): value is string {
  if (typeof value !== 'string') return false;
  try {
    publicKeyFromDid(value);
    return true;
  } catch {
    return false;
  }
}

/**
 * The one verification method of a did:key: `did:key:zX#zX`.
 * @throws {CryptoError} `did_malformed`
 */
export function verificationMethod(did: string): string {
  publicKeyFromDid(did);
  return `${did}#${did.slice(PREFIX.length - 1)}`;
}

function decode(did: string): Uint8Array {
  if (did.length !== DID_LENGTH || !did.startsWith(PREFIX)) throw malformed();
  let bytes: Uint8Array;
  try {
    bytes = fromBase58btc(did.slice(PREFIX.length));
  } catch (cause) {
    throw malformed(cause);
  }
  if (bytes.length !== 34 || bytes[0] !== MULTICODEC[0] || bytes[1] !== MULTICODEC[1]) throw malformed();
  return bytes.slice(2);
}

function malformed(cause?: unknown): CryptoError {
  return new CryptoError('did_malformed', 'not a did:key of an Ed25519 key in canonical form', {
    cause,
    hint: 'It has the form did:key:z6Mk… and is 56 characters long.',
  });
}
