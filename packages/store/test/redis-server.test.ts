/** What Redis keeps when it dies, where its keys lie, and what it refuses. */
import assert from 'node:assert/strict';
import type { CovenantDocument } from '@stele/core';
import { Redis } from 'ioredis';
import { describe, it } from 'vitest';
import { eventually } from '../../../test/support/proxy.js';
import { haveRedis, haveRedisServer, redisUrl } from '../../../test/support/redis.js';
import { isUnavailable } from '../src/lib/contract/limits-harness.js';
import { sampleCovenant, sampleCovenants, sampleRevocation } from '../src/lib/contract/samples.js';
import { RedisLimits, type RedisOptions, RedisStore } from '../src/redis.js';
import { failsWith } from './support/assert.js';
import { temporaryFolder } from './support/backends.js';
import { freshPrefix, inspector } from './support/redis.js';
import { RedisServer } from './support/redis-server.js';

const one = { key: 'k', amount: 100, cost: 0.5, periodMs: 86_400_000 };

/** All keys of a prefix as they are now: what a server may come back with. */
async function dump(prefix: string): Promise<[string, Buffer][]> {
  const keys = await inspector.keys(`{${prefix}}:*`);
  return Promise.all(
    keys.map(async (key) => [key, (await inspector.dumpBuffer(key)) as Buffer] as [string, Buffer]),
  );
}

async function restore(snapshot: readonly [string, Buffer][]): Promise<void> {
  for (const [key, bytes] of snapshot) await inspector.restore(key, 0, bytes, 'REPLACE');
}

describe.skipIf(!haveRedisServer)('a Redis of its own (needs the program redis-server)', () => {
  const folder = temporaryFolder();

  it('keeps everything that was acknowledged when it is killed, with appendonly and appendfsync always', async () => {
    const server = await RedisServer.start(folder, '--appendonly', 'yes', '--appendfsync', 'always');
    const store = new RedisStore(server.url, { timeoutMs: 10_000 });
    const limits = new RedisLimits(server.url, { timeoutMs: 10_000 });
    const covenants = [];
    for (let death = 1; death <= 3; death++) {
      const covenant = await sampleCovenant();
      await store.put(covenant);
      await limits.reserve([one]);
      covenants.push(covenant);
      await server.kill();
      await server.start();
      for (const each of covenants) {
        assert.deepEqual(await eventually(() => store.get(each.id)), each);
      }
      const asked = await eventually(() => limits.reserve([{ ...one, cost: 0 }]));
      assert.deepEqual(asked.remaining, [100 - death / 2]);
    }
    await Promise.all([store.close(), limits.close()]);
    await server.kill();
  }, 60_000);

  it('may be a cluster: all keys of a prefix lie together', async () => {
    const server = await RedisServer.start(
      folder,
      '--cluster-enabled',
      'yes',
      '--cluster-announce-ip',
      '127.0.0.1',
    );
    const admin = new Redis(server.url);
    await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    await eventually(async () =>
      assert.match(String(await admin.call('CLUSTER', 'INFO')), /cluster_state:ok/),
    );
    const cluster = new Redis.Cluster([{ host: '127.0.0.1', port: Number(new URL(server.url).port) }]);
    for (const source of [server.url, cluster]) {
      const options = { prefix: typeof source === 'string' ? 'one' : 'two', timeoutMs: 10_000 };
      const store = new RedisStore(source, options);
      const limits = new RedisLimits(source, options);
      const covenant = await sampleCovenant();
      await store.put(covenant);
      await store.putRevocation(await sampleRevocation(covenant));
      assert.deepEqual(await store.get(covenant.id), covenant);
      assert.equal((await store.list({ issuer: covenant.issuer.id })).items.length, 1);
      await store.probe();
      const answer = await limits.reserve([one, { ...one, key: 'other' }]);
      assert.ok(answer.ok);
      await limits.release(answer.id);
      await Promise.all([store.close(), limits.close()]);
    }
    cluster.disconnect();
    admin.disconnect();
    await server.kill();
  }, 60_000);

  it('that is full refuses, and nothing half-written is left', async () => {
    const server = await RedisServer.start(folder, '--maxmemory', '1', '--maxmemory-policy', 'noeviction');
    const store = new RedisStore(server.url, { timeoutMs: 10_000 });
    const limits = new RedisLimits(server.url, { timeoutMs: 10_000 });
    const covenant = await sampleCovenant();
    await failsWith('store_unavailable', () => store.put(covenant));
    await failsWith('store_unavailable', () => store.probe());
    await isUnavailable(limits.reserve([one]));
    await isUnavailable(limits.probe());
    const admin = new Redis(server.url);
    assert.equal(await admin.dbsize(), 0);
    await admin.config('SET', 'maxmemory', '0');
    await limits.probe();
    assert.equal(await admin.dbsize(), 0);
    await store.put(covenant);
    assert.deepEqual((await limits.reserve([one])).remaining, [99.5]);
    admin.disconnect();
    await Promise.all([store.close(), limits.close()]);
    await server.kill();
  }, 60_000);
});

describe.skipIf(!haveRedis)('RedisStore and RedisLimits (need Redis)', () => {
  it('use only keys with the hash tag of their prefix, and none of their own for each record', async () => {
    const prefix = freshPrefix();
    const [store, limits] = [new RedisStore(redisUrl, { prefix }), new RedisLimits(redisUrl, { prefix })];
    for (let i = 0; i < 3; i++) {
      await store.put(await sampleCovenant());
      await limits.reserve([{ ...one, key: `${i}` }]);
    }
    await store.probe();
    const keys = await inspector.keys(`*${prefix}*`);
    assert.ok(keys.every((key) => key.startsWith(`{${prefix}}:`)));
    assert.equal(keys.length, 12);
    await Promise.all([store.close(), limits.close()]);
  });

  it('refuse what a newer version wrote, and leave it as it is', async () => {
    const prefix = freshPrefix();
    for (const part of ['store', 'limits']) await inspector.hset(`{${prefix}}:${part}:state`, 'version', '2');
    const [store, limits] = [new RedisStore(redisUrl, { prefix }), new RedisLimits(redisUrl, { prefix })];
    const covenant = await sampleCovenant();
    await failsWith('store_version', () => store.put(covenant));
    await failsWith('store_version', () => store.list());
    await failsWith('store_version', () => store.get(covenant.id));
    await failsWith('store_version', () => store.has(covenant.id));
    await failsWith('store_version', () => store.count());
    await isUnavailable(limits.reserve([one]));
    await isUnavailable(limits.probe());
    assert.equal((await inspector.keys(`*${prefix}*`)).length, 2);
    await Promise.all([store.close(), limits.close()]);
  });

  it('are unavailable where counts are damaged, and report a record that is missing', async () => {
    const prefix = freshPrefix();
    const limits = new RedisLimits(redisUrl, { prefix });
    await limits.reserve([one]);
    const [digest] = await inspector.hkeys(`{${prefix}}:limits:keys`);
    for (const damage of [
      '',
      'x',
      '1 1 1 1 1 1',
      '1 1000 1e-0 1 0 99999999999999 ',
      '1 1 -1e-0 1 0 9999999999999',
    ]) {
      await inspector.hset(`{${prefix}}:limits:keys`, digest as string, damage);
      await isUnavailable(limits.reserve([one]));
    }
    const store = new RedisStore(redisUrl, { prefix });
    const covenant = await sampleCovenant();
    await store.put(covenant);
    await inspector.del(`{${prefix}}:store:records`);
    await failsWith('record_corrupt', () => store.list());
    await Promise.all([store.close(), limits.close()]);
  });

  it('write nothing of a batch where a key of theirs is of another kind', async () => {
    for (const part of ['ids', 'tokens', 'token-lists', 'changes', 'records', 'state']) {
      const prefix = freshPrefix();
      const store = new RedisStore(redisUrl, { prefix });
      const batch = await sampleCovenants(3);
      await inspector.set(`{${prefix}}:store:${part}`, 'somebody else’s');
      await failsWith('store_unavailable', () => store.put(batch[0] as CovenantDocument));
      await failsWith('store_unavailable', () => store.putBatch(batch));
      assert.deepEqual(await inspector.keys(`{${prefix}}:*`), [`{${prefix}}:store:${part}`]);
      await inspector.del(`{${prefix}}:store:${part}`);
      await store.putBatch(batch);
      assert.equal(await store.count(), 3);
      await store.close();
    }
  });

  it('take writes when the state of the feed was lost, as another feed', async () => {
    const prefix = freshPrefix();
    const store = new RedisStore(redisUrl, { prefix });
    const [first, ...batch] = (await sampleCovenants(4)) as [CovenantDocument, ...CovenantDocument[]];
    await store.put(first);
    const token = await store.latestToken();
    await inspector.del(`{${prefix}}:store:state`);
    await store.putBatch(batch);
    assert.equal(await store.count(), 4);
    await failsWith('watch_expired', () => store.watch({ after: token }).next());
    const next = await store.latestToken();
    await store.delete(first.id);
    assert.equal((await store.watch({ after: next }).next()).value?.id, first.id);
    await store.close();
  });

  it('tell a watch that what it was told was lost, also when other changes have taken its place', async () => {
    const prefix = freshPrefix();
    const store = new RedisStore(redisUrl, { prefix });
    const documents = await sampleCovenants(7);
    for (const document of documents.slice(0, 3)) await store.put(document);
    const kept = await store.latestToken();
    const snapshot = await dump(prefix);
    for (const document of documents.slice(3, 5)) await store.put(document);
    const lost = await store.latestToken();
    const watching = store.watch({ after: kept });
    assert.equal((await watching.next()).value?.id, documents[3]?.id);
    await restore(snapshot);
    await failsWith('watch_expired', () => store.watch({ after: lost }).next());
    for (const document of documents.slice(5)) await store.put(document);
    await failsWith('watch_expired', () => store.watch({ after: lost }).next());
    const told = [];
    for await (const { id, token } of store.watch({ after: kept })) {
      told.push(id);
      if (token === (await store.latestToken())) break;
    }
    assert.deepEqual(told, [documents[5]?.id, documents[6]?.id]);
    await store.close();
  });

  it('take a client of the caller, which stays open, and do not send again what it would', async () => {
    const client = new Redis(redisUrl);
    const prefix = freshPrefix();
    const store = new RedisStore(client, { prefix });
    const covenant = await sampleCovenant();
    await store.put(covenant);
    await store.close();
    assert.equal(await client.ping(), 'PONG');
    client.disconnect();
  });
});

describe('RedisStore and RedisLimits', () => {
  it('check their arguments', () => {
    const makers = [
      (source: unknown, options?: RedisOptions) => new RedisStore(source as string, options),
      (source: unknown, options?: RedisOptions) => new RedisLimits(source as string, options),
    ];
    for (const make of makers) {
      for (const source of [undefined, null, '', 5, {}, 'http://x', 'x'])
        assert.throws(() => make(source), TypeError);
      for (const options of [
        { prefix: '' },
        { prefix: 'a{b}' },
        { prefix: 'a b' },
        { prefix: 'x'.repeat(65) },
        { prefix: 5 as never },
        { timeoutMs: 0 },
        { timeoutMs: 1.5 },
        { timeoutMs: 600_001 },
      ])
        assert.throws(() => make(redisUrl, options), RangeError, JSON.stringify(options));
    }
    assert.throws(() => new RedisLimits(redisUrl, { clock: 5 as never }), TypeError);
    for (const options of [{ clockSkewMs: -1 }, { maxKeys: 0 }, { maxEntriesPerKey: 15 }, { maxPending: 0 }])
      assert.throws(() => new RedisLimits(redisUrl, options), RangeError);
  });
});
