/** What tools over whole stores need: every revocation, whether records are sealed, whether a store is there at all. */
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { havePostgres } from '../../../test/support/postgres.js';
import { haveRedis, redisUrl } from '../../../test/support/redis.js';
import { BackedStore, EncryptedStore, holdsSealedRecords, MemoryStore, StoreError } from '../src/index.js';
import { collect } from '../src/lib/contract/harness.js';
import { sampleCovenants, sampleRevocation } from '../src/lib/contract/samples.js';
import { MemoryBackend } from '../src/lib/memory-backend.js';
import { PostgresStore } from '../src/postgres.js';
import { RedisStore } from '../src/redis.js';
import { failsWith } from './support/assert.js';
import { KEY } from './support/backends.js';
import { freshSchema, inspector, unsyncedUrl } from './support/postgres.js';
import { deleteRecord, putRecord } from './support/records.js';
import { freshPrefix } from './support/redis.js';
import { stores } from './support/stores.js';

describe.each(stores)('every revocation of %s', (_, make) => {
  it('is met once, by covenant, also where the covenant is gone', async () => {
    const store = make() as BackedStore;
    const covenants = await sampleCovenants(70);
    for (const covenant of covenants) await store.putRevocation(await sampleRevocation(covenant));
    const [twice] = covenants as [(typeof covenants)[number]];
    await store.putRevocation(await sampleRevocation(twice, 'again'));
    const met = await collect(store.iterateRevocations());
    const ids = met.map(({ covenant }) => covenant);
    assert.deepEqual(ids, [...ids].sort());
    assert.deepEqual([...new Set(ids)], covenants.map(({ id }) => id).sort());
    assert.equal(met.length, 71);
    await store.close();
    await failsWith('store_closed', () => collect(store.iterateRevocations()));
  });
});

describe('a revocation that cannot be read', () => {
  it('ends the walk, or is told and passed over', async () => {
    const store = new MemoryStore();
    const covenants = await sampleCovenants(3);
    for (const covenant of covenants) await store.putRevocation(await sampleRevocation(covenant));
    const id = `${covenants[0]?.id}/${'0'.repeat(64)}`;
    await putRecord(store.backend, { kind: 'revocation', id, bytes: new Uint8Array(3) }, undefined);
    await failsWith('record_corrupt', () => collect(store.iterateRevocations()));
    const told: (string | undefined)[] = [];
    const met = await collect(store.iterateRevocations({ onCorrupt: (error) => told.push(error.id) }));
    assert.deepEqual([met.length, told], [3, [id]]);
  });

  it('is one thing, a medium that fails another', async () => {
    class FailingBackend extends MemoryBackend {
      override list(): Promise<never> {
        return Promise.reject(new StoreError('store_unavailable', 'away'));
      }
    }
    const store = new BackedStore(new FailingBackend());
    await failsWith('store_unavailable', () => collect(store.iterateRevocations({ onCorrupt: assert.fail })));
  });
});

describe('whether records are sealed', () => {
  it('is seen as long as one of them is there', async () => {
    const inner = new MemoryStore();
    assert.equal(await holdsSealedRecords(inner), false);
    const [covenant] = await sampleCovenants(1);
    const store = new EncryptedStore({ store: inner, encryptionKey: KEY });
    await store.put(covenant!);
    assert.equal(await holdsSealedRecords(inner), true);
    assert.equal(await holdsSealedRecords(store), false); // it hands them out in clear
    await store.delete(covenant!.id);
    assert.equal(await holdsSealedRecords(inner), true); // its own record
  });

  it('is seen without the record that the store keeps about itself', async () => {
    const inner = new MemoryStore();
    const [covenant] = await sampleCovenants(1);
    await new EncryptedStore({ store: inner, encryptionKey: KEY }).put(covenant!);
    const own = await inner.backend.list('revocation', { limit: 1 });
    await deleteRecord(inner.backend, 'revocation', own[0]!.id);
    assert.equal(await holdsSealedRecords(inner), true);
  });

  it('is denied of records in clear', async () => {
    const store = new MemoryStore();
    const [covenant] = await sampleCovenants(1);
    await store.put(covenant!);
    await store.putRevocation(await sampleRevocation(covenant!));
    assert.equal(await holdsSealedRecords(store), false);
  });
});

/** Everything that may not begin a store is refused; once there is one, everything works. */
async function staysAway(make: (create?: boolean) => BackedStore): Promise<void> {
  const [covenant] = await sampleCovenants(1);
  const looking = make(false);
  await failsWith('store_version', () => looking.count());
  await failsWith('store_version', () => looking.get(covenant!.id));
  await failsWith('store_version', () => looking.list());
  await failsWith('store_version', () => looking.put(covenant!));
  const making = make();
  await making.put(covenant!);
  assert.equal(await looking.count(), 1);
  assert.equal(await looking.delete(covenant!.id), true);
  await Promise.all([looking.close(), making.close()]);
}

describe.skipIf(!havePostgres)('a PostgresStore that may not be made (needs PostgreSQL)', () => {
  it('says so, and leaves the database as it is', async () => {
    const schema = freshSchema();
    const make = (create?: boolean) => new PostgresStore(unsyncedUrl, { schema, create, timeoutMs: 30_000 });
    const looking = make(false);
    await failsWith('store_version', () => looking.probe());
    await looking.close();
    const { rows } = await inspector.query('SELECT to_regnamespace($1) IS NULL AS absent', [schema]);
    assert.deepEqual(rows, [{ absent: true }]);
    await staysAway(make);
  });
});

describe.skipIf(!haveRedis)('a RedisStore that may not be begun (needs Redis)', () => {
  it('says so', async () => {
    const prefix = freshPrefix();
    await staysAway((create) => new RedisStore(redisUrl, { prefix, create, timeoutMs: 30_000 }));
  });
});
