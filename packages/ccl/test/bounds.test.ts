import { describe, expect, it } from 'vitest';
import { compile, evaluate, type Request } from '../src/index.js';
import { compilePattern, matchSegment, type PatternSegment } from '../src/lib/pattern.js';

const MIB = 1024 * 1024;

const permits = (text: string, request: Partial<Request> = {}) =>
  evaluate(compile(text), { action: 'a', resource: '/x', ...request }).permitted;
const refused = (text: string) =>
  expect(() => compile(text)).toThrow(expect.objectContaining({ code: 'ccl_syntax' }));

describe('a policy at its bounds decides, and above them there is none', () => {
  const padded = (bytes: number) => {
    const rule = 'permit a on /x # ';
    return rule + '.'.repeat(bytes - rule.length);
  };
  const statements = (count: number) =>
    `${Array.from({ length: count - 1 }, (_, i) => `permit t${i} on /y`).join('\n')}\npermit a on /x`;
  const nested = (depth: number) => `permit a on /x when ${'('.repeat(depth)}n = 1${')'.repeat(depth)}`;
  const negated = (depth: number) =>
    `permit a on /x when ${'not '.repeat(depth)}n = ${depth % 2 === 0 ? 1 : 2}`;
  const regex = (length: number) => `permit a on /x when s matches '^${'a'.repeat(length - 2)}$'`;
  const n = { context: { n: 1 } };

  it.each<
    [
      bound: string,
      most: number,
      text: (size: number) => string,
      request?: (size: number) => Partial<Request>,
    ]
  >([
    ['bytes', MIB, padded],
    ['statements', 10_000, statements],
    ['nested parentheses', 64, nested, () => n],
    ['nested nots', 64, negated, () => n],
    ['characters of a regular expression', 512, regex, (size) => ({ context: { s: 'a'.repeat(size - 2) } })],
    [
      'characters of an action',
      512,
      (size) => `permit ${'b'.repeat(size)} on /x`,
      (size) => ({ action: 'b'.repeat(size) }),
    ],
    [
      'characters of a resource',
      4096,
      (size) => `permit a on '${'b'.repeat(size)}'`,
      (size) => ({ resource: 'b'.repeat(size) }),
    ],
  ])('%s', (_bound, most, text, request = () => ({})) => {
    expect(permits(text(most - 1), request(most - 1))).toBe(true);
    expect(permits(text(most), request(most))).toBe(true);
    refused(text(most + 1));
  });
});

describe('a request at its bounds is decided, and above them it is malformed', () => {
  it.each<[bound: string, most: number, request: (size: number) => Partial<Request>]>([
    ['characters of an action', 512, (size) => ({ action: 'b'.repeat(size) })],
    [
      'characters of an action of many segments',
      512,
      (size) => ({
        action: 'bb.'
          .repeat(200)
          .slice(0, size - 1)
          .padEnd(size, 'b'),
      }),
    ],
    ['characters of a resource', 4096, (size) => ({ resource: 'b'.repeat(size) })],
    [
      'characters of a resource of many segments',
      4096,
      (size) => ({ resource: 'b/'.repeat(2100).slice(0, size) }),
    ],
    [
      'characters of a resource in UTF-16',
      4096,
      (size) => ({
        resource: '😀'.repeat(size / 2).padEnd(size, 'é'),
      }),
    ],
    ['slashes', 4096, (size) => ({ resource: '/'.repeat(size) })],
  ])('%s', (_bound, most, request) => {
    expect(permits('permit ** on **', request(most - 1))).toBe(true);
    expect(permits('permit ** on **', request(most))).toBe(true);
    const above = evaluate(compile('permit ** on **'), { action: 'a', resource: '/x', ...request(most + 1) });
    expect(above).toMatchObject({ permitted: false, code: 'malformed_request' });
  });
});

describe('input that means to take long is decided', () => {
  const lines = (count: number, line: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => line(i)).join('\n');

  it.each<[what: string, text: string, request: Partial<Request>, permitted: boolean]>([
    ['thousands of `**`', `permit a on '${'**/'.repeat(1365)}'`, { resource: 'a/'.repeat(2048) }, true],
    ['`**` and `a` in turn', `permit a on '${'**/a/'.repeat(818)}b'`, { resource: 'a/'.repeat(2048) }, false],
    ['`*a` again and again', `permit a on '${'*a'.repeat(2000)}b'`, { resource: 'a'.repeat(4096) }, false],
    ['`a*` again and again', `permit ${'a*'.repeat(255)}b on **`, { action: 'a'.repeat(512) }, false],
    [
      '`**/a/**/b` in all statements',
      lines(10_000, () => "permit a on '**/a/**/b'"),
      { resource: 'a/'.repeat(2048) },
      false,
    ],
    [
      '`**/a/**/b` in all statements, each for its action',
      lines(10_000, (i) => `permit t${i} on '**/a/**/b'`),
      { action: 't77', resource: `${'a/'.repeat(2040)}b` },
      true,
    ],
    [
      'all statements matching',
      lines(10_000, (i) => `permit ${i % 2 ? '*' : '**'} on '${i % 3 ? '**/a' : 'a/**'}'`),
      { resource: 'a/a' },
      true,
    ],
    [
      'a regular expression that explodes',
      "permit a on /x when s matches '^(a+)+$'",
      { context: { s: `${'a'.repeat(100_000)}b` } },
      false,
    ],
    [
      'a regular expression with much to remember',
      "permit a on /x when s matches '(a?){200}b'",
      { context: { s: 'a'.repeat(20_000) } },
      false,
    ],
    [
      'ten thousand terms',
      `permit a on /x when ${'n = 1 or '.repeat(10_000)}n = 2`,
      { context: { n: 2 } },
      true,
    ],
  ])('%s', (_what, text, request, permitted) => expect(permits(text, request)).toBe(permitted));

  it('or refused: ten thousand parentheses', () => {
    refused(`permit a on /x when ${'('.repeat(10_000)}n = 1${')'.repeat(10_000)}`);
    refused(`permit a on /x when ${'not '.repeat(10_000)}n = 1`);
  });

  it('within a segment, each piece of a glob being looked for once', () => {
    const glob = compilePattern([`${'*a'.repeat(2000)}b`]).segments[0] as PatternSegment & { kind: 'glob' };
    let reads = 0;
    const pieces = new Proxy(glob.pieces, {
      get(target, key, receiver) {
        if (typeof key === 'string' && /^\d+$/.test(key)) reads++;
        return Reflect.get(target, key, receiver);
      },
    });
    expect(matchSegment({ ...glob, pieces }, `${'a'.repeat(4095)}b`)).toBe(true);
    expect(matchSegment({ ...glob, pieces }, 'a'.repeat(4096))).toBe(false);
    expect(reads).toBeLessThanOrEqual(2 * (glob.pieces.length + 2));
  });
});
