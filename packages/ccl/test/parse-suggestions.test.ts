import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CclSyntaxError, parse } from '../src/index.js';
import { distance } from '../src/lib/suggest.js';
import { documentText } from './support/generators.js';
import { syntaxError } from './support/matchers.js';

const when = (condition: string) => `permit a on /x when ${condition}`;

/** The text with the suggested edit made. */
function mended(text: string): string {
  const { suggestion } = syntaxError(text);
  if (suggestion === undefined) throw new Error(`no suggestion for ${text}`);
  return text.slice(0, suggestion.start) + suggestion.text + text.slice(suggestion.end);
}

describe('what was likely meant', () => {
  it.each([
    ['permitt a on /x', 'permit a on /x'],
    ['PERMITS a on /x', 'permit a on /x'],
    ['premit a on /x', 'permit a on /x'],
    ['allow a on /x', 'permit a on /x'],
    ['Forbid a on /x', 'deny a on /x'],
    ['denies a on /x', 'deny a on /x'],
    ['dney a on /x', 'deny a on /x'],
    ['requires mfa on /x', 'require mfa on /x'],
    ['limits a 5 per day', 'limit a 5 per day'],
    ['# one\r\n\r\n  permitt a on /x', '# one\r\n\r\n  permit a on /x'],
    ['require mfa fro a on /x', 'require mfa for a on /x'],
    ['limit a 5 pre day', 'limit a 5 per day'],
    ['limit a 5 per 2 hrs', 'limit a 5 per 2 hours'],
    ['limit a 5 per 2 minuts', 'limit a 5 per 2 minutes'],
    ['limit a 5 per hr', 'limit a 5 per hour'],
    ['limit a 5 per 30 Mins', 'limit a 5 per 30 minutes'],
    ['limit a 5 per secnd', 'limit a 5 per second'],
    ['limit a 5 per day sevrity low', 'limit a 5 per day severity low'],
    ['permit a on /x severity critcal', 'permit a on /x severity critical'],
    ['permit a on docs/x', 'permit a on /docs/x'],
    ['permit a on *.txt', 'permit a on /*.txt'],
    ['permit a on /x wehn b = 1', when('b = 1')],
    ['permit a on /x where b = 1', when('b = 1')],
    ['permit a on /x if b = 1', when('b = 1')],
    [when('b = 1 && c = 2'), when('b = 1 and c = 2')],
    [when('(b = 1 || c = 2)'), when('(b = 1 or c = 2)')],
    [when("b = '1' &&c = 2"), when("b = '1' and c = 2")],
    [when('b = 1 adn c = 2'), when('b = 1 and c = 2')],
    [when('(b = 1 andd c = 2)'), when('(b = 1 and c = 2)')],
    [when('!(b = 1)'), when('not(b = 1)')],
    [when('!has b'), when('not has b')],
    [when('! has b'), when('not has b')],
    [when('b == 1'), when('b = 1')],
    [when('b==1'), when('b=1')],
    [when('b === 1'), when('b = 1')],
    [when('b !== 1'), when('b != 1')],
    [when('b <> 1'), when('b != 1')],
    [when('b => 1'), when('b >= 1')],
    [when('b =< 1'), when('b <= 1')],
    [when("b=~'x'"), when("b matches 'x'")],
    [when("b ~ 'x'"), when("b matches 'x'")],
    [when("b startswith 'x'"), when("b starts_with 'x'")],
    [when("b endsWith 'x'"), when("b ends_with 'x'")],
    [when("b match 'x'"), when("b matches 'x'")],
    [when("b includes 'x'"), when("b contains 'x'")],
    [when('b notin [1]'), when('b not_in [1]')],
    [when('b NOT  in [1]'), when('b not_in [1]')],
    [when("b not contains 'x'"), when("b not_contains 'x'")],
    [when('b equals 1'), when('b = 1')],
    [when('b gte 1'), when('b >= 1')],
    [when('b = ture'), when('b = true')],
    [when('b = owner'), when("b = 'owner'")],
    [when('b = a.owner and c = 1'), when("b = 'a.owner' and c = 1")],
    [when('b in [x, y]'), when("b in ['x', y]")],
    [when("b in 'x'"), when("b in ['x']")],
    [when('b not_in 5'), when('b not_in [5]')],
  ])('%s', (text, meant) => {
    expect(mended(text)).toBe(meant);
    const { hint, suggestion, message } = syntaxError(text);
    expect(hint).toMatch(/^did you mean `.+`\?$|^quote a text/);
    expect(suggestion!.start).toBeLessThanOrEqual(suggestion!.end);
    expect(message).not.toContain('did you mean');
  });

  it('names both readings of a bare word', () => {
    const { hint, suggestion } = syntaxError(when('b = owner.id'));
    expect(hint).toContain('@owner.id');
    expect(suggestion).toMatchObject({ text: "'owner.id'" });
    expect(syntaxError(when('b in [owner]')).hint).toBe('quote a text');
  });

  it('says how to ask for what is not there', () => {
    for (const word of ['null', 'None', 'undefined'])
      expect(syntaxError(when(`b = ${word}`))).toMatchObject({ hint: expect.stringContaining('has') });
    expect(syntaxError(when('b = null')).suggestion).toBeUndefined();
  });

  it.each([
    'banana a on /x',
    'p a on /x',
    `${'permit'.repeat(20)} a on /x`,
    '5 a on /x',
    'permit a to /x',
    'permit a /x',
    'permit a on',
    'permit a on ***',
    'permit a on x/../y',
    'permit a on /x severity urgent',
    'permit a on /x severity low b = 1',
    'permit a on /x unless b = 1',
    'permit a on /x permit b on /y',
    'limit a 5 per week',
    'limit a 5 per 5',
    'limit a 5 per day when b = 1',
    when('b like 1'),
    when('b ! = 1'),
    when('!! b = 1'),
    when('b = 1 &&& c = 2'),
    when('b = 1 xor c = 2'),
    when('b < = 1'),
    when('b = +5'),
    when('b = '),
    when('b not 5'),
    when('b = [1]'),
    when('b < true'),
    when('b matches @c'),
  ])('is not guessed for %s', (text) => {
    const { hint, suggestion } = syntaxError(text);
    expect(hint ?? '').not.toContain('did you mean');
    expect(suggestion).toBeUndefined();
    expect(Object.hasOwn(syntaxError(text), 'suggestion')).toBe(false);
  });

  it('is no edit where a bare word is only the first of several', () => {
    for (const value of ['in progress', "owner's", 'a"b', 'x/y', 'a+b', `${'x'.repeat(65)}`])
      expect(syntaxError(when(`b = ${value}`))).toMatchObject({ hint: expect.stringContaining('quote') });
    expect(syntaxError(when('b = in progress')).suggestion).toBeUndefined();
    const [most, more] = [64, 65].map((length) => syntaxError(when(`b = ${'x'.repeat(length)}`)));
    expect([most!.suggestion?.text.length, more!.suggestion]).toEqual([66, undefined]);
  });

  it.each(['constructor', 'toString', 'hasOwnProperty', '__proto__'])('finds no name of %s', (word) => {
    for (const text of [`${word} a on /x`, when(`b ${word} 1`), `limit a 1 per ${word}`])
      expect(syntaxError(text).suggestion).toBeUndefined();
  });

  it('keeps where the mistake is exact', () => {
    expect(syntaxError('deny a on /x\n permitt a on /x')).toMatchObject({
      line: 2,
      column: 2,
      offset: 14,
      length: 7,
      found: '`permitt`',
      suggestion: { start: 14, end: 21, text: 'permit' },
      hint: 'did you mean `permit`?',
    });
    expect(syntaxError(when('b => 1'))).toMatchObject({
      column: 24,
      found: '`>`',
      suggestion: { start: 22, end: 24, text: '>=' },
    });
  });
});

describe('the place of a mistake', () => {
  it.each([
    ['permit a on docs/x', 'docs/x'],
    ["permit 'a b' on /x", "'a b'"],
    ['permit a on /a/../b', '/a/../b'],
    [when('a.__proto__.b = 1'), '__proto__'],
    [when('b = 9007199254740992'), '9007199254740992'],
    ['limit a 0 of  b per day', '0'],
    ['limit a 1000001 per day', '1000001'],
    [when("b < ['x', 1]"), "['x', 1]"],
    [when('b matches @ c.d'), '@ c.d'],
    [when("b matches '('"), "'('"],
    [when(`b matches '${'a'.repeat(513)}'`), `'${'a'.repeat(513)}'`],
    [when('b = "\\ud800"'), '"\\ud800"'],
    ['permit a on /x 😀', '😀'],
    ['permit a on /x \ud800', '\ud800'],
    ['permit a on', ''],
    ['permit a on\n', ''],
    [when('b = "\u0001"'), '\u0001'],
  ])('%j holds exactly what is wrong', (text, wrong) => {
    const { offset, length } = syntaxError(text);
    expect(text.slice(offset, offset + length)).toBe(wrong);
  });

  it('lies within the text and agrees with line and column, whatever is damaged', () => {
    const damaged = fc
      .tuple(
        documentText,
        fc.nat(),
        fc.nat(4),
        fc.constantFrom('', '&&', '==', ' x ', '\n', '\ud800', '(', "'"),
      )
      .map(([text, at, drop, put]) => {
        const from = text.length === 0 ? 0 : at % text.length;
        return text.slice(0, from) + put + text.slice(from + drop);
      });
    const property = fc.property(damaged, (text) => {
      try {
        parse(text);
      } catch (error) {
        if (!(error instanceof CclSyntaxError)) throw error;
        const { offset, length, line, column, suggestion } = error;
        expect(offset + length).toBeLessThanOrEqual(text.length);
        const before = text.slice(0, offset).split('\n');
        expect([line, column]).toEqual([before.length, before.at(-1)!.length + 1]);
        if (suggestion === undefined) return;
        expect(suggestion.start).toBeLessThan(suggestion.end);
        expect(suggestion.end).toBeLessThanOrEqual(text.length);
        expect(text.slice(suggestion.start, suggestion.end)).not.toBe(suggestion.text);
      }
    });
    fc.assert(property, { numRuns: 2000 });
  });
});

describe('distance', () => {
  /** The definition, without a table. */
  const naive = (a: string, b: string): number => {
    if (a === '' || b === '') return a.length + b.length;
    const same = a.at(-1) === b.at(-1) ? 0 : 1;
    const edits = [
      naive(a.slice(0, -1), b) + 1,
      naive(a, b.slice(0, -1)) + 1,
      naive(a.slice(0, -1), b.slice(0, -1)) + same,
    ];
    const isSwap = a.length > 1 && b.length > 1 && a.at(-1) === b.at(-2) && a.at(-2) === b.at(-1);
    if (isSwap) edits.push(naive(a.slice(0, -2), b.slice(0, -2)) + 1);
    return Math.min(...edits);
  };

  it('is what the definition says', () => {
    const word = fc
      .array(fc.constantFrom('a', 'b', 'c'), { maxLength: 5 })
      .map((letters) => letters.join(''));
    fc.assert(fc.property(word, word, (a, b) => distance(a, b) === naive(a, b)));
  });
});
