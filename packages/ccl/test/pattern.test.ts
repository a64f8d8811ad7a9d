import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { haveVectors, vectorJson, vectorLines } from '../../../test/support/vectors.js';
import { compile, evaluate, parse } from '../src/index.js';
import { compilePattern, matchPattern } from '../src/lib/pattern.js';
import { Statements } from '../src/lib/statements.js';
import { matchSegments } from './support/reference.js';

const matches = (pattern: string, text: string, separator = '/') => {
  const split = (s: string) => s.split(separator).filter((segment) => segment !== '');
  return matchPattern(compilePattern(split(pattern)), split(text));
};

describe('patterns', () => {
  it.each([
    ['**', ''],
    ['**', 'a/b'],
    ['', ''],
    ['/x/**', '/x'],
    ['/x/**', '/x/y/z'],
    ['**/x', 'x'],
    ['**/x', 'a/x/x'],
    ['*', 'a'],
    ['a/*/c', 'a/b/c'],
    ['*.txt', 'a.txt'],
    ['*.txt', '.txt'],
    ['get_*', 'get_'],
    ['a*b*c', 'abc'],
    ['a*b*c', 'aXbYbc'],
    ['*a*', 'bab'],
    ['**/**', ''],
    ['**/a/**/b', 'a/a/b/b'],
    ['**/a/*', 'a/a/a'],
    ['*', '*'],
  ])('%j matches %j', (pattern, text) => expect(matches(pattern, text)).toBe(true));

  it.each([
    ['', 'a'],
    ['*', ''],
    ['*', 'a/b'],
    ['a', ''],
    ['a/*', 'a'],
    ['a/*', 'a/b/c'],
    ['*.txt', 'a.txtx'],
    ['*.txt', 'a/b.txt'],
    ['ab*ba', 'aba'],
    ['*ab*ba*', 'aba'],
    ['*aa*aa*', 'aaa'],
    ['a*a', 'a'],
    ['a*b*c', 'acb'],
    ['**/x', 'x/y'],
    ['A', 'a'],
    ['a', '*'],
    ['**/a/*', 'a'],
    ['a*b*b', 'ab'],
  ])('%j does not match %j', (pattern, text) => expect(matches(pattern, text)).toBe(false));

  it('match as plain recursion says', () => {
    const pattern = fc.array(fc.constantFrom('**', '*', 'a', 'b', 'a*', '*a', 'a*b', '*a*', '*ab*a*'), {
      maxLength: 6,
    });
    const text = fc.array(fc.constantFrom('a', 'b', 'ab', 'ba', 'aab', 'aba', '*'), { maxLength: 8 });
    fc.assert(
      fc.property(pattern, text, (p, t) => {
        expect(matchPattern(compilePattern(p), t)).toBe(matchSegments(p, t));
      }),
      { numRuns: 20_000 },
    );
  });

  it('take no more steps than pattern times text', () => {
    const many = `${'**/a/'.repeat(400)}b`;
    expect(matches(many, 'a/'.repeat(2000))).toBe(false);
    expect(matches(`${'*a'.repeat(1000)}b`, 'a'.repeat(4000))).toBe(false);
    expect(matches(`**/${'*a'.repeat(50)}b`, `${'a'.repeat(40)}/`.repeat(90))).toBe(false);
  });
});

describe('the statements of a policy', () => {
  it('are found as by asking each of them, in their order', () => {
    const segment = fc.constantFrom('**', '*', 'a', 'b', 'c', 'a*');
    const patterns = fc.array(segment, { maxLength: 4 }).map(compilePattern);
    const targets = fc.array(fc.record({ action: patterns, resource: patterns }), { maxLength: 60 });
    const names = fc.array(fc.constantFrom('a', 'b', 'c', 'ab', 'toString'), { maxLength: 4 });
    fc.assert(
      fc.property(targets, names, names, (list, action, resource) => {
        const all = list.map((target, index) => ({ ...target, index }));
        const covers = ({ action: a, resource: r }: (typeof all)[0]) =>
          matchPattern(a, action) && matchPattern(r, resource);
        expect(new Statements(all).covering(action, resource)).toEqual(all.filter(covers));
      }),
      { numRuns: 3000 },
    );
  });
});

interface Row {
  pattern: string;
  text: string;
  match: boolean | null;
  options?: Record<string, unknown>;
  wildmatch?: boolean;
}

/**
 * True for the rows that our language can say: literals, `*` within a segment and `**` as a whole segment. Left out are
 * classes, `?`, braces, extended globs, escapes, negation and comments, which are literals or errors here; slashes at
 * the ends and in runs, which we drop and others match; names with a leading dot, which others hide from wildcards; and rows with options.
 */
function isOurs({ pattern, text, options = {} }: Row): boolean {
  const plain = /^[\w.*/-]+$/.test(pattern) && /^[\w.*/ -]*$/.test(text);
  const slashed = [pattern, text].some((s) => /^\/|\/$|\/\//.test(s));
  const dotted = [pattern, text].some((s) => /(^|\/)\./.test(s));
  const inner = pattern.split('/').some((segment) => segment !== '**' && segment.includes('**'));
  return plain && Object.keys(options).length === 0 && !slashed && !dotted && !inner && text !== '';
}

describe.skipIf(!haveVectors)('patterns of others', () => {
  it('minimatch', () => {
    const all = ['simple', 'extended'].flatMap((part) => vectorLines<Row>(`glob/minimatch-${part}.jsonl`));
    const rows = all.filter(isOurs);
    expect(rows.length).toBeGreaterThan(50);
    for (const { pattern, text, match } of rows) {
      // For others a `**` at the end needs a segment, unless it stands alone; for us zero segments will do.
      const ours = pattern.endsWith('/**') && `${text}/**` === pattern ? true : match;
      expect([pattern, text, matches(pattern, text)]).toEqual([pattern, text, ours]);
    }
  });

  it('git-wildmatch', () => {
    const rows = vectorLines<Row>('glob/git-wildmatch.jsonl').filter(isOurs);
    expect(rows.length).toBeGreaterThan(15);
    for (const { pattern, text, wildmatch } of rows) {
      expect([pattern, text, matches(pattern, text)]).toEqual([pattern, text, wildmatch]);
    }
  });

  it('are answered or refused at once, however hard', () => {
    for (const { pattern, text, match } of vectorJson<Row[]>('glob/pathological.json')) {
      const source = `permit a on ${JSON.stringify(pattern)}`;
      if (match === null || /\*\*\*/.test(pattern)) {
        // Other syntax is literal here, and too long or too starry is refused.
        try {
          expect(evaluate(compile(source), { action: 'a', resource: text }).permitted).toBe(false);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ccl_syntax' });
        }
      } else {
        expect(parse(source).statements).toHaveLength(1);
        expect(evaluate(compile(source), { action: 'a', resource: text }).permitted).toBe(match);
      }
    }
  });
});
