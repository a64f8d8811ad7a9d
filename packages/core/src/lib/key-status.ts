/** Whether the signatures of a covenant still count, by what is known of their keys. */
import { canonicalizeJson, publicKeyFromDid, sha256, toHex } from '@stele/crypto';
import type { Context, SignatureEvidence } from './context.js';
import { type Facts, messageOf } from './facts.js';

/**
 * The digest by which a verifier records that it has seen a document: SHA-256, in hex, of the canonical form of all of
 * it, proofs included. Two documents with one id can have different ones.
 * @throws CryptoError `not_json` for a value that is not plain JSON
 */
export function documentDigest(document: object): string {
  return sha256(canonicalizeJson(document));
}

/** Says which signature of a sound covenant does not count any more, if one does not. */
export async function signatureProblem(facts: Facts, context: Context): Promise<string | undefined> {
  for (const did of facts.signers) {
    const standing = await context.standings.of(did);
    if (standing.kind === 'good') continue;
    if (standing.kind !== 'retired') return standing.message;
    if (standing.at === undefined) return `${standing.message}, and when it retired is not known`;
    const problem = await withoutEvidence(facts, did, standing.at, context);
    if (problem !== undefined) return `${standing.message}, and ${problem}`;
  }
  return undefined;
}

async function withoutEvidence(
  facts: Facts,
  did: string,
  retired: number,
  { options, now }: Context,
): Promise<string | undefined> {
  const digest = documentDigest(facts.document as object);
  const query = { digest, publicKeyHex: toHex(publicKeyFromDid(did)), retiredAt: new Date(retired) };
  try {
    const found: Partial<SignatureEvidence> | undefined = await options.evidence?.(Object.freeze(query));
    if (!isKnown(found) || !(found.at instanceof Date))
      return 'nothing proves that it signed this before it retired';
    const at = found.at.getTime();
    return at < retired && at <= now ? undefined : 'what proves this is not from before it retired';
  } catch (error) {
    return `evidence cannot be looked up: ${messageOf(error)}`;
  }
}

const isKnown = (found: Partial<SignatureEvidence> | undefined): found is Partial<SignatureEvidence> =>
  found?.kind === 'record' || found?.kind === 'witnessed';
