/** What is read while someone types, held against the parser of the language. */
import { CclSyntaxError, parse } from '@stele/ccl';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { outline, wordAt, wordsFor } from '../src/features.js';
import { read } from '../src/reading.js';
import { MEANINGS, type Word } from '../src/words.js';
import { document } from './support/documents.js';
import { type Span, type SpanKind, spansOf } from './support/spans.js';

/** The roles that a piece of each kind may have. */
const ROLES: Readonly<Record<Exclude<SpanKind, 'comment'>, readonly string[]>> = {
  action: ['action'],
  resource: ['resource'],
  name: ['name'],
  field: ['field'],
  string: ['value'],
  number: ['value', 'number'],
  boolean: ['word'],
  keyword: ['word'],
  operator: ['word'],
  punctuation: ['punctuation'],
};

const isPiece = (span: Span): span is Span & { kind: Exclude<SpanKind, 'comment'> } =>
  span.kind !== 'comment' && span.text !== ';';

/** Where the parser stops, or the end of the text if it is content. */
function mistakeIn(text: string): number {
  try {
    parse(text);
    return text.length;
  } catch (error) {
    if (error instanceof CclSyntaxError) return error.offset;
    throw error;
  }
}

const anyText = fc
  .array(
    fc.constantFrom(
      ...Object.keys(MEANINGS),
      ...[
        'a',
        'a.b',
        '/x',
        '**',
        "'",
        '"',
        "'x'",
        '(',
        ')',
        '[',
        ']',
        ',',
        ';',
        '@',
        '#',
        '\\',
        '!',
        '\n',
        ' ',
        ' ',
        ' ',
      ],
      ...['5', '-', '.', '\r\n', '\r', 'é', '\ud800'],
    ),
    { maxLength: 40 },
  )
  .map((pieces) => pieces.join(''));

describe('reading', () => {
  it('sees in a document what the parser sees', () => {
    fc.assert(
      fc.property(document, (text) => {
        const { statements } = read(text);
        const expected = parse(text).statements.map(({ location: { start, end } }) => [start, end]);
        expect(statements.map((tokens) => [tokens[0]!.start, tokens.at(-1)!.end])).toEqual(expected);
        const pieces = spansOf(text).filter(isPiece);
        const tokens = statements.flat();
        expect(tokens.map(({ start, end }) => text.slice(start, end))).toEqual(
          pieces.map((piece) => piece.text),
        );
        for (const [i, { kind, text: piece }] of pieces.entries())
          expect([piece, ROLES[kind]]).toEqual([piece, expect.arrayContaining([tokens[i]!.role])]);
      }),
      { numRuns: 1_000 },
    );
  });

  it('takes any text, and its tokens are pieces of it in order', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        let end = 0;
        for (const token of read(text).statements.flat()) {
          expect(token.start).toBeGreaterThanOrEqual(end);
          expect(token.end).toBeGreaterThan(token.start);
          end = token.end;
        }
        expect(end).toBeLessThanOrEqual(text.length);
      }),
      { numRuns: 1_000 },
    );
  });

  it('goes on behind what makes no sense, at the next statement', () => {
    const text = 'permitt a on /x\npermit a oh /x ( "\ndeny b on /y when (a == 1)\npermit c on /z';
    expect(outline(text).map(({ name, detail }) => [name, detail])).toEqual([
      ['permit a', ''],
      ['deny b', '/y'],
      ['permit c', '/z'],
    ]);
  });

  it('reads nothing of a text that is too long for a document', () => {
    const line = 'permit a on /x\n';
    const text = line.repeat(Math.ceil((1024 * 1024 + 1) / line.length));
    expect(read(text)).toEqual({ statements: [], place: 'lost', isNested: false });
    expect(read(text.slice(0, 1024 * 1024)).statements.length).toBeGreaterThan(60_000);
  });

  it('reads what is deep, long or unclosed', () => {
    const deep = `permit a on /x when ${'('.repeat(100_000)}`;
    expect(read(deep)).toMatchObject({ place: 'operand', isNested: true });
    for (const text of ['"\\'.repeat(200_000), "'".repeat(500_001), '['.repeat(500_000), '!'.repeat(500_000)])
      expect(read(text).statements).toHaveLength(1);
  });
});

describe('the words for a place', () => {
  it('are among those that the parser takes there, and hold the one that is written', () => {
    fc.assert(
      fc.property(document, (text) => {
        for (const { kind, start, text: piece } of spansOf(text)) {
          if (kind !== 'keyword' && kind !== 'operator' && kind !== 'boolean') continue;
          if (kind === 'operator' && !/\s/.test(text[start - 1]!)) continue; // directly behind a field
          const words = wordsFor(text, start);
          expect(words).toContain(piece.toLowerCase());
          const before = text.slice(0, start);
          for (const word of words) {
            if (word === 'per' && piece.toLowerCase() === 'of') continue; // the amount may be one for `of` alone
            const end = before.length + word.length;
            expect([word, mistakeIn(`${before}${word} `)]).toEqual([
              word,
              expect.toSatisfy((at) => at >= end),
            ]);
          }
        }
      }),
    );
  });

  it('are none where a name or a pattern must stand, nor in strings and comments', () => {
    fc.assert(
      fc.property(document, (text) => {
        for (const { kind, start, end } of spansOf(text)) {
          if (kind === 'action' || kind === 'name') expect(wordsFor(text, start)).toEqual([]);
          if (kind === 'resource') expect(wordsFor(text, start)).toEqual([]);
          if (kind === 'comment') expect(wordsFor(text, end)).toEqual([]);
          if (kind === 'string') expect(wordsFor(text, end - 1)).toEqual([]);
        }
      }),
    );
  });

  const places: [text: string, words: Word[]][] = [
    ['', ['permit', 'deny', 'require', 'limit']],
    ['permit a on /x\n  de', ['permit', 'deny', 'require', 'limit']],
    ['permit a on /x; ', ['permit', 'deny', 'require', 'limit']],
    ['permit a ', ['on']],
    ['permit a o', ['on']],
    ['permit a on /x ', ['when', 'severity']],
    ['require x ', ['for', 'on']],
    ['limit a ', ['on']],
    ['limit a 5 ', ['of', 'per']],
    ['limit a 5 of x ', ['per']],
    ['limit a 5 per 2 ', ['second', 'seconds', 'minute', 'minutes', 'hour', 'hours', 'day', 'days']],
    ['limit a 5 per day ', ['severity']],
    ['permit a on /x severity ', ['critical', 'high', 'medium', 'low']],
    ['permit a on /x when ', ['not', 'has', 'every', 'some']],
    ['permit a on /x when a = 1 ', ['and', 'or', 'severity']],
    ['permit a on /x when (a = 1 ', ['and', 'or']],
    ['permit a on /x when (a = 1\n', ['and', 'or']],
    ['permit a on /x when a = ', ['true', 'false']],
    ['permit a on /x when a in [', ['true', 'false']],
  ];
  it.each(places)('behind %j', (text, words) => {
    expect([...wordsFor(text, text.length)].sort()).toEqual([...words].sort());
  });

  it.each([
    'permit',
    'permit ',
    'permit a.',
    'permit a on ',
    'permit a on /x/',
    'permit a on /x severity low ',
    "permit a on 'x ",
    'permit a on "x\\" ',
    'permit a on /x # ',
    'permit a on /x when has ',
    'permit a on /x when args.',
    'permit a on /x when a = @',
    'permit a on /x when a = 1) ',
    'permit a oh /x ',
    'limit a on /x ',
  ])('are none behind %j', (text) => {
    expect(wordsFor(`${text}`, text.length).filter((word) => word !== 'permit')).toEqual(
      text === 'permit' ? ['deny', 'require', 'limit'] : [],
    );
  });
});

describe('the word at an offset', () => {
  it('is a keyword by its position alone', () => {
    const text = 'permit permit on /on when when = 1 and severity = 2 severity low # permit';
    const found = [...text].map((_, offset) => wordAt(text, offset)?.token.start);
    const starts = [...new Set(found)].filter((start) => start !== undefined);
    expect(starts.map((start) => /^\S+/.exec(text.slice(start))?.[0])).toEqual([
      ...['permit', 'on', 'when', '=', 'and', '=', 'severity', 'low'],
    ]);
  });

  it.each(['', 'a', "'permit'", '# permit', 'permitt a on /x'])('is none in %j', (text) => {
    for (let offset = 0; offset <= text.length; offset++) expect(wordAt(text, offset)).toBeUndefined();
  });
});
