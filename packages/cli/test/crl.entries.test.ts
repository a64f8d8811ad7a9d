/** What goes onto a list, beside a simple reference. */
import type { ListedCovenant, ListedKey } from '@stele/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Entries, united } from '../src/lib/crl/entries.js';
import { parseSpan } from '../src/lib/times.js';

const name = fc.constantFrom('a', 'b', 'c', 'd');
const time = fc.constantFrom('2026-01-01T00:00:00Z', '2026-06-01T00:00:00Z');
const key: fc.Arbitrary<ListedKey> = fc.record({
  key: name,
  status: fc.constantFrom('compromised' as const, 'retired' as const),
  reason: fc.string({ minLength: 1, maxLength: 3 }),
  revokedAt: time,
});
const covenant: fc.Arbitrary<ListedCovenant> = fc.record({
  covenant: name,
  reason: fc.string({ minLength: 1, maxLength: 3 }),
  revokedAt: time,
});
const list: fc.Arbitrary<Entries> = fc.record({
  keys: fc.uniqueArray(key, { selector: (each) => each.key }),
  covenants: fc.uniqueArray(covenant, { selector: (each) => each.covenant }),
});
const lists = fc.array(list, { maxLength: 5 });

describe('the union of lists', () => {
  it('names each key and covenant once, by its first entry, or its first as compromised', () => {
    fc.assert(
      fc.property(lists, (given) => {
        const { keys, covenants } = united(...given);
        const all = given.flatMap((each) => each.keys);
        const of = (did: string) => all.filter((each) => each.key === did);
        expect(keys.map((each) => each.key)).toEqual([...new Set(all.map((each) => each.key))]);
        for (const each of keys)
          expect(each).toBe(of(each.key).find(({ status }) => status === 'compromised') ?? of(each.key)[0]);
        const allCovenants = given.flatMap((each) => each.covenants);
        expect(covenants.map((each) => each.covenant)).toEqual([
          ...new Set(allCovenants.map((each) => each.covenant)),
        ]);
        for (const each of covenants)
          expect(each).toBe(allCovenants.find((other) => other.covenant === each.covenant));
      }),
    );
  });

  it('takes nothing back, and is the same when it is made again', () => {
    fc.assert(
      fc.property(lists, list, (given, next) => {
        const before = united(...given);
        const after = united(before, next);
        for (const each of before.keys) if (each.status === 'compromised') expect(after.keys).toContain(each);
        for (const each of before.covenants) expect(after.covenants).toContain(each);
        expect(united(after, before)).toEqual(after);
      }),
    );
  });
});

describe('a span', () => {
  it.each([
    ['0d', 0],
    ['30m', 1_800_000],
    ['12h', 43_200_000],
    ['90d', 7_776_000_000],
    ['2w', 1_209_600_000],
  ])('of %s is so many milliseconds', (text, ms) => {
    expect(parseSpan(text, '--overlap')).toBe(ms);
  });

  it.each(['', 'd', '90', '-1d', '1.5d', '1 d', '1D', '1y', '90d ', '9999999d', '２d'])(
    'is refused as %j',
    (text) => {
      expect(() => parseSpan(text, '--overlap')).toThrow(expect.objectContaining({ code: 'usage' }));
    },
  );
});
