/**
 * Between requests for approval and the bytes of their records. The line of content is what the id is the hash of; the last line,
 * which other records have for their proofs, says what became of the request:
 *
 *   { "state": …, "approval"?: [proofs of those who approved], "denial"?: [proofs of those who denied] }
 */
import {
  type ApprovalDocument,
  type ApprovalRequest,
  checkApproval,
  checkApprovalRequest,
  type Proof,
} from '@stele/core';
import { canonicalizeJson, parseJson, snapshotJson } from '@stele/crypto';
import type { ApprovalRecord, ApprovalState } from '../approval-store.js';
import { StoreError } from '../errors.js';
import type { Content } from '../record-backend.js';
import { approvalTokens, isState } from './approval-query.js';
import { corrupt, readable } from './documents.js';
import { frame, unframe } from './frame.js';

const MAX_PROOFS = 16;

/** A frozen copy of a request whose id is that of its content. @throws StoreError `approval_refused` */
export function admitRequest(value: unknown): ApprovalRequest {
  const check = checkApprovalRequest(value);
  if (!check.valid) throw refused(check.reason);
  return check.request;
}

/** A frozen copy of an approval or a denial that verifies by itself. @throws StoreError `approval_refused` */
export async function admitApproval(value: unknown): Promise<ApprovalDocument> {
  const check = await checkApproval(value);
  if (!check.valid) throw refused(check.reason);
  return check.document;
}

/** A frozen copy of a whole record. @throws StoreError `approval_refused` */
export async function admitRecord(value: ApprovalRecord): Promise<ApprovalRecord> {
  const { request, state, approval, denial } = value;
  if (!isState(state)) throw refused('its state is none');
  const admitted = { request: admitRequest(request), state };
  return Object.freeze({
    ...admitted,
    ...(approval !== undefined && { approval: await ofRequest(approval, 'approve', admitted.request) }),
    ...(denial !== undefined && { denial: await ofRequest(denial, 'deny', admitted.request) }),
  });
}

async function ofRequest(
  value: unknown,
  verdict: ApprovalDocument['verdict'],
  { id }: ApprovalRequest,
): Promise<ApprovalDocument> {
  const document = await admitApproval(value);
  if (document.verdict === verdict && document.request.id === id) return document;
  throw refused('what was signed is not of this request');
}

/**
 * A record with the signatures of an approval or a denial as well; the same one if that adds nothing.
 * @throws StoreError `approval_refused` for more proofs than there can be, `record_corrupt` when what is stored would make
 *   the whole invalid
 */
export async function withSignatures(
  record: ApprovalRecord,
  given: ApprovalDocument,
): Promise<ApprovalRecord> {
  const member = given.verdict === 'approve' ? 'approval' : 'denial';
  const kept = record[member]?.proof ?? [];
  const signers = new Set(kept.map((proof) => proof?.verificationMethod));
  const added = given.proof.filter((proof) => !signers.has(proof.verificationMethod));
  if (added.length === 0) return record;
  if (kept.length + added.length > MAX_PROOFS)
    throw refused(`with the stored proofs it would have more than ${MAX_PROOFS}`);
  const check = await checkApproval({ ...given, proof: [...kept, ...added] });
  if (!check.valid) throw corrupt(record.request.id);
  return Object.freeze({ ...record, [member]: check.document });
}

/** What is written for a record. */
export function approvalContent(record: ApprovalRecord): Content {
  const { id: _, ...content } = record.request;
  const { state, approval, denial } = record;
  const standing = {
    state,
    ...(approval !== undefined && { approval: approval.proof }),
    ...(denial !== undefined && { denial: denial.proof }),
  };
  return {
    bytes: frame({ content: canonicalizeJson(content), proof: canonicalizeJson(standing) }),
    tokens: approvalTokens(record),
  };
}

/** The record of these bytes. @throws StoreError `record_corrupt` unless its content hashes to `id` */
export function decodeApproval(id: string, bytes: Uint8Array): ApprovalRecord {
  return readable(id, () => {
    const lines = unframe(bytes);
    if (lines === undefined) return undefined;
    const { request } = checkApprovalRequest({ ...(parseJson(lines.content.text) as object), id });
    const standing = snapshotJson(parseJson(lines.proof.text)) as unknown as Standing;
    if (request === undefined || !isStanding(standing)) return undefined;
    const { state, approval, denial } = standing;
    return Object.freeze({
      request,
      state,
      ...(approval !== undefined && { approval: signed('approve', request, approval) }),
      ...(denial !== undefined && { denial: signed('deny', request, denial) }),
    });
  });
}

/** What became of a request, as it is written down. */
interface Standing {
  readonly state: ApprovalState;
  readonly approval?: Proof[];
  readonly denial?: Proof[];
}

function isStanding(value: unknown): value is Standing {
  if (typeof value !== 'object' || value === null) return false;
  const { state, approval, denial, ...others } = value as Record<string, unknown>;
  const proofSets = [approval, denial].filter((proofs) => proofs !== undefined);
  return isState(state) && proofSets.every(isProofSet) && Object.keys(others).length === 0;
}

/** What stands in a proof is for whoever verifies it. */
function isProofSet(value: unknown): value is Proof[] {
  const isObject = (proof: unknown) => typeof proof === 'object' && proof !== null && !Array.isArray(proof);
  return Array.isArray(value) && value.length >= 1 && value.length <= MAX_PROOFS && value.every(isObject);
}

function signed(
  verdict: ApprovalDocument['verdict'],
  request: ApprovalRequest,
  proof: Proof[],
): ApprovalDocument {
  return Object.freeze({ type: 'SteleApproval', version: '1', verdict, request, proof });
}

function refused(why: string): StoreError {
  return new StoreError('approval_refused', `the approval was refused: ${why}`);
}
