import type { KeyDescription, RevokedKey } from './key-manager-types.js';
import { decodeKeyRing } from './key-ring-format.js';
import { iso } from './managed-key.js';
import type { KeyUse } from './signer.js';

/** What a ring says in clear: all but the private keys. */
export interface KeyRingDescription {
  readonly use: KeyUse;
  /** Every key there ever was, oldest first; the last one signs unless it is revoked. */
  readonly keys: readonly KeyDescription[];
  /** Keys of this ring and of others, in the order of revocation. */
  readonly revoked: readonly RevokedKey[];
}

/**
 * Reads what a ring says in clear, without the sealer. None of it is authenticated: whoever may write the ring could have
 * written it.
 * @param state as a `KeyRing` loads it
 * @param now the time in milliseconds since 1970 at which the states of the keys are told
 * @throws {KeyRingError} `key_ring_malformed`, `key_ring_version`
 */
export function describeKeyRing(state: string, now: number = Date.now()): KeyRingDescription {
  const history = decodeKeyRing(state);
  const revoked = [...history.revocations.values()].map((each) =>
    Object.freeze({ ...each, revokedAt: iso(each.revokedAt) }),
  );
  return Object.freeze({
    use: history.use,
    keys: Object.freeze(history.keys.map((key) => history.describe(key, now))),
    revoked: Object.freeze(revoked),
  });
}
