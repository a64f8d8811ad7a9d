import { StoreError } from '../errors.js';
import type { RecordBackend } from '../record-backend.js';

/** A covenant with more revocations than this is unreadable, and so denied. */
export const MAX_REVOCATIONS = 1000;

/**
 * One more than can be read is let in: it makes the covenant unreliable, which is what a revoker wants. Refusing the first one
 * too many would let a thousand worthless revocations keep out the one that counts.
 * @param further how many are about to be stored
 * @throws StoreError `revocation_limit`
 */
export async function assertRoom(backend: RecordBackend, covenant: string, further = 1): Promise<void> {
  const present = (await backend.count('revocation', { prefix: `${covenant}/` })) ?? 0;
  if (present + further > MAX_REVOCATIONS + 1) throw tooMany(covenant);
}

export function tooMany(id: string): StoreError {
  return new StoreError('revocation_limit', `${id} has more than ${MAX_REVOCATIONS} revocations`, {
    id,
    hint: 'treat the covenant as revoked',
  });
}
