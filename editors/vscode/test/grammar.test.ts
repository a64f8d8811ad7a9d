import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from '@stele/ccl';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { document } from './support/documents.js';
import { type SpanKind, spansOf } from './support/spans.js';
import { loadTokenizer, type Scoped } from './support/tokenizer.js';

let tokenize: (text: string) => Scoped[];

beforeAll(async () => {
  tokenize = await loadTokenizer();
});

/** What the scope of each kind of piece begins with; a quoted pattern is a string. */
const SCOPES: Readonly<Record<SpanKind, RegExp>> = {
  comment: /^comment\.line/,
  action: /^(?:entity\.name\.function\.action|string\.quoted)/,
  resource: /^string\.(?:unquoted\.resource|quoted)/,
  name: /^entity\.name\.type\.obligation/,
  field: /^variable\.other\.field/,
  string: /^string\.quoted/,
  number: /^constant\.numeric/,
  boolean: /^constant\.language\.boolean/,
  keyword: /^(?:keyword\.(?:control|operator)|support\.constant\.unit|constant\.language\.severity)/,
  operator: /^keyword\.operator\.comparison/,
  punctuation: /^(?:punctuation|keyword\.operator\.reference)/,
};

/** The pieces of a document whose scope is not that of their kind. */
function wronglyScoped(text: string): string[] {
  const tokens = tokenize(text);
  return spansOf(text).flatMap(({ kind, start, end, text: piece }) => {
    const inside = tokens.filter((token) => token.start < end && token.end > start);
    const isRight =
      inside.length > 0 && inside.every(({ scopes }) => scopes.some((scope) => SCOPES[kind].test(scope)));
    const shown = inside.map(({ scopes }) => scopes.join(' ')).join(', ');
    return isRight ? [] : [`${kind} ${piece} at ${start}: ${shown}`];
  });
}

/** The pieces of a text with their innermost scope, for what a person would look at. */
function innermost(text: string): string[] {
  return tokenize(text)
    .filter(({ start, end, scopes }) => scopes.length > 0 && text.slice(start, end).trim() !== '')
    .map(({ start, end, scopes }) => `${text.slice(start, end)} ${scopes.at(-1)!.replace(/\.ccl$/, '')}`);
}

const scopesOf = (text: string) => tokenize(text).flatMap(({ scopes }) => scopes);
const isInvalid = (scope: string) => scope.startsWith('invalid');

/** One text for each construct of the language. */
const CONSTRUCTS = [
  'permit a.b on /x',
  "DENY '*' on 'a b' Severity CRITICAL",
  'require human.approval for payments.* on "/orders/**" when args.amount > 10',
  'require x on ** severity low # why',
  'limit a 5 per day',
  'limit a on /x 2.5e3 of args.amount per 02 hours severity medium',
  'permit a on /x; deny b on /y ;;limit c 1 per second',
  'permit a on /x when a = 1 and b != -2.5 or c < "d" and e <= @f.g or h > 0 and i >= @ j',
  'permit a on /x when not (has a and not has b.c)',
  'permit a on /x when (a = true\n  and # why\n b = FALSE\n) severity low',
  'permit a on /x when a in [\'x\', "y\\n", 5,\n -1e2, true] and b not_in [] or c in @d',
  "permit a on /x when a contains 'x' and b not_contains 5 and c matches '^a$' and d starts_with 'b' and e ends_with 'c'",
  'permit a on /x when every a.b > 5 and some c = @d',
  // names that are keywords elsewhere
  'permit permit on /on when when = 1 and severity = 2 and on in [1] severity low',
  'permit on on /x when and = 1 and or = 2 or in in [1] and not.x = true and true = true',
  'require for for on on /on when has has and has severity and every every = 1 and some in in [1]',
  'limit limit on /per 5 of per per day',
  'limit on on /x 5 of of per 3 days',
  'permit a on /x when (and in [1]) and and contains true',
];

const examples = fileURLToPath(new URL('../../../examples', import.meta.url));
const exampleFiles = readdirSync(examples, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ccl') && !file.includes('node_modules'),
);

describe('the grammar', () => {
  it.each(CONSTRUCTS)('scopes every piece of %s', (text) => {
    expect(wronglyScoped(text)).toEqual([]);
    expect(scopesOf(text).filter(isInvalid)).toEqual([]);
  });

  it('scopes the pieces of random documents as the parser reads them', () => {
    fc.assert(
      fc.property(document, (text) => {
        expect(wronglyScoped(text)).toEqual([]);
        expect(scopesOf(text).filter(isInvalid)).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each(exampleFiles)('finds nothing invalid in %s', (file) => {
    const text = readFileSync(join(examples, file), 'utf8');
    expect(parse(text).statements).not.toHaveLength(0);
    expect(wronglyScoped(text)).toEqual([]);
    expect(scopesOf(text).filter(isInvalid)).toEqual([]);
  });

  it('tells wildcards, escapes and quotes apart', () => {
    expect(innermost('permit a.*_x on /a/**')).toEqual([
      'permit keyword.control.statement',
      'a. entity.name.function.action',
      '* keyword.operator.wildcard',
      '_x entity.name.function.action',
      'on keyword.control.clause',
      '/a/ string.unquoted.resource',
      '** keyword.operator.wildcard',
    ]);
    expect(innermost('permit a on "\\u00e9\\/\\q"').slice(3)).toEqual([
      '" punctuation.definition.string.begin',
      '\\u00e9 constant.character.escape',
      '\\/ constant.character.escape',
      '\\q invalid.illegal.escape',
      '" punctuation.definition.string.end',
    ]);
  });

  it.each([
    ['an action', "permit 'a"],
    ['a resource', "permit a on 'x when"],
    ['a JSON string', 'permit a on "x\\" when'],
    ['a backslash at the end', 'permit a on "x\\'],
    ['a value', "permit a on /x when a = 'x"],
    ['a value in parentheses', "permit a on /x when (a = 'x"],
    ['an element', "permit a on /x when a in ['x"],
    ['a stray string', "when 'x"],
  ])('ends an unterminated string with its line: %s', (_, text) => {
    const [line, ...next] = [text, ')', ';', 'deny b on /y # c'];
    const tokens = tokenize([line, ...next].join('\n'));
    const invalid = tokens.filter(({ scopes }) => scopes.some(isInvalid));
    expect(invalid.every(({ end }) => end <= line.length + 1)).toBe(true);
    if (text.startsWith('permit')) expect(invalid).not.toHaveLength(0);
    expect(innermost([line, ...next].join('\n')).slice(-6)).toEqual(innermost('deny b on /y # c'));
  });

  it.each([
    'permit',
    'permit a on',
    'permit a on /x when',
    'permit a on /x when a',
    'permit a on /x when a =',
    'permit a on /x when has',
    'permit a on /x when every',
    'permit a on /x when a = @',
    'permit a on /x when not',
    'permit a on /x when a = 1 and',
    'permit a on /x severity',
    'require',
    'require x for',
    'limit a 5 of',
    'limit a 5 per',
    'nonsense here = 5',
  ])('lets an unfinished statement end with its line: %s', (line) => {
    const statement = 'deny b on /y when c = 1 # d';
    expect(innermost(`${line}\n${statement}`).slice(-innermost(statement).length)).toEqual(
      innermost(statement),
    );
    expect(innermost(`${line} ; ${statement}`).slice(-innermost(statement).length)).toEqual(
      innermost(statement),
    );
  });

  it('tokenizes any line', () => {
    const piece = fc.constantFrom(
      'permit',
      'on',
      'when',
      '(',
      ')',
      '[',
      ']',
      "'",
      '"',
      '\\',
      '#',
      ';',
      '\n',
      ' ',
      'a',
      '1',
      '=',
      '@',
      'é',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join('');
        const tokens = tokenize(text);
        const covered = tokens.map(({ start, end }) => text.slice(start, end)).join('');
        expect(covered.replaceAll('\n', '')).toBe(text.replaceAll('\n', ''));
      }),
    );
  });
});
