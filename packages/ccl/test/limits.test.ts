import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type LimitCharge,
  LimitUnavailableError,
  MemoryLimits,
  type MemoryLimitsOptions,
} from '../src/index.js';
import { Decimal } from '../src/ledger.js';

class Clock {
  now = 0;
  readonly read = () => this.now;
}

function setup(options: MemoryLimitsOptions = {}) {
  const clock = new Clock();
  const limits = new MemoryLimits({ clock: clock.read, ...options });
  const charge = async (one: Partial<LimitCharge> = {}, ttlMs?: number) =>
    limits.reserve(
      [{ key: 'k', amount: 3, cost: 1, periodMs: 1000, ...one }],
      ttlMs === undefined ? {} : { ttlMs },
    );
  /** The id of a reservation that must succeed. */
  const take = async (one: Partial<LimitCharge> = {}, ttlMs?: number) => {
    const answer = await charge(one, ttlMs);
    if (!answer.ok) throw new Error('refused');
    return answer.id;
  };
  const ok = async (one: Partial<LimitCharge> = {}) => (await charge(one)).ok;
  return { clock, limits, charge, take, ok };
}

describe('a count', () => {
  it('holds n in a window and one more when the first has passed', async () => {
    const { clock, charge, ok } = setup();
    for (const now of [0, 400, 999]) {
      clock.now = now;
      expect(await ok()).toBe(true);
    }
    expect(await charge()).toEqual({ ok: false, index: 0, remaining: [0], retryAfterMs: 1 });
    clock.now = 1000;
    expect(await charge()).toMatchObject({ ok: true, remaining: [0] });
    expect(await charge()).toMatchObject({ ok: false, retryAfterMs: 400 });
  });

  it('slides on for as long as it is used', async () => {
    const { clock, charge, ok } = setup();
    for (let i = 0; i < 5000; i++) {
      clock.now = i;
      expect(await ok({ amount: 1500, periodMs: 1500 })).toBe(true);
    }
    expect(await charge({ amount: 1500, periodMs: 1500 })).toMatchObject({
      ok: false,
      remaining: [0],
      retryAfterMs: 1,
    });
  });

  it('can be retried when it says so', async () => {
    const { clock, charge } = setup();
    clock.now = 0.25;
    for (let i = 0; i < 3; i++) await charge();
    clock.now = 10.5;
    const refused = await charge();
    if (refused.ok) throw new Error('permitted');
    clock.now += refused.retryAfterMs! - 1;
    expect((await charge()).ok).toBe(false);
    clock.now += 1;
    expect((await charge()).ok).toBe(true);
  });

  it('never overspends for 1,000 requests at once', async () => {
    const { limits } = setup();
    const all = await Promise.all(
      Array.from({ length: 1000 }, () =>
        limits.reserve([{ key: 'k', amount: 100, cost: 1, periodMs: 1000 }]),
      ),
    );
    expect(all.filter(({ ok }) => ok)).toHaveLength(100);
  });

  it('gains nothing from a clock that goes back', async () => {
    const { clock, charge, ok } = setup();
    clock.now = 5000;
    for (let i = 0; i < 3; i++) await charge();
    clock.now = -1e9;
    // What is said to a caller is by the caller's clock.
    expect(await charge()).toMatchObject({ ok: false, retryAfterMs: 1e9 + 6000 });
    clock.now = 5999;
    expect(await ok()).toBe(false);
    clock.now = 6000;
    expect(await ok()).toBe(true);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('is unavailable when the clock says %s', async (now) => {
    const { clock, charge } = setup();
    clock.now = now;
    await expect(charge()).rejects.toMatchObject({ code: 'limit_unavailable' });
  });
});

describe('a budget', () => {
  it.each([
    [1, Array(10).fill(0.1)],
    [1, [0.3, 0.3, 0.4]],
    [0.3, [0.1, 0.2]],
    [100.01, [33.34, 33.33, 33.34]],
    [1e-7, Array(10).fill(1e-8)],
    [4503599627370496, [4503599627370495.5, 0.5]],
  ])('of %d is filled exactly by %j', async (amount, costs) => {
    const { ok } = setup();
    for (const cost of costs) expect(await ok({ amount, cost })).toBe(true);
    expect(await ok({ amount, cost: Number.MIN_VALUE })).toBe(false);
    expect(await ok({ amount, cost: 0 })).toBe(true);
  });

  it('is never charged above it in one go', async () => {
    const { charge } = setup();
    expect(await charge({ amount: 1, cost: 1.0000000000000002 })).toEqual({
      ok: false,
      index: 0,
      remaining: [1],
      retryAfterMs: undefined,
    });
    expect(await charge({ amount: 1, cost: Number.MAX_VALUE })).toMatchObject({
      ok: false,
      retryAfterMs: undefined,
    });
    expect(await charge({ amount: 1, cost: 1 })).toMatchObject({ ok: true, remaining: [0] });
  });

  it('says what remains', async () => {
    const { charge } = setup();
    expect(await charge({ amount: 1, cost: 0.3 })).toMatchObject({ ok: true, remaining: [0.7] });
    expect(await charge({ amount: 1, cost: 0.8 })).toMatchObject({ ok: false, remaining: [0.7] });
  });

  it('waits for as many charges to pass as it needs', async () => {
    const { clock, charge } = setup();
    for (const now of [0, 100, 200]) {
      clock.now = now;
      await charge({ amount: 10, cost: 3 });
    }
    expect(await charge({ amount: 10, cost: 4 })).toMatchObject({ ok: false, retryAfterMs: 800 });
    expect(await charge({ amount: 10, cost: 7 })).toMatchObject({ ok: false, retryAfterMs: 900 });
    expect(await charge({ amount: 10, cost: 10 })).toMatchObject({ ok: false, retryAfterMs: 1000 });
  });
});

describe('several charges', () => {
  const one = { amount: 2, cost: 1, periodMs: 1000 };

  it('are taken all or none', async () => {
    const { limits, ok } = setup();
    const narrow = { ...one, key: 'narrow', amount: 1 };
    expect(await limits.reserve([{ ...one, key: 'wide' }, narrow])).toMatchObject({
      ok: true,
      remaining: [1, 0],
    });
    expect(await limits.reserve([{ ...one, key: 'wide' }, narrow])).toMatchObject({
      ok: false,
      index: 1,
      remaining: [1, 0],
    });
    expect(await ok({ ...one, key: 'wide' })).toBe(true);
  });

  it('to one key count together', async () => {
    const { limits } = setup();
    const twice = [
      { ...one, key: 'k' },
      { ...one, key: 'k' },
    ];
    expect(await limits.reserve([...twice, ...twice])).toMatchObject({
      ok: false,
      index: 0,
      retryAfterMs: undefined,
    });
    expect(await limits.reserve(twice)).toMatchObject({ ok: true, remaining: [0, 0] });
    expect(await limits.reserve([{ ...one, key: 'k' }])).toMatchObject({ ok: false });
  });

  it('name the one that has to wait longest', async () => {
    const { clock, limits, charge } = setup();
    await charge({ ...one, key: 'a', amount: 1, periodMs: 1000 });
    clock.now = 10;
    await charge({ ...one, key: 'b', amount: 1, periodMs: 5000 });
    const answer = await limits.reserve(
      ['a', 'b'].map((key, i) => ({ key, amount: 1, cost: 1, periodMs: [1000, 5000][i]! })),
    );
    expect(answer).toMatchObject({ ok: false, index: 1, retryAfterMs: 5000 });
    const never = await limits.reserve([
      { ...one, key: 'b', amount: 1, periodMs: 5000 },
      { ...one, key: 'c', cost: 9 },
    ]);
    expect(never).toMatchObject({ ok: false, index: 1, retryAfterMs: undefined });
  });

  it('may be none', async () => {
    const { limits } = setup();
    const answer = await limits.reserve([]);
    expect(answer).toMatchObject({ ok: true, remaining: [] });
    if (answer.ok) await limits.release(answer.id);
  });

  it('measure a shorter period of the same key over the shorter window', async () => {
    const { clock, ok } = setup();
    expect(await ok({ amount: 1, periodMs: 1000 })).toBe(true);
    clock.now = 600;
    expect(await ok({ amount: 1, periodMs: 500 })).toBe(true);
    expect(await ok({ amount: 1, periodMs: 500 })).toBe(false);
    clock.now = 1100;
    expect(await ok({ amount: 1, periodMs: 500 })).toBe(true);
    expect(await ok({ amount: 2, periodMs: 1000 })).toBe(false);
  });
});

describe('a reservation', () => {
  it('is given back once', async () => {
    const { limits, take, charge } = setup();
    const [first] = [await take(), await take(), await take()];
    await limits.release(first);
    await limits.release(first);
    expect(await charge()).toMatchObject({ ok: true, remaining: [0] });
    expect(await charge()).toMatchObject({ ok: false });
  });

  it('is given back in part, and then the rest is final', async () => {
    const { limits } = setup();
    const both = ['a', 'b'].map((key) => ({ key, amount: 1, cost: 1, periodMs: 1000 }));
    const answer = await limits.reserve(both);
    if (!answer.ok) throw new Error('refused');
    await limits.release(answer.id, [1]);
    await limits.release(answer.id);
    expect(await limits.reserve([both[0]!])).toMatchObject({ ok: false });
    expect(await limits.reserve([both[1]!])).toMatchObject({ ok: true });
  });

  it('is final once committed', async () => {
    const { limits, take, ok } = setup();
    const ids = [await take(), await take(), await take()];
    for (const id of ids) {
      await limits.commit(id);
      await limits.commit(id);
      await limits.release(id);
    }
    expect(await ok()).toBe(false);
  });

  it('is final once expired', async () => {
    const { clock, limits, take, ok } = setup();
    const ids = [await take({}, 10), await take({}, 10), await take({}, 11)];
    clock.now = 10;
    for (const id of ids) await limits.release(id);
    expect(await ok()).toBe(true);
    expect(await ok()).toBe(false);
  });

  it('that has passed gives nothing back', async () => {
    const { clock, limits, take, charge } = setup();
    const id = await take();
    clock.now = 1000;
    await take();
    await limits.release(id);
    expect(await charge()).toMatchObject({ ok: true, remaining: [1] });
  });

  it('given back whole leaves nothing behind', async () => {
    const { limits, take, charge } = setup();
    const id = await take({ amount: 1, cost: 0.125 });
    await limits.release(id);
    expect(await charge({ amount: 1, cost: 1 })).toMatchObject({ ok: true, remaining: [0] });
  });

  it('that is unknown does nothing', async () => {
    const { limits } = setup();
    await limits.commit('none');
    await limits.release('none');
  });
});

describe('bounds', () => {
  it('drops passed keys and is unavailable while all are in use', async () => {
    const { clock, ok, charge, limits, take } = setup({ maxKeys: 2 });
    expect(await ok({ key: 'a' })).toBe(true);
    const b = await take({ key: 'b' });
    await expect(charge({ key: 'c' })).rejects.toThrow(LimitUnavailableError);
    await expect(charge({ key: 'c' })).rejects.toMatchObject({ code: 'limit_unavailable' });
    expect(await ok({ key: 'a' })).toBe(true);
    // A cost of 0 takes no room, and a refusal neither.
    expect(await ok({ key: 'd', cost: 0 })).toBe(true);
    expect(await ok({ key: 'd', cost: 4 })).toBe(false);
    await limits.release(b);
    expect(await ok({ key: 'c' })).toBe(true);
    clock.now = 1000;
    expect(
      await limits.reserve(['a', 'x'].map((key) => ({ key, amount: 1, cost: 1, periodMs: 1000 }))),
    ).toMatchObject({ ok: true });
    await expect(charge({ key: 'y' })).rejects.toMatchObject({ code: 'limit_unavailable' });
  });

  it('drops expired reservations and is unavailable while all are open', async () => {
    const { clock, take, charge } = setup({ maxPending: 2 });
    await take({ amount: 10 }, 10);
    await take({ amount: 10 }, 20);
    await expect(charge({ amount: 10 })).rejects.toMatchObject({ code: 'limit_unavailable' });
    clock.now = 10;
    await take({ amount: 10 }, 20);
    await expect(charge({ amount: 10 })).rejects.toMatchObject({ code: 'limit_unavailable' });
  });

  it.each([
    { cost: -1 },
    { cost: Number.NaN },
    { cost: Number.POSITIVE_INFINITY },
    { amount: 0 },
    { amount: -1 },
    { amount: Number.NaN },
    { periodMs: 0 },
    { periodMs: Number.POSITIVE_INFINITY },
  ])('refuses %j', async (odd) => expect(setup().charge(odd)).rejects.toThrow(RangeError));

  it('refuses odd options, keys and times to live', async () => {
    const { charge } = setup();
    await expect(charge({ key: 5 as never })).rejects.toThrow(TypeError);
    await expect(charge({}, 0)).rejects.toThrow(RangeError);
    for (const odd of [
      { maxKeys: 0 },
      { maxEntriesPerKey: 15 },
      { maxEntriesPerKey: 1_000_001 },
      { maxPending: 1.5 },
      { maxPending: 2 ** 53 },
    ])
      expect(() => new MemoryLimits(odd)).toThrow(RangeError);
    for (const most of [
      { maxKeys: 1 },
      { maxEntriesPerKey: 16 },
      { maxEntriesPerKey: 1_000_000 },
      { maxPending: 1 },
    ])
      expect(() => new MemoryLimits(most)).not.toThrow();
  });

  it('needs no clock to be given', async () => {
    const limits = new MemoryLimits();
    const one = { key: 'k', amount: 1, cost: 1, periodMs: 60_000 };
    expect(await limits.reserve([one])).toMatchObject({ ok: true });
    expect(await limits.reserve([one])).toMatchObject({ ok: false });
  });

  it('counts a million in few entries, at most 1 % early and never late', async () => {
    const { clock, charge } = setup({ maxPending: 1_000_000 });
    const amount = 200_000;
    const times: number[] = [];
    let refusedAt: number | undefined;
    for (let i = 0; i < 210_000; i++) {
      clock.now = i;
      const answer = await charge({ amount, periodMs: 205_000 });
      if (answer.ok) times.push(i);
      else refusedAt ??= times.filter((time) => time > i - 205_000).length;
    }
    for (let i = amount; i < times.length; i++)
      expect(times[i]! - times[i - amount]!).toBeGreaterThanOrEqual(205_000);
    expect(refusedAt).toBeGreaterThanOrEqual(amount * 0.99);
  });
});

describe('entries of one key', () => {
  it('stay apart for small amounts, ten times as many', async () => {
    for (const [amount, exact] of [
      [10_000, true],
      [10_001, false],
    ] as const) {
      const { clock, take, charge } = setup({ maxEntriesPerKey: 16 });
      // 160 charges, of which all but the last are free again after one more millisecond each.
      for (let i = 0; i < 160; i++) {
        clock.now = i;
        await take({ amount, cost: amount / 160 });
      }
      clock.now = 1000;
      const { remaining } = await charge({ amount, cost: 0 });
      expect(remaining[0] === amount / 160).toBe(exact);
      expect(remaining[0]).toBeLessThanOrEqual(amount / 160);
    }
  });

  it('are bounded also where a longer window of the same key holds far more than a short one', async () => {
    const { clock, limits } = setup({ maxEntriesPerKey: 16 });
    const long = { key: 'k', amount: 1e9, cost: 0, periodMs: 1e9 };
    const short = { key: 'k', amount: 10_001, cost: 10_001, periodMs: 1 };
    for (let i = 0; i < 2000; i++) {
      clock.now = i;
      expect(await limits.reserve([long, short])).toMatchObject({
        ok: true,
        remaining: [1e9 - (i + 1) * 10_001, 0],
      });
    }
    clock.now = 1e9 + 1999;
    expect(await limits.reserve([{ ...long, cost: 1e9 }])).toMatchObject({ ok: true });
  });

  it('in one millisecond are one', async () => {
    const { take, charge, limits } = setup({ maxEntriesPerKey: 16 });
    const ids: string[] = [];
    for (let i = 0; i < 1000; i++) ids.push(await take({ amount: 100_000, cost: 100 }));
    for (const id of ids.slice(1)) await limits.release(id);
    expect(await charge({ amount: 100_000, cost: 0 })).toMatchObject({ remaining: [99_900] });
  });
});

describe('a decimal', () => {
  const decimal = fc.tuple(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(1, 1e-300, 1e300),
  );

  it('is what the shortest form of a double names', () =>
    fc.assert(
      fc.property(decimal, ([value, scale]) => {
        const one = value * scale;
        if (!Number.isFinite(one)) return;
        expect(Decimal.of(one).toNumber()).toBe(one === 0 ? 0 : one);
        expect(Decimal.parse(String(Decimal.of(one)))).toEqual(Decimal.of(one));
      }),
    ));

  it('adds and compares exactly', () =>
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.maxSafeInteger(), fc.nat(20), fc.nat(20), (a, b, p, q) => {
        const [one, other] = [Decimal.parse(`${a}e-${p}`)!, Decimal.parse(`${b}e-${q}`)!];
        const [x, y] = [BigInt(a) * 10n ** BigInt(20 - p), BigInt(b) * 10n ** BigInt(20 - q)];
        expect(one.plus(other).unitsAt(20)).toBe(x + y);
        expect(one.minus(other).unitsAt(20)).toBe(x - y);
        expect(one.exceeds(other)).toBe(x > y);
      }),
    ));

  it('has parts, rounded down', () => {
    expect(Decimal.of(1).share(4, 16).toNumber()).toBe(0.25);
    expect(Decimal.of(2).share(1, 3).toNumber()).toBe(0.666666);
  });

  it.each([
    '',
    '1',
    '1e2',
    '1e-',
    'e-1',
    '1.5e-2',
    ' 1e-2',
    '1e-2\n',
    '0x1e-2',
    '1e-1000',
    `${'9'.repeat(2001)}e-0`,
    5,
    null,
  ])('is not read from %j', (text) => expect(Decimal.parse(text)).toBeUndefined());
});

/** Every charge as it was made, with nothing optimised. */
class Naive {
  entries: { id: number; key: string; time: number; hundredths: number }[] = [];

  used(key: string, now: number, period: number): number {
    const counted = this.entries.filter((entry) => entry.key === key && entry.time > now - period);
    return counted.reduce((sum, entry) => sum + entry.hundredths, 0);
  }
}

const PERIOD = { a: 100, b: 250, c: 1000 } as const;
const AMOUNT = { a: 3, b: 1, c: 2.5 } as const;
const key = fc.constantFrom<'a' | 'b' | 'c'>('a', 'b', 'c');
const step = fc.oneof(
  {
    arbitrary: fc.record({
      do: fc.constant('reserve' as const),
      keys: fc.array(key, { minLength: 1, maxLength: 3 }),
      hundredths: fc.constantFrom(0, 1, 10, 30, 33, 50, 100, 300),
      ttl: fc.constantFrom(20, 100_000),
    }),
    weight: 3,
  },
  fc.record({ do: fc.constantFrom('commit' as const, 'release' as const), index: fc.nat(20) }),
  fc.record({
    do: fc.constant('wait' as const),
    ms: fc.constantFrom(-50, 1, 10, 49, 50, 99, 100, 250, 1000),
  }),
);

describe('random histories', () => {
  /** @param scale of amounts and costs: those up to 10,000 stay exact for longer */
  const run = (
    maxEntriesPerKey: number,
    scale: number,
    check: (expected: boolean, actual: boolean) => void,
  ) =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const clock = new Clock();
        const limits = new MemoryLimits({ clock: clock.read, maxEntriesPerKey });
        const naive = new Naive();
        const open: { id: string; number: number; expiresAt: number }[] = [];
        let [now, number] = [Number.NEGATIVE_INFINITY, 0];
        for (const one of steps) {
          if (one.do === 'wait') {
            clock.now += one.ms;
          } else if (one.do === 'reserve') {
            now = Math.max(now, clock.now);
            const charges = one.keys.map((k) => ({
              key: k,
              amount: AMOUNT[k] * scale,
              cost: (one.hundredths / 100) * scale,
              periodMs: PERIOD[k],
            }));
            const fits = one.keys.every((k) => {
              const total = one.keys.filter((other) => other === k).length * one.hundredths;
              return naive.used(k, now, PERIOD[k]) + total <= AMOUNT[k] * 100;
            });
            const answer = await limits.reserve(charges, { ttlMs: one.ttl });
            check(fits, answer.ok);
            if (!answer.ok) continue;
            open.push({ id: answer.id, number: ++number, expiresAt: now + one.ttl });
            for (const k of one.keys)
              naive.entries.push({ id: number, key: k, time: now, hundredths: one.hundredths });
            const left = one.keys.map((k) => (AMOUNT[k] * 100 - naive.used(k, now, PERIOD[k])) / 100);
            const exact = maxEntriesPerKey > 100;
            for (const [i, value] of answer.remaining.entries())
              if (exact) expect(value).toBeCloseTo(left[i]! * scale, 9);
          } else if (open.length > 0) {
            const at = one.index % open.length;
            const reservation = open[at]!;
            await limits[one.do](reservation.id);
            if (one.do === 'release' && reservation.number > 0) now = Math.max(now, clock.now);
            if (one.do === 'release' && now < reservation.expiresAt) {
              naive.entries = naive.entries.filter(({ id }) => id !== reservation.number);
            }
            open[at] = { ...reservation, number: -1 };
          }
        }
      }),
      { numRuns: 600 },
    );

  it('are judged as by a ledger that keeps everything', () =>
    run(10_000, 1, (expected, actual) => expect(actual).toBe(expected)));

  it('are never judged more kindly where entries merge', () =>
    run(16, 1_000_000, (expected, actual) => expect(actual && !expected).toBe(false)));

  it('merge without losing what is given back', async () => {
    const { clock, limits, take, charge } = setup({ maxEntriesPerKey: 16 });
    const ids: string[] = [];
    for (let i = 0; i < 1000; i++) {
      clock.now = i / 10;
      ids.push(await take({ amount: 1000 }));
    }
    expect(await charge({ amount: 1000 })).toMatchObject({ ok: false });
    for (const id of ids.slice(0, 500)) await limits.release(id);
    expect(await charge({ amount: 1000, cost: 501 })).toMatchObject({ ok: false, remaining: [500] });
    expect(await charge({ amount: 1000, cost: 500 })).toMatchObject({ ok: true, remaining: [0] });
    clock.now = 5000;
    for (const id of ids) await limits.release(id);
    expect(await charge({ amount: 1000, cost: 1000 })).toMatchObject({ ok: true });
  });
});
