/** Between documents and the bytes of their records. */
import {
  type ChainLink,
  type CovenantDocument,
  checkIntegrity,
  checkRevocation,
  isVerifiedCovenant,
  type Proof,
  parseCovenant,
  type RevocationDocument,
} from '@stele/core';
import { canonicalizeJson, parseJson, sha256 } from '@stele/crypto';
import { StoreError } from '../errors.js';
import type { Content } from '../record-backend.js';
import { parseCanonical } from './canonical.js';
import { assemble, frame, type Line, unframe } from './frame.js';
import { ID_PREFIX } from './ids.js';
import { tokensOf } from './tokens.js';

const MAX_PROOFS = 16;
/** Surely within the 1 MiB of a document. */
const MAX_JOINED_BYTES = 1_000_000;

/** The covenant that was verified already, if it is one that `verifyCovenant` has returned. */
export function verifiedBefore(document: unknown): CovenantDocument | undefined {
  return isVerifiedCovenant(document) ? (document.chain.at(-1) as ChainLink).document : undefined;
}

/** A frozen copy of a covenant that verifies by itself. @throws StoreError `document_refused` */
export async function admitCovenant(document: unknown): Promise<CovenantDocument> {
  const verified = verifiedBefore(document);
  if (verified !== undefined) return verified;
  const { checks, valid, document: copy } = await checkIntegrity(document);
  if (valid && copy !== undefined) return copy;
  const failed = checks.find((check) => !check.passed);
  throw refused(failed?.name ?? 'structure', failed?.message ?? 'it does not verify');
}

/** A copy of a revocation that verifies by itself. @throws StoreError `revocation_refused` */
export async function admitRevocation(value: unknown): Promise<RevocationDocument> {
  const { valid, reason, revocation } = await checkRevocation(value);
  if (valid && revocation !== undefined) return revocation;
  throw new StoreError('revocation_refused', `the revocation was refused: ${reason ?? 'it does not verify'}`);
}

/**
 * The document with the proofs of both: those stored, and those given by keys that have not signed yet.
 * @throws StoreError `document_refused` for more proofs than a covenant can have, `record_corrupt` when what is stored
 *   would make the whole invalid
 */
export async function unite(stored: CovenantDocument, given: CovenantDocument): Promise<CovenantDocument> {
  const kept = proofsOf(stored);
  const values = new Map(proofsOf(given).map((proof) => [proof.verificationMethod, proof.proofValue]));
  if (kept.every((proof) => values.get(proof?.verificationMethod) === proof?.proofValue)) return given;
  const signers = new Set(kept.map((proof) => proof?.verificationMethod));
  const added = proofsOf(given).filter((proof) => !signers.has(proof.verificationMethod));
  if (kept.length + added.length > MAX_PROOFS) {
    throw refused('structure', `with the stored proofs it would have more than ${MAX_PROOFS}`);
  }
  const { valid, document } = await checkIntegrity({ ...given, proof: [...kept, ...added] });
  if (!valid || document === undefined) throw corrupt(given.id);
  return document;
}

/** What is written for a covenant. */
export function covenantContent(document: CovenantDocument): Content {
  return { bytes: encodeCovenant(document), tokens: tokensOf(document) };
}

/** What is written for a revocation; it is found by its id alone. */
export function revocationContent(revocation: RevocationDocument): Content {
  return { bytes: encodeRevocation(revocation), tokens: [] };
}

/** The record of a covenant. */
export function encodeCovenant(document: CovenantDocument): Uint8Array {
  const content = canonicalizeJson(document, { omit: ['id', 'proof'] });
  return frame({ content, proof: canonicalizeJson(document.proof) });
}

/** The covenant of a record. @throws StoreError `record_corrupt` unless its content hashes to `id` */
export function decodeCovenant(id: string, bytes: Uint8Array): CovenantDocument {
  return readable(id, () => {
    const lines = unframe(bytes);
    if (lines === undefined || id !== ID_PREFIX + sha256(lines.content.bytes)) return undefined;
    return (
      joined(id, lines, bytes.length) ?? parseCovenant(assemble(lines.content, `"id":"${id}",`, lines.proof))
    );
  });
}

/** What `parseCovenant` would return, for lines that are canonical, as all are that were written here. */
function joined(
  id: string,
  lines: { content: Line; proof: Line },
  length: number,
): CovenantDocument | undefined {
  if (length > MAX_JOINED_BYTES) return undefined;
  const content = parseCanonical(lines.content.text);
  const proof = parseCanonical(lines.proof.text);
  if (proof === undefined || typeof content !== 'object' || content === null || Array.isArray(content))
    return undefined;
  if ('id' in content || 'proof' in content) return undefined;
  return Object.freeze(Object.assign(content, { id, proof: Object.freeze(proof) })) as CovenantDocument;
}

/** The record of a revocation. */
export function encodeRevocation(revocation: RevocationDocument): Uint8Array {
  const { proof, ...content } = revocation;
  return frame({ content: canonicalizeJson(content), proof: canonicalizeJson(proof) });
}

/** A revocation's record is named after the covenant and the SHA-256 of the whole revocation. */
export function revocationId(revocation: RevocationDocument): string {
  return `${revocation.covenant}/${sha256(canonicalizeJson(revocation))}`;
}

/** The revocation of a record. @throws StoreError `record_corrupt` unless it is the one that `id` names */
export function decodeRevocation(id: string, bytes: Uint8Array): RevocationDocument {
  return readable(id, () => {
    const lines = unframe(bytes);
    if (lines === undefined) return undefined;
    const revocation = parseJson(assemble(lines.content, '', lines.proof)) as unknown as RevocationDocument;
    return revocationId(revocation) === id ? revocation : undefined;
  });
}

/** One error for every way in which a record can be wrong. */
export function corrupt(id: string, cause?: unknown): StoreError {
  return new StoreError('record_corrupt', `the stored record of ${id} cannot be read`, {
    id,
    cause,
    hint: 'it was damaged, swapped, or sealed under another key; restore it or delete it',
  });
}

/** What `read` returns. @throws StoreError `record_corrupt` for undefined, and for whatever it throws */
export function readable<T>(id: string, read: () => T | undefined): T {
  let found: T | undefined;
  try {
    found = read();
  } catch (cause) {
    throw corrupt(id, cause);
  }
  if (found === undefined) throw corrupt(id);
  return found;
}

function refused(check: string, why: string): StoreError {
  return new StoreError('document_refused', `the covenant was refused at ${check}: ${why}`, { check });
}

/** The proof set as an array, however it was written. */
export function proofsOf(document: CovenantDocument): Proof[] {
  return Array.isArray(document.proof) ? document.proof : [document.proof];
}
