/**
 * What can be said of one document by itself, without a clock, a trust anchor or another document: its structure, its
 * id, its signatures, its rules. Established once from a snapshot and never again for the same verified covenant.
 */
import type { Policy } from '@stele/ccl';
import { snapshotJson } from '@stele/crypto';
import { covenantId } from '../id.js';
import type { CheckName, CovenantDocument, Proof } from '../types.js';
import { policyOf } from './policies.js';
import { hashDocument, signerOf, verifyProof } from './proof.js';
import { covenantProblem, MAX_BYTES, proofsOf, span } from './structure.js';
import { parseTime } from './time.js';

/** The checks that a document passes or fails by itself. */
export const INTEGRITY_CHECKS = [
  'structure',
  'id',
  'issuer_signature',
  'countersignatures',
  'constraints',
] as const;

export type IntegrityCheck = (typeof INTEGRITY_CHECKS)[number];

export interface Facts {
  /** A deep-frozen copy; undefined when the structure failed, since then it is no covenant. */
  readonly document?: CovenantDocument;
  /** The problem of each check that failed. */
  readonly problems: ReadonlyMap<CheckName, string>;
  /** The did:keys whose proofs verify. */
  readonly signers: ReadonlySet<string>;
  readonly policy?: Policy;
  /** When it holds, in milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
  readonly createdAt: number;
  /** When the issuer's proof expires, and when the first of the others does; infinity for proofs without `expires`. */
  readonly issuerExpires: number;
  readonly othersExpire: number;
  /** Those that it stands in for, the first of its line first; set once it is known to be their reissue. */
  readonly line?: readonly Facts[];
}

/** Establishes the facts about any value. Never throws. */
export async function establish(value: unknown): Promise<Facts> {
  const read = readDocument(value);
  if (typeof read === 'string') return nothing(read);
  const problems = new Map<CheckName, string>();
  const id = covenantId(read);
  if (id !== read.id) problems.set('id', `the id is ${read.id}, the content hashes to ${id}`);
  const proofs = proofsOf(read);
  const signers = await verifiedSigners(proofs, hashDocument(read));
  if (!signers.has(read.issuer.id)) problems.set('issuer_signature', 'no proof by the issuer verifies');
  const problem = countersignatureProblem(read, proofs, signers);
  if (problem !== undefined) problems.set('countersignatures', problem);
  const isIssuers = (proof: Proof) => signerOf(proof) === read.issuer.id;
  const policy = compiled(read.constraints);
  if (typeof policy === 'string') problems.set('constraints', policy);
  return {
    document: read,
    problems,
    signers,
    ...(typeof policy === 'string' ? {} : { policy }),
    ...span(read),
    createdAt: parseTime(read.createdAt) as number,
    issuerExpires: firstExpiry(proofs.filter(isIssuers)),
    othersExpire: firstExpiry(proofs.filter((proof) => !isIssuers(proof))),
  };
}

function readDocument(value: unknown): CovenantDocument | string {
  let document: unknown;
  try {
    document = snapshotJson(value, { maxBytes: MAX_BYTES });
  } catch (error) {
    return messageOf(error);
  }
  return covenantProblem(document) ?? (document as CovenantDocument);
}

async function verifiedSigners(proofs: readonly Proof[], documentHash: Uint8Array): Promise<Set<string>> {
  const signers = new Set<string>();
  for (const proof of proofs) if (await verifyProof(proof, documentHash)) signers.add(signerOf(proof));
  return signers;
}

function countersignatureProblem(
  document: CovenantDocument,
  proofs: readonly Proof[],
  signers: ReadonlySet<string>,
): string | undefined {
  // Each key counts once: were a key there twice, its second proof could be a bad one that goes unnoticed.
  const named = new Set(proofs.map(signerOf));
  if (named.size !== proofs.length) return 'one key has made two of the proofs';
  for (const did of named) {
    if (did !== document.issuer.id && !signers.has(did)) return `the proof by ${did} does not verify`;
  }
  return missingSigner(document.requiredCountersigners ?? [], signers);
}

/** Names the first required signer that has not signed. */
export function missingSigner(required: readonly string[], signers: ReadonlySet<string>): string | undefined {
  const missing = required.find((did) => !signers.has(did));
  return missing === undefined ? undefined : `the required countersignature by ${missing} is missing`;
}

function compiled(constraints: string): Policy | string {
  try {
    return policyOf(constraints);
  } catch (error) {
    return messageOf(error);
  }
}

/** Foreign proofs alone have `expires`. */
function firstExpiry(proofs: readonly Proof[]): number {
  let first = Number.POSITIVE_INFINITY;
  for (const { expires } of proofs) {
    if (expires !== undefined) first = Math.min(first, parseTime(expires) as number);
  }
  return first;
}

function nothing(problem: string): Facts {
  const problems = new Map<CheckName, string>([['structure', problem]]);
  for (const name of INTEGRITY_CHECKS.slice(1)) problems.set(name, 'not looked at: the structure failed');
  return {
    problems,
    signers: new Set(),
    start: 0,
    end: 0,
    createdAt: 0,
    issuerExpires: 0,
    othersExpire: 0,
  };
}

/** What an error says. Never throws, also for one whose message cannot be read. */
export function messageOf(error: unknown): string {
  try {
    const message: unknown = error instanceof Error ? error.message : undefined;
    if (typeof message === 'string') return message;
  } catch {
    // It says nothing, then.
  }
  return 'an error without a message';
}
