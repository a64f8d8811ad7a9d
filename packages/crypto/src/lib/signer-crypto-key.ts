import { exactBytes } from './bytes.js';
import { checkedSigner, type KeyUse, type Signer } from './signer.js';

type CryptoKey = Parameters<typeof globalThis.crypto.subtle.sign>[1];

/**
 * A signer over a WebCrypto key pair, whose private half need not be extractable. Each signature is verified by this
 * package's own rule before it is handed on.
 * @param privateKey an Ed25519 key with the usage `sign`
 * @param publicKey its public half, which must be extractable, or 32 bytes
 * @throws {TypeError} if a key is none of these
 * @throws {RangeError} if the public key is not 32 bytes long
 */
export async function signerFromCryptoKey(
  privateKey: CryptoKey,
  publicKey: CryptoKey | Uint8Array,
  use?: KeyUse,
): Promise<Signer> {
  const { subtle } = globalThis.crypto;
  if (!isEd25519(privateKey, 'private') || !privateKey.usages.includes('sign')) {
    throw new TypeError('privateKey must be a private Ed25519 CryptoKey with the usage “sign”');
  }
  const bytes = isEd25519(publicKey, 'public') ? await rawKey(publicKey) : (publicKey as Uint8Array);
  return checkedSigner(new Uint8Array(exactBytes(bytes, 32, 'publicKey')), { use }, async (message) => {
    const data = new Uint8Array(message); // of its own memory, as the type demands
    return new Uint8Array(await subtle.sign('Ed25519', privateKey, data));
  });
}

function isEd25519(key: unknown, type: 'private' | 'public'): key is CryptoKey {
  if (typeof key !== 'object' || key === null) return false;
  const { type: actual, algorithm } = key as Partial<CryptoKey>;
  return actual === type && algorithm?.name === 'Ed25519';
}

async function rawKey(publicKey: CryptoKey): Promise<Uint8Array> {
  try {
    return new Uint8Array(await globalThis.crypto.subtle.exportKey('raw', publicKey));
  } catch (cause) {
    throw new TypeError('publicKey must be extractable, or given as 32 bytes', { cause });
  }
}
