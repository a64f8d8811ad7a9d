import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, it } from 'vitest';
import { PATTERN_LIMIT } from '../../src/lib/regex.js';
import { accepts, PiecesMachine } from '../../src/prove/machine.js';
import { samplesOf, shapeOf } from '../../src/prove/regex-shape.js';
import { textsOf } from './support/texts.js';

const compiled = (pattern: string): RE2JS | undefined => {
  try {
    return RE2JS.compile(pattern);
  } catch {
    return undefined;
  }
};

/** Texts that tell much apart: with newlines, signs and pairs. */
const TEXTS = [
  ...textsOf('ab', 4),
  ...textsOf('a.\n', 3),
  ...textsOf('a|$^', 2),
  ...[
    '\\',
    '\\.',
    'a\\',
    'A',
    'aB',
    '0',
    'd0',
    ' ',
    'a b',
    'ab\nab',
    'xab',
    'abx',
    'axb',
    'a{2}',
    'aa{',
    '😀',
    'a😀',
    'é',
  ],
  ...['a-b', '_', 'a_b', '\ta', 'a\rb', 'ba.*', 'a+', 'a(b)', '[ab]', '(', ')', 'b]', '}'],
];

/** Says what of the shape no text may contradict. */
function check(pattern: string): void {
  const regex = compiled(pattern);
  if (regex === undefined) return;
  const { pieces, prefix } = shapeOf(pattern);
  const machine = pieces && new PiecesMachine(pieces);
  for (const text of TEXTS) {
    const isFound = regex.test(text);
    if (machine !== undefined && accepts(machine, text) !== isFound)
      throw new Error(`${JSON.stringify(pattern)} finds ${JSON.stringify(text)}: ${isFound}`);
    if (isFound && !text.startsWith(prefix ?? ''))
      throw new Error(`${JSON.stringify(pattern)} finds ${JSON.stringify(text)}, which begins otherwise`);
  }
}

const token = fc.constantFrom(
  ...['a', 'b', 'ab', 'a', 'b', '^', '$', '.', '.*', '*', '+', '?', '{2}', '{1,2}', '{0}', '{', '}', ']'],
  ...[
    '\\.',
    '\\\\',
    '\\$',
    '\\^',
    '\\|',
    '\\d',
    '\\w',
    '\\b',
    '\\B',
    '\\A',
    '\\z',
    '\\-',
    '\\_',
    '\\n',
    '\\x61',
  ],
  ...[
    '(a)',
    '(?:b)',
    '(?i)',
    '(?s)',
    '(?m)',
    '(?i:a)',
    '(',
    ')',
    '[ab]',
    '[^a]',
    '[|]',
    '|',
    '-',
    ' ',
    '\n',
    '😀',
    'é',
  ],
  ...['\\Qa.b\\E', '\\Q\\E', '\\pL', '*?', '??', '\\'],
);
const expression = fc.array(token, { maxLength: 5 }).map((tokens) => tokens.join(''));
const anchored = fc
  .tuple(fc.constantFrom('', '^'), expression, fc.constantFrom('', '$', '.*', '.*$'))
  .map((parts) => parts.join(''));

describe('shapeOf', () => {
  it('says nothing that the engine denies', () =>
    fc.assert(fc.property(fc.oneof(expression, anchored), check), { numRuns: 3000 }));

  it('says nothing that the engine denies, of all short expressions', () => {
    for (const pattern of textsOf('a^$.*|\\?', 4)) check(pattern);
  });

  it.each([
    ['', ['', '', '']],
    ['a', ['', 'a', '']],
    ['a\\.b', ['', 'a.b', '']],
    ['\\|', ['', '|', '']],
    ['a\nb', ['', 'a\nb', '']],
    ['^', ['', '']],
    ['^a', ['a', '']],
    ['^a-b_ c', ['a-b_ c', '']],
    ['^a.*', ['a', '']],
    ['^.*', ['', '']],
    ['^$', ['']],
    ['^ab$', ['ab']],
    ['^a\\$$', ['a$']],
    ['a$', ['', 'a']],
    ['é', ['', 'é', '']],
  ])('understands %j wholly', (pattern, pieces) => {
    expect(shapeOf(pattern)).toEqual({ pieces });
    check(pattern);
  });

  it.each([
    ['^a.', 'a'],
    ['^ab*', 'a'],
    ['^ab?c', 'a'],
    ['^ab+', 'a'],
    ['^ab{0}', 'a'],
    ['^a\\.*b', 'a'],
    ['^ab(?i){0}', 'a'],
    ['^ab(?i)(?s)*', 'a'],
    ['^ab\\Q\\E{0}', 'a'],
    ['^ab(?:c)', 'a'],
    ['^a(b){0}', 'a'],
    ['^a\\d', 'a'],
    ['^a\\Z', 'a'],
    ['^a[b]', 'a'],
    ['^a(b)', 'a'],
    ['^a.*b', 'a'],
    ['^a.*$', 'a'],
    ['^a😀', 'a'],
    ['^a\ud800', 'a'],
    ['^a\udfff', 'a'],
    ['^a\ud7ffb\ue000.', 'a\ud7ffb\ue000'],
    ['^a$b', 'a'],
    ['^a]', 'a'],
    ['^a}', 'a'],
  ])('understands the beginning of %j', (pattern, prefix) => {
    expect(shapeOf(pattern)).toEqual({ prefix });
    check(pattern);
  });

  it.each([
    'a|b',
    '^a|b',
    '^a[|]',
    'a.*',
    'a.',
    '.',
    'ab*',
    '^a*',
    '^.',
    '^(a)',
    '(?i)a',
    '\\d',
    '\\Aa',
    '[a]',
    'a\\',
    '^|a',
    '\\\\|a',
    '\\\n|a',
  ])('does not claim to understand %j', (pattern) => {
    expect(shapeOf(pattern)).toEqual({});
    check(pattern);
  });
});

describe('samplesOf', () => {
  it.each([
    ['', ''],
    ['abc', 'abc'],
    ['a|b', 'a'],
    ['a|b', 'b'],
    ['a|b|c', 'c'],
    ['^a$', 'a'],
    ['a*', ''],
    ['a*', 'a'],
    ['a?b', 'b'],
    ['a?b', 'ab'],
    ['a+', 'a'],
    ['a+?b', 'ab'],
    ['a*?b', 'ab'],
    ['a{3}', 'aaa'],
    ['a{2,}b', 'aab'],
    ['a{2,5}?b', 'aab'],
    ['a{0}b', 'b'],
    ['a{100}', 'a'.repeat(64)],
    ['a{x', 'a{x'],
    ['(ab)c', 'abc'],
    ['(ab){2}', 'abab'],
    ['(a|b)c', 'bc'],
    ['(?:ab)c', 'abc'],
    ['(?i)ab', 'ab'],
    ['(?i-s:ab)c', 'abc'],
    ['(?P<name>ab)c', 'abc'],
    ['(?<name>ab)c', 'abc'],
    ['[abc]', 'a'],
    ['[abc]', 'b'],
    ['[abc]', 'c'],
    ['[]a]', ']'],
    ['[a', 'a'],
    ['[^a]b', 'xb'],
    ['[^axyz0129AZ_. -]', ''],
    ['[\\d]a', '0a'],
    ['[^\\w]', 'x'],
    ['[', ''],
    ['\\d\\w\\s', '0a '],
    ['\\D\\W\\S', 'a-a'],
    ['\\.\\\\', '.\\'],
    ['\\ba\\B\\A\\z', 'a'],
    ['\\', ''],
    ['.', 'a'],
    ['.', ' '],
    ['a.b', 'axb'],
    ['a)b', 'a'],
    ['(a', 'a'],
  ])('of %j are among others %j', (pattern, sample) => expect(samplesOf(pattern)).toContain(sample));

  it.each([
    '^[a-z]+@example[.]com$',
    '^(GET|POST) /v[0-9]+/(users|orders)(/[0-9]{1,3})?$',
    '\\d{4}-\\d{2}',
    '^(?:a|b){3}$',
    '^\\w+\\s\\w+$',
    '[^0-9]{4}$',
    '^a.c.?e$',
  ])('of %j are matched', (pattern) => {
    const regex = RE2JS.compile(pattern);
    expect(samplesOf(pattern).some((sample) => regex.test(sample))).toBe(true);
  });

  it.each([
    ['[a', ['a']],
    ['a+?b', ['ab']],
    ['a{3}b', ['aaab']],
    ['^a$', ['a']],
  ])('of %j is one alone', (pattern, samples) => expect(samplesOf(pattern)).toEqual(samples));

  it('are 16 where there are more', () =>
    expect(samplesOf([...'abcdefghijklmnopqrst'].join('|'))).toEqual([...'abcdefghijklmnop']));

  it('are few, different and bounded for whatever compiles', () =>
    fc.assert(
      fc.property(
        fc.array(token, { maxLength: 40 }).map((tokens) => tokens.join('')),
        (pattern) => {
          const samples = samplesOf(pattern);
          expect(samples.length).toBeLessThanOrEqual(16);
          expect(new Set(samples).size).toBe(samples.length);
        },
      ),
      { numRuns: 300 },
    ));

  it('end for any text that is short enough to be a pattern', () =>
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'a()[]{}|*+?\\^$.0,1-<P:'), maxLength: PATTERN_LIMIT }),
        (pattern) => {
          expect(samplesOf(pattern).length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 100 },
    ));

  it.each([
    '('.repeat(PATTERN_LIMIT),
    '['.repeat(PATTERN_LIMIT),
    '|'.repeat(PATTERN_LIMIT),
    `${'('.repeat(256)}${')'.repeat(256)}`,
    '(?'.repeat(256),
    '[^'.repeat(256),
    '\\'.repeat(PATTERN_LIMIT),
    'a{9}'.repeat(128),
    `${'(a'.repeat(73)}${'){64}'.repeat(73)}`,
    `\\Q${'(a'.repeat(72)}${'){64}'.repeat(72)}\\E`,
    `[[:alpha:]${'('.repeat(80)}a${'){64}'.repeat(80)}]`,
  ])('end for %.20s… at its full length', (pattern) => {
    const samples = samplesOf(pattern);
    expect(samples.length).toBeGreaterThan(0);
    expect(Math.max(...samples.map(({ length }) => length))).toBeLessThanOrEqual(4096);
  });
});
