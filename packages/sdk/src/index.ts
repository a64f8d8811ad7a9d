/**
 * Make AI agents keep their word: everything that a host needs to enforce signed covenants.
 * @module
 */
export {
  AuditError,
  type AuditErrorCode,
  AuditLog,
  type AuditLogOptions,
  type EntryValues,
  FileHeadKeeper,
  FileLogBackend,
  FolderLogReader,
  formatVerifierKey,
  type LogBackend,
  type LogReader,
  type LogReport,
  MemorySubjectKeys,
  type NamedKey,
  type ProofReport,
  parseProof,
  proveEntry,
  SqliteLogBackend,
  SubjectKeyFolder,
  type SubjectKeys,
  type VerifierKey,
  type VerifyLogOptions,
  verifierKey,
  verifyExport,
  verifyLog,
  verifyProof,
  Witness,
  WitnessClient,
  type WitnessPolicy,
} from '@stele/audit';
export { FileKeyRing } from '@stele/crypto/node';
export {
  type DeepHealthOptions,
  deepHealth,
  expressHealth,
  fastifyHealth,
  type HealthCheck,
  type HealthComponent,
  type HealthFinding,
  type HealthReport,
  type HealthRouteOptions,
  type HealthStatus,
  honoHealth,
  type Liveness,
  liveness,
  type Readiness,
  type ReadinessOptions,
  readiness,
} from '@stele/health';
export {
  FileAnchor,
  FileStore,
  SqliteKeyRing,
  type SqliteKeyRingOptions,
  SqliteLimits,
  type SqliteLimitsOptions,
  SqliteStore,
  type SqliteStoreOptions,
} from '@stele/store';
export { type AuditAnchorOptions, auditAnchor } from './audit-anchor.js';
export * from './index.web.js';
export { type LogEvidenceOptions, logEvidence } from './log-evidence.js';
