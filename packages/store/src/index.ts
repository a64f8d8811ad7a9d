/**
 * Where covenants, revocations and approvals live: memory, files, SQLite, and authenticated encryption over any of them.
 * @module
 */
export { FileAnchor } from './file-anchor.js';
export { FileStore } from './file-store.js';
export * from './index.web.js';
export type { SqliteDriverName } from './lib/sqlite-driver.js';
export { SqliteKeyRing, type SqliteKeyRingOptions } from './sqlite-key-ring.js';
export { SqliteLimits, type SqliteLimitsOptions } from './sqlite-limits.js';
export { SqliteStore, type SqliteStoreOptions } from './sqlite-store.js';
