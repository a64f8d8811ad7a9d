import type { GetPublicKeyResponse, SignResponse } from '@aws-sdk/client-kms';
import { byteLength, copyBytes, isBytes } from '../bytes.js';
import type { KeyUse, Signer } from '../signer.js';
import { remoteSigner } from '../signer-remote.js';
import { type KmsOptions, kmsOf, wrongAnswer } from './client.js';

/** Options of {@link kmsSigner}. */
export interface KmsSignerOptions extends KmsOptions {
  /** The id, ARN or alias of a key of `KeySpec` ECC_NIST_EDWARDS25519 and `KeyUsage` SIGN_VERIFY. */
  keyId: string;
  use?: KeyUse | undefined;
}

/** AWS takes no longer message in one piece, and a signature over a hash in its place would be another one. */
const MAX_BYTES = 4_096;
const KEY_SPEC = 'ECC_NIST_EDWARDS25519';
const MessageType = 'RAW';
const SigningAlgorithm = 'ED25519_SHA_512';
/** A SubjectPublicKeyInfo of Ed25519 (RFC 8410) is these bytes and the 32 of the key. */
const SPKI_PREFIX = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/**
 * A signer over a key that never leaves AWS KMS. The public key is asked for once, here; each signature is verified
 * against it before it is handed on. An alias is followed once: later requests name the key that it stood for.
 * @throws {CryptoError} `signer_unavailable`, `signer_answer_wrong` if the key is of another kind
 * @throws {TypeError} if an option has the wrong type
 * @throws {RangeError} if a number is out of bounds
 */
export async function kmsSigner(options: KmsSignerOptions): Promise<Signer> {
  const { keyId, use } = options;
  if (typeof keyId !== 'string' || keyId === '') throw new TypeError('keyId must be a text');
  const kms = kmsOf(options);
  const key = await kms.ask<GetPublicKeyResponse>(
    ({ GetPublicKeyCommand }) => new GetPublicKeyCommand({ KeyId: keyId }),
  );
  if (key.KeySpec !== KEY_SPEC || key.KeyUsage !== 'SIGN_VERIFY') {
    throw wrongAnswer(`an Ed25519 key (${KEY_SPEC}, SIGN_VERIFY)`);
  }
  const sameKey = typeof key.KeyId === 'string' ? key.KeyId : keyId;
  return remoteSigner({
    ...kms.policy,
    publicKey: publicKeyOf(key.PublicKey),
    maxBytes: MAX_BYTES,
    use,
    sign: async (bytes, context) => {
      const input = { KeyId: sameKey, Message: bytes, MessageType, SigningAlgorithm } as const;
      const { Signature } = await kms.send<SignResponse>(
        ({ SignCommand }) => new SignCommand(input),
        context,
      );
      return Signature as Uint8Array; // whatever it is: the remote signer looks at it
    },
  });
}

function publicKeyOf(spki: unknown): Uint8Array {
  const fits =
    isBytes(spki) &&
    byteLength(spki) === SPKI_PREFIX.length + 32 &&
    SPKI_PREFIX.every((byte, i) => spki[i] === byte);
  if (!fits) throw wrongAnswer('a public key of Ed25519 in SubjectPublicKeyInfo');
  return copyBytes(spki).slice(SPKI_PREFIX.length);
}
