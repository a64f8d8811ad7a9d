import { provider } from '#provider';
import { byteLength, bytesArgument, constantTimeEqual, copyBytes, isBytes } from './bytes.js';
import { didFromPublicKey, verificationMethod } from './did.js';
import { CryptoError } from './errors.js';
import { isOwnPair, type KeyPair, signNow } from './keys.js';

/** Something that signs with one Ed25519 key: a key pair in memory, a KMS, a hardware module. */
export interface Signer {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The verification method, `did:key:zX#zX`. */
  readonly keyId: string;
  /** The longest message it can sign, in bytes; absent means no limit. */
  readonly maxBytes?: number;
  /** @returns the 64-byte Ed25519 signature */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

const ownSigners = new WeakSet<object>();

/**
 * Makes a checked signer of a key pair or of any signer. What it returns refuses messages beyond `maxBytes`
 * (`too_large`) and answers of another length than 64 bytes (`signature_malformed`).
 * @throws {TypeError} if the value has not the shape of either, or its parts do not belong together
 */
export function toSigner(keyPairOrSigner: KeyPair | Signer): Signer {
  const value: unknown = keyPairOrSigner;
  if (typeof value !== 'object' || value === null) throw shapeError();
  if (ownSigners.has(value)) return value as Signer;
  const { publicKey, privateKey, sign } = value as Partial<KeyPair & Signer>;
  if (!isBytes(publicKey) || byteLength(publicKey) !== 32) throw shapeError();
  if (typeof sign === 'function') return signerOf(value as Signer, copyBytes(publicKey));
  if (!isBytes(privateKey) || byteLength(privateKey) !== 32) throw shapeError();
  if (!isOwnPair(value) && !constantTimeEqual(provider.publicKeyOf(privateKey), publicKey)) {
    throw new TypeError('the public key does not belong to the private key');
  }
  return localSigner(copyBytes(publicKey), (bytes) => signNow(bytes, privateKey));
}

/** A signer over a function that signs at once. */
export function localSigner(publicKey: Uint8Array, sign: (bytes: Uint8Array) => Uint8Array): Signer {
  return brand({
    publicKey,
    keyId: verificationMethod(didFromPublicKey(publicKey)),
    sign: async (bytes) => sign(bytesArgument(bytes, 'bytes')),
  });
}

function signerOf(signer: Signer, publicKey: Uint8Array): Signer {
  const { keyId, maxBytes } = signer;
  if (keyId !== verificationMethod(didFromPublicKey(publicKey))) {
    throw new TypeError('the signer’s keyId is not the verification method of its publicKey');
  }
  if (maxBytes !== undefined && !(Number.isSafeInteger(maxBytes) && maxBytes > 0)) {
    throw new TypeError('the signer’s maxBytes must be a positive integer');
  }
  return brand({
    publicKey,
    keyId,
    ...(maxBytes === undefined ? {} : { maxBytes }),
    sign: async (bytes) => {
      const message = bytesArgument(bytes, 'bytes');
      if (maxBytes !== undefined && byteLength(message) > maxBytes) {
        throw new CryptoError('too_large', `this signer takes at most ${maxBytes} bytes`);
      }
      const signature: unknown = await signer.sign(message);
      if (!isBytes(signature) || byteLength(signature) !== 64) {
        throw new CryptoError('signature_malformed', 'the signer did not answer with a 64-byte signature');
      }
      return copyBytes(signature);
    },
  });
}

function brand(signer: Signer): Signer {
  ownSigners.add(signer);
  return Object.freeze(signer);
}

function shapeError(): TypeError {
  return new TypeError('expected a key pair, or a signer with publicKey (32 bytes), keyId and sign()');
}
