/** Remote ledgers whose clocks differ, go back, or have run ahead; and counts that were tampered with. */
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { havePostgres } from '../../../test/support/postgres.js';
import { haveRedis, redisUrl } from '../../../test/support/redis.js';
import { isUnavailable, TestClock } from '../src/lib/contract/limits-harness.js';
import { POSTGRES_LIMITS } from '../src/lib/postgres-limits-schema.js';
import { PostgresLimits, type PostgresLimitsOptions } from '../src/postgres.js';
import { RedisLimits } from '../src/redis.js';
import { freshSchema, inspector, unsyncedUrl } from './support/postgres.js';
import { freshPrefix } from './support/redis.js';

const HOUR = 3_600_000;
const YEAR = 365 * 24 * HOUR;
const k = { key: 'k', amount: 1, cost: 1, periodMs: 1000 };

type Options = Pick<PostgresLimitsOptions, 'clock' | 'clockSkewMs' | 'maxKeys' | 'maxPending'>;

const kinds = [
  {
    name: 'PostgresLimits (needs PostgreSQL)',
    have: havePostgres,
    fresh: freshSchema,
    open: (schema: string, options: Options) =>
      new PostgresLimits(unsyncedUrl, { timeoutMs: 30_000, maxConnections: 2, ...options, schema }),
  },
  {
    name: 'RedisLimits (needs Redis)',
    have: haveRedis,
    fresh: freshPrefix,
    open: (prefix: string, options: Options) =>
      new RedisLimits(redisUrl, { timeoutMs: 30_000, ...options, prefix }),
  },
];

for (const { name, have, fresh, open } of kinds)
  describe.skipIf(!have)(`the clock of ${name}`, () => {
    it('stands still a little behind what another process has seen, and is waited for', async () => {
      const place = fresh();
      const [ahead, behind] = [new TestClock(), new TestClock()];
      ahead.at(60_000);
      const [first, second] = [open(place, { clock: ahead.read }), open(place, { clock: behind.read })];
      assert.ok((await first.reserve([k])).ok);
      assert.deepEqual(await second.reserve([k]), {
        ok: false,
        index: 0,
        remaining: [0],
        retryAfterMs: 61_000,
      });
      behind.at(60_999);
      assert.ok(!(await second.reserve([k])).ok);
      behind.at(61_000);
      assert.ok((await second.reserve([k])).ok);
      await Promise.all([first.close(), second.close()]);
    });

    it('is suspect farther behind: nothing that was charged is permitted until it has caught up', async () => {
      const place = fresh();
      const clock = new TestClock();
      const limits = open(place, { clock: clock.read });
      clock.at(YEAR);
      const late = await limits.reserve([k]);
      assert.ok(late.ok);
      for (const ms of [1, YEAR - 60_001]) {
        clock.at(ms);
        await isUnavailable(limits.reserve([k]));
        await isUnavailable(limits.release(late.id));
      }
      const again = open(place, { clock: clock.read });
      await isUnavailable(again.reserve([k]));
      await isUnavailable(again.release(late.id));
      clock.at(YEAR - 60_000);
      assert.ok(!(await again.reserve([k])).ok);
      await again.release(late.id);
      assert.ok((await again.reserve([k])).ok);
      await Promise.all([limits.close(), again.close()]);
    });

    it('is remembered also of keys that were forgotten', async () => {
      const place = fresh();
      const clock = new TestClock();
      const limits = open(place, { clock: clock.read, maxKeys: 1 });
      assert.ok((await limits.reserve([{ ...k, periodMs: HOUR }])).ok);
      clock.at(YEAR);
      // There is room for one key only: the other is forgotten, as it has passed.
      assert.ok((await limits.reserve([{ ...k, key: 'other' }])).ok);
      clock.at(1);
      const again = open(place, { clock: clock.read, maxKeys: 10 });
      await isUnavailable(again.reserve([{ ...k, periodMs: HOUR }]));
      await Promise.all([limits.close(), again.close()]);
    });

    it('may stand as far behind as it is told, and counts in whole milliseconds', async () => {
      const clock = new TestClock();
      const limits = open(fresh(), { clock: clock.read, clockSkewMs: 5 });
      clock.at(0.9);
      assert.ok((await limits.reserve([k])).ok);
      clock.at(10.5);
      const refused = await limits.reserve([k]);
      assert.ok(!refused.ok);
      clock.now += (refused.retryAfterMs as number) - 1;
      assert.ok(!(await limits.reserve([k])).ok);
      clock.now += 1;
      assert.ok((await limits.reserve([k])).ok);
      clock.now -= 5;
      assert.ok(!(await limits.reserve([k])).ok);
      clock.now -= 1;
      await isUnavailable(limits.reserve([k]));
      await limits.close();
    });

    it('lets windows pass though a period is no whole number, or longer than any time', async () => {
      const clock = new TestClock();
      const limits = open(fresh(), { clock: clock.read });
      const short = { ...k, key: 'short', periodMs: 0.5 };
      const long = { ...k, key: 'long', periodMs: Number.MAX_VALUE };
      assert.ok((await limits.reserve([short, long])).ok);
      assert.ok(!(await limits.reserve([short])).ok);
      clock.at(1);
      assert.ok((await limits.reserve([short])).ok);
      clock.at(YEAR);
      assert.ok(!(await limits.reserve([long])).ok);
      await limits.close();
    });
  });

describe.skipIf(!havePostgres)('the counts of PostgresLimits (needs PostgreSQL)', () => {
  it.each([
    'UPDATE @.limit_keys SET used = 0',
    'UPDATE @.limit_keys SET size = 0',
    'UPDATE @.limit_keys SET size = size - 2',
    'DELETE FROM @.limit_entries',
    'DELETE FROM @.limit_state',
  ])('permit nothing where they contradict themselves: %s', async (damage) => {
    const schema = freshSchema();
    const clock = new TestClock();
    const limits = new PostgresLimits(unsyncedUrl, { schema, clock: clock.read, timeoutMs: 30_000 });
    const one = { ...k, amount: 2 };
    for (const ms of [0, 500]) {
      clock.at(ms);
      assert.ok((await limits.reserve([one])).ok);
    }
    await inspector.query(damage.replace('@', schema));
    clock.at(1000);
    await isUnavailable(limits.reserve([{ ...one, cost: 2 }]));
    await limits.close();
  });

  it('cannot be made to hold what is no amount', async () => {
    const schema = freshSchema();
    const limits = new PostgresLimits(unsyncedUrl, { schema, timeoutMs: 30_000 });
    await limits.reserve([k]);
    for (const odd of ["used = 'NaN'", 'used = -1']) {
      await assert.rejects(inspector.query(`UPDATE ${schema}.limit_keys SET ${odd}`));
    }
    for (const odd of ["cost = 'NaN'", 'cost = 0']) {
      await assert.rejects(inspector.query(`UPDATE ${schema}.limit_entries SET ${odd}`));
    }
    await limits.close();
  });
});

describe.skipIf(!havePostgres)('reservations in PostgreSQL (needs it)', () => {
  it('do not stay when they have expired, though not every call looks for them', async () => {
    const schema = freshSchema();
    const clock = new TestClock();
    const limits = new PostgresLimits(unsyncedUrl, { schema, clock: clock.read, timeoutMs: 30_000 });
    const charge = { key: 'k', amount: 1e9, cost: 1, periodMs: 1000 };
    const expire = Array.from({ length: 300 }, () => limits.reserve([charge], { ttlMs: 1000 }));
    assert.ok((await Promise.all(expire)).every(({ ok }) => ok));
    clock.at(5000);
    const left = async () => {
      const { rows } = await inspector.query(
        `SELECT count(*)::int AS expired, (SELECT sum(pending)::int FROM ${schema}.limit_counts) AS counted,
          (SELECT count(*)::int FROM ${schema}.limit_reservations) AS held
          FROM ${schema}.limit_reservations WHERE expires_at <= 5000`,
      );
      return rows[0] as { expired: number; counted: number; held: number };
    };
    // One of 64 calls looks, by chance: so many in a row that do not are none that will ever be seen.
    for (let calls = 0; (await left()).expired > 0; calls++) {
      assert.ok(calls < 4000, 'nobody looked');
      await limits.reserve([charge]);
    }
    const { counted, held } = await left();
    assert.equal(counted, held);
    await limits.close();
  });

  it('make room at once when they have expired and there may be no more', async () => {
    const clock = new TestClock();
    const limits = new PostgresLimits(unsyncedUrl, {
      schema: freshSchema(),
      clock: clock.read,
      maxPending: 3,
      timeoutMs: 30_000,
    });
    const charge = { key: 'k', amount: 1e9, cost: 1, periodMs: 1000 };
    for (let i = 0; i < 3; i++) assert.ok((await limits.reserve([charge], { ttlMs: 1000 })).ok);
    await isUnavailable(limits.reserve([charge]));
    clock.at(5000);
    for (let i = 0; i < 3; i++) assert.ok((await limits.reserve([charge])).ok);
    await isUnavailable(limits.reserve([charge]));
    await limits.close();
  });

  it('of a schema of before are looked for as seldom, once it is opened', async () => {
    const schema = freshSchema();
    const [first] = POSTGRES_LIMITS.steps;
    await inspector.query(`CREATE SCHEMA ${schema}; ${first?.(schema)}`);
    await inspector.query(
      `CREATE TABLE ${schema}.stele_parts (name text PRIMARY KEY, version integer NOT NULL); INSERT INTO ${schema}.stele_parts VALUES ('limits', 1)`,
    );
    const limits = new PostgresLimits(unsyncedUrl, { schema, timeoutMs: 30_000 });
    assert.ok((await limits.reserve([k])).ok);
    const { rows } = await inspector.query(`SELECT version FROM ${schema}.stele_parts WHERE name = 'limits'`);
    assert.deepEqual(rows, [{ version: 2 }]);
    await limits.close();
  });
});
