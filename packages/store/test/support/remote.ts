/** The stores on servers that can be reached here, each in a place of its own. */
import { havePostgres } from '../../../../test/support/postgres.js';
import { haveRedis, redisUrl } from '../../../../test/support/redis.js';
import type { StoreWithBackend } from '../../src/index.js';
import { PostgresStore } from '../../src/postgres.js';
import type { RecordBackend } from '../../src/record-backend.js';
import { RedisStore } from '../../src/redis.js';
import { freshSchema, unsyncedUrl } from './postgres.js';
import { freshPrefix } from './redis.js';

interface Remote {
  /** With what it needs, as the title of a suite. */
  readonly name: string;
  readonly kind: 'postgres' | 'redis';
  readonly have: boolean;
  readonly url: string;
  /** A schema or a prefix where there is nothing. */
  place(): string;
  open(url: string, place: string, timeoutMs?: number): StoreWithBackend;
}

export const remotes: readonly Remote[] = [
  {
    name: 'PostgresStore (needs PostgreSQL)',
    kind: 'postgres',
    have: havePostgres,
    url: unsyncedUrl,
    place: freshSchema,
    open: (url, schema, timeoutMs = 30_000) =>
      new PostgresStore(url, { schema, timeoutMs, maxConnections: 4 }),
  },
  {
    name: 'RedisStore (needs Redis)',
    kind: 'redis',
    have: haveRedis,
    url: redisUrl,
    place: freshPrefix,
    open: (url, prefix, timeoutMs = 30_000) => new RedisStore(url, { prefix, timeoutMs }),
  },
];

export const remoteBackends = remotes
  .filter(({ have }) => have)
  .map(({ kind, url, place, open }): [string, () => RecordBackend] => [
    kind,
    () => open(url, place()).backend,
  ]);
