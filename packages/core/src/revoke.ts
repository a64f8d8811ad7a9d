import type { KeyPair, Signer } from '@stele/crypto';
import { CovenantError } from './errors.js';
import { makeProof } from './lib/proof.js';
import { isCovenantId, revocationProblem } from './lib/structure.js';
import { formatTime } from './lib/time.js';
import type { CovenantDocument, RevocationDocument } from './types.js';

export interface RevokeOptions {
  /** Why, 1 to 1,024 characters. */
  reason: string;
  /** The issuer, an ancestor's issuer or a trust anchor; anyone else's revocation is ignored by verifiers. */
  signer: KeyPair | Signer;
  /** The time of revocation; the present when not given. */
  now?: Date;
}

/**
 * Signs a revocation of a covenant.
 * @throws CovenantError `covenant_malformed` for a covenant without a proper id or an empty reason, `signing_failed`
 */
export async function revokeCovenant(
  document: Pick<CovenantDocument, 'id'>,
  options: RevokeOptions,
): Promise<RevocationDocument> {
  if (!isCovenantId(document.id)) {
    throw new CovenantError('covenant_malformed', 'what is to be revoked has no covenant id');
  }
  const revokedAt = formatTime((options.now ?? new Date()).getTime());
  const unsigned = {
    type: 'SteleRevocation',
    version: '1',
    covenant: document.id,
    reason: options.reason,
    revokedAt,
  } as const;
  const revocation = {
    ...unsigned,
    proof: [await makeProof(unsigned, options.signer, revokedAt, 'covenant')],
  };
  const problem = revocationProblem(revocation);
  if (problem !== undefined) throw new CovenantError('covenant_malformed', problem);
  return revocation;
}
