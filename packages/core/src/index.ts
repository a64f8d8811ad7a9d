export { type BuildOptions, buildCovenant, countersignCovenant } from './build.js';
export { CovenantError, type CovenantErrorCode } from './errors.js';
export { covenantId } from './id.js';
export type { Resolve } from './lib/chain.js';
export { checkRevocation, type RevocationCheck } from './lib/revocations.js';
export { isCovenantId } from './lib/structure.js';
export { type ChainLink, isVerifiedCovenant, type VerifiedCovenant } from './lib/verified.js';
export { parseCovenant } from './parse.js';
export { type RevokeOptions, revokeCovenant } from './revoke.js';
export {
  type Approvers,
  CHECK_NAMES,
  type CheckName,
  type CheckResult,
  type CovenantDocument,
  type Proof,
  type RevocationDocument,
} from './types.js';
export {
  checkIntegrity,
  type KeyStatus,
  type Verification,
  type VerifyOptions,
  verifyCovenant,
} from './verify.js';
