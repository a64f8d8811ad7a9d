import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkNarrowing, compile, evaluate } from '../../src/index.js';

const pick = <T>(...values: T[]) => fc.constantFrom(...values);

/** Most of them malformed: what is asked of the proofs is not to think so of the others. */
const scheme = pick(
  'https',
  'http',
  'ftp',
  'ws',
  'file',
  'urn',
  'mailto',
  'data',
  'a+b',
  'x.y',
  'C',
  'HTTPS',
  '1a',
);
const host = fc
  .array(
    pick(
      'h',
      '1',
      '1.2.3.4',
      '[::1]',
      'xn--p1ai',
      'a.b',
      '0x',
      '0xg',
      '-',
      '_',
      '..',
      '~',
      '!',
      '$',
      '|',
      '%41',
      'é',
      ' ',
      '07',
      '.',
    ),
    { maxLength: 3 },
  )
  .map((parts) => parts.join(''));
const port = pick('', '', ':', ':0', ':1', ':80', ':443', ':8080', ':065', ':65535', ':65536');
const path = fc
  .array(
    pick(
      '/',
      '/',
      'a',
      'B',
      '%zz',
      '%20',
      '%41',
      '~',
      '|',
      '^',
      'é',
      ' ',
      '"',
      '{',
      '}',
      '<',
      '`',
      "'",
      '(',
      ';',
      '=',
      '@',
      ':',
      '.',
      '..',
      ',',
      '&',
      '+',
      '?',
      '#',
      '[',
      '\u{1f600}',
      '\ufffd',
      '\u2028',
      '\u00a0',
    ),
    { maxLength: 5 },
  )
  .map((parts) => parts.join(''));
const url = fc
  .tuple(scheme, pick('://', '://', ':/', ':', ': '), host, port, path)
  .map((parts) => parts.join(''));
const anyResource = fc.oneof(
  url,
  path,
  fc.tuple(pick('/', ' ', 'x/', 'x'), url).map((parts) => parts.join('')),
);

/** A glob of the text: some of its runs are stars. */
const globOf = (text: string, cuts: readonly number[]) => {
  const [from, to] = [cuts[0]! % (text.length + 1), cuts[1]! % (text.length + 1)];
  const [start, end] = [Math.min(from, to), Math.max(from, to)];
  return text.slice(start, end).includes('/') ? text : `${text.slice(0, start)}*${text.slice(end)}`;
};

const quoted = (text: string) => JSON.stringify(text);
const parses = (text: string) => {
  try {
    return compile(text);
  } catch {
    return undefined;
  }
};

describe('a request that is well formed is never thought away', () => {
  it('by a proof that its pattern permits nothing, or that one without it permits as much', () => {
    let wellFormed = 0;
    fc.assert(
      fc.property(anyResource, fc.tuple(fc.nat(), fc.nat()), (resource, cuts) => {
        const request = { action: 'a', resource };
        if (!evaluate(compile('permit ** on **'), request).permitted) return;
        const glob = `permit a on ${quoted(globOf(resource, cuts))}`;
        const [child, deny] = [parses(glob), parses(`${glob}\ndeny a on ${quoted(resource)}`)];
        if (child === undefined || deny === undefined || !evaluate(child, request).permitted) return;
        wellFormed++;
        expect(checkNarrowing(child, compile('')).narrows, glob).not.toBe(true);
        expect(checkNarrowing(child, deny).narrows, `${glob} without ${resource}`).not.toBe(true);
      }),
      { numRuns: 6000 },
    );
    expect(wellFormed).toBeGreaterThan(500);
  });
});
