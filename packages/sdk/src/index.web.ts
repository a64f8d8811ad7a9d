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
  type Approvers,
  type BuildOptions,
  buildCovenant,
  CHECK_NAMES,
  type ChainLink,
  type CheckName,
  type CheckResult,
  type CovenantDocument,
  CovenantError,
  type CovenantErrorCode,
  checkIntegrity,
  checkRevocation,
  countersignCovenant,
  covenantId,
  isVerifiedCovenant,
  type KeyStatus,
  type Proof,
  parseCovenant,
  type Resolve,
  type RevocationDocument,
  type RevokeOptions,
  revokeCovenant,
  type Verification,
  type VerifiedCovenant,
  type VerifyOptions,
  verifyCovenant,
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
  keyPairFromPrivateKey,
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
  type CovenantFilter,
  type CovenantPage,
  type CovenantStore,
  EncryptedStore,
  type EncryptedStoreOptions,
  type ListOptions,
  MemoryStore,
  StoreError,
  type StoreErrorCode,
} from '@stele/store';
export { createLogger, type Logger, type LoggerOptions, METRICS, type MetricName } from '@stele/types';
export { DECISION_CODES, type DecisionCode } from '@stele/types/codes';
export { isSteleError, SteleError } from '@stele/types/errors';
export { SteleClient, type SteleClientOptions } from './client.js';
export type {
  ActionRequest,
  AppliedLimit,
  DecidingStatement,
  Decision,
  Obligation,
  Receipt,
  Severity,
} from './decision.js';
export { type Denial, denialOf } from './denial.js';
export { ActionNotPerformedError, CovenantDeniedError, SinkError, type SinkErrorCode } from './errors.js';
export type { ObligationHandler } from './lib/obligations.js';
export { observeKeyManager } from './lib/telemetry.js';
export { activeTrace } from './lib/telemetry-decision.js';
export type { ObservedKeys } from './lib/telemetry-key-gauges.js';
export { observeStore } from './lib/telemetry-store.js';
export { type Admission, createMonitor, Monitor, type MonitorOptions } from './monitor.js';
export {
  type DecisionEntry,
  type DecisionRecord,
  type DecisionSink,
  MemorySink,
  type MemorySinkOptions,
  type OutcomeRecord,
} from './sink.js';
