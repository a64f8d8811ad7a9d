/** Stores on real servers, bare and encrypted. */
import { describe, it } from 'vitest';
import { havePostgres } from '../../../test/support/postgres.js';
import { haveRedis, redisUrl } from '../../../test/support/redis.js';
import { EncryptedStore, type StoreWithBackend } from '../src/index.js';
import { PostgresKeyRing, PostgresStore } from '../src/postgres.js';
import { RedisStore } from '../src/redis.js';
import { keyRingContract, storeContract } from '../src/testing.js';
import { KEY } from './support/backends.js';
import { freshSchema, unsyncedUrl } from './support/postgres.js';
import { freshPrefix } from './support/redis.js';

const stores: [string, boolean, () => StoreWithBackend][] = [
  [
    'PostgresStore (needs PostgreSQL)',
    havePostgres,
    () => new PostgresStore(unsyncedUrl, { schema: freshSchema(), maxConnections: 4 }),
  ],
  ['RedisStore (needs Redis)', haveRedis, () => new RedisStore(redisUrl, { prefix: freshPrefix() })],
];

for (const [name, have, make] of stores) {
  describe.skipIf(!have)(name, () => {
    storeContract('bare', make, { describe, it });
    storeContract('encrypted', () => new EncryptedStore({ store: make(), encryptionKey: KEY }), {
      describe,
      it,
    });
  });
}

describe.skipIf(!havePostgres)('PostgresKeyRing (needs PostgreSQL)', () => {
  keyRingContract(
    'PostgresKeyRing',
    () => {
      const options = { schema: freshSchema(), maxConnections: 4, timeoutMs: 60_000 };
      return [new PostgresKeyRing(unsyncedUrl, options), new PostgresKeyRing(unsyncedUrl, options)];
    },
    { describe, it },
  );
});
