/**
 * Secrets sealed under a fresh data key each, which only the KMS can unwrap.
 *
 *   0x03 ‖ length of the wrapped key (2, big-endian) ‖ wrapped key ‖ the envelope of aead.ts
 *   associated data of the envelope = all that is before it ‖ the caller's
 */
import type { DecryptResponse, GenerateDataKeyResponse } from '@aws-sdk/client-kms';
import { aeadOpen, aeadSeal, decryptionFailed } from '../aead.js';
import { byteLength, bytesArgument, concatBytes, copyBytes, isBytes } from '../bytes.js';
import type { Sealer } from '../sealer.js';
import {
  type EncryptionContext,
  isCiphertextRefused,
  type Kms,
  type KmsOptions,
  kmsOf,
  wrongAnswer,
} from './client.js';
import { MAX_BLOB_BYTES } from './kms-key-pair.js';

/** Options of {@link kmsSealer}. */
export interface KmsSealerOptions extends KmsOptions {
  /** The id, ARN or alias of a symmetric key. What another key wrapped is not opened. */
  keyId: string;
  /** Bound to each data key, and written to the log of AWS: never a secret. */
  encryptionContext?: EncryptionContext | undefined;
}

const FORMAT = 3;
const PREFIX_BYTES = 3;

/**
 * A sealer over a KMS key: `GenerateDataKey` for each seal, `Decrypt` for each open. Both reject with
 * `signer_unavailable` if the KMS does not answer, and with `signer_answer_wrong` if it answers with no key.
 * @throws {TypeError} if an option has the wrong type
 * @throws {RangeError} if a number is out of bounds
 */
export function kmsSealer(options: KmsSealerOptions): Sealer {
  const { keyId, encryptionContext } = options;
  if (typeof keyId !== 'string' || keyId === '') throw new TypeError('keyId must be a text');
  const kms = kmsOf(options);
  const named = { KeyId: keyId, EncryptionContext: encryptionContext };
  return Object.freeze({
    seal: async (plaintext: Uint8Array, associatedData: Uint8Array) => {
      const data = copyBytes(bytesArgument(plaintext, 'plaintext'));
      const given = copyBytes(bytesArgument(associatedData, 'associatedData'));
      try {
        const { key, wrapped } = await generateKey(kms, named);
        const length = byteLength(wrapped);
        const header = concatBytes(Uint8Array.of(FORMAT, length >> 8, length & 0xff), wrapped);
        return await using(key, async () =>
          concatBytes(header, await aeadSeal(key, data, concatBytes(header, given))),
        );
      } finally {
        data.fill(0);
      }
    },
    open: async (sealed: Uint8Array, associatedData: Uint8Array) => {
      const bytes = copyBytes(bytesArgument(sealed, 'sealed'));
      const given = copyBytes(bytesArgument(associatedData, 'associatedData'));
      const end = headerEnd(bytes);
      const key = await unwrap(kms, named, bytes.slice(PREFIX_BYTES, end));
      return using(key, () => aeadOpen(key, bytes.slice(end), concatBytes(bytes.slice(0, end), given)));
    },
  });
}

type Named = { KeyId: string; EncryptionContext: EncryptionContext | undefined };

async function generateKey(kms: Kms, named: Named): Promise<{ key: Uint8Array; wrapped: Uint8Array }> {
  const answer = await kms.ask<GenerateDataKeyResponse>(
    ({ GenerateDataKeyCommand }) => new GenerateDataKeyCommand({ ...named, KeySpec: 'AES_256' }),
  );
  const { Plaintext: key, CiphertextBlob: wrapped } = answer;
  const wraps = isBytes(wrapped) && byteLength(wrapped) >= 1 && byteLength(wrapped) <= MAX_BLOB_BYTES;
  if (!isKey(key) || !wraps) throw wrongAnswer('a data key of 32 bytes');
  return { key, wrapped };
}

async function unwrap(kms: Kms, named: Named, wrapped: Uint8Array): Promise<Uint8Array> {
  try {
    const { Plaintext: key } = await kms.ask<DecryptResponse>(
      ({ DecryptCommand }) => new DecryptCommand({ ...named, CiphertextBlob: wrapped }),
    );
    if (!isKey(key)) throw wrongAnswer('a data key of 32 bytes');
    return key;
  } catch (error) {
    throw isCiphertextRefused(error) ? decryptionFailed() : error;
  }
}

/** Where the envelope begins. */
function headerEnd(bytes: Uint8Array): number {
  const length = ((bytes[1] ?? 0) << 8) | (bytes[2] ?? 0);
  const end = PREFIX_BYTES + length;
  if (bytes[0] !== FORMAT || length < 1 || length > MAX_BLOB_BYTES || bytes.length <= end) {
    throw decryptionFailed();
  }
  return end;
}

async function using<T>(key: Uint8Array, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } finally {
    key.fill(0);
  }
}

function isKey(value: unknown): value is Uint8Array {
  return isBytes(value) && byteLength(value) === 32;
}
