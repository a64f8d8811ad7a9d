/** Remote ledgers whose server is away, silent, or gone in the middle of a call. */
import assert from 'node:assert/strict';
import type { LimitLedger } from '@stele/ccl';
import { afterAll, describe, it } from 'vitest';
import { havePostgres, postgresUrl } from '../../../test/support/postgres.js';
import { deadPort, eventually, FaultyProxy } from '../../../test/support/proxy.js';
import { haveRedis, redisUrl } from '../../../test/support/redis.js';
import { isUnavailable } from '../src/lib/contract/limits-harness.js';
import { PostgresLimits } from '../src/postgres.js';
import { RedisLimits } from '../src/redis.js';
import { freshSchema, inspector as postgres } from './support/postgres.js';
import { freshPrefix, inspector as redis } from './support/redis.js';

interface Ledger extends LimitLedger {
  close(): Promise<void>;
}

interface Kind {
  readonly name: string;
  readonly have: boolean;
  readonly url: string;
  /** A place of its own, and how to open it through a URL. */
  fresh(): (url: string, timeoutMs: number) => Ledger;
}

const kinds: Kind[] = [
  {
    name: 'PostgresLimits (needs PostgreSQL)',
    have: havePostgres,
    url: postgresUrl,
    fresh: () => {
      const schema = freshSchema();
      return (url, timeoutMs) => new PostgresLimits(url, { schema, timeoutMs, maxConnections: 2 });
    },
  },
  {
    name: 'RedisLimits (needs Redis)',
    have: haveRedis,
    url: redisUrl,
    fresh: () => {
      const prefix = freshPrefix();
      return (url, timeoutMs) => new RedisLimits(url, { prefix, timeoutMs });
    },
  },
];

const PATIENT = 30_000;
const one = { key: 'k', amount: 1000, cost: 1, periodMs: 86_400_000 };
const asked = [{ ...one, cost: 0 }];

for (const { name, have, url, fresh } of kinds)
  describe.skipIf(!have)(name, () => {
    const open: (Ledger | FaultyProxy)[] = [];
    afterAll(async () => {
      for (const each of open) await (each instanceof FaultyProxy ? each.down() : each.close());
    });
    const kept = <T extends Ledger | FaultyProxy>(each: T): T => {
      open.push(each);
      return each;
    };

    it('is unavailable where nobody listens', async () => {
      const away = new URL(url);
      away.port = String(await deadPort());
      const limits = kept(fresh()(away.href, 200));
      await isUnavailable(limits.reserve([one]));
      await isUnavailable(limits.commit('3f2b9d0e-8a55-4c3e-9d5e-0a4c5c1f7a10'));
      await isUnavailable(limits.release('3f2b9d0e-8a55-4c3e-9d5e-0a4c5c1f7a10'));
    });

    it('is unavailable where a server accepts and never answers, and works when it answers again', async () => {
      const proxy = kept(await FaultyProxy.before(url));
      proxy.mode = 'silent';
      const make = fresh();
      const limits = kept(make(proxy.url, 400));
      await isUnavailable(limits.reserve([one]));
      await isUnavailable(limits.reserve([one]));
      proxy.mode = 'passing';
      assert.ok((await eventually(() => limits.reserve([one]))).ok);
    });

    it('is unavailable when the server falls silent later, and works when it answers again', async () => {
      const proxy = kept(await FaultyProxy.before(url));
      const make = fresh();
      await eventually(() => kept(make(url, PATIENT)).reserve(asked));
      const limits = kept(make(proxy.url, 400));
      await eventually(() => limits.reserve(asked));
      proxy.mode = 'silent';
      await isUnavailable(limits.reserve([one]));
      proxy.mode = 'passing';
      const answer = await eventually(() => limits.reserve([one]));
      // What was never heard was never charged.
      assert.deepEqual(answer.remaining, [999]);
    });

    it('loses no charge and makes none twice when connections are cut before the answer', async () => {
      const proxy = kept(await FaultyProxy.before(url));
      const make = fresh();
      const [through, beside] = [kept(make(proxy.url, PATIENT)), kept(make(url, PATIENT))];
      await through.reserve(asked);
      let told = 0;
      for (let i = 0; i < 10; i++) {
        proxy.mode = 'deaf';
        await isUnavailable(through.reserve([one]));
        proxy.mode = 'passing';
        assert.ok((await eventually(() => through.reserve([one]))).ok);
        told++;
      }
      const [left] = (await beside.reserve(asked)).remaining;
      assert.ok(left !== undefined && left <= 1000 - told && left >= 1000 - 2 * told - 10, `${left} left`);
    }, 60_000);

    it('works again when the server has been away, in the same process', async () => {
      const proxy = kept(await FaultyProxy.before(url));
      const limits = kept(fresh()(proxy.url, 1000));
      const first = await eventually(() => limits.reserve([one]));
      assert.ok(first.ok);
      for (let i = 0; i < 3; i++) {
        await proxy.down();
        // The second waits for a connection until its time is up; it must not be made when there is one again.
        for (let j = 0; j < 2; j++) await isUnavailable(limits.reserve([one]));
        await proxy.up();
        assert.ok((await eventually(() => limits.reserve(asked))).ok);
      }
      await eventually(() => limits.release(first.id));
      assert.deepEqual((await eventually(() => limits.reserve(asked))).remaining, [1000]);
    }, 60_000);

    it('is unavailable after it was closed, and can be closed twice', async () => {
      const limits = fresh()(url, PATIENT);
      await limits.reserve([one]);
      await Promise.all([limits.close(), limits.close()]);
      await isUnavailable(limits.reserve([one]));
      await isUnavailable(limits.release('3f2b9d0e-8a55-4c3e-9d5e-0a4c5c1f7a10'));
    });

    it('uses the clock of the server', async () => {
      const limits = kept(fresh()(url, PATIENT));
      assert.ok((await limits.reserve([{ ...one, amount: 1 }])).ok);
      const refused = await limits.reserve([{ ...one, amount: 1 }]);
      assert.ok(!refused.ok);
      const wait = refused.retryAfterMs as number;
      assert.ok(wait > one.periodMs - 600_000 && wait <= one.periodMs);
    });
  });

describe.skipIf(!havePostgres)('PostgresLimits (needs PostgreSQL)', () => {
  it('is unavailable when its session is ended while it waits for a lock, and charges nothing', async () => {
    const schema = freshSchema();
    const limits = new PostgresLimits(postgresUrl, { schema, timeoutMs: PATIENT });
    assert.ok((await limits.reserve([one])).ok);
    const holder = await postgres.connect();
    await holder.query('BEGIN');
    await holder.query(`SELECT * FROM ${schema}.limit_keys FOR UPDATE`);
    const waiting = isUnavailable(limits.reserve([one]));
    await eventually(async () => {
      const { rowCount } = await postgres.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%${schema}%'`,
      );
      assert.ok(rowCount);
    });
    await waiting;
    await holder.query('ROLLBACK');
    holder.release();
    assert.deepEqual((await limits.reserve([one])).remaining, [998]);
    await limits.close();
  });

  it('is unavailable while another holds its key for too long, and charges nothing', async () => {
    const schema = freshSchema();
    const limits = new PostgresLimits(postgresUrl, { schema, timeoutMs: PATIENT });
    const hasty = new PostgresLimits(postgresUrl, { schema, timeoutMs: 300 });
    await limits.reserve([one]);
    await eventually(() => hasty.reserve(asked));
    const holder = await postgres.connect();
    await holder.query('BEGIN');
    await holder.query(`SELECT * FROM ${schema}.limit_keys FOR UPDATE`);
    await isUnavailable(hasty.reserve([one]));
    // Other keys are free meanwhile.
    assert.ok((await limits.reserve([{ ...one, key: 'other' }])).ok);
    await holder.query('ROLLBACK');
    holder.release();
    assert.deepEqual((await limits.reserve([one])).remaining, [998]);
    for (const each of [limits, hasty]) await each.close();
  });
});

describe.skipIf(!haveRedis)('RedisLimits (needs Redis)', () => {
  it('works on after its connection was killed', async () => {
    const prefix = freshPrefix();
    const limits = new RedisLimits(redisUrl, { prefix });
    for (let i = 0; i < 5; i++) {
      assert.ok((await eventually(() => limits.reserve([one]))).ok);
      const clients = (await redis.client('LIST')) as string;
      const mine = clients
        .split('\n')
        .filter((line) => line.includes('cmd=evalsha') || line.includes('cmd=eval'));
      for (const line of mine) {
        const [, id] = /\bid=(\d+)/.exec(line) ?? [];
        if (line.includes(prefix) || mine.length === 1)
          await redis.call('CLIENT', 'KILL', 'ID', id as string);
      }
    }
    assert.deepEqual((await eventually(() => limits.reserve(asked))).remaining, [995]);
    await limits.close();
  });
});
