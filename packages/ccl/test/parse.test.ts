import { isSteleError } from '@stele/types/errors';
import { describe, expect, it } from 'vitest';
import {
  type ComparisonNode,
  type LimitStatement,
  type LogicNode,
  parse,
  type RuleStatement,
} from '../src/index.js';
import { syntaxError } from './support/matchers.js';

const nbsp = '\u00a0';
const when = (condition: string) => `permit a on /x when ${condition}`;

/** Texts that are no documents, with the line and column of the mistake. */
const WRONG: readonly [why: string, text: string, line: number, column: number][] = [
  ['no statement', 'allow a on /x', 1, 1],
  ['a statement in the middle', 'permit a on /x\npermut b on /y', 2, 1],
  ['missing on', 'permit a /x', 1, 10],
  ['missing resource', 'permit a on', 1, 12],
  ['a resource on the next line', 'permit a on\n/x', 1, 12],
  ['a second condition', when('b = 1 when c = 2'), 1, 27],
  ['severity before when', 'permit a on /x severity low when b = 1', 1, 29],
  ['an unknown level', 'permit a on /x severity urgent', 1, 25],
  ['no level', 'permit a on /x severity', 1, 24],
  // white space
  ['a lone CR', 'permit a on /x\rpermit b on /y', 1, 15],
  ['a lone CR at the end', 'permit a on /x\r', 1, 15],
  ['a lone CR in a comment', '# one\rpermit a on /x', 1, 6],
  ['two CRs before a LF in a comment', '# one\r\r\n', 1, 6],
  ['a no-break space', `permit${nbsp}a on /x`, 1, 7],
  ['a no-break space alone', `\n ${nbsp}`, 2, 2],
  ['a no-break space in a comment', `# a${nbsp}b`, 1, 4],
  ['U+0085', 'permit a on /x\u0085', 1, 15],
  ['U+0085 in a comment', '#\u0085', 1, 2],
  ['U+2028', 'permit a on /x\u2028permit b on /y', 1, 15],
  ['U+2028 in a comment', '# x\u2028permit a on /x', 1, 4],
  ['U+2029 in a comment', '# x\u2029permit a on /x', 1, 4],
  ['a byte-order mark first', '\ufeffpermit a on /x', 1, 1],
  ['a byte-order mark in a comment', '# \ufeff', 1, 3],
  ['a vertical tab', 'permit\u000ba on /x', 1, 7],
  ['a form feed', 'permit a\u000con /x', 1, 9],
  ['a NUL', 'permit a on /x\u0000', 1, 15],
  ['a lone surrogate', 'permit a on /x \ud800', 1, 16],
  ['a lone surrogate in a comment', 'permit a on /x\n# \udc00', 2, 3],
  ['a lone surrogate in a string', when("b = '\ud800'"), 1, 26],
  ['an escaped lone surrogate', when('b = "\\ud800"'), 1, 25],
  ['a zero-width space', 'permit\u200b a on /x', 1, 7],
  // statements end
  ['a newline outside brackets', when('b = 1\n  and c = 2'), 2, 3],
  ['a newline after and', when('b = 1 and\nc = 2'), 1, 30],
  ['a semicolon inside parentheses', when('(b = 1; c = 2)'), 1, 27],
  ['an open parenthesis', when('(b = 1'), 1, 27],
  ['an open parenthesis at a line end', `${when('(b = 1')}\n\n`, 3, 1],
  ['a parenthesis too many', when('b = 1)'), 1, 26],
  ['an open bracket', when('b in [1'), 1, 28],
  ['an empty group', when('()'), 1, 22],
  ['a dangling or', when('b = 1 or'), 1, 29],
  ['a dangling not', when('not'), 1, 24],
  // keywords by position
  ['has as a field', when('has = 1'), 1, 25],
  ['every without a field', when("every = 'x'"), 1, 27],
  ['some before has', when('some has x'), 1, 30],
  ['not before an operator', when('not in [1]'), 1, 28],
  ['a keyword with a dot', 'permit.x on /x', 1, 7],
  ['when with a dot', 'permit a on /x when.x = 1', 1, 20],
  ['and with a dot', when('b = 1 and.x = 1'), 1, 30],
  ['a letter that only folds to ASCII', 'permit a on /x \u017feverity low', 1, 16],
  // strings
  ['an unterminated raw string', "permit a on '/x", 1, 16],
  ['a raw string over a line end', "permit a on '/x\n'", 1, 16],
  ['a raw string over CR LF', "permit a on '/x\r\n'", 1, 16],
  ['an unterminated JSON string', 'permit a on "/x', 1, 16],
  ['a JSON string over a line end', 'permit a on "/x\n"', 1, 16],
  ['a JSON string with a CR', 'permit a on "/x\r"', 1, 16],
  ['a JSON string with a tab', when('b = "a\tb"'), 1, 27],
  ['a JSON string with an unknown escape', when('b = "a\\x41"'), 1, 27],
  ['a JSON string with a short escape', when('b = "\\u12"'), 1, 26],
  ['a JSON string that ends in a backslash', when('b = "a\\'), 1, 27],
  ['a JSON string whose last quote is escaped', when('b = "a\\"'), 1, 29],
  ['a raw string with an escape of its quote', when("b = 'it\\'s'"), 1, 30],
  ['two strings in touch', when("b = 'a''b'"), 1, 28],
  ['a word after a string', when("b = 'a'and c = 1"), 1, 28],
  ['a string after on', "permit a on'/x'", 1, 12],
  ['a comment in touch with a string', when("b = 'a'# why"), 1, 28],
  // paths and actions
  ['a path with a comment in touch', 'permit a on /team#1', 1, 18],
  ['a path without a slash', 'permit a on docs/x', 1, 13],
  ['a path that begins with a star', 'permit a on *.txt', 1, 13],
  ['a path of three stars', 'permit a on ***', 1, 13],
  ['a path with a letter beyond ASCII', 'permit a on /é', 1, 14],
  ['a path with a quote', "permit a on /it's", 1, 16],
  ['a path before a parenthesis', 'permit a on /x(', 1, 15],
  ['a path with dots', 'permit a on /a/../b', 1, 13],
  ['a path with a dot', 'permit a on /./b', 1, 13],
  ['a path with %2e', 'permit a on /%2e%2E/b', 1, 13],
  ['a path with %2F', 'permit a on /a%2Fb', 1, 13],
  ['a path with %5c', 'permit a on /a%5cb', 1, 13],
  ['a resource with a backslash', "permit a on '/a\\b'", 1, 13],
  ['a resource with a control character', "permit a on '/a\u0001'", 1, 13],
  ['a resource with a lone CR', "permit a on '/a\r'", 1, 13],
  ['a resource with DEL', 'permit a on "/\\u007f"', 1, 13],
  ['a resource with ** inside a segment', 'permit a on /a**', 1, 13],
  ['a resource with *** as a segment', 'permit a on /***', 1, 13],
  ['a long resource', `permit a on '${'/x'.repeat(2048)}/'`, 1, 13],
  ['an action with **inside', 'permit a**.b on /x', 1, 8],
  ['an action that ends in a dot', 'permit a. on /x', 1, 8],
  ['an action with an empty segment', 'permit a..b on /x', 1, 8],
  ['an empty action', "permit '' on /x", 1, 8],
  ['a quoted action with a space', "permit 'a b' on /x", 1, 8],
  ['a long action', `permit ${'a'.repeat(513)} on /x`, 1, 8],
  ['an action with a slash', 'permit a/b on /x', 1, 9],
  ['no action', 'permit', 1, 7],
  ['an action of odd characters', 'permit (a) on /x', 1, 8],
  // numbers
  ['a letter after a number', when('b = 5x'), 1, 26],
  ['a leading zero', when('b = 05'), 1, 26],
  ['a dot at the end', when('b = 5.'), 1, 26],
  ['a dot first', when('b = .5'), 1, 25],
  ['a plus', when('b = +5'), 1, 25],
  ['a lone minus', when('b = -'), 1, 25],
  ['an empty exponent', when('b = 5e'), 1, 26],
  ['hexadecimal', when('b = 0x10'), 1, 26],
  ['an underscore', when('b = 1_000'), 1, 26],
  ['Infinity', when('b = Infinity'), 1, 25],
  ['2^53', when('b = 9007199254740992'), 1, 25],
  ['-2^53', when('b = -9007199254740992'), 1, 25],
  ['2^53 as a fraction', when('b = 9007199254740992.0'), 1, 25],
  ['2^53 with an exponent', when('b = 9.007199254740992e15'), 1, 25],
  ['a large exponent', when('b = 1e16'), 1, 25],
  ['beyond a double', when('b = 1e400'), 1, 25],
  ['rounded to 0', when('b = 1e-400'), 1, 25],
  ['rounded to 0 with zeros', when('b = 0.0001e-400'), 1, 25],
  ['a negative rounded to 0', when('b = -1e-400'), 1, 25],
  ['a large integer in an array', when('b in [1, 1e300]'), 1, 30],
  // fields
  ['a field that ends in a dot', when('b. = 1'), 1, 23],
  ['white space before a dot', when('b .c = 1'), 1, 23],
  ['white space after a dot', when('b. c = 1'), 1, 23],
  ['two dots', when('b..c = 1'), 1, 23],
  ['a field that begins with a digit', when('b.1 = 1'), 1, 23],
  ['a field of a string', when("'b' = 1"), 1, 21],
  ['__proto__', when('__proto__ = 1'), 1, 21],
  ['prototype inside', when('a.prototype.b = 1'), 1, 23],
  ['constructor last', when('a.constructor = 1'), 1, 23],
  ['__proto__ after @', when('b = @a.__proto__'), 1, 28],
  ['__proto__ after has', when('has __proto__'), 1, 25],
  ['__proto__ after of', 'limit a 5 of __proto__ per day', 1, 14],
  ['an @ without a field', when('b = @'), 1, 26],
  // values
  ['a bare word', when('user.id = owner'), 1, 31],
  ['null', when('b = null'), 1, 25],
  ['no value', when('b ='), 1, 24],
  ['no operator', when('b'), 1, 22],
  ['an unknown operator', when('b like 1'), 1, 23],
  ['==', when('b == 1'), 1, 24],
  ['=>', when('b => 1'), 1, 24],
  ['<>', when('b <> 1'), 1, 24],
  ['a lone !', when('b ! 1'), 1, 23],
  ['! =', when('b ! = 1'), 1, 23],
  ['< =', when('b < = 1'), 1, 25],
  ['a nested array', when('b in [[1]]'), 1, 27],
  ['@ in an array', when('b in [@c]'), 1, 27],
  ['a bare word in an array', when('b in [c]'), 1, 27],
  ['a comma at the end of an array', when('b in [1,]'), 1, 29],
  ['a comma first', when('b in [,1]'), 1, 27],
  ['no comma', when('b in [1 2]'), 1, 29],
  // types
  ['= with an array', when('b = [1]'), 1, 25],
  ['!= with an array', when('b != []'), 1, 26],
  ['< true', when('b < true'), 1, 25],
  ['>= false', when('b >= false'), 1, 26],
  ['< with an array', when('b < [1]'), 1, 25],
  ["in 'x'", when("b in 'x'"), 1, 26],
  ['not_in 5', when('b not_in 5'), 1, 30],
  ['in true', when('b in true'), 1, 26],
  ['contains with an array', when('b contains [1]'), 1, 32],
  ['not_contains with an array', when('b not_contains []'), 1, 36],
  ['starts_with 5', when('b starts_with 5'), 1, 35],
  ['ends_with true', when('b ends_with true'), 1, 33],
  ['starts_with an array', when("b starts_with ['a']"), 1, 35],
  ['matches 5', when('b matches 5'), 1, 31],
  ['matches @c', when('b matches @c'), 1, 31],
  ['a pattern that does not compile', when("b matches '('"), 1, 31],
  ['a pattern with a look-ahead', when("b matches '(?=a)'"), 1, 31],
  ['a pattern with a look-behind', when("b matches '(?<=a)b'"), 1, 31],
  ['a pattern with a back reference', when("b matches '(a)\\1'"), 1, 31],
  ['a long pattern', when(`b matches '${'a'.repeat(513)}'`), 1, 31],
  ['every < true', when('every b < true'), 1, 31],
  // requirements
  ['a requirement without a name', 'require on /x', 1, 12],
  ['a requirement without a resource', 'require mfa for a', 1, 18],
  ['a requirement with a pattern for a name', 'require a.* on /x', 1, 11],
  ['a quoted name', "require 'mfa' on /x", 1, 9],
  ['for after on', 'require mfa on /x for a', 1, 19],
  // limits
  ['a limit without an amount', 'limit a per day', 1, 9],
  ['a limit on a resource without an amount', 'limit a on /x per day', 1, 15],
  ['a limit without a period', 'limit a 5', 1, 10],
  ['a limit without a unit', 'limit a 5 per 1', 1, 16],
  ['an unknown unit', 'limit a 5 per week', 1, 15],
  ['a count of 0', 'limit a 0 per day', 1, 9],
  ['a count over a million', 'limit a 1000001 per day', 1, 9],
  ['a fraction as a count', 'limit a 1.5 per day', 1, 9],
  ['an exponent as a count', 'limit a 1e3 per day', 1, 9],
  ['a negative count', 'limit a -1 per day', 1, 9],
  ['an amount of 0', 'limit a 0 of b per day', 1, 9],
  ['an amount of 0.0', 'limit a 0.0 of b per day', 1, 9],
  ['a negative amount', 'limit a -5 of b per day', 1, 9],
  ['an amount beyond 2^53', 'limit a 9007199254740992 of b per day', 1, 9],
  ['an amount that vanishes', 'limit a 1e-400 of b per day', 1, 9],
  ['zeros before a fraction', 'limit a 007.5 of b per day', 1, 12],
  ['a period of 0', 'limit a 5 per 0 days', 1, 15],
  ['a period over a million', 'limit a 5 per 1000001 days', 1, 15],
  ['a fraction of a period', 'limit a 5 per 1.5 days', 1, 16],
  ['a limit with a condition', 'limit a 5 per day when b = 1', 1, 19],
  ['a number and a unit in touch', 'limit a 5 per 1d', 1, 16],
  ['a quoted amount', "limit a '5' per day", 1, 9],
];

describe('what is no document', () => {
  it.each(WRONG)('%s', (_why, text, line, column) => {
    const error = syntaxError(text);
    expect({ line: error.line, column: error.column }).toEqual({ line, column });
    expect(error.code).toBe('ccl_syntax');
    expect(isSteleError(error)).toBe(true);
    expect(error.found).not.toBe('');
    expect(error.expected).not.toBe('');
  });

  it('is told with the line and a caret below the mistake', () => {
    const { message, hint } = syntaxError('# ok\n  permit a on /x when user.id = owner\n# more');
    const [, drawn, caret] = message.split('\n');
    expect(drawn).toBe('    permit a on /x when user.id = owner');
    expect(caret!.indexOf('^')).toBe(drawn!.indexOf('owner'));
    expect(hint).toBeDefined();
  });

  it('is drawn no wider than a terminal and without what cannot be seen', () => {
    const padding = 'b = 1 or '.repeat(1000);
    const { message } = syntaxError(`${when(padding)}\u202e\u001b[31m "\u0000" ${padding}\r\n`);
    for (const line of message.split('\n')) expect(line.length).toBeLessThan(200);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
    expect(message.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f\u202e]/);
  });

  it.each([undefined, null, 5, ['permit a on /x'], new String('permit a on /x')])(
    'is a TypeError for %j',
    (text) => {
      expect(() => parse(text as string)).toThrow(TypeError);
    },
  );
});

const RIGHT: readonly string[] = [
  '',
  '\n',
  ' \t\r\n;;; # only a comment',
  '# comment: é 😀 "quotes\' and \\',
  'permit * on *',
  'permit ** on **',
  "permit 'a.b' on ''",
  'permit "a.b" on "/x"',
  'PERMIT a ON /x WHEN NOT b = TRUE AND HAS c Or EVERY d IN [FALSE] SEVERITY Critical',
  'permit on on /on when on = 1',
  'permit permit on /x',
  'deny deny on /x when when = 1',
  'permit a on /x when severity = 1 severity low',
  'permit a on /x when and = 1 and or = 2 or in in [1]',
  'permit a on /x when not.x = 1 and has.x = 1 and every.x = 1 and some.x = 1',
  'permit a on /x when NOT.x = 1',
  'permit a on /x when not not.x = 1',
  'permit a on /x when has has and has not and every every = 1 and some not = 1',
  'permit a on /x when every not in [1]',
  'permit a on /x when not-x = 1 and has_y = 2',
  'permit a on /x when not(b = 1)',
  'permit a on /x when(b = 1)',
  'permit a on /x when b=5;permit b on /y',
  'permit a on /x when a.b=-5',
  'permit a on /x when a-5<5',
  "permit a on /x when b!='x'",
  'permit a on /x when b>=@c',
  'permit a on /x when b in[1,2]',
  'permit a on /x when b in [\n1, # one\r\n2\n]\r\npermit b on /y',
  'permit a on /x when (\n b = 1\n\n and c = 2)\npermit b on /y',
  'permit a on /x when b in []',
  'permit a on /x when b = 0 and b = -0 and b = 0.000 and b = 0e5 and b = 1E-7 and b = 1.5e+3',
  'permit a on /x when b = 9007199254740991 and b = -9007199254740991 and b = 5e-324',
  'permit a on /x when b contains 5 and b contains true and b not_contains @c',
  "permit a on /x when b = 'a\u00a0\u2028\u0085\ufeffb'",
  "permit a on /x when b = '# no comment; \"'",
  'permit a on /x when b = "\\u00e9\\n\\"\\\\\\/\\ud83d\\ude00"',
  "permit a on /x when b = '\ud83d\ude00'",
  'permit a:b-c.d_e on /x',
  'permit 5 on /x',
  'permit a on /AZaz09_-.:*/~@%+=&?!$',
  `permit ${'a'.repeat(512)} on '${'/x'.repeat(2048)}'`,
  `permit a on /x when b matches '${'a'.repeat(512)}'`,
  'permit a on /x#'.replace('#', ' #'),
  'require mfa on /x',
  'require for for for on /x',
  'require on on /x',
  'require a.b-c.d for ** on ** when x = 1 severity low',
  'limit a 5 per day',
  'limit on on /x 1000000 per 1000000 days',
  'limit on 5 per hour',
  "limit a.b on '/y' 5000 of args.amount per 1 days severity low",
  'limit a 0.5 of b per second',
  'limit a 5e3 of per per 2 MINUTES',
  'limit a 9007199254740991 of b per hours',
  'limit a 007 per 010 seconds',
  'limit 5 5 per day',
];

describe('what is a document', () => {
  it.each(RIGHT)('%s', (text) => {
    expect(parse(text).kind).toBe('document');
  });
});

/** The condition of the first statement. */
const conditionOf = (text: string) => (parse(when(text)).statements[0] as RuleStatement).condition!;

describe('the tree', () => {
  it('has a place on every node and is frozen throughout', () => {
    const document = parse(
      "# c\n permit a on /x when b = 1 and (has c.d or not every e in ['x', @f]) # d".replace('@f', '2'),
    );
    const visit = (node: unknown): void => {
      if (typeof node !== 'object' || node === null) return;
      expect(Object.isFrozen(node)).toBe(true);
      if ('kind' in node && node.kind !== 'document') expect(node).toHaveProperty('location');
      Object.values(node).forEach(visit);
    };
    visit(document);
    const { location } = document.statements[0]!;
    expect(location).toMatchObject({ start: 5, line: 2, column: 2 });
    expect(document.comments.map(({ text, location }) => [text, location.line])).toEqual([
      [' c', 1],
      [' d', 2],
    ]);
  });

  it('ends a statement before the comment that follows it', () => {
    const text = 'permit a on /x severity low   # c';
    const { start, end } = parse(text).statements[0]!.location;
    expect(text.slice(start, end)).toBe('permit a on /x severity low');
  });

  it('binds not before and, and before or, in flat chains', () => {
    const or = conditionOf('not a = 1 and b = 1 or c = 1 or (d = 1 or e = 1)') as LogicNode;
    expect(or.kind).toBe('or');
    expect(or.terms.map(({ kind }) => kind)).toEqual(['and', 'comparison', 'comparison', 'comparison']);
    expect((or.terms[0] as LogicNode).terms.map(({ kind }) => kind)).toEqual(['not', 'comparison']);
  });

  it('reads values as they are written', () => {
    const value = (text: string) => (conditionOf(`b = ${text}`) as ComparisonNode).value;
    expect(value("'a\\n'")).toMatchObject({ value: 'a\\n' });
    expect(value('"a\\n\\u00e9"')).toMatchObject({ value: 'a\né' });
    expect(Object.is((value('-0') as { value: number }).value, 0)).toBe(true);
    expect(Object.is((value('-0.0e5') as { value: number }).value, 0)).toBe(true);
    expect(value('TRUE')).toMatchObject({ value: true });
    expect(value('@ owner.id')).toMatchObject({ kind: 'reference', field: { path: ['owner', 'id'] } });
  });

  it('reads limits', () => {
    const [first, second] = parse('limit a 007 per hour\nlimit a on /x 2.5 of b.c per 2 days')
      .statements as LimitStatement[];
    expect(first).toMatchObject({
      amount: 7,
      field: undefined,
      resource: undefined,
      period: { count: undefined, unit: 'hour' },
    });
    expect(second).toMatchObject({
      amount: 2.5,
      field: { path: ['b', 'c'] },
      period: { count: 2, unit: 'day' },
    });
  });
});

describe('bounds', () => {
  const MiB = 1024 * 1024;

  it('takes a text of 1 MiB and refuses one byte more', () => {
    expect(parse(`#${'x'.repeat(MiB - 1)}`).comments).toHaveLength(1);
    expect(syntaxError(`#${'x'.repeat(MiB)}`)).toMatchObject({ line: 1, column: MiB + 1 });
    // Bytes count, not characters: é takes two, 海 three, 😀 four.
    expect(parse(`# ${'é'.repeat(MiB / 2 - 1)}`).comments).toHaveLength(1);
    expect(syntaxError(`#  ${'é'.repeat(MiB / 2 - 1)}`).code).toBe('ccl_syntax');
    expect(parse(`#${'海'.repeat((MiB - 1) / 3)}`).comments).toHaveLength(1);
    expect(syntaxError(`#${'海'.repeat((MiB - 1) / 3)}x`).code).toBe('ccl_syntax');
    expect(parse(`#   ${'😀'.repeat(MiB / 4 - 1)}`).comments).toHaveLength(1);
    expect(syntaxError(`#    ${'😀'.repeat(MiB / 4 - 1)}`).code).toBe('ccl_syntax');
  });

  it('takes 10,000 statements and refuses one more', () => {
    expect(parse('permit a on /x\n'.repeat(10_000)).statements).toHaveLength(10_000);
    expect(syntaxError('permit a on /x\n'.repeat(10_001))).toMatchObject({ line: 10_001, column: 1 });
  });

  const nested = (depth: number) => when(`${'('.repeat(depth)}b = 1${')'.repeat(depth)}`);

  it('takes 64 nested parentheses and nots and refuses one more', () => {
    for (const depth of [63, 64]) expect(parse(nested(depth)).statements).toHaveLength(1);
    expect(syntaxError(nested(65))).toMatchObject({ line: 1, column: 21 + 64 });
    expect(parse(when(`${'not '.repeat(64)}b = 1`)).statements).toHaveLength(1);
    expect(syntaxError(when(`${'not '.repeat(65)}b = 1`))).toMatchObject({ line: 1, column: 21 + 64 * 4 });
    expect(parse(when(`${'not ('.repeat(32)}b = 1${')'.repeat(32)}`)).statements).toHaveLength(1);
    expect(syntaxError(when(`${'not ('.repeat(32)}not b = 1${')'.repeat(32)}`)).code).toBe('ccl_syntax');
  });

  it('counts depth and not number', () => {
    expect(parse(when(Array(1000).fill('not (b = 1)').join(' and '))).statements).toHaveLength(1);
  });

  it.each([10_000, 100_000])('refuses %i parentheses without exhausting the stack', (depth) => {
    expect(syntaxError(nested(depth)).code).toBe('ccl_syntax');
    expect(syntaxError(when('not '.repeat(depth))).code).toBe('ccl_syntax');
  });

  it('takes chains of any length', () => {
    expect((conditionOf(Array(100_000).fill('b=1').join(' or ')) as LogicNode).terms).toHaveLength(100_000);
    expect((conditionOf(Array(100_000).fill('b=1').join(' and ')) as LogicNode).terms).toHaveLength(100_000);
  });

  it('refuses patterns that together are too large to compile, and counts equal ones once', () => {
    const line = (pattern: string) => `permit a on /x when b matches '${pattern}'\n`;
    expect(syntaxError(Array.from({ length: 200 }, (_, i) => line(`.{1000}${i}`)).join('')).line).toBe(100);
    expect(parse(line('.{1000}').repeat(2000)).statements).toHaveLength(2000);
  });

  it('reads hostile runs in a time that grows with their length', () => {
    expect(syntaxError(`#${' '.repeat(1_000_000)}\u0085`).code).toBe('ccl_syntax');
    expect(parse(`#${' '.repeat(1_000_000)}x`).comments).toHaveLength(1);
    expect(syntaxError(when(`b = ${'9'.repeat(1_000_000)}`)).code).toBe('ccl_syntax');
    expect(parse(when(`b = 0.${'0'.repeat(900_000)}`)).statements).toHaveLength(1);
    expect(parse(when(`${'b.'.repeat(500_000)}b = 1`)).statements).toHaveLength(1);
    expect(parse(when(`b in [${Array(200_000).fill("'a'").join(',')}]`)).statements).toHaveLength(1);
    expect(parse(when(`b = "${'\\u0041'.repeat(170_000)}"`)).statements).toHaveLength(1);
  });
});

it.each([
  ['(x = 1) or y = 2'],
  ['((x = 1) and (y = 2)) or z = 3'],
  ['not (x = 1 or y = 2)'],
  ['(((x = 1)))'],
  ['( x = 1 or y = 2 ) and z = 3'],
])('the place of %s holds its parentheses', (condition) => {
  const text = `permit a on /x when ${condition} severity low`;
  const [statement] = parse(text).statements as [RuleStatement];
  const { start, end } = statement.condition!.location;
  expect(text.slice(start, end)).toBe(condition);
});
