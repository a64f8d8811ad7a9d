import { describe, expect, it } from 'vitest';
import { verdict } from './support/verdict.js';

const permit = (...conditions: (string | undefined)[]) =>
  conditions.map((when) => (when === undefined ? '' : `permit a on /x when ${when}`)).join('\n');
const deny = (condition: string) => `permit a on /x\ndeny a on /x when ${condition}`;

describe('conditions that mean the same', () => {
  it.each([
    ['n = -0', 'n = 0'],
    ['n >= -0', 'n >= 0'],
    ['n in [-0]', 'n = 0'],
    ['n != 3', 'n < 3 or n > 3'],
    ['n < 0', 'n <= -5e-324'],
    ['n >= 9007199254740991 and n <= 9007199254740991', 'n = 9007199254740991'],
    ['n >= -9007199254740991 and n < -9007199254740990', 'n = -9007199254740991'],
    ['not n in []', 'n not_in []'],
    ['n not_in []', "n in [true, false] or n >= '' or n <= 0 or n > 0"],
    ["s starts_with 'a'", "s >= 'a' and s < 'b'"],
    ['s > "a" and s <= "a\\u0000"', 's = "a\\u0000"'],
    ["s <= ''", "s = ''"],
    ["s starts_with ''", "s >= ''"],
    ['s >= "\\uffff"', 's starts_with "\\uffff"'],
    ['s starts_with "\\ud83d\\ude00"', 's >= "\\ud83d\\ude00" and s < "\\ud83d\\ude01"'],
    [
      "s starts_with 'a' and s ends_with 'b' and s < 'ab'",
      "s starts_with 'a' and s < 'ab' and s ends_with 'b' and s != 'ab'",
    ],
    ['b = true', 'b != false'],
    ['b = true or b = false', 'b in [true, false]'],
    ['o = 1', 'o = 1 and not has o.s'],
    ['has o.s.t', 'has o and has o.s and has o.s.t'],
    ['not (x = 1 and y = 2)', 'not x = 1 or not y = 2'],
    ['not not not x = 1', 'x != 1'],
    ["l not_contains 'a'", "not l contains 'a'"],
    ['(x = 1 or y = 1) and (x = 1 or z = 1)', 'x = 1 or (y = 1 and z = 1)'],
  ])('%s and %s', (one, other) => {
    expect(verdict(permit(one), permit(other))).toBe('narrows');
    expect(verdict(permit(other), permit(one))).toBe('narrows');
  });

  it.each([
    ['x = 1', 'x != 1'],
    ['x in [1]', 'x not_in [1]'],
    ['x < 5', 'x >= 5'],
    ['has x', 'not has x'],
    ["x contains 'a'", "x not_contains 'a'"],
    ['x = 1 or y = 1', 'x != 1 and y != 1'],
    ['x = 1 and y = 1', 'x != 1 or y != 1'],
    ["not x starts_with 'a'", "x starts_with 'a'"],
  ])('a deny of %s and a permit of %s', (denied, permitted) => {
    expect(verdict(deny(denied), permit(permitted))).toBe('narrows');
    expect(verdict(permit(permitted), deny(denied))).toBe('narrows');
  });
});

describe('conditions that are never true', () => {
  it.each([
    'n > 1 and n < 1.0000000000000002',
    'n > 0 and n < 5e-324',
    'n < 0 and n > -5e-324',
    'n > 9007199254740990 and n < 9007199254740991',
    'n > -9007199254740991 and n < -9007199254740990',
    'n in []',
    "n = 1 and n = '1'",
    "s < ''",
    's > "a" and s < "a\\u0000"',
    "s contains 'ab' and s not_contains 'a' and s != ''",
    "s starts_with 'a' and s starts_with 'b'",
    "s ends_with 'a' and s ends_with 'b'",
    "s starts_with 'ab' and s < 'ab'",
    "l contains 1 and l not_contains 'a'",
    'l contains 1 and l not_contains 1',
    'l contains 1 and l = 1',
    'o = 1 and has o.s',
    'o contains 1 and has o.s',
    "o in ['a', 1, true] and o.s = 1",
    'has x and not has x',
    'not has x and x != 1',
    'b != true and b != false',
    'x = 1 and y = 1 and not (x = 1 or y = 2)',
  ])('%s', (condition) => expect(verdict(permit(condition), '')).toBe('narrows'));
});

describe('conditions that imply each other one way', () => {
  it.each([
    ['n < 1', 'n <= 1'],
    ['n = 1', 'n > 0.9999999999999999'],
    ['n != 1', 'n not_in [1]'],
    ['n = 1 or n != 1', 'has n'],
    ['n > 9007199254740991', 'n > 9007199254740990'],
    ["s starts_with 'ab'", "s starts_with 'a'"],
    ["s ends_with 'ab'", "s contains 'ab'"],
    ["s = 'axb'", "s starts_with 'a' and s ends_with 'b'"],
    ["s starts_with 'a' and s contains 'ab'", "s starts_with 'a' and s != 'a'"],
    ["s >= ''", "s contains ''"],
    ['s starts_with "\\uffff"', 's > "\\ud83d\\ude00"'],
    ['s starts_with "\\ud83d\\ude00"', 's < "\\uffff"'],
    ['s starts_with "\\ue000"', 's > "\\ud83d\\ude00"'],
    ['l contains 1 and l contains 2', 'l contains 1'],
    ['l contains 1', 'l contains 1 or l contains true'],
    ["l contains 'a'", 'has l'],
    ['has o.s', 'has o'],
    ['not has o', 'not has o.s'],
    ['x = 1 and y = 2', 'x = 1'],
    ['x = 1 and (y = 1 or y != 1)', 'x = 1'],
    ['x = 1 and (y = 1 or y != 1 or not has y)', 'x = 1'],
    ["n not_in [] and n not_in ['a']", 'n not_in []'],
    ['s > "a\\u0000"', "s > 'a'"],
  ])('%s, but not back from %s', (stronger, weaker) => {
    expect(verdict(permit(stronger), permit(weaker))).toBe('narrows');
    expect(verdict(permit(weaker), permit(stronger))).toBe('wider');
  });
});

describe('permits that cover a permit together', () => {
  const types = ['x in [true, false]', "x >= ''", 'x <= 0', 'x > 0'];
  it.each([
    ['types', 'x not_in []', types],
    ['booleans', 'b = true or b = false', ['b = true', 'b = false']],
    ['ranges', 'n >= 0 and n <= 30', ['n >= 0 and n < 10', 'n >= 10 and n <= 20', 'n > 20 and n <= 30']],
    ['texts', "s >= 'a' and s < 'd'", ["s starts_with 'a'", "s starts_with 'b'", "s starts_with 'c'"]],
    [
      'two fields',
      'b = true and c = false or b = false and c = true',
      ['b = true and c != true', 'b = false and c != false'],
    ],
    ['presence', 'x = 1', ['x = 1 and has y', 'x = 1 and not has y']],
    ['nesting', 'has o', ['has o.s', 'has o and not has o.s']],
  ])('by %s, and none may be left out', (_what, whole, parts) => {
    expect(verdict(permit(whole), permit(...parts))).toBe('narrows');
    for (const at of parts.keys())
      expect(verdict(permit(whole), permit(...parts.toSpliced(at, 1)))).toBe('wider');
  });
});

describe('conditions nested 64 deep', () => {
  const parentheses = `${'('.repeat(64)}x = 1${')'.repeat(64)}`;
  const even = `${'not '.repeat(64)}x = 1`;
  const odd = `${'not '.repeat(63)}x = 1`;
  const mixed = Array.from({ length: 32 }, (_, i) => `not (x${i} = 1 and `).join('');
  const deep = `${mixed}x = 1${')'.repeat(32)}`;

  it('are decided', () => {
    expect(verdict(permit(parentheses), permit(even))).toBe('narrows');
    expect(verdict(permit(even), permit(parentheses))).toBe('narrows');
    expect(verdict(permit(odd), permit('x != 1'))).toBe('narrows');
    expect(verdict(permit(odd), permit(even))).toBe('wider');
    expect(verdict(permit(deep), permit(deep))).toBe('narrows');
  });
});

describe('what is unknown', () => {
  it('denies where a deny asks, and does not permit', () => {
    expect(verdict('permit a on /x', deny('x = 1'))).toBe('wider');
    expect(verdict(permit('has x'), deny('x = 1'))).toBe('wider');
    expect(verdict(permit('not has x'), deny('x = 1'))).toBe('wider');
    expect(verdict(permit('not has x'), deny('not has x or x = 1'))).toBe('wider');
    expect(verdict(permit('not has x'), deny('has x and x = 1'))).toBe('narrows');
    expect(verdict(permit('x = 2'), deny('x = 1'))).toBe('narrows');
    expect(verdict(permit("x = '1'"), deny('x = 1'))).toBe('wider');
    expect(verdict(permit('x = 2'), deny('x = 1 and y = 1'))).toBe('narrows');
    expect(verdict(permit('x = 2'), deny('x = 1 or y = 1'))).toBe('wider');
  });
});
