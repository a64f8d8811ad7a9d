import { aeadOpen, aeadSeal } from './aead.js';
import { bytesArgument, copyBytes, exactBytes, utf8 } from './bytes.js';
import { fromBase64Url, toBase64Url } from './encoding.js';
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
  const sealed = bytesArgument(
    await sealer.seal(pair.privateKey, boundTo(use, pair.publicKeyHex)),
    'what the sealer made',
  );
  if (sealed.length <= MAX_SEALED_BYTES) return toBase64Url(sealed);
  throw new RangeError(`what the sealer made of 32 bytes is longer than ${MAX_SEALED_BYTES} bytes`);
}

/** @throws {KeyRingError} `key_ring_locked`, whatever the reason */
export async function openPair(
  sealer: Sealer,
  sealed: string,
  use: KeyUse,
  publicKeyHex: string,
): Promise<KeyPair> {
  try {
    const seed = exactBytes(
      await sealer.open(fromBase64Url(sealed), boundTo(use, publicKeyHex)),
      32,
      'the private key',
    );
    const pair = makeKeyPair(copyBytes(seed));
    seed.fill(0);
    if (pair.publicKeyHex === publicKeyHex) return pair;
    pair.privateKey.fill(0);
    throw new RangeError('the private key belongs to another public key');
  } catch (cause) {
    throw new KeyRingError('key_ring_locked', `the private key of ${publicKeyHex} could not be opened`, {
      cause,
      hint: 'Open the ring with the sealer that it was made with, or restore it.',
    });
  }
}

/** A sealed key opens in no other place than its own. */
function boundTo(use: KeyUse, publicKeyHex: string): Uint8Array {
  return utf8(`stele/key-ring/1\n${use}\n${publicKeyHex}`);
}
