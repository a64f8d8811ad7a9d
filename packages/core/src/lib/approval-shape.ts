/** The structure of approvals and of the requests that they answer. */
import { isValidAction, normalizeResource } from '@stele/ccl';
import type { ApprovalDocument, ApprovalRequest } from '../types.js';
import { array, distinct, integer, literal, nested, object, text } from './schema.js';
import {
  covenantId,
  lastingProof,
  MAX_PROOFS,
  named,
  OBLIGATION_NAME,
  sha256Hex,
  time,
  uri,
} from './structure.js';
import { parseTime } from './time.js';

/** Of a request in canonical form. */
export const MAX_REQUEST_BYTES = 256 * 1024;
/** Of an approval: a request, and room for as many proofs as there can be. */
export const MAX_APPROVAL_BYTES = MAX_REQUEST_BYTES + MAX_PROOFS * 1024;
/** How long a request may wait for its answer, in milliseconds. */
export const MIN_WAIT_MS = 60_000;
export const MAX_WAIT_MS = 7 * 24 * 60 * 60_000;

const MAX_COVENANTS = 64;
const MAX_OBLIGATIONS = 64;
/** No text of a covenant, which has at most 1 MiB, has more lines. */
const MAX_LINE = 1024 * 1024;
/** With the approval and the request around it, 64: what JSON is read to when nothing else is said. */
const MAX_CONTEXT_DEPTH = 62;

const obligation = object({
  name: text('the name of an obligation', (v) => OBLIGATION_NAME.test(v)),
  covenant: covenantId,
  line: integer(1, MAX_LINE),
});

const request = object(
  {
    id: text('urn:stele:approval: and 64 hex digits', (v) => /^urn:stele:approval:[0-9a-f]{64}$/.test(v)),
    // 32 bytes are 42 characters of six bits and one whose last two bits are zero.
    nonce: text('base64url of 32 bytes', (v) => /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(v)),
    audience: text('a string of 1 to 256 characters', (v) => v.length >= 1 && v.length <= 256),
    agent: uri,
    covenants: distinct(covenantId, 1, MAX_COVENANTS),
    policy: sha256Hex,
    obligations: array(obligation, 1, MAX_OBLIGATIONS),
    action: text('an action', isValidAction),
    resource: text('a resource', (v) => normalizeResource(v) !== undefined),
    context: nested(MAX_CONTEXT_DEPTH),
    requestedAt: time,
    expiresAt: time,
  },
  { toolDigest: sha256Hex },
);

const approval = object({
  type: literal('SteleApproval'),
  version: literal('1'),
  verdict: text('"approve" or "deny"', (v) => v === 'approve' || v === 'deny'),
  request,
  proof: array(lastingProof, 1, MAX_PROOFS),
});

/** The first thing that keeps a JSON value from being a request for approval, or undefined. Whether its id is right is not looked at. */
export function approvalRequestProblem(value: unknown): string | undefined {
  const problem = named('request', request(value));
  return problem ?? incoherence(value as ApprovalRequest);
}

/** The first thing that keeps a JSON value from being an approval, or undefined. Whether its request's id is right is not looked at. */
export function approvalProblem(value: unknown): string | undefined {
  const problem = named('approval', approval(value));
  if (problem !== undefined) return problem;
  const document = value as ApprovalDocument;
  const signers = new Set(document.proof.map((proof) => proof.verificationMethod));
  if (signers.size !== document.proof.length) return 'one key has made two of the proofs';
  return incoherence(document.request);
}

/** What is wrong between the members of a request. */
function incoherence({
  covenants,
  obligations,
  requestedAt,
  expiresAt,
}: ApprovalRequest): string | undefined {
  const stranger = obligations.findIndex(({ covenant }) => !covenants.includes(covenant));
  if (stranger !== -1) return `request.obligations[${stranger}].covenant is not among the covenants`;
  const wait = (parseTime(expiresAt) as number) - (parseTime(requestedAt) as number);
  return wait >= MIN_WAIT_MS && wait <= MAX_WAIT_MS
    ? undefined
    : 'request.expiresAt must be 1 minute to 7 days later than requestedAt';
}
