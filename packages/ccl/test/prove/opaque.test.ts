import { describe, expect, it } from 'vitest';
import { verdict } from './support/verdict.js';

const permit = (condition: string) => (condition === '' ? '' : `permit a on /x when ${condition}`);
const deny = (condition: string) => `permit a on /x\ndeny a on /x when ${condition}`;

describe('equal operands are equal', () => {
  const opaque = [
    "x matches 'a+'",
    'x = @y',
    'x != @y',
    'x < @y',
    'x >= @y',
    'x <= @y',
    'x in @y',
    'x not_in @y',
    'x not_contains @y',
    'x contains @y',
    'x starts_with @y',
    "every l starts_with 'a'",
    'some l > 1',
    'every l = @y',
    "some l matches '^a'",
    'f = @f',
  ];

  it.each(opaque)('%s', (atom) => {
    expect(verdict(permit(atom), permit(atom))).toBe('narrows');
    expect(verdict(permit(`not not ${atom}`), permit(atom))).toBe('narrows');
    expect(verdict(permit(`${atom} and z = 1`), permit(atom))).toBe('narrows');
    expect(verdict(permit(atom), permit(`z = 1 or ${atom}`))).toBe('narrows');
    expect(verdict(permit(`not (${atom} or z = 1)`), permit(`z != 1 and not ${atom}`))).toBe('narrows');
    expect(verdict(`permit a on **\ndeny a on /x when ${atom}`, deny(atom))).toBe('wider');
    expect(verdict(deny(atom), deny(atom))).toBe('narrows');
    expect(verdict(deny(atom), permit(`not ${atom}`))).toBe('narrows');
    expect(verdict(permit(`${atom} and not ${atom}`), '')).toBe('narrows');
    expect(verdict(permit(`z = 1 and ${atom}`), permit('z = 1'))).toBe('narrows');
  });

  it.each(opaque)('%s is true of some contexts, and not of all', (atom) => {
    expect(verdict(permit(atom), '')).toBe('wider');
    expect(verdict(permit(`not ${atom}`), '')).toBe(atom === 'f = @f' ? 'narrows' : 'wider');
    expect(verdict(permit('z = 1'), permit(`z = 1 and ${atom}`))).toBe('wider');
    expect(verdict('permit a on /x', deny(atom))).toBe('wider');
  });

  it('also as obligations', () => {
    const require = (atom: string) => `permit a on /x\nrequire mfa on /x when ${atom}`;
    for (const atom of opaque) {
      expect(verdict(require(atom), require(atom))).toBe('narrows');
      expect(verdict('permit a on /x', require(atom))).toBe('lacks an obligation');
    }
  });
});

describe('an anchored literal prefix is understood', () => {
  it.each([
    ["x matches '^abc'", "x starts_with 'abc'", 'narrows'],
    ["x matches '^abc'", "x starts_with 'ab'", 'narrows'],
    ["x starts_with 'abc'", "x matches '^abc'", 'narrows'],
    ["x = 'abd'", "x matches '^ab'", 'narrows'],
    ["x starts_with 'ab'", "x matches '^abc'", 'wider'],
    ["x matches '^ab'", "x starts_with 'abc'", 'wider'],
    ["x matches '^ab'", "x matches '^abc'", 'wider'],
    ["x matches '^abc'", "x matches '^ab'", 'narrows'],
  ])('%s against %s: %s', (child, parent, truth) =>
    expect(verdict(permit(child), permit(parent))).toBe(truth),
  );
});

/** True, but none need see it: `unknown` is no mistake here, anything else is. */
describe('what may be left open is never answered wrong', () => {
  it.each([
    ["x matches '^a$'", "x = 'a'", 'narrows'],
    ["x matches '(?i)^AB'", "x starts_with 'AB'", 'wider'],
    ["x matches '(?m)^ab'", "x starts_with 'ab'", 'wider'],
    ["x matches '^ab|c'", "x starts_with 'ab'", 'wider'],
    ["x matches '^ab?'", "x starts_with 'ab'", 'wider'],
    ["x matches '^ab*'", "x starts_with 'ab'", 'wider'],
    ["x matches '^ab{0}'", "x starts_with 'ab'", 'wider'],
    ["x matches '^a.c'", "x starts_with 'a.c'", 'wider'],
    ["x matches '^\\Qa.c\\E'", "x starts_with 'a.c'", 'narrows'],
    ["x matches '^'", "x >= ''", 'narrows'],
    ["x matches ''", "x starts_with ''", 'narrows'],
    ["x matches 'a'", "x contains 'a'", 'narrows'],
    ["x contains 'a'", "x matches 'a'", 'wider'],
    ["x matches '^(ab)'", "x starts_with 'ab'", 'narrows'],
    ["x matches '^\\x61b'", "x starts_with 'ab'", 'narrows'],
    ['f = @f', 'f not_in []', 'narrows'],
    ['f not_in []', 'f = @f', 'narrows'],
    ['has f', 'f = @f', 'wider'],
    ['f != @f', '', 'narrows'],
    ['f < @f', '', 'narrows'],
    ['f <= @f', 'f = @f', 'narrows'],
    ['f in @f', '', 'narrows'],
    ['f contains @f', 'f starts_with @f', 'narrows'],
    ['f contains @g', 'has f and has g', 'narrows'],
    ['x = @y', 'y = @x', 'narrows'],
    ['x < @y', 'y > @x', 'narrows'],
    ['x = @y and y = 1', 'x = 1', 'narrows'],
    ['x = @y and x < 1', 'y < 1', 'narrows'],
    ['x < @y and y < @z', 'x < @z', 'narrows'],
    ['x = @y', 'x != @y', 'wider'],
    ['x in @y', 'x = @y', 'wider'],
    ['every l = 1', 'l contains 1', 'wider'],
    ['every l = 1', 'some l = 1', 'wider'],
    ['some l = 1', 'l contains 1', 'narrows'],
    ['l contains 1', 'some l = 1', 'narrows'],
    ['every l = 1', 'every l >= 1', 'narrows'],
    ['every l = 1 and some l = 2', '', 'narrows'],
    ['every l = 1 and every l = 2', '', 'wider'],
    ['some l = 1 and some l = 2', '', 'wider'],
    ['every l in []', '', 'wider'],
    ['some l not_in []', 'has l', 'narrows'],
    ['some l in []', '', 'narrows'],
    ['not some l = 1', 'every l != 1', 'narrows'],
    ['every l != 1', 'not some l = 1', 'narrows'],
    ['every l > 1', "every l > 0 or l = 'x'", 'narrows'],
    ["every l contains 'a'", "some l contains 'a' or every l = 1", 'narrows'],
    ["every l contains 'a' and l contains 1", '', 'narrows'],
    ['every l = @l', 'every l in []', 'narrows'],
    ['some o = 1 and has o.s', '', 'narrows'],
  ])('%s against %s: %s', (child, parent, truth) =>
    expect([truth, 'unknown']).toContain(verdict(permit(child), permit(parent))),
  );
});
