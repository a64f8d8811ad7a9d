import { snapshotJson } from '@stele/crypto';
import type { CovenantDocument, RevocationDocument } from '../types.js';
import { messageOf } from './facts.js';
import { hashDocument, signerOf, verifyProof } from './proof.js';
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
  let revocation: RevocationDocument;
  try {
    revocation = snapshotJson(value, { maxBytes: MAX_BYTES }) as unknown as RevocationDocument;
  } catch (error) {
    return { valid: false, reason: messageOf(error) };
  }
  const problem = revocationProblem(revocation);
  if (problem !== undefined) return { valid: false, reason: problem };
  const hash = hashDocument(revocation);
  for (const proof of proofsOf(revocation)) {
    if (!(await verifyProof(proof, hash))) {
      return { valid: false, reason: `the proof by ${signerOf(proof)} does not verify`, revocation };
    }
  }
  return { valid: true, revocation };
}

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
    const { valid, reason, revocation } = await checkRevocation(value);
    if (revocation === undefined || revocation.covenant !== covenant.id) {
      return unreadable(covenant, reason ?? 'it names another covenant');
    }
    if (!proofsOf(revocation).some((proof) => authorised.has(signerOf(proof)))) ignored++;
    else if (!valid) return unreadable(covenant, reason ?? 'its proof does not verify');
    else
      return {
        revoked: true,
        unreadable: false,
        message: `${covenant.id} was revoked at ${revocation.revokedAt}`,
      };
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
