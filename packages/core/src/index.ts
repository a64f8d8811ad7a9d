export {
  type ApprovalCheck,
  type ApprovalRequestCheck,
  type ApprovalVerification,
  approvalRequestId,
  checkApproval,
  checkApprovalRequest,
  type NewApprovalRequestOptions,
  newApprovalRequest,
  type SignApprovalOptions,
  signApproval,
  type VerifyApprovalOptions,
  verifyApproval,
} from './approval.js';
export { type BuildOptions, buildCovenant, countersignCovenant } from './build.js';
export {
  buildKeyContinuity,
  type FollowOptions,
  followContinuity,
  type KeyContinuityCheck,
  type KeyContinuityOptions,
  keyHash,
  type Succession,
  verifyKeyContinuity,
} from './continuity.js';
export { CovenantError, type CovenantErrorCode } from './errors.js';
export { covenantId } from './id.js';
export { type KeyDoubt, keyDoubts } from './key-doubts.js';
export type { Asked, EvidenceQuery, FindEvidence, SignatureEvidence, VerifyOptions } from './lib/context.js';
export type { ContinuityFinding } from './lib/continuities.js';
export type { KeyLookup, KeyStatus, TimedKeyStatus } from './lib/key-standings.js';
export { documentDigest } from './lib/key-status.js';
export type { HighestSeen, RevocationLists } from './lib/lists.js';
export type { FindReissues, Resolve } from './lib/lookups.js';
export { checkRevocation, type RevocationCheck } from './lib/revocations.js';
export { isCovenantId } from './lib/structure.js';
export { type ChainLink, isVerifiedCovenant, lineOf, type VerifiedCovenant } from './lib/verified.js';
export { parseCovenant } from './parse.js';
export { checkReissue, type ReissueOptions, reissueCovenant } from './reissue.js';
export {
  buildRevocationList,
  type RevocationListCheck,
  type RevocationListOptions,
  type VerifyListOptions,
  verifyRevocationList,
} from './revocation-list.js';
export { type RevokeOptions, revokeCovenant } from './revoke.js';
export { type Period, standingPeriod } from './standing-period.js';
export {
  type ApprovalDocument,
  type ApprovalObligation,
  type ApprovalRequest,
  type Approvers,
  CHECK_NAMES,
  type CheckName,
  type CheckResult,
  type CovenantDocument,
  type KeyContinuityDocument,
  type ListedCovenant,
  type ListedKey,
  type Proof,
  type RevocationDocument,
  type RevocationListDocument,
} from './types.js';
export { checkIntegrity, type Verification, verifyCovenant } from './verify.js';
