/**
 * The SDK under the conditions `browser`, `worker` and `workerd`: all of it that needs no disk.
 * @module
 */
export {
  type CclDocument,
  CclSyntaxError,
  checkNarrowing,
  compile,
  type Evaluation,
  evaluate,
  format,
  type LimitCharge,
  type LimitLedger,
  type LimitRefusal,
  LimitUnavailableError,
  MemoryLimits,
  type Policy,
  parse,
  type Request,
  type Reservation,
} from '@stele/ccl';
export {
  type ApprovalDocument,
  type ApprovalRequest,
  type ApprovalVerification,
  type Approvers,
  type Asked,
  type BuildOptions,
  buildCovenant,
  buildKeyContinuity,
  buildRevocationList,
  CHECK_NAMES,
  type ChainLink,
  type CheckName,
  type CheckResult,
  type CovenantDocument,
  CovenantError,
  type CovenantErrorCode,
  checkIntegrity,
  checkReissue,
  checkRevocation,
  countersignCovenant,
  covenantId,
  documentDigest,
  type EvidenceQuery,
  type FindEvidence,
  type FindReissues,
  followContinuity,
  isVerifiedCovenant,
  type KeyContinuityDocument,
  type KeyLookup,
  type KeyStatus,
  keyHash,
  lineOf,
  newApprovalRequest,
  type Proof,
  parseCovenant,
  type Resolve,
  type RevocationDocument,
  type RevocationListDocument,
  type RevocationLists,
  type RevokeOptions,
  reissueCovenant,
  revokeCovenant,
  type SignatureEvidence,
  signApproval,
  type Verification,
  type VerifiedCovenant,
  type VerifyOptions,
  verifyApproval,
  verifyCovenant,
  verifyKeyContinuity,
  verifyRevocationList,
} from '@stele/core';
export {
  aeadOpen,
  aeadSeal,
  CryptoError,
  type CryptoErrorCode,
  canonicalizeJson,
  didFromPublicKey,
  fromBase64Url,
  generateKeyPair,
  type KeyDescription,
  KeyManager,
  type KeyManagerOptions,
  type KeyPair,
  type KeyRing,
  keyPairFromPrivateKey,
  MemoryKeyRing,
  parseJson,
  publicKeyFromDid,
  randomBytes,
  type Signer,
  sha256,
  sign,
  snapshotJson,
  toBase64Url,
  toSigner,
  verify,
} from '@stele/crypto';
export {
  type AnchorLog,
  type ApprovalRecord,
  type ApprovalState,
  type ApprovalStore,
  appendedAnchor,
  type CovenantFilter,
  type CovenantPage,
  type CovenantStore,
  EncryptedStore,
  type EncryptedStoreOptions,
  encryptionKeyId,
  type KeyProvider,
  type KeyUsage,
  type ListOptions,
  MemoryStore,
  type ReencryptOptions,
  type ReencryptProgress,
  rawKeys,
  SealedKeys,
  type SealedKeysOptions,
  type StoreAnchor,
  StoreError,
  type StoreErrorCode,
} from '@stele/store';
export { createLogger, type Logger, type LoggerOptions, METRICS, type MetricName } from '@stele/types';
export { DECISION_CODES, type DecisionCode } from '@stele/types/codes';
export { isSteleError, SteleError } from '@stele/types/errors';
export { type Asking, CalledTool } from './called-tool.js';
export { SteleClient, type SteleClientOptions } from './client.js';
export type {
  ActionRequest,
  AppliedLimit,
  ApprovalReference,
  DecidingStatement,
  Decision,
  Obligation,
  Receipt,
  Severity,
} from './decision.js';
export { type Denial, denialOf } from './denial.js';
export {
  ActionFailedError,
  ActionNotPerformedError,
  CovenantCutError,
  CovenantDeniedError,
  KeeperError,
  type KeeperErrorCode,
} from './errors.js';
export { type Attested, ContinuityKeeper, type MissingContinuity } from './keepers/continuity-keeper.js';
export { EvidenceKeeper, type EvidenceKeeperOptions } from './keepers/evidence-keeper.js';
export type { KeeperOptions } from './keepers/kept.js';
export { type NextListOptions, nextRevocationList } from './keepers/next-list.js';
export { RevocationListKeeper, type RevocationListKeeperOptions } from './keepers/revocation-list-keeper.js';
export type { ApprovalOptions } from './lib/approval-options.js';
export type { ObligationHandler } from './lib/obligations.js';
export type { ShadowCounts } from './lib/shadow.js';
export { observeKeyManager } from './lib/telemetry.js';
export { activeTrace } from './lib/telemetry-decision.js';
export type { ObservedKeys } from './lib/telemetry-key-gauges.js';
export { observeStore } from './lib/telemetry-store.js';
export type { EvidenceSource, KeysOverTime, Source } from './lib/told.js';
export { type EventLog, Lifecycle, type LifecycleOptions } from './lifecycle.js';
export { type Admission, createMonitor, Monitor, type Preview, type PreviewOptions } from './monitor.js';
export type { MonitorOptions } from './monitor-options.js';
export { mayEverPermit } from './permitted-actions.js';
export type {
  CovenantsToReissue,
  ReissueProgress,
  ReissueReport,
  ReissueResult,
  ReissueRunOptions,
} from './reissue.js';
export {
  type DecisionEntry,
  type DecisionRecord,
  type DecisionSink,
  type EventRecord,
  type EventSink,
  type LogEntry,
  MemorySink,
  type MemorySinkOptions,
  type Outcome,
  type OutcomeRecord,
} from './sink.js';
export { type ToolContract, toolDigest } from './tool-digest.js';
export { readToolPins, type ToolPins, toolPinsOf } from './tool-pins.js';
