/** The language as its specification states it, section by section: the corners that the other tests leave. */
import { describe, expect, it } from 'vitest';
import {
  type ComparisonNode,
  compile,
  type Evaluation,
  evaluate,
  format,
  type LimitStatement,
  parse,
  type Request,
  type RuleStatement,
} from '../src/index.js';
import { syntaxError, withoutPlaces } from './support/matchers.js';

const when = (condition: string) => `permit a on /x when ${condition}`;
const valueIn = (text: string) =>
  ((parse(when(`b = ${text}`)).statements[0] as RuleStatement).condition as ComparisonNode).value;

const ask = (text: string, request: Partial<Request> = {}): Evaluation =>
  evaluate(compile(text), { action: 'a', resource: '/x', ...request });
const permits = (pattern: string, resource: string) => ask(`permit a on ${pattern}`, { resource }).permitted;

type Answer = 'true' | 'false' | 'unknown';

/** A permit applies to true alone, a deny to true and unknown. */
function truth(condition: string, context: unknown): Answer {
  const of = { context: context as Record<string, unknown> };
  if (ask(when(condition), of).permitted) return 'true';
  return ask(`permit a on /x\ndeny a on /x when ${condition}`, of).permitted ? 'false' : 'unknown';
}

describe('1. text: what is a document', () => {
  it.each([
    ['semicolons without statements', ';; permit a on /x ;;\n; # c\n;permit b on /y;', 2],
    ['a semicolon before a comment', 'permit a on /x;# c\npermit b on /y ; # d', 2],
    ['CR LF alone', '\r\n\r\npermit a on /x\r\n', 1],
    ['tabs', '\tpermit\ta\ton\t/x\t', 1],
    ['a comment at the very end', 'permit a on /x # c', 1],
    ['a comment of nothing', '#\n#\r\npermit a on /x #', 1],
    ['a statement in a comment', '# permit a on /x; permit b on /y', 0],
    ['a bracket in a comment in parentheses', 'permit a on /x when ( # )\n b = 1 # (\n)', 1],
    ['a semicolon in a comment in parentheses', 'permit a on /x when (b = 1 # ; deny\n)', 1],
    ['newlines around every token in parentheses', when('(\nnot\nb\n=\n1\nand\nhas\nc\n)'), 1],
    ['newlines in an array', when('b\tin\t[\r\n1\r\n,\r\n2\r\n]'), 1],
    ['parentheses in touch with words', when('not(b = 1)and(c = 2)or(has d)'), 1],
    ['words in touch with brackets', when('b in["x","y"]and c not_in[]'), 1],
    ['signs without spaces', when("b='x' and c!=5 and d<1 and e<=2 and f>3 and g>=-4 and h=@i"), 1],
    ['a semicolon in strings', "permit a on '/x;' when b = \"; # '\"", 1],
    ['a resource that holds a semicolon as the end', 'permit a on /x;permit b on /y', 2],
    ['clause words as actions and names', 'permit when on /x;limit per 5 per day;require when on /x', 3],
    ['clause words as fields', when('on = 1 and when = 2 and for = 3 and severity = 4 severity low'), 1],
    ['operators as fields', when("in in ['x'] and contains contains 'y' and matches matches 'z'"), 1],
    ['literals as fields', when('true = true and false = false and has true'), 1],
    ['a field named or', when('or = 1 or or = 2'), 1],
    [
      'a field that begins like a keyword',
      when('note = 1 and hash = 2 and everyone = 3 and something = 4'),
      1,
    ],
    ['a keyword with a dash is a field', when('not-a = 1 and has-b = 2'), 1],
    ['operators in any case', when("a IN [1] AND b Not_In [2] Or c STARTS_WITH 'x' and d Matches 'y'"), 1],
    ['units in any case and number', 'limit a 5 per Second;limit a 5 per 1 HOURS;limit a 5 per 2 day', 3],
    ['of as an action and a field', 'limit of 5 of of per day', 1],
    ['on as everything that it can be', 'require on for on on /on when on = 1', 1],
    ['forbidden field names as names', 'require constructor for prototype on /__proto__', 1],
    ['a number as an action', 'permit 1.2 on /x;limit 5 5 of b per 5 days', 2],
    ['an action of one star each', 'permit *.** on /x;permit a*.*b*.*c on /x', 2],
    ['the lone resources', 'permit a on *;permit a on **;permit a on /;permit a on //', 4],
    ['a path of signs', 'permit a on /?a=1&b=$c@d%20~!+:-_', 1],
    ['a path that ends in a sign', 'permit a on /x= when b = 1', 1],
    ['the greatest counts', 'limit a 1000000 per 1000000 days', 1],
    ['an amount over a count', 'limit a 1000001 of b per day', 1],
    ['an amount with a fraction and an exponent', 'limit a 2.5e-3 of b per day', 1],
    ['a count of many digits', `limit a ${'0'.repeat(50)}7 of b per ${'0'.repeat(50)}9 days`, 1],
  ])('%s', (_what, text, count) => expect(parse(text).statements).toHaveLength(count));

  it('has no word for a line end but LF and CR LF: a lone CR in a raw string is text', () => {
    expect(valueIn("'a\rb'")).toMatchObject({ value: 'a\rb' });
    expect(valueIn("'\r'")).toMatchObject({ value: '\r' });
  });

  it('reads raw strings without escapes and JSON strings with them', () => {
    expect(valueIn("'\\'")).toMatchObject({ value: '\\' });
    expect(valueIn("'\"'")).toMatchObject({ value: '"' });
    expect(valueIn("''")).toMatchObject({ value: '' });
    expect(valueIn('""')).toMatchObject({ value: '' });
    expect(valueIn('"\\b\\f\\n\\r\\t\\"\\\\\\/\\u0041"')).toMatchObject({ value: '\b\f\n\r\t"\\/A' });
    expect(valueIn('"\\\\"')).toMatchObject({ value: '\\' });
    expect(valueIn('"\u007f\u2028#;\'"')).toMatchObject({ value: "\u007f\u2028#;'" });
  });

  it.each([
    ['-0', 0],
    ['0.0', 0],
    ['0e999', 0],
    ['-0e-999', 0],
    ['5e-324', 5e-324],
    ['9007199254740991', 9007199254740991],
    ['-9007199254740991', -9007199254740991],
    ['9007199254740991.4', 9007199254740991],
    ['1.5E+2', 150],
    ['100e-2', 1],
  ])('reads the number %s', (text, value) =>
    expect(valueIn(text)).toEqual(expect.objectContaining({ value })),
  );

  it('reads patterns by their segments', () => {
    const [rule] = parse("permit a.*.b_* on '//x/**//y z/'").statements as [RuleStatement];
    expect(rule.action.segments).toEqual(['a', '*', 'b_*']);
    expect(rule.resource).toMatchObject({ text: '//x/**//y z/', segments: ['x', '**', 'y z'] });
    expect((parse('permit a on /').statements[0] as RuleStatement).resource.segments).toEqual([]);
  });

  it('takes what no limit names', () => {
    const [limit] = parse('limit a.b 5 of c per 3 minutes severity low').statements as [LimitStatement];
    expect(limit).toMatchObject({ resource: undefined, amount: 5, severity: 'low', period: { count: 3 } });
    expect(compile('limit a 5 per day').statements[0]).toMatchObject({ action: 'a', resource: '**' });
    expect(compile('require mfa on /x').statements[0]).toMatchObject({ action: '**', resource: '/x' });
  });

  it.each(['constructor', '__proto__', 'prototype'])('lets no field be named %s, anywhere', (name) => {
    for (const text of [
      when(`${name}.a = 1`),
      when(`a.${name} = 1`),
      when(`a in @${name}`),
      when(`every ${name} = 1`),
    ])
      expect(syntaxError(text).code).toBe('ccl_syntax');
    expect(parse(when(`${name}x = 1 and x.${name.toUpperCase()} = 1`)).statements).toHaveLength(1);
  });
});

describe('1. text: what is none', () => {
  it.each([
    ['two statements on a line', 'permit a on /x permit b on /y', 1, 16],
    ['a statement over two lines', 'permit a\non /x', 1, 9],
    ['when on the next line', 'permit a on /x\nwhen b = 1', 2, 1],
    ['a condition on the next line', 'permit a on /x when\n(b = 1)', 1, 20],
    ['a semicolon before when', 'permit a on /x; when b = 1', 1, 17],
    ['a semicolon in an array', when('b in [1; 2]'), 1, 28],
    ['a semicolon in a group that a comment hides not', when('(b = 1 # c\n; c = 1)'), 2, 1],
    ['a comment that ends the line of a statement', 'permit a # on /x', 1, 17],
    ['a comment in touch with a number', when('b = 5#c'), 1, 26],
    ['a comment in touch with a word', when('b = true#c'), 1, 29],
    ['a comment in touch with an action', 'permit a#b on /x', 1, 9],
    ['a comma at the end', 'permit a on /x,', 1, 15],
    ['a resource without white space before a string', "permit a on /x'y'", 1, 15],
    ['a string in touch with on', "permit 'a'on /x", 1, 11],
    ['a string in touch with a comparison', "permit a on /x when b = 'x'c", 1, 28],
    ['a raw string of three quotes', when("b = '''"), 1, 27],
    ['a sign in front of a path', 'permit a on =/x', 1, 13],
    ['a relative path', 'permit a on x/y', 1, 13],
    ['a path of two stars and more', 'permit a on **/x', 1, 13],
    ['a path with a bar', 'permit a on /a|b', 1, 15],
    ['a path with a brace', 'permit a on /{id}', 1, 14],
    ['a path with a caret', 'permit a on /^x', 1, 14],
    ['a path with a bracket', 'permit a on /x[1]', 1, 15],
    ['a path with an emoji', 'permit a on /😀', 1, 14],
    ['a column in UTF-16 units', "permit a on '/😀' ?", 1, 19],
    ['a line after CR LF', 'permit a on /x\r\npermit b\r\n', 2, 9],
    ['a line after an array of lines', when('b in [1,\n2] and'), 2, 7],
    ['not in place of a value', when('b = not c'), 1, 25],
    ['not before an operator', when('b not in [1]'), 1, 23],
    ['has with an operator', when('has b = 1'), 1, 27],
    ['has with every', when('has every b = 1'), 1, 31],
    ['two quantifiers', when('every some b = 1'), 1, 32],
    ['every with a space before its dot', when('every .b = 1'), 1, 27],
    ['not with a space before its dot', when('not .b = 1'), 1, 25],
    ['a field on the right', when('1 = b'), 1, 21],
    ['a chain of comparisons', when('1 < b < 2'), 1, 21],
    ['a chain that begins well', when('b < 2 < c'), 1, 27],
    ['a bare word with a dot', when('b = user.id'), 1, 25],
    ['a literal with a dot', when('b = true.x'), 1, 29],
    ['a reference in a reference', when('b = @@c'), 1, 26],
    ['a string as a reference', when("b = @'c'"), 1, 26],
    ['a group as a value', when('b = (1)'), 1, 25],
    ['null in an array', when('b in [null]'), 1, 27],
    ['&&', when('b = 1 && c = 2'), 1, 27],
    ['||', when('b = 1 || c = 2'), 1, 27],
    ['an exclamation for not', when('!b = 1'), 1, 21],
    ['a backtick', when('b = `x`'), 1, 25],
    ['a double quote for a raw one', when('b = \'x"'), 1, 28],
    ['severity twice', 'permit a on /x severity low severity low', 1, 29],
    ['a quoted level', "permit a on /x severity 'low'", 1, 25],
    ['severity before an amount', 'limit a severity low 5 per day', 1, 9],
    ['severity before per', 'limit a 5 severity low per day', 1, 11],
    ['on after an amount', 'limit a 5 on /x per day', 1, 11],
    ['of after per', 'limit a 5 per day of b', 1, 19],
    ['an amount with leading zeros beyond a count', 'limit a 02000000 of b per day', 1, 9],
    ['a fraction without of', 'limit a 5.0 per day', 1, 9],
    ['a plus before a count', 'limit a +5 per day', 1, 9],
    ['a field as an amount', 'limit a @b per day', 1, 9],
    ['a unit in short', 'limit a 5 per h', 1, 15],
    ['a name with a space at its dot', 'require a .b on /x', 1, 11],
    ['a name that begins with a digit', 'require 2fa on /x', 1, 9],
    ['two names', 'require a, b on /x', 1, 10],
    ['for without an action', 'require mfa for on', 1, 19],
    ['a quoted keyword', "'permit' a on /x", 1, 1],
    ['a keyword in touch with a bracket', 'permit(a) on /x', 1, 7],
    ['a number alone', '5', 1, 1],
    ['a bracket alone', ')', 1, 1],
  ])('%s', (_what, text, line, column) => {
    const error = syntaxError(text);
    expect({ line: error.line, column: error.column }).toEqual({ line, column });
    expect([typeof error.found, typeof error.expected]).toEqual(['string', 'string']);
  });

  it('says what it found', () => {
    expect(syntaxError(when('user.id = owner')).found).toContain('owner');
    expect(syntaxError('allow a on /x').found).toContain('allow');
    expect(syntaxError('permit a on /x severity urgent').found).toContain('urgent');
    expect(syntaxError('permit a on /x severity urgent').expected).toContain('critical');
    expect(syntaxError('permit a').expected).toContain('on');
  });

  it.each([
    '\u00a0',
    '\u0085',
    '\u2028',
    '\ufeff',
    '\ud800',
    '\udfff',
    '\r',
    '\u3000',
    '\u200b',
    '\v',
    '\f',
    '\0',
  ])('takes %j for white space nowhere', (odd) => {
    for (const text of [
      `${odd}permit a on /x`,
      `permit${odd}a on /x`,
      `permit a on /x${odd}`,
      `permit a on /x${odd} \n`,
    ])
      expect(syntaxError(text).code).toBe('ccl_syntax');
    for (const text of [when(`(b${odd}= 1)`), when(`(b = 1${odd})`), when(`b in [1,${odd}2]`)])
      expect(syntaxError(text).code).toBe('ccl_syntax');
  });

  const OPERATORS = [
    '=',
    '!=',
    '<',
    '<=',
    '>',
    '>=',
    'in',
    'not_in',
    'contains',
    'not_contains',
    'matches',
    'starts_with',
    'ends_with',
  ];
  const TAKES: Record<string, readonly string[]> = {
    "'x'": [
      '=',
      '!=',
      '<',
      '<=',
      '>',
      '>=',
      'contains',
      'not_contains',
      'matches',
      'starts_with',
      'ends_with',
    ],
    '5': ['=', '!=', '<', '<=', '>', '>=', 'contains', 'not_contains'],
    true: ['=', '!=', 'contains', 'not_contains'],
    '[]': ['in', 'not_in'],
    "['x', 5, false]": ['in', 'not_in'],
    '@c': OPERATORS.filter((operator) => operator !== 'matches'),
  };
  const pairs = Object.keys(TAKES).flatMap((value) =>
    OPERATORS.map((operator) => [operator, value] as const),
  );

  it.each(pairs)('%s %s is well typed or an error', (operator, value) => {
    for (const quantifier of ['', 'every ', 'some ']) {
      const text = when(`${quantifier}b ${operator} ${value}`);
      if (TAKES[value]!.includes(operator)) expect(parse(text).statements).toHaveLength(1);
      else expect(syntaxError(text)).toMatchObject({ line: 1, column: text.length - value.length + 1 });
    }
  });
});

describe('1. text: the formatter', () => {
  const text = [
    '# head',
    '',
    "PERMIT a.* ON '/x' WHEN (Not (b = 1 OR c = 2)) And Has d SEVERITY Low; DENY a ON * # tail",
    'require h.a FOR a ON /y WHEN SOME e Not_In ["it\'s", -0, TRUE] # of a statement',
    'LIMIT a 1.50 OF b PER 2 Day',
    '# foot',
  ].join('\r\n');

  it('prints keywords in lower case, keeps comments and says the same', () => {
    const once = format(parse(text));
    expect(once).not.toMatch(/[A-Z]/);
    expect(parse(once).comments.map((comment) => comment.text)).toEqual([
      ' head',
      ' tail',
      ' of a statement',
      ' foot',
    ]);
    expect(withoutPlaces(parse(once))).toEqual(withoutPlaces(parse(text)));
    expect(format(parse(once))).toBe(once);
  });

  it('keeps what is not a keyword as it is', () => {
    const kept = "permit A.B on /Path when Field.Sub = 'Text' and X = @Y\nrequire Name.Sub on '/Q'\n";
    expect(format(parse(kept))).toBe(kept);
  });
});

describe('2. patterns', () => {
  it.each([
    ['/', '', true],
    ['/', '///', true],
    ['/', '/x', false],
    ["''", '/', true],
    ['*', '/', false],
    ['*', '/x', true],
    ['*', '/x/y', false],
    ['**', '', true],
    ['/x/**', 'x', true],
    ['/x/**', '//x//', true],
    ['/x/**', '/xy', false],
    ['/x/*', '/x/', false],
    ["'x/y/'", '/x//y', true],
    ['/**/**/x', '/x', true],
    ['/**/x/**', '/a/b/x', true],
    ['/a*/b', '/a/b', true],
    ['/a*/b', '/aa/c/b', false],
    ['/X', '/x', false],
    ["'/*a*'", '/a', true],
    ["'/x y'", '/x y', true],
    ["'/café'", '/caf\u0065\u0301', false],
    ['/a%20b', '/a b', false],
    ['/a.b', '/axb', false],
    ['/a?', '/ab', false],
    ['/a?', '/a?', true],
    ["'[ab]'", 'a', false],
    ["'{a,b}'", 'a', false],
    ["'{a,b}'", '{a,b}', true],
    ["'https://host/**'", 'https://host', true],
    ["'https://host/**'", 'https://host/a/b', true],
    ["'https://host/**'", 'https://host.evil/a', false],
    ["'https://host:443/**'", 'https://host/a', false],
  ])('%s and %j: %s', (pattern, resource, expected) => expect(permits(pattern, resource)).toBe(expected));

  it.each([
    ['**', 'a.b.c', true],
    ['*', 'a', true],
    ['*', 'a.b', false],
    ['a.**', 'a', true],
    ['a.*', 'a', false],
    ['**.b', 'b', true],
    ['get_*', 'get_', true],
    ['get_*', 'GET_x', false],
    ['*_x', 'a_x.b', false],
    ['a:*', 'a:b', true],
    ['a', 'a.b', false],
    ["'a.*'", 'a.b', true],
  ])('the action %s and %j: %s', (pattern, action, expected) =>
    expect(ask(`permit ${pattern} on **`, { action }).permitted).toBe(expected),
  );

  it('leave a deny of a lone star to one segment', () => {
    expect(ask('permit ** on **\ndeny * on **', { action: 'file.delete' }).permitted).toBe(true);
    expect(ask('permit ** on **\ndeny ** on **', { action: 'file.delete' }).permitted).toBe(false);
  });

  it('are no longer than what they match, and neither is a request', () => {
    const long = { action: 'a'.repeat(512), resource: 'x'.repeat(4096) };
    expect(ask(`permit ${long.action} on '${long.resource}'`, long).permitted).toBe(true);
    expect(ask('permit ** on **', { ...long, action: 'a'.repeat(513) }).code).toBe('malformed_request');
    expect(ask('permit ** on **', { ...long, resource: '/'.repeat(4097) }).code).toBe('malformed_request');
    expect(syntaxError(`permit a on '${'x'.repeat(4097)}'`).column).toBe(13);
  });

  it.each([
    '/a/./b',
    '/..',
    '/a\\b',
    '/%2E',
    '/%2f',
    '/%5C',
    '/a\u007f',
    '/\ud800',
    'https://host/x?y',
    'https://h./',
  ])('no statement sees the malformed %j', (resource) =>
    expect(ask('permit ** on **\ndeny ** on **\nlimit ** 5 of n per day', { resource })).toMatchObject({
      permitted: false,
      code: 'malformed_request',
      matched: [],
      limits: [],
      obligations: [],
    }),
  );

  it('may name a URL that no request can have', () => {
    expect(permits("'https://HOST/x'", 'https://host/x')).toBe(false);
    expect(permits("'https://host/x?y'", 'https://host/x')).toBe(false);
  });
});

describe('3. conditions: what each operator makes of each type', () => {
  /** One value of each type; `u` is missing. */
  const VALUES = { n: null, s: 'a', i: 5, x: Number.NaN, b: true, l: ['a'], e: [], o: {} };
  const LEFT = ['u', ...Object.keys(VALUES)];

  /** What is not unknown: the field, the operator and the right side, and the answer. */
  const KNOWN = new Map<string, Answer>();
  const known = (field: string, answers: Record<string, boolean>) => {
    for (const [rest, answer] of Object.entries(answers)) KNOWN.set(`${field} ${rest}`, `${answer}`);
  };
  const RIGHT = ["'a'", '5', 'true', '@u', '@n', '@s', '@i', '@x', '@b', '@l', '@e', '@o'];
  for (const right of ["'a'", '@s']) {
    known('s', {
      [`= ${right}`]: true,
      [`!= ${right}`]: false,
      [`<= ${right}`]: true,
      [`>= ${right}`]: true,
    });
    known('s', { [`< ${right}`]: false, [`> ${right}`]: false, [`starts_with ${right}`]: true });
    known('s', {
      [`ends_with ${right}`]: true,
      [`contains ${right}`]: true,
      [`not_contains ${right}`]: false,
    });
    known('l', { [`contains ${right}`]: true, [`not_contains ${right}`]: false });
  }
  for (const right of ['5', '@i']) {
    known('i', {
      [`= ${right}`]: true,
      [`!= ${right}`]: false,
      [`<= ${right}`]: true,
      [`>= ${right}`]: true,
    });
    known('i', { [`< ${right}`]: false, [`> ${right}`]: false });
  }
  for (const right of ['true', '@b']) known('b', { [`= ${right}`]: true, [`!= ${right}`]: false });
  for (const right of ["'a'", '5', 'true', '@s', '@i', '@b'])
    known('e', { [`contains ${right}`]: false, [`not_contains ${right}`]: true });
  known('s', { 'in @l': true, 'not_in @l': false, "in ['a']": true, "not_in ['a']": false, 'in [5]': false });
  known('s', { 'in @e': false, 'not_in @e': true, 'not_in [5]': true, 'in []': false, 'not_in []': true });
  known('s', { "matches 'a'": true });
  for (const field of ['i', 'b']) {
    known(field, { 'in @e': false, 'not_in @e': true, "in ['a']": false, "not_in ['a']": true });
    known(field, { 'in [5]': field === 'i', 'not_in [5]': field !== 'i', 'in []': false, 'not_in []': true });
  }

  const scalarOperators = ['=', '!=', 'contains', 'not_contains'];
  const orders = ['<', '<=', '>', '>='];
  const rights = (operator: string) => {
    if (operator === 'matches') return ["'a'"];
    if (operator.endsWith('in'))
      return ["['a']", '[5]', '[]', ...RIGHT.filter((right) => right.startsWith('@'))];
    return RIGHT.filter(
      (right) =>
        right.startsWith('@') ||
        right === "'a'" ||
        scalarOperators.includes(operator) ||
        (orders.includes(operator) && right === '5'),
    );
  };
  const operators = [...scalarOperators, ...orders, 'in', 'not_in', 'matches', 'starts_with', 'ends_with'];

  it.each(operators)('%s', (operator) => {
    for (const field of LEFT) {
      for (const right of rights(operator)) {
        const comparison = `${field} ${operator} ${right}`;
        const expected = KNOWN.get(comparison) ?? 'unknown';
        expect([comparison, truth(comparison, VALUES)]).toEqual([comparison, expected]);
        const negation: Answer = expected === 'unknown' ? expected : expected === 'true' ? 'false' : 'true';
        expect([comparison, truth(`not ${comparison}`, VALUES)]).toEqual([comparison, negation]);
      }
    }
  });

  it.each(operators)('every and some with %s', (operator) => {
    const right = operator.endsWith('in') ? "['a']" : "'a'";
    const whole = (list: unknown) =>
      ['every', 'some'].map((q) => truth(`${q} f ${operator} ${right}`, { f: list }));
    expect(whole([])).toEqual(['true', 'false']);
    for (const none of [undefined, null, 'a', 5, true, {}, { 0: 'a', length: 1 }])
      expect(whole(none)).toEqual(['unknown', 'unknown']);
    expect(whole([null])).toEqual(['unknown', 'unknown']);
    expect(whole([{}])).toEqual(['unknown', 'unknown']);
    const one = truth(`f ${operator} ${right}`, { f: 'a' });
    expect(whole(['a', 'a'])).toEqual([one, one]);
    expect(whole(['a', null])).toEqual(one === 'true' ? ['unknown', 'true'] : ['false', 'unknown']);
  });
});

describe('3. conditions: corners', () => {
  const truths: Record<string, Answer> = { T: 'true', F: 'false', U: 'unknown' };
  const leaf: Record<string, string> = { T: 't = 1', F: 't = 2', U: 'u = 1' };

  it.each([
    ['TT', 'T', 'T'],
    ['TF', 'F', 'T'],
    ['TU', 'U', 'T'],
    ['FF', 'F', 'F'],
    ['FU', 'F', 'U'],
    ['UU', 'U', 'U'],
  ])('Kleene: %s is %s by and, %s by or', (pair, and, or) => {
    const [p, q] = [leaf[pair[0]!]!, leaf[pair[1]!]!];
    for (const [l, r] of [
      [p, q],
      [q, p],
    ]) {
      expect(truth(`${l} and ${r}`, { t: 1 })).toBe(truths[and]);
      expect(truth(`${l} or ${r}`, { t: 1 })).toBe(truths[or]);
    }
  });

  it.each<[condition: string, context: unknown, expected: Answer]>([
    ['not.x = 1', { not: { x: 1 } }, 'true'],
    ['has.x = 1', { has: { x: 1 } }, 'true'],
    ['every.x = 1', { every: { x: 1 } }, 'true'],
    ['not not.x = 1', { not: { x: 1 } }, 'false'],
    ['has not', { not: 0 }, 'true'],
    ['some every = 1', { every: [1] }, 'true'],
    ['a.B = 1', { a: { b: 1 } }, 'unknown'],
    ['args.list.length = 1', { args: { list: ['x'] } }, 'unknown'],
    ['has args.list.length', { args: { list: ['x'] } }, 'false'],
    ['has args.list', { args: { list: [] } }, 'true'],
    ['not has b', {}, 'true'],
    ['has b.c', { b: null }, 'false'],
    ['has b', [], 'false'],
    ['b = 1 or not b = 1', {}, 'unknown'],
    ["b = ''", { b: '' }, 'true'],
    ["b starts_with ''", { b: '' }, 'true'],
    ["b ends_with ''", { b: 'x' }, 'true'],
    ["b matches ''", { b: 'x' }, 'true'],
    ["b matches '^.$'", { b: '😀' }, 'true'],
    ["b matches '^\\d+$'", { b: '١' }, 'false'],
    ["b matches 'é'", { b: 'e\u0301' }, 'false'],
    ["b = 'é'", { b: 'e\u0301' }, 'false'],
    ["b < 'a'", { b: 'B' }, 'true'],
    ["b < 'ab'", { b: 'a' }, 'true'],
    ['b in [1, "1", true]', { b: '1' }, 'true'],
    ['b in [true]', { b: 1 }, 'false'],
    ['b in @c.d', { b: 1, c: { d: [1] } }, 'true'],
    ['b in @c', { b: 1, c: [[1]] }, 'unknown'],
    ['b not_in @c', { b: 1, c: [1, null] }, 'false'],
    ['b not_in @c', { b: 1, c: ['1', 2] }, 'unknown'],
    ['b in @c', { b: 1, c: { 0: 1, length: 1 } }, 'unknown'],
    ['some b in @c', { b: [1, 2], c: [2] }, 'true'],
    ['every b in @c', { b: [1, 2], c: [2] }, 'false'],
    ['every b in @c', { b: [1, 2] }, 'unknown'],
    ['every b contains 1', { b: [[1], [2, 1]] }, 'true'],
    ['every b contains 1', { b: [[1], ['1']] }, 'unknown'],
    ['b contains 1', { b: [[1]] }, 'unknown'],
    ['b contains 1', { b: [null, 1] }, 'true'],
    ['b not_contains 1', { b: [null, 1] }, 'false'],
    ['b = @b', { b: Number.NaN }, 'unknown'],
    ['b = @b', { b: {} }, 'unknown'],
  ])('%s of %o is %s', (condition, context, expected) => expect(truth(condition, context)).toBe(expected));
});

describe('4. the decision', () => {
  it('asks in this order: form, denies, permits, limits', () => {
    const text = 'permit a on /x when n >= 0\ndeny a on /x when d = true\nlimit a 5 of n per day';
    const code = (context: Record<string, unknown>, resource = '/x') => ask(text, { resource, context }).code;
    expect(code({ d: true, n: -1 }, '/..')).toBe('malformed_request');
    expect(code({ d: true, n: -1 })).toBe('denied_by_rule');
    expect(code({ n: 1 })).toBe('denied_by_rule');
    expect(code({ d: false, n: -1 })).toBe('no_matching_permit');
    expect(code({ d: false, n: 1 })).toBe('permitted');
  });

  it('does not measure a limit that does not match', () => {
    expect(ask('permit a on /x\nlimit b 5 of n per day\nlimit a on /y 5 of n per day').code).toBe(
      'permitted',
    );
    expect(ask('permit a on /x\nlimit ** 5 of n per day').code).toBe('limit_unmeasurable');
  });

  it('reports all of one kind that apply and none that does not', () => {
    const text = [
      'permit a on /x when n = 1 # one',
      'permit b on /x',
      'permit a on /x when n = 2',
      'permit a on /x when m = 1',
      'permit ** on ** severity low; permit * on /x when (\n n = 1\n) severity critical',
    ].join('\n');
    const evaluation = ask(text, { context: { n: 1 } });
    expect(evaluation.matched.map(({ kind, line }) => [kind, line])).toEqual([
      ['permit', 1],
      ['permit', 5],
      ['permit', 5],
    ]);
    expect(evaluation.severity).toBe('critical');
    expect(
      ask('permit a on /x\ndeny a on /x when u = 1 severity low\ndeny b on /x severity critical'),
    ).toMatchObject({
      code: 'denied_by_rule',
      severity: 'low',
      matched: [{ kind: 'deny', line: 2 }],
      limits: [],
      obligations: [],
    });
  });

  it('takes the severity of what is matched alone', () => {
    const others = 'limit a 5 per day severity critical\nrequire mfa on /x severity critical';
    expect(ask(`permit a on /x severity low\n${others}`).severity).toBe('low');
    expect(ask(`permit a on /x\n${others}`).severity).toBe('high');
    expect(ask(others).severity).toBe('high');
    for (const level of ['critical', 'high', 'medium', 'low'])
      expect(ask(`permit a on /x severity ${level}`).severity).toBe(level);
  });

  it('reports an obligation by its patterns and condition, its name matching nothing', () => {
    const names = (text: string, context = {}) =>
      ask(`permit ** on **\n${text}`, { context }).obligations.map(({ name }) => name);
    expect(names('require a on /x; require b on /x; require b for b on /x; require a for a on /y')).toEqual([
      'a',
      'b',
    ]);
    expect(names('require r on /x when n > 1')).toEqual(['r']);
    expect(names('require r on /x when n > 1', { n: '2' })).toEqual(['r']);
    expect(names('require r on /x when n > 1', { n: 1 })).toEqual([]);
    expect(names('require r on /x when not n > 1', { n: 1 })).toEqual(['r']);
    expect(names('require r on /x; require r on /x')).toEqual(['r', 'r']);
  });

  it('is a pure function with a reason of one line', () => {
    const policy = compile('permit a on /x when n = 1\nlimit a 1 per day');
    const once = evaluate(policy, { action: 'a', resource: '/x', context: { n: 1 } });
    expect(evaluate(policy, { action: 'a', resource: '/x', context: { n: 1 } })).toEqual(once);
    expect(once.reason).toMatch(/^\S[^\n]*$/);
  });
});

describe('5. limits', () => {
  it.each([
    ['second', 1000],
    ['1 minute', 60_000],
    ['90 minutes', 5_400_000],
    ['hour', 3_600_000],
    ['1000000 days', 86_400_000_000_000],
  ])('per %s is %i milliseconds', (period, periodMs) => {
    expect(ask(`permit a on /x\nlimit a 5 of n per ${period}`, { context: { n: 0 } }).limits).toMatchObject([
      { line: 2, amount: 5, field: 'n', cost: 0, periodMs },
    ]);
    expect(ask(`permit a on /x\nlimit a 5 per ${period}`).limits).toMatchObject([
      { line: 2, amount: 5, cost: 1, periodMs },
    ]);
  });

  it('do not decide: a cost over the amount is reported', () => {
    const evaluation = ask('permit a on /x\nlimit a 5 of n per day', { context: { n: 6 } });
    expect(evaluation).toMatchObject({ permitted: true, limits: [{ amount: 5, cost: 6 }] });
  });
});
