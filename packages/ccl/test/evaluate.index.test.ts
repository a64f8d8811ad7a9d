import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePattern, type GlobSegment, matchPattern, type Pattern } from '../src/lib/pattern.js';
import { Statements } from '../src/lib/statements.js';

interface Place {
  readonly index: number;
  readonly action: Pattern;
  readonly resource: Pattern;
}

const splitBy = (separator: string) => (text: string) => text.split(separator).filter((part) => part !== '');
const actionOf = splitBy('.');
const resourceOf = splitBy('/');

/** Statements from lines of an action and a resource pattern. */
function statements(lines: readonly (readonly [action: string, resource: string])[]): Statements<Place> {
  return new Statements(
    lines.map(([action, resource], index) => ({
      index,
      action: compilePattern(actionOf(action)),
      resource: compilePattern(resourceOf(resource)),
    })),
  );
}

/** The places of the statements that cover a request. */
const found = (list: Statements<Place>, action: string, resource: string) =>
  list.covering(actionOf(action), resourceOf(resource)).map(({ index }) => index);

/** The plain way: ask every statement. */
const scanned = (list: Statements<Place>, action: readonly string[], resource: readonly string[]) =>
  list.all.filter((one) => matchPattern(one.action, action) && matchPattern(one.resource, resource));

describe('the statements that cover a request', () => {
  const word = fc
    .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 })
    .map((s) => s.join(''));
  const glob = fc
    .array(fc.constantFrom('a', 'b', 'c', '*'), { minLength: 2, maxLength: 5 })
    .map((s) => s.join(''));
  const segment = fc.oneof(
    { arbitrary: fc.constantFrom('**', '*', 'a', 'b'), weight: 3 },
    word,
    glob.filter((text) => text.includes('*') && !text.includes('**')),
  );
  const patterns = fc.array(segment, { maxLength: 5 }).map((segments) => compilePattern(segments));
  const places = fc
    .array(fc.record({ action: patterns, resource: patterns }), { maxLength: 120, size: 'max' })
    .map((list) => list.map((place, index) => ({ ...place, index })));
  const text = fc.array(fc.oneof(fc.constantFrom('a', 'b'), word, fc.constant('__proto__')), {
    maxLength: 6,
  });

  it('are those that a scan of all finds, in the same order', () => {
    let hits = 0;
    const property = fc.property(places, fc.array(fc.tuple(text, text), { maxLength: 20 }), (all, asked) => {
      const list = new Statements(all);
      for (const [action, resource] of asked) {
        const expected = scanned(list, action, resource);
        expect(list.covering(action, resource)).toEqual(expected);
        hits += expected.length;
      }
    });
    fc.assert(property, { numRuns: 2000 });
    expect(hits).toBeGreaterThan(2000);
  });

  it('of one kind are those among the statements of that kind', () => {
    const even = (one: Place): one is Place => one.index % 2 === 0;
    const property = fc.property(places, text, text, (all, action, resource) => {
      const list = new Statements(all);
      const evens = list.filter(even);
      expect(evens.all).toEqual(all.filter(even));
      expect(evens.covering(action, resource)).toEqual(list.covering(action, resource).filter(even));
    });
    fc.assert(property, { numRuns: 300 });
  });

  it('are found once each, however often their `**` is come by', () => {
    const list = statements([
      ['**', '**/a/**'],
      ['**', '**/a/**/b/**'],
      ['**', '**/a/**/**/b'],
      ['**', '**/*/**/*'],
      ['**', '**/a*/**/*a'],
    ]);
    expect(found(list, 'x', '/a/a/b/a/b')).toEqual([0, 1, 2, 3]);
    expect(found(list, 'x', '/a/a/a')).toEqual([0, 3, 4]);
    expect(found(list, 'x', '/a')).toEqual([0]);
  });

  it('keep their order where many cover', () => {
    const patternsThatCover = ['**', '/a/**', '/a/b', '/*/b', '**/b', '/a*/b*', '/a/b/**', '*/*', '/**/*'];
    const lines = Array.from({ length: 90 }, (_, i) => ['**', patternsThatCover[(i * 7) % 9]!] as const);
    expect(found(statements(lines), 'x', '/a/b')).toEqual(lines.map((_, i) => i));
  });
});

/** An array that counts how often one of its elements is read. */
function counted(elements: readonly string[]): { readonly of: readonly string[]; reads: number } {
  const counter = {
    of: new Proxy(elements, {
      get(target, key, receiver) {
        if (typeof key === 'string' && /^\d+$/.test(key)) counter.reads++;
        return Reflect.get(target, key, receiver);
      },
    }),
    reads: 0,
  };
  return counter;
}

/** Steps of a search: every one of them reads a segment of the request. */
function steps(list: Statements<Place>, action: string, resource: string): number {
  const [actions, resources] = [counted(actionOf(action)), counted(resourceOf(resource))];
  list.covering(actions.of, resources.of);
  return actions.reads + resources.reads;
}

describe('the steps of a search', () => {
  const MANY = 10_000;

  it.each<[shape: string, line: (i: number) => [string, string], request: (i: number) => [string, string]]>([
    ['actions of their own', (i) => [`t${i}.*`, '/p/**'], (i) => [`t${i}.run`, '/p/x/y']],
    ['5,000 actions', (i) => [`t${i % 5000}`, `/p${i}/**`], (i) => [`t${i % 5000}`, `/p${i}/x`]],
    ['one action', (i) => ['read', `/p${i}/**`], (i) => ['read', `/p${i}/x/y`]],
    ['a `*` first in the action', (i) => [`*.x${i}`, '**'], (i) => [`t.x${i}`, '/a/b']],
    ['a `**` first in the resource', (i) => ['read', `/**/leaf${i}`], (i) => ['read', `/a/b/c/leaf${i}`]],
    ['a `**` on both sides', (i) => ['read', `/**/mid${i}/**`], (i) => ['read', `/a/mid${i}/c/d`]],
    ['two `**`', (i) => ['read', `/**/a${i}/**/b${i}`], (i) => ['read', `/x/a${i}/y/b${i}`]],
    ['the same two `**`', (i) => [`t${i}`, '/**/a/**/b'], (i) => [`t${i}`, '/x/a/y/b']],
    ['a prefix', (i) => [`get${i}_*`, '**'], (i) => [`get${i}_x`, '/a']],
    ['a suffix', (i) => [`tools.*_x${i}`, '**'], (i) => [`tools.get_x${i}`, '/a']],
    ['a prefix and a suffix', (i) => ['read', `/*/f_*_${i}.txt`], (i) => ['read', `/a/f_b_${i}.txt`]],
  ])('are as many for 10,000 statements with %s as for one', (_shape, line, request) => {
    const all = statements(Array.from({ length: MANY }, (_, i) => line(i)));
    for (const i of [0, 1, 4711, MANY - 1]) {
      const [action, resource] = request(i);
      expect(found(all, action, resource)).toContain(i);
      // Twice as many are allowed: the one's neighbours may lead a step or two astray.
      expect(steps(all, action, resource)).toBeLessThanOrEqual(
        2 * steps(statements([line(i)]), action, resource),
      );
    }
  });

  it('ask only the globs that begin and end as the segment does', () => {
    let asked = 0;
    const counting = (text: string): Pattern => {
      const [glob] = compilePattern([text]).segments as readonly [GlobSegment];
      const pieces = new Proxy(glob.pieces, {
        get(target, key, receiver) {
          // Whoever asks a glob looks at its first piece.
          if (key === '0') asked++;
          return Reflect.get(target, key, receiver);
        },
      });
      return { segments: [{ ...glob, pieces }], matchesAll: false };
    };
    const resource = compilePattern(['**']);
    const globs = Array.from({ length: MANY }, (_, i) => [`get${i}_*`, `*_x${i}`, `get_*_${i}.txt`][i % 3]!);
    const list = new Statements(globs.map((text, index) => ({ index, action: counting(text), resource })));
    asked = 0;
    for (const [i, text] of [
      [0, 'get0_a'],
      [1, 'a_x1'],
      [5000, 'get_a_5000.txt'],
      [9998, 'get_9_9998.txt'],
    ] as const) {
      expect(list.covering([text], []).map(({ index }) => index)).toEqual([i]);
    }
    expect(asked).toBeLessThanOrEqual(8);
  });

  it.each<[adversary: string, patterns: readonly string[], text: string]>([
    ['`**` on `**`', ['**/'.repeat(1365)], 'a/'.repeat(2048)],
    ['`**` and `a` in turn', [`${'**/a/'.repeat(818)}b`], 'a/'.repeat(2048)],
    ['`**` and `*` in turn', [`${'**/*/'.repeat(818)}b`], 'a/'.repeat(2048)],
    ['`**` and `*a*` in turn', [`${'**/*a*/'.repeat(584)}b`], 'a/'.repeat(2048)],
    ['`*` alone', ['*/'.repeat(2048)], 'a/'.repeat(2048)],
    ['every prefix', Array.from({ length: 500 }, (_, i) => '**/a/'.repeat(i + 1)), 'a/'.repeat(2048)],
    [
      'every choice of `a`, `*` and `**`',
      Array.from({ length: 729 }, (_, i) =>
        i
          .toString(3)
          .padStart(6, '0')
          .replace(/./g, (digit) => ['a/', '*/', '**/a/'][Number(digit)]!),
      ),
      'a/'.repeat(500),
    ],
  ])('are at most nodes times places for %s', (_adversary, patterns, text) => {
    const list = statements(patterns.map((pattern) => ['**', pattern]));
    const nodes = patterns.reduce((sum, pattern) => sum + resourceOf(pattern).length, 1);
    expect(steps(list, 'x', text)).toBeLessThanOrEqual(nodes * (resourceOf(text).length + 1));
    const sample = resourceOf(text).slice(0, 12);
    expect(list.covering(['x'], sample)).toEqual(scanned(list, ['x'], sample));
  });

  it.each<[what: string, pattern: string, text: string]>([
    ['`**` on `**`', '**/'.repeat(1365), 'a/'.repeat(2048)],
    ['`**` and `a` in turn', `${'**/a/'.repeat(818)}b`, 'a/'.repeat(2048)],
    ['`**` and `*a*` in turn', `${'**/*a*/'.repeat(584)}b`, 'a/'.repeat(2048)],
    ['`*` alone', '*/'.repeat(2048), 'a/'.repeat(2048)],
  ])(
    'of a chain of `**` are few for %s: each is followed to its first match only',
    (_what, pattern, text) => {
      const list = statements([['**', pattern]]);
      const most = 2 * (resourceOf(pattern).length + resourceOf(text).length);
      expect(steps(list, 'x', text)).toBeLessThanOrEqual(most);
    },
  );

  it.each<[what: string, pattern: string, text: string]>([
    ['`**` and `a` in turn', `${'**/a/'.repeat(818)}b`, 'a/'.repeat(2048)],
    ['`**` and `*` in turn', `${'**/*/'.repeat(818)}b`, 'a/'.repeat(2048)],
    ['a `**` that must go on to the end', '**/a/a/a/a/b', 'a/'.repeat(2048)],
  ])('of one pattern alone are at most pattern times text for %s', (_what, written, text) => {
    const pattern = compilePattern(resourceOf(written));
    const segments = counted(resourceOf(text));
    expect(matchPattern(pattern, segments.of)).toBe(false);
    expect(segments.reads).toBeLessThanOrEqual(pattern.segments.length * resourceOf(text).length);
  });
});
