import type { CovenantDocument, RevocationDocument } from '../types.js';
import { signerOf } from './proof.js';
import { proofProblem, readSigned } from './signed.js';
import { MAX_BYTES, proofsOf, revocationProblem } from './structure.js';

/** What a document that claims to be a revocation turned out to be. */
export interface RevocationCheck {
  /** True when the structure holds and every proof verifies. Whether its signer had the right is judged per chain. */
  readonly valid: boolean;
  readonly reason?: string;
  /** A deep-frozen copy, where the structure holds. */
  readonly revocation?: RevocationDocument;
}

/** Checks a revocation by itself: its structure and its proofs. Never throws for hostile input. */
export async function checkRevocation(value: unknown): Promise<RevocationCheck> {
  const revocation = readRevocation(value);
  if (typeof revocation === 'string') return { valid: false, reason: revocation };
  const problem = await proofProblem(revocation);
  return problem === undefined ? { valid: true, revocation } : { valid: false, reason: problem, revocation };
}

const readRevocation = (value: unknown) =>
  readSigned<RevocationDocument>(value, revocationProblem, MAX_BYTES);

/** What the revocations found for one covenant say. */
export interface RevocationFinding {
  readonly revoked: boolean;
  /** True when one is there that cannot be read: the covenant may be revoked, so it must not be relied on. */
  readonly unreadable: boolean;
  readonly message: string;
}

/**
 * Judges the revocations of one covenant. `authorised` are the did:keys with the right to revoke it. One by any other
 * party is ignored and reported; one that nobody can read, or that claims a party with the right and does not verify,
 * counts as unreadable.
 */
export async function judgeRevocations(
  covenant: CovenantDocument,
  found: unknown,
  authorised: ReadonlySet<string>,
): Promise<RevocationFinding> {
  if (!Array.isArray(found)) return unreadable(covenant, 'the lookup did not return a list');
  let ignored = 0;
  for (const value of found) {
    const revocation = readRevocation(value);
    if (typeof revocation === 'string') return unreadable(covenant, revocation);
    if (revocation.covenant !== covenant.id) return unreadable(covenant, 'it names another covenant');
    // Whoever has no right is ignored whether or not the proof verifies: to verify a flood of them would be the harm.
    if (!proofsOf(revocation).some((proof) => authorised.has(signerOf(proof)))) {
      ignored++;
      continue;
    }
    const problem = await proofProblem(revocation);
    if (problem !== undefined) return unreadable(covenant, problem);
    const message = `${covenant.id} was revoked at ${revocation.revokedAt}`;
    return { revoked: true, unreadable: false, message };
  }
  const message =
    ignored === 0 ? '' : `${ignored} by parties without the right to revoke ${covenant.id} ignored`;
  return { revoked: false, unreadable: false, message };
}

const unreadable = (covenant: CovenantDocument, why: string): RevocationFinding => ({
  revoked: false,
  unreadable: true,
  message: `a revocation of ${covenant.id} is there but cannot be read: ${why}`,
});
