import assert from 'node:assert/strict';
import { charge, idOf, isUnavailable, type LimitCase, refusalOf } from './limits-harness.js';

/** Sums and windows of single keys. */
export function countingCharges(test: LimitCase): void {
  test('holds n in a window that is half-open to the millisecond', async (t) => {
    for (const ms of [0, 400, 999]) {
      t.clock.at(ms);
      assert.ok(await t.fits());
    }
    assert.deepEqual(await t.charge(), { ok: false, index: 0, remaining: [0], retryAfterMs: 1 });
    t.clock.at(1000);
    assert.ok(await t.fits());
    assert.deepEqual(await t.charge(), { ok: false, index: 0, remaining: [0], retryAfterMs: 400 });
  });

  test('can be retried when it says so, and not a millisecond earlier', async (t) => {
    for (const ms of [0, 7, 90]) {
      t.clock.at(ms);
      await t.take({ amount: 10, cost: 3 });
    }
    for (const [cost, wait] of [
      [4, 910],
      [7, 917],
      [10, 1000],
    ] as const) {
      t.clock.at(90);
      const refused = refusalOf(await t.charge({ amount: 10, cost }));
      assert.equal(refused.retryAfterMs, wait);
      t.clock.at(90 + wait - 1);
      assert.equal(refusalOf(await t.charge({ amount: 10, cost })).retryAfterMs, 1);
      t.clock.at(90 + wait);
      await t.limits.release(await t.take({ amount: 10, cost }));
    }
  });

  for (const [amount, costs] of [
    [1, Array<number>(10).fill(0.1)],
    [1, [0.3, 0.3, 0.4]],
    [0.3, [0.1, 0.2]],
    [100.01, [33.34, 33.33, 33.34]],
    [1e-7, Array<number>(10).fill(1e-8)],
    [4503599627370496, [4503599627370495.5, 0.5]],
    [1e300, [9e299, 1e299]],
  ] as const) {
    test(`fills a budget of ${amount} exactly with ${costs.length} charges`, async (t) => {
      for (const cost of costs) assert.ok(await t.fits({ amount, cost }));
      assert.ok(!(await t.fits({ amount, cost: Number.MIN_VALUE })));
      assert.ok(await t.fits({ amount, cost: 0 }));
    });
  }

  test('says what remains, and that more than the amount never fits', async (t) => {
    assert.deepEqual((await t.charge({ amount: 1, cost: 0.3 })).remaining, [0.7]);
    assert.deepEqual(await t.charge({ amount: 1, cost: Number.MAX_VALUE }), {
      ok: false,
      index: 0,
      remaining: [0.7],
      retryAfterMs: undefined,
    });
  });

  test('gives 1,000 callers at once exactly the 100 units that there are', async (t) => {
    const callers = Array.from({ length: 1000 }, async (_, i) => {
      const answer = await t.charge({ amount: 100 });
      if (answer.ok && i % 2 === 0) await t.limits.commit(answer.id);
      return answer.ok;
    });
    assert.equal((await Promise.all(callers)).filter(Boolean).length, 100);
  });

  test('frees nothing when the clock goes back', async (t) => {
    t.clock.at(5000);
    for (let i = 0; i < 3; i++) await t.take();
    t.clock.at(4990);
    assert.deepEqual(await t.charge(), { ok: false, index: 0, remaining: [0], retryAfterMs: 1010 });
    t.clock.at(5999);
    assert.ok(!(await t.fits()));
    t.clock.at(6000);
    assert.ok(await t.fits());
  });

  test('frees nothing when the clock goes far back', async (t) => {
    for (let i = 0; i < 3; i++) await t.take();
    t.clock.at(-1e9);
    assert.ok(!(await t.fits().catch(() => false)));
    t.clock.at(999);
    assert.ok(!(await t.fits()));
  });

  test('is unavailable while the clock gives no time', async (t) => {
    for (const time of [Number.NaN, Number.POSITIVE_INFINITY]) {
      t.clock.now = time;
      await isUnavailable(t.charge());
    }
    t.clock.at(0);
    assert.ok(await t.fits());
  });

  test('knows any string as a key, and no two as one', async (t) => {
    const one = { amount: 1, cost: 1 };
    for (const key of STRANGE_KEYS) assert.ok(await t.fits({ ...one, key }), JSON.stringify(key));
    for (const key of STRANGE_KEYS) assert.ok(!(await t.fits({ ...one, key })), JSON.stringify(key));
  });

  test('refuses what is no charge', async (t) => {
    for (const odd of [
      { cost: -1 },
      { cost: Number.NaN },
      { cost: Number.POSITIVE_INFINITY },
      { cost: '1' as never },
      { amount: 0 },
      { amount: -1 },
      { amount: Number.NaN },
      { periodMs: 0 },
      { periodMs: -1 },
      { periodMs: Number.POSITIVE_INFINITY },
    ])
      await assert.rejects(t.charge(odd), RangeError, JSON.stringify(odd));
    await assert.rejects(t.charge({ key: 5 as never }), TypeError);
    for (const ttlMs of [0, -1, Number.NaN]) await assert.rejects(t.charge({}, ttlMs), RangeError);
    assert.deepEqual((await t.charge()).remaining, [2]);
  });
}

/** Several charges at once. */
export function chargingTogether(test: LimitCase): void {
  test('charges all or none', async (t) => {
    const wide = charge({ key: 'wide', amount: 2 });
    const narrow = charge({ key: 'narrow', amount: 1 });
    assert.deepEqual((await t.limits.reserve([wide, narrow])).remaining, [1, 0]);
    const refused = refusalOf(await t.limits.reserve([wide, narrow]));
    assert.deepEqual([refused.index, refused.remaining], [1, [1, 0]]);
    assert.ok((await t.limits.reserve([wide])).ok);
    assert.ok(!(await t.limits.reserve([wide])).ok);
  });

  test('names the one that has to wait longest', async (t) => {
    const short = charge({ key: 'short', amount: 1 });
    const long = charge({ key: 'long', amount: 1, periodMs: 5000 });
    idOf(await t.limits.reserve([short, long]));
    t.clock.at(10);
    const both = refusalOf(await t.limits.reserve([short, long]));
    assert.deepEqual([both.index, both.retryAfterMs], [1, 4990]);
    const never = refusalOf(await t.limits.reserve([{ ...short, cost: 2 }, long]));
    assert.deepEqual([never.index, never.retryAfterMs], [0, undefined]);
  });

  test('counts charges to one key together', async (t) => {
    const one = charge({ amount: 3, cost: 2 });
    assert.equal(refusalOf(await t.limits.reserve([one, one])).retryAfterMs, undefined);
    assert.deepEqual((await t.limits.reserve([{ ...one, cost: 1 }, one])).remaining, [0, 0]);
  });

  test('counts one key in two windows', async (t) => {
    const second = charge({ amount: 1, periodMs: 1000 });
    const minute = charge({ amount: 4, periodMs: 60_000 });
    const both = [second, { ...minute, cost: 0 }];
    for (const ms of [0, 1000, 2000]) {
      t.clock.at(ms);
      assert.ok((await t.limits.reserve(both)).ok);
      assert.deepEqual(await t.limits.reserve(both), {
        ok: false,
        index: 0,
        remaining: [0, 4 - 1 - ms / 1000],
        retryAfterMs: 1000,
      });
    }
    t.clock.at(3000);
    assert.ok((await t.limits.reserve(both)).ok);
    for (const [ms, remaining] of [
      [3999, [0, 0]],
      [4000, [1, 0]],
      [59_999, [1, 0]],
    ] as const) {
      t.clock.at(ms);
      const refused = refusalOf(await t.limits.reserve(both));
      assert.deepEqual([refused.index, refused.remaining, refused.retryAfterMs], [1, remaining, 60_000 - ms]);
    }
    t.clock.at(60_000);
    assert.ok((await t.limits.reserve(both)).ok);
  });

  test('remembers one key for the longer of two windows, whichever is named first', async (t) => {
    const long = charge({ amount: 1, periodMs: 60_000 });
    const short = charge({ amount: 1, periodMs: 1000, cost: 0 });
    for (const [start, both] of [
      [0, [long, short]],
      [10_000, [short, long]],
    ] as const) {
      const named = both.map((one) => ({ ...one, key: `from ${start}` }));
      t.clock.at(start);
      assert.ok((await t.limits.reserve(named)).ok);
      t.clock.at(start + 2000);
      assert.equal(refusalOf(await t.limits.reserve(named)).retryAfterMs, 58_000);
    }
  });

  test('has nothing to refuse where there is nothing to charge', async (t) => {
    const answer = await t.limits.reserve([]);
    assert.deepEqual(answer.remaining, []);
    await t.limits.release(idOf(answer));
    await t.limits.commit(idOf(answer));
  });
}

/** Keys that a careless backend might mix up, cut, or run. */
const STRANGE_KEYS = [
  '',
  ' ',
  "'",
  '"',
  "'); DROP TABLE limit_keys; --",
  '\0',
  'a',
  'a\0',
  'a\0b',
  'A',
  'a ',
  '%',
  '_',
  '\n',
  '\u00e9',
  'e\u0301',
  '\ud800',
  '\udfff',
  '\ufffd',
  '__proto__',
  'constructor',
  'k'.repeat(100_000),
  `${'k'.repeat(99_999)}l`,
];
