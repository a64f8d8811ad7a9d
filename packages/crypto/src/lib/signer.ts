import { provider } from '#provider';
import { byteLength, bytesArgument, constantTimeEqual, copyBytes, isBytes } from './bytes.js';
import { didFromPublicKey, verificationMethod } from './did.js';
import { CryptoError } from './errors.js';
import { isOwnPair, type KeyPair, signNow, verifyNow } from './keys.js';

/**
 * What a key is for. One key has one use. Other words than these are allowed: 1 to 64 letters, digits, dots, dashes and
 * underscores.
 */
export type KeyUse = 'covenant' | 'log' | 'witness' | 'token' | 'approval' | (string & {});

/** True for a word that can name a use. */
export function isKeyUse(value: unknown): value is KeyUse {
  return typeof value === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(value);
}

/** Something that signs with one Ed25519 key: a key pair in memory, a KMS, a hardware module. */
export interface Signer {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The verification method, `did:key:zX#zX`. */
  readonly keyId: string;
  /** The longest message it can sign, in bytes; absent means no limit. */
  readonly maxBytes?: number;
  /** The one use of its key; absent means that nobody bound it to one. */
  readonly use?: KeyUse;
  /** @returns the 64-byte Ed25519 signature */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** What a signer says of itself beside its key. */
export interface SignerTraits {
  /** A positive integer. */
  maxBytes?: number | undefined;
  use?: KeyUse | undefined;
}

const ownSigners = new WeakSet<object>();

/**
 * Makes a checked signer of a key pair or of any signer. What it returns refuses messages beyond `maxBytes`
 * (`too_large`) and answers that are not 64 bytes (`signature_malformed`); a signature that somebody else's code made
 * is verified before it is handed on (`signer_answer_wrong`).
 * @param use what the key is wanted for; the signer returned is bound to it
 * @throws {TypeError} if the value has not the shape of either, or its parts do not belong together
 * @throws {CryptoError} `key_use_wrong` if the signer is bound to another use
 */
export function toSigner(keyPairOrSigner: KeyPair | Signer, use?: KeyUse): Signer {
  const value: unknown = keyPairOrSigner;
  if (typeof value !== 'object' || value === null) throw shapeError();
  if (ownSigners.has(value)) return forUse(value as Signer, use);
  const { publicKey, privateKey, sign } = value as Partial<KeyPair & Signer>;
  if (!isBytes(publicKey) || byteLength(publicKey) !== 32) throw shapeError();
  if (typeof sign === 'function') return forUse(signerOf(value as Signer, copyBytes(publicKey)), use);
  if (!isBytes(privateKey) || byteLength(privateKey) !== 32) throw shapeError();
  if (!isOwnPair(value) && !constantTimeEqual(provider.publicKeyOf(privateKey), publicKey)) {
    throw new TypeError('the public key does not belong to the private key');
  }
  return localSigner(copyBytes(publicKey), (bytes) => signNow(bytes, privateKey), use);
}

/**
 * A signer over a function of ours that signs at once, and whose answer needs no check.
 * @param ready what must be done before each signature
 */
export function localSigner(
  publicKey: Uint8Array,
  sign: (bytes: Uint8Array) => Uint8Array,
  use?: KeyUse,
  ready?: () => Promise<void>,
): Signer {
  if (ready === undefined) return makeSigner(publicKey, { use }, async (bytes) => sign(bytes));
  return makeSigner(publicKey, { use }, async (bytes) => {
    const message = copyBytes(bytes); // whatever becomes of the array meanwhile
    await ready();
    return sign(message);
  });
}

/**
 * A signer over a function of anyone's: the message is copied before and the answer judged after.
 * @throws {TypeError} if `maxBytes` or `use` is none
 */
export function checkedSigner(
  publicKey: Uint8Array,
  traits: SignerTraits,
  sign: (bytes: Uint8Array) => Promise<Uint8Array>,
): Signer {
  return makeSigner(publicKey, traits, async (bytes) => {
    // Copies, because what was signed must be what is verified, whoever still holds the array.
    const message = copyBytes(bytes);
    const answer: unknown = await sign(copyBytes(message));
    if (!isBytes(answer) || byteLength(answer) !== 64) {
      throw new CryptoError('signature_malformed', 'the signer did not answer with a 64-byte signature');
    }
    const signature = copyBytes(answer);
    if (!verifyNow(message, signature, publicKey)) throw answerWrong();
    return signature;
  });
}

/** The error for a signature that its own public key does not verify. */
export function answerWrong(): CryptoError {
  return new CryptoError(
    'signer_answer_wrong',
    'the signer’s answer is no signature of this message by its key',
    {
      hint: 'Nothing was signed. Look whether the signer holds another key than the one it stated.',
    },
  );
}

function makeSigner(
  publicKey: Uint8Array,
  { maxBytes, use }: SignerTraits,
  sign: (bytes: Uint8Array) => Promise<Uint8Array>,
): Signer {
  if (maxBytes !== undefined && !(Number.isSafeInteger(maxBytes) && maxBytes > 0)) {
    throw new TypeError('the signer’s maxBytes must be a positive integer');
  }
  if (use !== undefined && !isKeyUse(use)) {
    throw new TypeError('the use of a key must be 1 to 64 letters, digits, dots, dashes and underscores');
  }
  const signer: Signer = Object.freeze({
    publicKey,
    keyId: verificationMethod(didFromPublicKey(publicKey)),
    ...(maxBytes === undefined ? {} : { maxBytes }),
    ...(use === undefined ? {} : { use }),
    sign: async (bytes: Uint8Array) => {
      const message = bytesArgument(bytes, 'bytes');
      if (maxBytes !== undefined && byteLength(message) > maxBytes) {
        throw new CryptoError('too_large', `this signer takes at most ${maxBytes} bytes`, {
          hint: 'Nothing is hashed in its place: sign something shorter, or with another signer.',
        });
      }
      return sign(message);
    },
  });
  ownSigners.add(signer);
  return signer;
}

function signerOf(signer: Signer, publicKey: Uint8Array): Signer {
  const { keyId, maxBytes, use } = signer;
  if (keyId !== verificationMethod(didFromPublicKey(publicKey))) {
    throw new TypeError('the signer’s keyId is not the verification method of its publicKey');
  }
  return checkedSigner(publicKey, { maxBytes, use }, (bytes) => signer.sign(bytes));
}

/** The signer itself if it is bound to this use, or one that is. */
function forUse(signer: Signer, use: KeyUse | undefined): Signer {
  if (use === undefined || signer.use === use) return signer;
  if (signer.use !== undefined) {
    throw new CryptoError('key_use_wrong', `this key is for “${signer.use}”, not for “${use}”`, {
      hint: 'Give each use a key of its own.',
    });
  }
  return makeSigner(signer.publicKey, { maxBytes: signer.maxBytes, use }, (bytes) => signer.sign(bytes));
}

function shapeError(): TypeError {
  return new TypeError('expected a key pair, or a signer with publicKey (32 bytes), keyId and sign()');
}
