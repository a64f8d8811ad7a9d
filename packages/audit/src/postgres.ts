/**
 * A log in PostgreSQL, which several processes may append to. It needs the package `pg`.
 * @module
 */
export type { PostgresClient, PostgresLogOptions, PostgresPool } from './lib/postgres-connections.js';
export { PostgresLogBackend, PostgresLogReader } from './lib/postgres-log.js';
