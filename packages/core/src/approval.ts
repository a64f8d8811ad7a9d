import { canonicalizeJson, type KeyPair, randomBytes, type Signer, sha256, toBase64Url } from '@stele/crypto';
import { CovenantError } from './errors.js';
import {
  approvalProblem,
  approvalRequestProblem,
  MAX_APPROVAL_BYTES,
  MAX_REQUEST_BYTES,
  MAX_WAIT_MS,
  MIN_WAIT_MS,
} from './lib/approval-shape.js';
import { makeProof, signerOf } from './lib/proof.js';
import { proofProblem, readSigned } from './lib/signed.js';
import { formatTime, parseTime, timing } from './lib/time.js';
import type { ApprovalDocument, ApprovalRequest } from './types.js';

const DEFAULT_WAIT_MS = 60 * 60_000;

export interface NewApprovalRequestOptions {
  /** The time of asking; the present when not given. */
  now?: Date;
  /** How long an answer counts, in milliseconds: 60,000 (1 minute) to 604,800,000 (7 days); 3,600,000 (1 hour) when not given. */
  expiresInMs?: number;
}

/**
 * Asks for approval of one call.
 * @param facts what the approver is to sign for
 * @returns a deep-frozen request under a fresh nonce
 * @throws CovenantError `approval_malformed` for facts that no verifier would take: a context that is no I-JSON, more than 256 KiB in all
 * @throws RangeError for an `expiresInMs` out of its bounds; TypeError for a `now` that is no valid Date
 */
export function newApprovalRequest(
  facts: Omit<ApprovalRequest, 'id' | 'nonce' | 'requestedAt' | 'expiresAt'>,
  options: NewApprovalRequestOptions = {},
): ApprovalRequest {
  const { expiresInMs = DEFAULT_WAIT_MS } = options;
  if (!(expiresInMs >= MIN_WAIT_MS && expiresInMs <= MAX_WAIT_MS))
    throw new RangeError(`expiresInMs must be a number from ${MIN_WAIT_MS} to ${MAX_WAIT_MS}`);
  const { now } = timing(options);
  const { toolDigest, ...rest } = facts;
  const asked = {
    ...rest,
    ...(toolDigest === undefined ? {} : { toolDigest }),
    nonce: toBase64Url(randomBytes(32)),
    requestedAt: formatTime(now),
    expiresAt: formatTime(now + expiresInMs),
  };
  // A snapshot first, so that what is hashed is what is checked.
  const copy = refuse(readSigned<typeof asked>(asked, () => undefined, MAX_REQUEST_BYTES));
  return soundRequest({ ...copy, id: approvalRequestId(copy) });
}

/**
 * The id that a request's content demands: `urn:stele:approval:` and the SHA-256 of the canonical form (RFC 8785) of the request
 * without `id`.
 * @throws CryptoError `not_json` for a value that is not plain JSON
 */
export function approvalRequestId(request: Omit<ApprovalRequest, 'id'> & { id?: string }): string {
  return `urn:stele:approval:${sha256(canonicalizeJson(request, { omit: ['id'] }))}`;
}

export interface SignApprovalOptions {
  verdict: 'approve' | 'deny';
  /** A key of its own: one that is bound to another use than `approval` is refused. */
  signer: KeyPair | Signer;
  /** The time of signing; the present when not given. */
  now?: Date;
}

/**
 * Answers a request. Whoever signs answers for all that is in it, so show it first.
 * @throws CovenantError `approval_malformed` for what is no request, one whose id is not that of its content, or one dated more than a
 *   minute in the future; `approval_expired`; `signing_failed`
 * @throws CryptoError `key_use_wrong`
 */
export async function signApproval(
  request: ApprovalRequest,
  { verdict, signer, now: moment }: SignApprovalOptions,
): Promise<ApprovalDocument> {
  if (verdict !== 'approve' && verdict !== 'deny') throw new TypeError('verdict must be "approve" or "deny"');
  const time = timing(moment === undefined ? {} : { now: moment });
  const asked = soundRequest(request);
  const untimely = untimeliness(asked, time);
  if (untimely !== undefined) {
    const code = untimely.code === 'expired' ? 'approval_expired' : 'approval_malformed';
    throw new CovenantError(code, untimely.reason);
  }
  const unsigned = { type: 'SteleApproval', version: '1', verdict, request: asked } as const;
  return { ...unsigned, proof: [await makeProof(unsigned, signer, formatTime(time.now), 'approval')] };
}

/** What a value that claims to be a request for approval turned out to be. */
export type ApprovalRequestCheck =
  | {
      /** The structure holds and the id is that of the content. Whether it has expired is not looked at. */
      readonly valid: true;
      /** A deep-frozen copy. */
      readonly request: ApprovalRequest;
      readonly reason?: undefined;
    }
  | {
      readonly valid: false;
      readonly reason: string;
      readonly request?: undefined;
    };

/** Checks a request by itself. Never throws for hostile input. */
export function checkApprovalRequest(value: unknown): ApprovalRequestCheck {
  const request = readRequest(value);
  return typeof request === 'string' ? { valid: false, reason: request } : { valid: true, request };
}

/** What a value that claims to be an approval turned out to be. */
export type ApprovalCheck =
  | {
      readonly valid: true;
      /** A deep-frozen copy. */
      readonly document: ApprovalDocument;
      /** did:keys of those who have signed, each once. Whether they may approve is for whoever asked to say. */
      readonly signers: string[];
      readonly code?: undefined;
      readonly reason?: undefined;
    }
  | {
      readonly valid: false;
      readonly code: 'malformed' | 'not_signed';
      readonly reason: string;
    };

/** Checks an approval by itself: its structure, the id of its request, every proof. Never throws for hostile input. */
export async function checkApproval(value: unknown): Promise<ApprovalCheck> {
  const document = readSigned<ApprovalDocument>(value, approvalProblem, MAX_APPROVAL_BYTES);
  if (typeof document === 'string') return { valid: false, code: 'malformed', reason: document };
  const malformed = readRequest(document.request);
  if (typeof malformed === 'string') return { valid: false, code: 'malformed', reason: malformed };
  const problem = await proofProblem(document);
  if (problem !== undefined) return { valid: false, code: 'not_signed', reason: problem };
  return { valid: true, document, signers: document.proof.map(signerOf) };
}

export interface VerifyApprovalOptions {
  /** The request that it must answer; any when not given. */
  request?: ApprovalRequest;
  /** The time to verify at; the present when not given. */
  now?: Date;
  /** How far a request may be dated in the future, in milliseconds; 60,000 when not given. Expiry knows no skew. */
  clockSkewMs?: number;
}

export type ApprovalVerification =
  | Extract<ApprovalCheck, { valid: true }>
  | {
      readonly valid: false;
      readonly code: 'malformed' | 'not_signed' | 'other_request' | 'from_the_future' | 'expired';
      readonly reason: string;
    };

/**
 * Verifies an approval or a denial: `document.verdict` says which. Every proof must verify; one that does not makes the whole
 * invalid. Never throws for a hostile one.
 * @param value the document, or its text or bytes
 * @throws TypeError or RangeError only for options of the wrong type
 */
export async function verifyApproval(
  value: unknown,
  options: VerifyApprovalOptions = {},
): Promise<ApprovalVerification> {
  const time = timing(options);
  const check = await checkApproval(value);
  if (!check.valid) return check;
  const { request } = check.document;
  if (options.request !== undefined && !isOf(request, options.request))
    return { valid: false, code: 'other_request', reason: `it answers another request, ${request.id}` };
  const untimely = untimeliness(request, time);
  return untimely === undefined ? check : { valid: false, ...untimely };
}

/** By content: an id that somebody has written into a request is not asked. */
function isOf(answered: ApprovalRequest, wanted: unknown): boolean {
  const request = readRequest(wanted);
  return typeof request !== 'string' && request.id === answered.id;
}

/** Why a request cannot be answered now. The monitor chose when silence is to be taken for a no, so there is no skew at that end. */
function untimeliness(
  { requestedAt, expiresAt }: ApprovalRequest,
  { now, skew }: { now: number; skew: number },
): { code: 'from_the_future' | 'expired'; reason: string } | undefined {
  if ((parseTime(requestedAt) as number) > now + skew)
    return { code: 'from_the_future', reason: `it was requested in the future, at ${requestedAt}` };
  return now < (parseTime(expiresAt) as number)
    ? undefined
    : { code: 'expired', reason: `it expired at ${expiresAt}` };
}

/** A deep-frozen copy of a request whose id is that of its content, or what keeps it from being one. Never throws. */
function readRequest(value: unknown): ApprovalRequest | string {
  const request = readSigned<ApprovalRequest>(value, approvalRequestProblem, MAX_REQUEST_BYTES);
  if (typeof request === 'string') return request;
  const id = approvalRequestId(request);
  return id === request.id ? request : `the id is ${request.id}, the content hashes to ${id}`;
}

/** @throws CovenantError `approval_malformed` */
function soundRequest(value: unknown): ApprovalRequest {
  return refuse(readRequest(value));
}

function refuse<T extends object>(read: T | string): T {
  if (typeof read === 'string') throw new CovenantError('approval_malformed', read);
  return read;
}
