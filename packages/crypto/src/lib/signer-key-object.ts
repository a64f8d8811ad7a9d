import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { checkedSigner, type KeyUse, type Signer } from './signer.js';

/**
 * A signer over a private key of node:crypto, whose bytes never come to this package: a key read from PKCS#8, or one
 * that an OpenSSL provider holds. Each signature is verified before it is handed on.
 * @throws {TypeError} if it is no private Ed25519 key
 */
export function signerFromKeyObject(privateKey: KeyObject, use?: KeyUse): Signer {
  const { type, asymmetricKeyType } = (privateKey ?? {}) as Partial<KeyObject>;
  if (type !== 'private' || asymmetricKeyType !== 'ed25519') {
    throw new TypeError('expected a private Ed25519 KeyObject');
  }
  const { x } = createPublicKey(privateKey).export({ format: 'jwk' });
  const publicKey = new Uint8Array(Buffer.from(x as string, 'base64url'));
  return checkedSigner(publicKey, { use }, async (message) => sign(null, message, privateKey));
}
