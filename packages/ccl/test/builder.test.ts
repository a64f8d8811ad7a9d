import { describe, expect, it } from 'vitest';
import {
  and,
  arg,
  blank,
  type Condition,
  ccl,
  comment,
  deny,
  every,
  field,
  has,
  limit,
  not,
  or,
  permit,
  requires,
  some,
} from '../src/builder.js';
import { parse } from '../src/index.js';

const amount = arg('amount');
const small = amount.lte(200);
const rule = permit('a').on('/x');
const nested = (depth: number): Condition => (depth === 0 ? small : not(nested(depth - 1)));
/** Groups within groups: each `or` inside an `and` takes a pair of parentheses. */
const grouped = (depth: number): Condition =>
  depth === 0 ? small : and(small, or(small, grouped(depth - 1)));

describe('the builder prints', () => {
  it('a covenant', () => {
    const text = ccl([
      comment('Refunds of the support team'),
      permit('payments.refund').on('/orders/**').when(amount.lte(200)),
      deny('**').on('/orders/frozen/**').severity('critical').note('legal hold'),
      blank,
      limit('payments.refund').on('/orders/**').to(5000).of(amount).per(1, 'day'),
      limit('payments.refund').to(20).per('hour'),
      requires('human.approval').for('payments.refund').on('/orders/**').when(amount.gt(100)),
      requires('audit.note').on('**'),
    ]);
    expect(text).toBe(`# Refunds of the support team
permit payments.refund on '/orders/**' when args.amount <= 200
deny ** on '/orders/frozen/**' severity critical # legal hold

limit payments.refund on '/orders/**' 5000 of args.amount per 1 days
limit payments.refund 20 per hour
require human.approval for payments.refund on '/orders/**' when args.amount > 100
require audit.note on **
`);
  });

  it.each<[Condition, string]>([
    [amount.eq(5), 'args.amount = 5'],
    [amount.ne(true), 'args.amount != true'],
    [amount.lt('b'), "args.amount < 'b'"],
    [amount.lte(-0), 'args.amount <= 0'],
    [amount.gt(1e-7), 'args.amount > 1e-7'],
    [amount.gte(field('owner')), 'args.amount >= @owner'],
    [field('tool.name').in(['a', 5, false]), "tool.name in ['a', 5, false]"],
    [field('x').notIn([]), 'x not_in []'],
    [field('x').in(field('list')), 'x in @list'],
    [field('x').contains('it\'s "it"'), 'x contains "it\'s \\"it\\""'],
    [field('x').notContains('\u2028\0'), 'x not_contains "\\u2028\\u0000"'],
    [field('x').matches('^[a-z]+$'), "x matches '^[a-z]+$'"],
    [field('x').startsWith('#;'), "x starts_with '#;'"],
    [field('x').endsWith('.txt'), "x ends_with '.txt'"],
    [every(arg('tags')).in(['a']), "every args.tags in ['a']"],
    [some(arg('tags')).eq('a'), "some args.tags = 'a'"],
    [has(arg('owner')), 'has args.owner'],
    [not(has(field('x'))), 'not has x'],
    [and(has(field('a')), or(has(field('b')), small)), 'has a and (has b or args.amount <= 200)'],
    [or(and(small, small), small), 'args.amount <= 200 and args.amount <= 200 or args.amount <= 200'],
    [and(and(has(field('a')), has(field('b'))), small), 'has a and has b and args.amount <= 200'],
    [not(and(small, small)), 'not (args.amount <= 200 and args.amount <= 200)'],
    [and(small), 'args.amount <= 200'],
    [field('not.x').eq(1), 'not.x = 1'],
    [every(field('every')).eq(1), 'every every = 1'],
    [has(field('has')), 'has has'],
    [field('and').eq(field('or')), 'and = @or'],
  ])('%s', (condition, text) => {
    expect(String(condition)).toBe(text);
  });

  it('comments with one space behind the sign, unless they bring their own', () => {
    expect(ccl([comment('one'), comment('#two'), comment('')])).toBe('# one\n#two\n#\n');
    expect(ccl([])).toBe('');
  });

  it('one blank line for several, none at the ends', () => {
    expect(ccl([blank, rule, blank, blank, rule, blank])).toBe("permit a on '/x'\n\npermit a on '/x'\n");
  });

  it('fields by their names', () => {
    expect([String(amount), amount.path, String(every(amount))]).toEqual([
      'args.amount',
      'args.amount',
      'every args.amount',
    ]);
  });
});

describe('each step', () => {
  it('gives a new frozen value and leaves the old one', () => {
    const steps = [rule, rule.when(small), rule.severity('low'), rule.note('n'), rule];
    expect(steps.map(String)).toEqual([
      "permit a on '/x'",
      "permit a on '/x' when args.amount <= 200",
      "permit a on '/x' severity low",
      "permit a on '/x' # n",
      "permit a on '/x'",
    ]);
    const drafts = [
      permit('a'),
      requires('a'),
      limit('a'),
      limit('a').to(1),
      amount,
      small,
      every(amount),
      blank,
    ];
    for (const value of [...steps, ...drafts]) expect(Object.isFrozen(value)).toBe(true);
  });

  it('may come in any order behind the resource', () => {
    const text = "permit a on '/x' when args.amount <= 200 severity low # n";
    expect(String(rule.when(small).severity('low').note('n'))).toBe(text);
    expect(String(rule.note('x').note('n').severity('high').severity('low').when(small))).toBe(text);
  });

  it('can be begun again from what was begun', () => {
    const draft = limit('a').to(5);
    expect([draft.per('day'), draft.of(amount).per('day'), draft.per(2, 'hours')].map(String)).toEqual([
      'limit a 5 per day',
      'limit a 5 of args.amount per day',
      'limit a 5 per 2 hours',
    ]);
  });

  it('copies the list that it was given', () => {
    const values = ['a'];
    const condition = field('x').in(values);
    values.push('b');
    expect(String(condition)).toBe("x in ['a']");
  });
});

describe('the builder refuses', () => {
  it.each<[string, () => unknown, string]>([
    ['an action with a space', () => permit('a b'), 'permit: expected the action to have segments'],
    ['an action with **', () => deny('a**'), 'deny: expected the action'],
    ['an empty action', () => limit(''), 'limit: expected the action'],
    ['an action of 513 characters', () => permit('a'.repeat(513)), 'at most 512'],
    ['a statement for an action', () => permit('** on **; permit x'), 'permit: expected the action'],
    ['a resource with ..', () => permit('a').on('/a/../b'), 'on: expected the resource'],
    ['a resource with a newline', () => limit('a').on('/a\n'), 'on: expected the resource'],
    ['a resource of 4097 characters', () => permit('a').on(`/${'a'.repeat(4096)}`), 'at most 4096'],
    ['an action of an obligation', () => requires('a').for('/'), 'for: expected the action'],
    ['a name with a space', () => requires('a b'), 'requires: expected the name of an obligation'],
    ['an empty field', () => field(''), 'field: expected a field (names joined by "."'],
    ['a field that begins with a digit', () => arg('5'), 'arg: expected a field'],
    ['a field with a newline at its end', () => field('a\n'), 'field: expected a field'],
    ['a field that would be inherited', () => field('a.__proto__'), 'field: expected the name of a field'],
    ['a keyword for a field', () => field('not').eq(1), 'eq: `not` is a keyword'],
    ['a number that is none', () => amount.eq(Number.NaN), 'eq: expected a value'],
    ['an infinite number', () => amount.lt(-Infinity), 'lt: expected a value'],
    ['an integer beyond 2^53-1', () => amount.in([2 ** 53]), 'in: expected a number within'],
    ['a lone surrogate', () => amount.eq('\ud800'), 'eq: expected escapes that make whole characters'],
    ['a pattern of 513 characters', () => amount.matches('a'.repeat(513)), 'at most 512 characters'],
    [
      'a pattern that does not compile',
      () => amount.matches('('),
      'matches: expected a pattern in RE2 syntax',
    ],
    [
      'a pattern of another dialect',
      () => amount.matches('(?=a)'),
      'matches: expected a pattern in RE2 syntax',
    ],
    ['an empty chain', () => and(), 'and: expected a condition, found none'],
    ['65 nested nots', () => not(nested(64)), 'not: expected at most 64 nested'],
    ['65 nested groups', () => grouped(65), 'and: expected at most 64 nested'],
    ['a broken count', () => limit('a').to(1.5).per('day'), 'per: expected a whole number from 1 to 1000000'],
    ['a count of 0', () => limit('a').to(0).per('day'), 'per: expected a whole number'],
    ['a count of 1,000,001', () => limit('a').to(1_000_001).per('day'), 'per: expected a whole number'],
    ['an amount of 0', () => limit('a').to(0).of(amount).per('day'), 'per: expected an amount above 0'],
    [
      'an endless amount',
      () => limit('a').to(Infinity).of(amount).per('day'),
      'to: expected a finite number, found `Infinity`',
    ],
    [
      'a limit without an amount',
      () => (limit('a') as never as { per(u: 'day'): void }).per('day'),
      'an amount',
    ],
    ['a broken period', () => limit('a').to(1).per(0.5, 'days'), 'per: expected'],
    [
      'a period of no unit',
      () =>
        limit('a')
          .to(1)
          .per('week' as 'day'),
      'per: expected second, minute, hour, day',
    ],
    ['another severity', () => rule.severity('low\npermit ** on **' as 'low'), 'severity: expected critical'],
    [
      'a severity of another type',
      () => rule.severity(1 as never),
      'severity: expected critical, high, medium, low, found number',
    ],
    [
      'a comment of two lines',
      () => comment('a\npermit ** on **'),
      'comment: expected a comment of one line',
    ],
    ['a note of two lines', () => rule.note('a\rb'), 'note: expected a comment of one line'],
    ['a comment that shows as two lines', () => comment('a\u2028b'), 'comment: expected a comment without'],
    ['a note with a lone surrogate', () => rule.note('\udc00'), 'note: expected text that UTF-8 can hold'],
  ])('%s, with a RangeError', (_, make, message) => {
    expect(make).toThrow(RangeError);
    expect(make).toThrow(message);
  });

  it.each<[string, () => unknown, string]>([
    ['an action', () => permit(5 as never), 'permit: the action must be a string'],
    ['a String', () => permit(new String('a') as never), 'permit: the action must be a string'],
    ['a resource', () => permit('a').on(['/'] as never), 'on: the resource must be a string'],
    ['a field', () => field(undefined as never), 'field: a field must be a string'],
    ['an argument', () => arg(null as never), 'arg: the argument must be a string'],
    ['null', () => amount.eq(null as never), 'eq: a value must be'],
    ['a big integer', () => amount.eq(5n as never), 'eq: a value must be'],
    ['a list in a list', () => amount.in([[1]] as never), 'in: a value must be'],
    ['a hole in a list', () => amount.in(new Array(1)), 'in: a value must be'],
    ['a field in a list', () => amount.in([amount] as never), 'in: a value must be'],
    ['a pattern', () => amount.matches(/a/ as never), 'matches: the pattern must be a string'],
    ['a field that is a text', () => has('x' as never), 'has: expected a field'],
    ['a quantified field', () => has(every(amount) as never), 'has: expected a field'],
    [
      'a summed text',
      () =>
        limit('a')
          .to(1)
          .of('args.amount' as never),
      'of: expected a field',
    ],
    ['a condition that is a text', () => rule.when('has x' as never), 'when: expected a condition'],
    ['a condition in a chain', () => and(small, 'has x' as never), 'and: expected a condition'],
    ['a negated boolean', () => not(true as never), 'not: expected a condition'],
    ['a second condition', () => rule.when(small).when(small), 'when: there is a condition already'],
    [
      'a condition of a limit',
      () => (limit('a').to(1).per('day') as typeof rule).when(small),
      'when: a limit has',
    ],
    [
      'an amount',
      () => limit('a').to('5 per day\npermit ** on **\n#' as never),
      'to: the amount must be a number',
    ],
    [
      'a count',
      () =>
        limit('a')
          .to(1)
          .per('1' as never, 'day'),
      'per: the count must be a number',
    ],
    ['a comment', () => comment(5 as never), 'comment: the comment must be a string'],
    ['a text among the parts', () => ccl([rule, 'permit ** on **' as never]), 'ccl: part 1 is not finished'],
    ['a rule without a resource', () => ccl([permit('a') as never]), 'ccl: part 0 is not finished'],
    ['a hole among the parts', () => ccl(new Array(1)), 'ccl: part 0 is not finished'],
    ['no list', () => ccl(rule as never), 'ccl: the parts must be a list'],
  ])('%s of a wrong type, with a TypeError', (_, make, message) => {
    expect(make).toThrow(TypeError);
    expect(make).toThrow(message);
  });

  it.each<[string, () => unknown]>([
    ['a number after an operator of texts', () => field('x').startsWith(5 as never)],
    ['a boolean after an order', () => field('x').lt(true as never)],
    ['a text after in', () => field('x').in('a' as never)],
    ['a list after an operator of scalars', () => field('x').eq(['a'] as never)],
  ])('%s', (_, make) => expect(make).toThrow(/expected .* after "/));
});

describe('the bounds', () => {
  it('take nesting of 64', () => {
    expect(() => parse(String(rule.when(nested(64))))).not.toThrow();
    expect(() => parse(String(rule.when(grouped(64))))).not.toThrow();
  });

  it('take patterns of 512 characters, actions of 512 and resources of 4,096', () => {
    const whole = permit('a'.repeat(512))
      .on('b'.repeat(4096))
      .when(amount.matches('c'.repeat(512)));
    expect(parse(ccl([whole])).statements).toHaveLength(1);
  });

  it('take 10,000 statements, and not one more', () => {
    expect(parse(ccl(Array(10_000).fill(rule))).statements).toHaveLength(10_000);
    const more = () => ccl(Array(10_001).fill(rule));
    expect(more).toThrow(RangeError);
    expect(more).toThrow('ccl: expected at most 10000 statements, found one more');
  });

  it('take a text of 1 MiB, and not a byte more', () => {
    const line = (length: number) => comment(`#${'x'.repeat(length - 2)}`); // with its newline
    expect(ccl([line(1 << 20)])).toHaveLength(1 << 20);
    const more = () => ccl([line(1 << 19), line(1 << 19), comment('#')]);
    expect(more).toThrow(RangeError);
    expect(more).toThrow('ccl: expected at most 1048576 bytes of UTF-8');
    const wide = comment('é'.repeat(1 << 18));
    expect(() => ccl([wide, wide])).toThrow('ccl: expected at most 1048576 bytes of UTF-8');
  });

  it('refuse what is used over and over before it fills the memory', () => {
    let condition = small;
    const double = () => {
      for (let i = 0; i < 64; i++) condition = and(condition, condition);
    };
    expect(double).toThrow('and: expected at most 1048576 bytes of UTF-8');
    const long = rule.when(condition);
    expect(() => ccl(Array(1_000_000).fill(long))).toThrow('ccl: expected at most 1048576 bytes of UTF-8');
  });

  it('count the instructions of all patterns together', () => {
    const costly = (_: unknown, i: number) =>
      deny('a')
        .on('/')
        .when(amount.matches(`${i}a{1000}`));
    expect(parse(ccl(Array.from({ length: 99 }, costly))).statements).toHaveLength(99);
    const more = () => ccl(Array.from({ length: 101 }, costly));
    expect(more).toThrow(RangeError);
    expect(more).toThrow('ccl: expected patterns of at most 100000 instructions');
  });
});
