import type { DecryptResponse } from '@aws-sdk/client-kms';
import { byteLength, bytesArgument, isBytes } from '../bytes.js';
import { type KeyPair, keyPairFromPrivateKey } from '../keys.js';
import { type EncryptionContext, type KmsOptions, kmsOf, wrongAnswer } from './client.js';

/** Options of {@link kmsKeyPair}. */
export interface KmsKeyPairOptions extends KmsOptions {
  /** A 32-byte seed as the KMS's `Encrypt` sealed it, 1 to 6,144 bytes. */
  ciphertextBlob: Uint8Array;
  /** What it was encrypted with. */
  encryptionContext?: EncryptionContext | undefined;
  /** The only key that may have encrypted it; without it any key of the account that the caller may use. */
  keyId?: string | undefined;
}

/**
 * A key pair whose seed is kept encrypted under a KMS key. From here on the seed is in this process' memory; with
 * `kmsSigner` it never is.
 * @throws {CryptoError} `signer_unavailable`, also if the KMS refuses to decrypt; `signer_answer_wrong` if what it
 *   decrypted is no seed
 * @throws {TypeError} if an option has the wrong type
 * @throws {RangeError} if the blob's length or a number is out of bounds
 */
export async function kmsKeyPair(options: KmsKeyPairOptions): Promise<KeyPair> {
  const { encryptionContext, keyId } = options;
  const blob = bytesArgument(options.ciphertextBlob, 'ciphertextBlob');
  if (byteLength(blob) < 1 || byteLength(blob) > MAX_BLOB_BYTES) {
    throw new RangeError(`ciphertextBlob must have 1 to ${MAX_BLOB_BYTES} bytes`);
  }
  const { Plaintext: seed } = await kmsOf(options).ask<DecryptResponse>(
    ({ DecryptCommand }) =>
      new DecryptCommand({ CiphertextBlob: blob, EncryptionContext: encryptionContext, KeyId: keyId }),
  );
  if (!isBytes(seed) || byteLength(seed) !== 32) throw wrongAnswer('a seed of 32 bytes');
  const pair = await keyPairFromPrivateKey(seed);
  seed.fill(0);
  return pair;
}

/** What AWS takes at most. */
export const MAX_BLOB_BYTES = 6_144;
