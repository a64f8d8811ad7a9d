/** Ed25519 by libsodium (`sodium-native`), behind the same byte checks. The rest stays with the platform's provider. */
import { wellEncoded } from './ed25519-rule.js';
import type { Provider } from './provider.js';

/** What is used of `sodium-native`. */
export interface Sodium {
  crypto_sign_seed_keypair(publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array): void;
  crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secretKey: Uint8Array): void;
  crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
}

export function sodiumEd25519(
  sodium: Sodium,
  equal: Provider['equal'],
): Pick<Provider, 'name' | 'publicKeyOf' | 'sign' | 'forget' | 'verify'> {
  /** Secret keys (seed ‖ public key) by the array that the seed came in, which its owner may overwrite. */
  const secretKeys = new WeakMap<Uint8Array, Uint8Array>();
  const secretKey = (seed: Uint8Array): Uint8Array => {
    const known = secretKeys.get(seed);
    if (known !== undefined && equal(known.subarray(0, 32), seed)) return known;
    const made = new Uint8Array(64);
    sodium.crypto_sign_seed_keypair(new Uint8Array(32), made, seed);
    secretKeys.set(seed, made);
    return made;
  };
  return {
    name: 'sodium-native',
    publicKeyOf: (seed) => secretKey(seed).slice(32),
    sign: (message, seed) => {
      const signature = new Uint8Array(64);
      sodium.crypto_sign_detached(signature, message, secretKey(seed));
      return signature;
    },
    forget: (seed) => {
      secretKeys.get(seed)?.fill(0);
      secretKeys.delete(seed);
    },
    // Lengths first: libsodium reads 64 bytes of a longer signature and leaves the others unread.
    verify: (message, signature, publicKey) =>
      signature.length === 64 &&
      publicKey.length === 32 &&
      wellEncoded(signature, publicKey) &&
      sodium.crypto_sign_verify_detached(signature, message, publicKey),
  };
}
