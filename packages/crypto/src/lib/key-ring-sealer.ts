import { provider } from '#provider';
import { aeadOpen, aeadSeal } from './aead.js';
import { bytesArgument, constantTimeEqual, copyBytes, exactBytes, utf8 } from './bytes.js';
import { fromBase64Url, toBase64Url } from './encoding.js';
import { sha256Bytes } from './hash.js';
import { KeyRingError } from './key-ring.js';
import { type KeyPair, makeKeyPair } from './keys.js';
import type { Sealer } from './sealer.js';
import type { KeyUse } from './signer.js';

/** A sealer's answer for 32 bytes, at most. */
const MAX_SEALED_BYTES = 4_096;

/**
 * A sealer over a key that you keep elsewhere, in a KMS or a secret store: the envelope of `aeadSeal`.
 * @param key 32 secret bytes; copied
 * @throws {TypeError} if the key is no Uint8Array
 * @throws {RangeError} if it is not 32 bytes long
 */
export function rawKeySealer(key: Uint8Array): Sealer {
  const secret = copyBytes(exactBytes(key, 32, 'key'));
  return Object.freeze({
    seal: (plaintext: Uint8Array, associatedData: Uint8Array) => aeadSeal(secret, plaintext, associatedData),
    open: (sealed: Uint8Array, associatedData: Uint8Array) => aeadOpen(secret, sealed, associatedData),
  });
}

/** The private key as it stands in a ring. */
export async function sealPair(sealer: Sealer, pair: KeyPair, use: KeyUse): Promise<string> {
  const copy = copyBytes(pair.privateKey); // a sealer may wipe what it was given
  try {
    return await seal(sealer, copy, boundTo(use, pair.publicKeyHex));
  } finally {
    copy.fill(0);
  }
}

/** @throws {KeyRingError} `key_ring_locked`, whatever the reason */
export async function openPair(
  sealer: Sealer,
  sealed: string,
  use: KeyUse,
  publicKeyHex: string,
): Promise<KeyPair> {
  try {
    const seed = await open(sealer, sealed, boundTo(use, publicKeyHex));
    const pair = makeKeyPair(copyBytes(seed));
    seed.fill(0);
    if (pair.publicKeyHex === publicKeyHex) return pair;
    wipePair(pair);
    throw new RangeError('the private key belongs to another public key');
  } catch (cause) {
    throw locked(`the private key of ${publicKeyHex}`, cause);
  }
}

/** The seal of a whole ring: nobody without the sealer can change a member, or pass an older state off as a newer one. */
export function sealBody(sealer: Sealer, body: string, use: KeyUse, version: number): Promise<string> {
  return seal(sealer, sha256Bytes(body), boundTo(use, `state ${version}`));
}

/** @throws {KeyRingError} `key_ring_locked` if the seal is of something else */
export async function checkSeal(
  sealer: Sealer,
  { body, seal: sealed }: { body: string; seal: string },
  use: KeyUse,
  version: number,
): Promise<void> {
  try {
    const digest = await open(sealer, sealed, boundTo(use, `state ${version}`));
    if (!constantTimeEqual(digest, sha256Bytes(body))) throw new RangeError('the seal is of another state');
  } catch (cause) {
    throw locked(`the seal of the state ${version}`, cause);
  }
}

/** Ends a private key as far as a garbage-collected language can: the bytes are overwritten and let go. */
export function wipePair({ privateKey }: KeyPair): void {
  provider.forget(privateKey);
  privateKey.fill(0);
}

async function seal(sealer: Sealer, plaintext: Uint8Array, bound: Uint8Array): Promise<string> {
  const sealed = bytesArgument(await sealer.seal(plaintext, bound), 'what the sealer made');
  if (sealed.length <= MAX_SEALED_BYTES) return toBase64Url(sealed);
  throw new RangeError(`what the sealer made of 32 bytes is longer than ${MAX_SEALED_BYTES} bytes`);
}

async function open(sealer: Sealer, sealed: string, bound: Uint8Array): Promise<Uint8Array> {
  return exactBytes(await sealer.open(fromBase64Url(sealed), bound), 32, 'what the sealer opened');
}

/** What is sealed opens in no other place than its own. */
function boundTo(use: KeyUse, place: string): Uint8Array {
  return utf8(`stele/key-ring/1\n${use}\n${place}`);
}

function locked(what: string, cause: unknown): KeyRingError {
  return new KeyRingError('key_ring_locked', `${what} could not be opened`, {
    cause,
    hint: 'Open the ring with the sealer that it was made with, or restore it.',
  });
}
