import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type LimitCharge, LimitUnavailableError } from '@stele/ccl';
import { describe, it } from 'vitest';
import { sqliteDrivers } from '../../../test/support/sqlite.js';
import { SqliteLimits, type SqliteLimitsOptions, SqliteStore, StoreError } from '../src/index.js';
import { isUnavailable, TestClock } from '../src/lib/contract/limits-harness.js';
import { sampleCovenant } from '../src/lib/contract/samples.js';
import { loadSqlite } from '../src/lib/sqlite-driver.js';
import { failsWith } from './support/assert.js';
import { freshPath } from './support/stores.js';

const HOUR = 3_600_000;
const one = (changes: Partial<LimitCharge> = {}): LimitCharge[] => [
  { key: 'k', amount: 3, cost: 1, periodMs: HOUR, ...changes },
];

describe.each(sqliteDrivers)('SqliteLimits on %s', (driver) => {
  const open = (path: string, options: SqliteLimitsOptions = {}) =>
    new SqliteLimits(path, { driver, ...options });
  const raw = (path: string) => loadSqlite(driver).open(path);
  const rows = (path: string) => {
    const database = raw(path);
    const tables = ['limit_keys', 'limit_entries', 'limit_reservations'];
    const counts = tables.map(
      (table) => (database.prepare(`SELECT count(*) AS n FROM ${table}`).get() as { n: number }).n,
    );
    database.close();
    return counts;
  };

  it('says which driver it uses', async () => {
    const limits = open(':memory:');
    assert.equal(limits.driver, driver);
    await limits.close();
  });

  it('still counts when it is opened anew, also by every other driver', async () => {
    const path = freshPath('limits');
    const first = open(path);
    const answer = await first.reserve([...one(), ...one({ key: 'b', amount: 1, cost: 0.75 })]);
    assert.ok(answer.ok);
    await first.close();
    for (const other of sqliteDrivers) {
      const limits = open(path, { driver: other });
      const asked = await limits.reserve([...one({ cost: 0 }), ...one({ key: 'b', amount: 1, cost: 0 })]);
      assert.deepEqual(asked.remaining, [2, 0.25]);
      await limits.close();
    }
    const last = open(path);
    await last.release(answer.id, [1]);
    assert.deepEqual((await last.reserve(one({ key: 'b', amount: 1 }))).remaining, [0]);
    assert.deepEqual((await last.reserve(one())).remaining, [1]);
    await last.close();
  });

  it('commits what expired while nobody had it open', async () => {
    const path = freshPath('limits');
    const clock = new TestClock();
    const first = open(path, { clock: clock.read });
    const answer = await first.reserve(one({ amount: 1 }), { ttlMs: 100 });
    assert.ok(answer.ok);
    await first.close();
    clock.at(100);
    const second = open(path, { clock: clock.read });
    await second.release(answer.id);
    assert.ok(!(await second.reserve(one({ amount: 1 }))).ok);
    await second.close();
  });

  it('sees at once what another connection charges, and shares its count', async () => {
    const path = freshPath('limits');
    const both = [open(path), open(path)];
    const answers = await Promise.all(
      Array.from({ length: 1000 }, (_, i) => both[i % 2]!.reserve(one({ amount: 100 }))),
    );
    assert.equal(answers.filter(({ ok }) => ok).length, 100);
    const [first] = answers;
    assert.ok(first?.ok);
    await both[1]!.release(first.id);
    assert.deepEqual((await both[0]!.reserve(one({ amount: 100 }))).remaining, [0]);
    for (const limits of both) await limits.close();
  });

  it('keeps its files from other users, whatever the umask, and writes ahead', async () => {
    const path = freshPath('limits');
    const before = process.umask(0);
    const limits = open(path);
    try {
      await limits.reserve(one());
    } finally {
      process.umask(before);
    }
    for (const suffix of ['', '-wal', '-shm'])
      assert.equal(statSync(path + suffix).mode & 0o777, 0o600, suffix);
    await limits.close();
    const database = raw(path);
    assert.deepEqual(
      { ...(database.prepare('PRAGMA journal_mode').get() as object) },
      { journal_mode: 'wal' },
    );
    database.close();
  });

  it('shares a file with a store, whichever comes first', async () => {
    for (const order of ['limits', 'store']) {
      const path = freshPath('shared');
      if (order === 'store') await new SqliteStore(path, { driver }).close();
      const limits = open(path);
      const store = new SqliteStore(path, { driver });
      const covenant = await sampleCovenant();
      await Promise.all([store.put(covenant), limits.reserve(one())]);
      await Promise.all([store.close(), limits.close()]);
      const again = [new SqliteStore(path, { driver }), open(path)] as const;
      assert.deepEqual(await again[0].get(covenant.id), covenant);
      assert.deepEqual((await again[1].reserve(one())).remaining, [1]);
      for (const each of again) await each.close();
    }
  });

  it('forgets what has passed, bit by bit', async () => {
    const path = freshPath('limits');
    const clock = new TestClock();
    const limits = open(path, { clock: clock.read });
    for (let i = 0; i < 50; i++) {
      clock.at(i);
      await limits.reserve(one({ key: `${i}`, periodMs: 1000 }), { ttlMs: 1000 });
      await limits.reserve(one({ amount: 50, periodMs: 1000 }), { ttlMs: 1000 });
    }
    assert.deepEqual(rows(path), [51, 100, 100]);
    clock.at(5000);
    await limits.reserve(one());
    await limits.reserve(one());
    assert.deepEqual(rows(path), [1, 1, 2]);
    await limits.close();
  });

  it('writes nothing for a refusal, and keeps no reservation of what costs nothing', async () => {
    const path = freshPath('limits');
    const limits = open(path);
    await limits.reserve(one({ amount: 1 }));
    const before = statSync(`${path}-wal`).size;
    for (let i = 0; i < 10; i++) assert.ok(!(await limits.reserve(one({ amount: 1 }))).ok);
    assert.equal(statSync(`${path}-wal`).size, before);
    for (let i = 0; i < 10; i++) await limits.reserve(one({ key: 'free', cost: 0 }));
    assert.deepEqual(rows(path), [1, 1, 1]);
    await limits.close();
  });

  it('answers calls that come together in their order', async () => {
    const limits = open(':memory:');
    const [first] = await Promise.all([
      limits.reserve(one({ amount: 1 })),
      limits.reserve(one({ amount: 1 })),
    ]);
    assert.ok(first.ok);
    const [, third, , fifth] = await Promise.all([
      limits.release(first.id),
      limits.reserve(one({ amount: 1 })),
      limits.release(first.id),
      limits.reserve(one({ amount: 1 })),
    ]);
    assert.deepEqual([third.ok, fifth.ok], [true, false]);
    await limits.close();
  });

  it('is unavailable after it was closed, and can be closed twice', async () => {
    const limits = open(':memory:');
    const waiting = limits.reserve(one());
    await Promise.all([limits.close(), limits.close()]);
    for (const call of [waiting, limits.reserve(one()), limits.commit('x'), limits.release('x')])
      await isUnavailable(call);
  });

  describe('and the clock', () => {
    const at = (path: string, clock: TestClock, options: SqliteLimitsOptions = {}) =>
      open(path, { clock: clock.read, ...options });

    it('stands still a little behind what another process has seen, and waits for it', async () => {
      const path = freshPath('limits');
      const [ahead, behind] = [new TestClock(), new TestClock()];
      ahead.at(60_000);
      const first = at(path, ahead);
      await first.reserve(one({ amount: 1, periodMs: 1000 }));
      await first.close();
      const second = at(path, behind);
      assert.deepEqual(await second.reserve(one({ amount: 1, periodMs: 1000 })), {
        ok: false,
        index: 0,
        remaining: [0],
        retryAfterMs: 61_000,
      });
      // Its own charges are made at the time that the file has seen.
      const other = one({ key: 'other', amount: 1, periodMs: 1000 });
      assert.ok((await second.reserve(other)).ok);
      behind.at(1000);
      const refused = await second.reserve(other);
      assert.deepEqual(refused, { ok: false, index: 0, remaining: [0], retryAfterMs: 60_000 });
      behind.at(60_999);
      assert.ok(!(await second.reserve(one({ amount: 1, periodMs: 1000 }))).ok);
      behind.at(61_000);
      assert.ok((await second.reserve(one({ amount: 1, periodMs: 1000 }))).ok);
      await second.close();
    });

    it('is remembered also from a refusal, where that dropped what had passed', async () => {
      const path = freshPath('limits');
      const clock = new TestClock();
      const k = one({ amount: 1, periodMs: 1000 });
      const full = one({ key: 'full', amount: 1 });
      const first = at(path, clock);
      await first.reserve([...k, ...full]);
      clock.at(2000);
      assert.ok(!(await first.reserve([...k, ...full])).ok);
      await first.close();
      clock.at(500);
      const second = at(path, clock);
      assert.ok((await second.reserve(k)).ok);
      const refused = await second.reserve(k);
      assert.ok(!refused.ok);
      assert.equal(refused.retryAfterMs, 2500);
      await second.close();
    });

    it('is suspect farther behind: nothing is permitted until it has caught up', async () => {
      const path = freshPath('limits');
      const clock = new TestClock();
      const limits = at(path, clock);
      const early = await limits.reserve(one());
      assert.ok(early.ok);
      clock.at(365 * 24 * HOUR);
      const late = await limits.reserve(one({ amount: 1 }));
      assert.ok(late.ok);
      for (const ms of [1, 365 * 24 * HOUR - 60_001]) {
        clock.at(ms);
        await isUnavailable(limits.reserve(one()));
        await isUnavailable(limits.reserve(one({ key: 'never charged' })));
        await isUnavailable(limits.release(late.id));
      }
      await limits.close();
      const again = at(path, clock);
      await isUnavailable(again.reserve(one()));
      clock.at(365 * 24 * HOUR - 60_000);
      assert.ok(!(await again.reserve(one({ amount: 1 }))).ok);
      await again.release(late.id);
      assert.ok((await again.reserve(one({ amount: 1 }))).ok);
      await again.close();
    });

    it('may stand as far behind as it is told', async () => {
      const clock = new TestClock();
      const limits = at(':memory:', clock, { clockSkewMs: 5 });
      await limits.reserve(one());
      clock.at(-5);
      assert.ok((await limits.reserve(one())).ok);
      clock.at(-6);
      await isUnavailable(limits.reserve(one()));
      await limits.close();
    });

    it('counts in whole milliseconds', async () => {
      const clock = new TestClock();
      const limits = at(':memory:', clock);
      clock.at(0.9);
      await limits.reserve(one({ amount: 1, periodMs: 1000 }));
      clock.at(10.5);
      const refused = await limits.reserve(one({ amount: 1, periodMs: 1000 }));
      assert.ok(!refused.ok);
      clock.now += (refused.retryAfterMs as number) - 1;
      assert.ok(!(await limits.reserve(one({ amount: 1, periodMs: 1000 }))).ok);
      clock.now += 1;
      assert.ok((await limits.reserve(one({ amount: 1, periodMs: 1000 }))).ok);
      await limits.close();
    });

    it('may be that of the system', async () => {
      const limits = open(':memory:');
      assert.ok((await limits.reserve(one({ amount: 1 }))).ok);
      assert.ok(!(await limits.reserve(one({ amount: 1 }))).ok);
      await limits.close();
    });
  });

  describe('and its file', () => {
    it('is unavailable while another process holds it for too long, and works afterwards', async () => {
      const path = freshPath('limits');
      const limits = open(path, { busyTimeoutMs: 0 });
      const holder = raw(path);
      holder.exec('BEGIN IMMEDIATE');
      const error = await limits.reserve(one()).catch((reason: unknown) => reason);
      assert.ok(error instanceof LimitUnavailableError);
      assert.ok(error.cause instanceof Error && error.hint !== undefined);
      await isUnavailable(limits.commit('x'));
      holder.exec('ROLLBACK');
      holder.close();
      assert.deepEqual((await limits.reserve(one())).remaining, [2]);
      await limits.close();
    });

    it.each(['deleted', 'replaced by a directory', 'replaced by a copy', 'left without its log'])(
      'is unavailable once it was %s, instead of counting apart from everyone else',
      async (fate) => {
        const path = freshPath('limits');
        const limits = open(path);
        const answer = await limits.reserve(one());
        assert.ok(answer.ok);
        if (fate === 'left without its log') rmSync(`${path}-wal`);
        else renameSync(path, `${path}.moved`);
        if (fate === 'replaced by a directory') mkdirSync(path);
        if (fate === 'replaced by a copy') copyFileSync(`${path}.moved`, path);
        await isUnavailable(limits.reserve(one()));
        await isUnavailable(limits.commit(answer.id));
        await isUnavailable(limits.release(answer.id));
        if (fate === 'replaced by a directory') await failsWith('store_unavailable', () => open(path));
        await limits.close().catch(() => {});
      },
    );

    it('refuses a newer schema and leaves it as it is', async () => {
      const path = freshPath('limits');
      await open(path).close();
      const database = raw(path);
      database.exec('UPDATE limit_state SET version = 2');
      database.close();
      const before = readFileSync(path);
      await failsWith('store_version', () => open(path));
      assert.deepEqual(readFileSync(path), before);
    });

    it('refuses the database of another program and leaves it as it is', async () => {
      const path = freshPath('limits');
      const database = raw(path);
      database.exec('CREATE TABLE limit_state (version INTEGER)');
      database.close();
      const before = readFileSync(path);
      await failsWith('store_version', () => open(path));
      assert.deepEqual(readFileSync(path), before);
    });

    it('says store_corrupt for a file that is no database, or has lost its state', async () => {
      const path = freshPath('limits');
      writeFileSync(path, 'this is no database at all, but it is long enough to be looked at. '.repeat(50));
      await failsWith('store_corrupt', () => open(path));
      const other = freshPath('limits');
      await open(other).close();
      const database = raw(other);
      database.exec('DELETE FROM limit_state');
      database.close();
      await failsWith('store_corrupt', () => open(other));
    });

    it('says store_unavailable where it cannot make a file', async () => {
      await failsWith('store_unavailable', () => open(join(freshPath('limits'), 'no', 'such', 'folder')));
    });

    it('is unavailable for a key whose rows are damaged, and counts others', async () => {
      const path = freshPath('limits');
      for (const damage of [
        "UPDATE limit_keys SET used = 'much'",
        "UPDATE limit_entries SET cost = '1'",
        "UPDATE limit_entries SET cost = '1e-2; DROP TABLE limit_keys'",
        'DELETE FROM limit_entries',
      ]) {
        const clock = new TestClock();
        const limits = open(path, { clock: clock.read });
        for (const ms of [0, 500]) {
          clock.at(ms);
          await limits.reserve(one({ amount: 2, periodMs: 1000 }));
        }
        const database = raw(path);
        database.exec(damage);
        await isUnavailable(limits.reserve(one({ amount: 2, periodMs: 1000 })));
        assert.ok((await limits.reserve(one({ key: 'other' }))).ok);
        database.exec('DELETE FROM limit_keys; DELETE FROM limit_entries');
        database.close();
        await limits.close();
      }
    });

    it('permits nothing from counts that are used up when pages of the file are overwritten', async () => {
      const path = freshPath('limits');
      const limits = open(path);
      for (let i = 0; i < 200; i++) await limits.reserve(one({ key: `${i % 20}`, amount: 10 }));
      await limits.close();
      const intact = readFileSync(path);
      let [denied, noticed] = [0, 0];
      for (let page = 0; page * 4096 < intact.length; page++) {
        const bytes = Buffer.from(intact);
        bytes.fill(0xa5, page * 4096 + 50, page * 4096 + 2050);
        writeFileSync(path, bytes);
        try {
          const damaged = open(path);
          for (let i = 0; i < 20; i++) {
            const answer = await damaged.reserve(one({ key: `${i}`, amount: 10 })).catch(() => undefined);
            assert.notEqual(answer?.ok, true, `page ${page}`);
            if (answer === undefined) noticed++;
            else denied++;
          }
          await damaged.close();
        } catch (error) {
          assert.ok(error instanceof StoreError, String(error));
          noticed++;
        }
        for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true });
      }
      assert.ok(noticed > 0 && denied > 0);
    });
  });
});

describe.skipIf(sqliteDrivers.length === 0)('SqliteLimits', () => {
  it('checks its arguments', () => {
    for (const path of [undefined, null, '', 1, {}, 'a\0b']) {
      assert.throws(() => new SqliteLimits(path as string), TypeError);
    }
    for (const options of [
      { driver: 'sqlite3' },
      { busyTimeoutMs: -1 },
      { busyTimeoutMs: '1; DROP TABLE limit_keys' },
      { clockSkewMs: -1 },
      { clockSkewMs: Number.NaN },
      { maxKeys: 0 },
      { maxKeys: 1.5 },
      { maxEntriesPerKey: 15 },
      { maxEntriesPerKey: 1_000_001 },
      { maxPending: 0 },
    ])
      assert.throws(() => new SqliteLimits(':memory:', options as SqliteLimitsOptions), RangeError);
    assert.throws(() => new SqliteLimits(':memory:', { clock: 5 as never }), TypeError);
    assert.ok(!existsSync(':memory:'));
  });
});
