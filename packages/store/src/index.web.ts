/**
 * Where covenants, revocations and approvals live; the part that needs no disk.
 * @module
 */
export type {
  ApprovalListOptions,
  ApprovalPage,
  ApprovalRecord,
  ApprovalState,
  ApprovalStore,
} from './approval-store.js';
export type { BackedApprovals } from './backed-approvals.js';
export { BackedStore } from './backed-store.js';
export type {
  CovenantFilter,
  CovenantPage,
  CovenantStore,
  IterateOptions,
  ListOptions,
  StoreEvent,
  StoreTransaction,
  WatchOptions,
} from './covenant-store.js';
export {
  EncryptedStore,
  type EncryptedStoreOptions,
  holdsSealedRecords,
  type StoreWithBackend,
} from './encrypted-store.js';
export { StoreError, type StoreErrorCode, type StoreErrorOptions } from './errors.js';
export {
  encryptionKeyId,
  type KeyProvider,
  rawKeys,
} from './key-provider.js';
export type { StoreProof } from './lib/anchored-backend.js';
export type { KeyUsage, ReencryptOptions, ReencryptProgress } from './lib/encrypted-rotation.js';
export { MemoryStore } from './memory-store.js';
export {
  type Change,
  type Content,
  FEED_LENGTH,
  type Found,
  type ListedRecord,
  MAX_CHANGES,
  MAX_RECORD_BYTES,
  RECORD_KINDS,
  type RecordBackend,
  type RecordChange,
  type RecordFilter,
  type RecordKind,
  type RecordRange,
  type Support,
} from './record-backend.js';
export { SealedKeys, type SealedKeysOptions } from './sealed-keys.js';
export { type AnchorLog, appendedAnchor, type StoreAnchor } from './store-anchor.js';
