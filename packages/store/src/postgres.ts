/**
 * Covenants, limits and key rings in PostgreSQL, shared by any number of machines. It needs the package `pg`.
 * @module
 */
export type { PostgresClient, PostgresOptions, PostgresPool } from './lib/postgres-connections.js';
export { PostgresKeyRing, type PostgresKeyRingOptions } from './lib/postgres-key-ring.js';
export { PostgresLimits, type PostgresLimitsOptions } from './lib/postgres-limits.js';
export { PostgresStore, type PostgresStoreOptions } from './lib/postgres-store.js';
