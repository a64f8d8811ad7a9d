import { canonicalizeJson, isEd25519Did } from '@stele/crypto';
import type { CovenantDocument, KeyContinuityDocument, Proof, RevocationListDocument } from '../types.js';
import {
  array,
  distinct,
  integer,
  literal,
  nested,
  object,
  oneOrMany,
  record,
  type Shape,
  text,
} from './schema.js';
import { parseTime } from './time.js';

export const MAX_BYTES = 1024 * 1024;
export const MAX_CHAIN = 16;
export const MAX_PROOFS = 16;
/** Of a revocation list: its canonical form, and its entries of either kind. */
export const MAX_LIST_BYTES = 4 * 1024 * 1024;
export const MAX_LISTED = 16_384;
const MAX_METADATA_DEPTH = 32;

const COVENANT_ID = /^urn:stele:covenant:[0-9a-f]{64}$/;
export const OBLIGATION_NAME = /^[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z_][A-Za-z0-9_-]*)*$/;
// RFC 3986 section 4.3: a scheme, then its characters, and no fragment.
const ABSOLUTE_URI = /^[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9\-._~:/?[\]@!$&'()*+,;=%]+$/;
const MAX_URI_LENGTH = 2048;

const anyText = text('a string');
export const time = text(
  'an RFC 3339 time in UTC, such as 2026-11-21T03:00:00Z',
  (v) => parseTime(v) !== undefined,
);
export const did = text('a did:key of an Ed25519 key', isEd25519Did);
export const covenantId = text('urn:stele:covenant: and 64 hex digits', (v) => COVENANT_ID.test(v));
export const uri = text(
  'a did:key or another absolute URI',
  (v) => v.length <= MAX_URI_LENGTH && ABSOLUTE_URI.test(v),
);

// 16 bytes are 21 characters of six bits and one whose last four bits are zero.
const nonce = text('base64url of 16 bytes', (v) => /^[A-Za-z0-9_-]{21}[AQgw]$/.test(v));

const method = text('did:key:z…#z… with both parts equal', (value) => {
  const hash = value.indexOf('#');
  const id = value.slice(0, hash);
  return hash > 0 && value.slice(hash + 1) === id.slice('did:key:'.length) && isEd25519Did(id);
});

const proofMembers = {
  type: literal('DataIntegrityProof'),
  cryptosuite: literal('eddsa-jcs-2022'),
  created: time,
  verificationMethod: method,
  proofPurpose: literal('assertionMethod'),
  proofValue: text('a multibase string that begins with z', (v) => v.startsWith('z') && v.length <= 96),
};
const proof = object(proofMembers, { expires: time });
/** What is said of keys has times of its own, so its proofs do not expire. */
export const lastingProof = object(proofMembers);

const approversShape = object({ keys: distinct(did, 1, 64), threshold: integer(1, 64) });

const approvers: Shape = (value) => {
  const problem = approversShape(value);
  if (problem !== undefined) return problem;
  const { keys, threshold } = value as { keys: string[]; threshold: number };
  return threshold <= keys.length ? undefined : `.threshold asks for more approvers than there are keys`;
};

const content = {
  type: literal('SteleCovenant'),
  version: literal('1'),
  id: covenantId,
  issuer: object({ id: did }, { name: anyText }),
  beneficiary: object({ id: uri }, { name: anyText }),
  constraints: anyText,
  createdAt: time,
  nonce,
};
const proofs = { proof: oneOrMany(proof, MAX_PROOFS) };
const optional = {
  activatesAt: time,
  expiresAt: time,
  parent: covenantId,
  delegation: object({ maxDepth: integer(1, MAX_CHAIN - 1) }),
  requiredCountersigners: distinct(did, 1, MAX_PROOFS),
  approvers: record(OBLIGATION_NAME, approvers, 64),
  reissues: covenantId,
  metadata: nested(MAX_METADATA_DEPTH),
};
const covenant = object({ ...content, ...proofs }, optional);
const unsigned = object(content, optional);

const reason = text('a string of 1 to 1,024 characters', (v) => v.length >= 1 && v.length <= 1024);

const revocation = object({
  type: literal('SteleRevocation'),
  version: literal('1'),
  covenant: covenantId,
  reason,
  revokedAt: time,
  proof: oneOrMany(proof, MAX_PROOFS),
});

export const sha256Hex = text('64 lower-case hex digits', (v) => /^[0-9a-f]{64}$/.test(v));

const continuity = object(
  {
    type: literal('SteleKeyContinuity'),
    version: literal('1'),
    oldKey: did,
    newKey: did,
    changedAt: time,
    proof: array(lastingProof, 2, 2),
  },
  { nextKeyHash: sha256Hex },
);

const listedKey = object({
  key: did,
  status: text('"compromised" or "retired"', (v) => v === 'compromised' || v === 'retired'),
  reason,
  revokedAt: time,
});

const list = object({
  type: literal('SteleRevocationList'),
  version: literal('1'),
  issuer: did,
  number: integer(1, Number.MAX_SAFE_INTEGER),
  issuedAt: time,
  nextUpdate: time,
  covenants: array(object({ covenant: covenantId, reason, revokedAt: time }), 0, MAX_LISTED),
  keys: array(listedKey, 0, MAX_LISTED),
  proof: oneOrMany(lastingProof, 1),
});

/** The first thing that keeps a JSON value from being a covenant, or undefined. */
export function covenantProblem(value: unknown): string | undefined {
  const problem = named('covenant', covenant(value));
  if (problem !== undefined) return problem;
  const { start, end } = span(value as CovenantDocument);
  return end > start
    ? undefined
    : 'covenant.expiresAt must be later than the time at which it becomes active';
}

/** The same for a covenant that is not signed yet; its span is left to the caller. */
export function unsignedProblem(value: unknown): string | undefined {
  return named('covenant', unsigned(value));
}

/** Says so when the canonical form is over the limit. */
export function sizeProblem(document: object): string | undefined {
  const bytes = new TextEncoder().encode(canonicalizeJson(document)).length;
  return bytes <= MAX_BYTES ? undefined : `the covenant has ${bytes} bytes, the limit is ${MAX_BYTES}`;
}

/** The first thing that keeps a JSON value from being a revocation, or undefined. */
export function revocationProblem(value: unknown): string | undefined {
  return named('revocation', revocation(value));
}

/** The first thing that keeps a JSON value from being a statement of continuity, or undefined. */
export function continuityProblem(value: unknown): string | undefined {
  const problem = named('continuity', continuity(value));
  if (problem !== undefined) return problem;
  const { oldKey, newKey, proof: made } = value as KeyContinuityDocument;
  if (oldKey === newKey) return 'continuity.newKey must be another key than oldKey';
  const by = (did: string) => made.some(({ verificationMethod }) => verificationMethod.startsWith(`${did}#`));
  return by(oldKey) && by(newKey)
    ? undefined
    : 'continuity.proof must hold one proof by each of the two keys';
}

/** The first thing that keeps a JSON value from being a revocation list, or undefined. */
export function listProblem(value: unknown): string | undefined {
  const problem = named('list', list(value));
  if (problem !== undefined) return problem;
  const { issuer, issuedAt, nextUpdate, covenants, keys, proof: made } = value as RevocationListDocument;
  if ((parseTime(nextUpdate) as number) <= (parseTime(issuedAt) as number))
    return 'list.nextUpdate must be later than issuedAt';
  if (new Set(covenants.map((entry) => entry.covenant)).size !== covenants.length)
    return 'list.covenants names one covenant twice';
  if (new Set(keys.map((entry) => entry.key)).size !== keys.length) return 'list.keys names one key twice';
  return ([made].flat()[0] as Proof).verificationMethod.startsWith(`${issuer}#`)
    ? undefined
    : 'list.proof must be by the issuer';
}

export const named = (root: string, problem: string | undefined) =>
  problem === undefined ? undefined : root + problem;

/** When a covenant of sound structure holds: from `start` up to, not including, `end`, in milliseconds since 1970. */
export function span(document: Omit<CovenantDocument, 'proof'>): { start: number; end: number } {
  return {
    start: parseTime(document.activatesAt ?? document.createdAt) as number,
    end:
      document.expiresAt === undefined ? Number.POSITIVE_INFINITY : (parseTime(document.expiresAt) as number),
  };
}

/** The proof set as an array, however it was written. */
export function proofsOf(document: { readonly proof: Proof | Proof[] }): Proof[] {
  return Array.isArray(document.proof) ? document.proof : [document.proof];
}

/** True for the form of a covenant's id; says nothing of its existence. */
export function isCovenantId(value: unknown): value is string {
  return typeof value === 'string' && COVENANT_ID.test(value);
}
