/**
 * Ed25519 by libsodium instead of OpenSSL: faster, by the same rule. Needs the optional peer `sodium-native`.
 * @module
 */
import { provider } from '#provider';
import { type Sodium, sodiumEd25519 } from './provider/sodium.js';

/**
 * Signs and verifies with `sodium-native` from here on, in this process and this module system, if it is installed and
 * its signatures are those of the provider before it. `verifyMany` stays with the threads of Node.js.
 * @returns whether it is in use; if not, nothing has changed
 */
export async function useSodium(): Promise<boolean> {
  const sodium = await load();
  if (sodium === undefined) return false;
  const candidate = sodiumEd25519(sodium, provider.equal);
  const [seed, message] = [provider.randomBytes(32), provider.randomBytes(64)];
  const signature = candidate.sign(message, seed);
  const agrees =
    provider.equal(signature, provider.sign(message, seed)) &&
    candidate.verify(message, signature, candidate.publicKeyOf(seed));
  candidate.forget(seed);
  if (agrees) Object.assign(provider, candidate);
  return agrees;
}

async function load(): Promise<Sodium | undefined> {
  const name: string = 'sodium-native'; // a variable, so that no bundler looks for what may not be there
  try {
    const module = (await import(/* @vite-ignore */ name)) as { default?: Sodium };
    return module.default;
  } catch {
    return undefined;
  }
}
