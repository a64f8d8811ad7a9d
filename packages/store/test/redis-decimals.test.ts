/** The decimals of the Lua scripts, beside those of JavaScript's big integers. */
import assert from 'node:assert/strict';
import { Decimal } from '@stele/ccl/ledger';
import fc from 'fast-check';
import { afterAll, describe, it } from 'vitest';
import { haveRedis, redisUrl } from '../../../test/support/redis.js';
import { RedisConnection } from '../src/lib/redis-connection.js';
import { DECIMAL_SCRIPT } from '../src/lib/redis-decimals.js';

const redis = new RedisConnection(redisUrl, {});
afterAll(() => redis.close());

const lua = async (operation: string, a: Decimal, b: Decimal): Promise<string> =>
  String(await redis.run(DECIMAL_SCRIPT, [], [operation, String(a), String(b)]));

const same = (text: string, expected: Decimal): void => {
  const value = Decimal.parse(text);
  assert.ok(
    value !== undefined && !value.exceeds(expected) && !expected.exceeds(value),
    `${text} is not ${expected}`,
  );
};

/** From 5e-324 to 1.8e308, and what people write. */
const amount = fc
  .oneof(
    fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(
      0,
      5e-324,
      1e-7,
      0.1,
      1,
      999_999_999_999_999,
      2 ** 53 - 1,
      2 ** 53,
      1e15,
      1e300,
      Number.MAX_VALUE,
    ),
    fc.integer({ min: 0, max: 1_000_000 }).map((cents) => cents / 100),
  )
  .map(Decimal.of);

const sum = fc.array(amount, { minLength: 1, maxLength: 4 }).map((all) => all.reduce((a, b) => a.plus(b)));

describe.skipIf(!haveRedis)('decimals in Lua (needs Redis)', () => {
  it('are added and compared exactly', () =>
    fc.assert(
      fc.asyncProperty(sum, sum, async (a, b) => {
        same(await lua('plus', a, b), a.plus(b));
        assert.equal(await lua('exceeds', a, b), String(a.exceeds(b)));
        assert.equal(await lua('exceeds', a, a), 'false');
      }),
      { numRuns: 1000 },
    ));

  it('are subtracted exactly', () =>
    fc.assert(
      fc.asyncProperty(sum, sum, async (a, b) => {
        same(await lua('minus', a.plus(b), b), a);
        same(await lua('minus', a, a), Decimal.ZERO);
      }),
      { numRuns: 1000 },
    ));

  it('are multiplied by whole numbers exactly', () =>
    fc.assert(
      fc.asyncProperty(sum, fc.integer({ min: 0, max: 10_000_000 }), async (a, factor) => {
        let product = Decimal.ZERO;
        for (const bit of factor.toString(2)) {
          product = product.plus(product);
          if (bit === '1') product = product.plus(a);
        }
        same(await lua('times', a, Decimal.of(factor)), product);
      }),
      { numRuns: 300 },
    ));

  it('refuse to go below zero, and what is no decimal', async () => {
    const one = Decimal.of(1);
    await assert.rejects(lua('minus', one, Decimal.of(1 + 2 ** -52)));
    for (const odd of ['', '1', '-1e-0', '1e0', 'e-0', '1e-', '1e-0 ', '0x1e-0', 'nane-0']) {
      await assert.rejects(redis.run(DECIMAL_SCRIPT, [], ['plus', odd, '1e-0']), odd);
    }
  });
});
