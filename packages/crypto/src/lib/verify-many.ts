import { provider } from '#provider';
import { bytesArgument, copyBytes, isBytes } from './bytes.js';
import { isExactly } from './keys.js';

/** A message with what is said to be its signature. */
export interface SignedBytes {
  readonly message: Uint8Array;
  /** 64 bytes. */
  readonly signature: Uint8Array;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
}

/** Signatures under way at once: enough to keep every thread of the pool busy, and few enough to leave it to others. */
const AT_ONCE = 16;

/**
 * Verifies many signatures by the rule of `verify`. On Node.js the work is done by the threads of its pool, so that it
 * takes several cores and leaves the event loop free; elsewhere one follows another.
 * @returns an answer for each, in their order: false for anything that is not a valid signature
 * @throws {TypeError} if the argument is no array
 */
export async function verifyMany(items: readonly SignedBytes[]): Promise<boolean[]> {
  if (!Array.isArray(items)) throw new TypeError('items must be an array');
  const work = [...(items as readonly SignedBytes[])];
  const answers = new Array<boolean>(work.length).fill(false);
  let next = 0;
  const turns = async () => {
    while (next < work.length) {
      const i = next++;
      answers[i] = await verifyAside(work[i]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, work.length) }, turns));
  return answers;
}

async function verifyAside(item: SignedBytes | undefined): Promise<boolean> {
  try {
    const { message, signature, publicKey } = item as SignedBytes;
    if (!isBytes(message) || !isExactly(signature, 64) || !isExactly(publicKey, 32)) return false;
    // Copies, because what was checked must be what the equation is computed over.
    const own = bytesArgument(message, 'message');
    return await provider.verifyAside(own, copyBytes(signature), copyBytes(publicKey));
  } catch {
    return false;
  }
}
