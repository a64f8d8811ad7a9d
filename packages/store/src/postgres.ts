/**
 * Limits in PostgreSQL, shared by any number of machines. It needs the package `pg`.
 * @module
 */
export type { PostgresClient, PostgresOptions, PostgresPool } from './lib/postgres-connections.js';
export { PostgresLimits, type PostgresLimitsOptions } from './lib/postgres-limits.js';
