/**
 * Where covenants and revocations live: memory, files, SQLite, and authenticated encryption over any of them.
 * @module
 */
export { BackedStore } from './backed-store.js';
export type { CovenantFilter, CovenantPage, CovenantStore, ListOptions } from './covenant-store.js';
export { EncryptedStore, type EncryptedStoreOptions, type StoreWithBackend } from './encrypted-store.js';
export { StoreError, type StoreErrorCode, type StoreErrorOptions } from './errors.js';
export { FileStore } from './file-store.js';
export type { SqliteDriverName } from './lib/sqlite-driver.js';
export { MemoryStore } from './memory-store.js';
export {
  type Found,
  MAX_RECORD_BYTES,
  type RecordBackend,
  type RecordKind,
  type RecordRange,
  type StoredRecord,
} from './record-backend.js';
export { SqliteStore, type SqliteStoreOptions } from './sqlite-store.js';
