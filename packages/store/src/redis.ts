/**
 * Covenants and limits in Redis, shared by any number of machines. It needs the package `ioredis`.
 * @module
 */
export type { RedisClient, RedisOptions } from './lib/redis-connection.js';
export { RedisLimits, type RedisLimitsOptions } from './lib/redis-limits.js';
export { RedisStore, type RedisStoreOptions } from './lib/redis-store.js';
