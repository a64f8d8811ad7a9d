import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkNarrowing,
  compile,
  evaluate,
  type Narrowing,
  type Policy,
  type Request,
} from '../src/index.js';
import { documentText, request } from './support/generators.js';

const check = (child: string, parent: string, budget?: number): Narrowing =>
  checkNarrowing(compile(child), compile(parent), budget === undefined ? {} : { budget });

/** Replays a counterexample: it must be what it says. */
function verify(child: Policy, parent: Policy, narrowing: Narrowing): void {
  if (narrowing.narrows !== false) return;
  const { counterexample, missing } = narrowing;
  const [own, theirs] = [evaluate(child, counterexample), evaluate(parent, counterexample)];
  expect(own.permitted).toBe(true);
  expect(theirs.permitted).toBe(missing !== undefined);
  if (missing === 'limit') expect(theirs.limits.length).toBeGreaterThan(0);
  if (missing === 'obligation') {
    const names = own.obligations.map(({ name }) => name);
    expect(theirs.obligations.some(({ name }) => !names.includes(name))).toBe(true);
  }
}

const PARENT = `permit payments.refund on '/orders/**' when args.amount <= 200
permit orders.read on '/orders/**'
deny ** on '/secret/**'
deny payments.* on ** when env = 'prod'
limit payments.refund 100 per 1 days
limit payments.refund on '/orders/**' 5000 of args.amount per 2 days
require human.approval for payments.refund on '/orders/**' when args.amount > 100`;
const edit = (from: string | RegExp, to: string) => PARENT.replace(from, to);

describe('a child that narrows', () => {
  it.each([
    ['the same document', PARENT, PARENT],
    ['an empty child', '', PARENT],
    ['an empty child of an empty parent', '', ''],
    ['a child of denies alone', 'deny ** on **', ''],
    ['one more deny', `${PARENT}\ndeny ** on '/orders/7'`, PARENT],
    ['one permit fewer', edit(/permit orders.*\n/, ''), PARENT],
    ['a lower bound', edit('<= 200', '<= 50'), PARENT],
    ['a strict bound', edit('<= 200', '< 200'), PARENT],
    ['one value', edit('<= 200', '= 7'), PARENT],
    ['a narrower resource', edit("refund on '/orders/**'", "refund on '/orders/*/lines'"), PARENT],
    ['one more conjunct', edit('<= 200', "<= 200 and user = 'a'"), PARENT],
    ['a broader deny', edit("deny ** on '/secret/**'", "deny ** on '/s*/**'"), PARENT],
    ['a broader deny condition', edit("when env = 'prod'", "when env = 'prod' or has x"), PARENT],
    ['a deny without its condition', edit(" when env = 'prod'", ''), PARENT],
    [
      'a condition that excludes the deny',
      edit("deny payments.* on ** when env = 'prod'\n", '').replace('<= 200', "<= 200 and env = 'dev'"),
      PARENT,
    ],
    ['a smaller limit', edit('100 per 1 days', '99 per 1 days'), PARENT],
    ['a smaller limit of a shorter period', edit('100 per 1 days', '4 per hour'), PARENT],
    ['a limit of a longer period', edit('100 per 1 days', '100 per 3 days'), PARENT],
    [
      'half the budget for half the period',
      edit('5000 of args.amount per 2 days', '2500 of args.amount per 1 days'),
      PARENT,
    ],
    ['a broader requirement', edit('> 100\n', '> 50\n').replace('> 100', '>= 100'), PARENT],
    ['an unconditional requirement', edit(' when args.amount > 100', ''), PARENT],
    ['a subset of values', "permit a on ** when x in ['a', 'b']", "permit a on ** when x in ['a', 'b', 'c']"],
    [
      'a value that starts so',
      "permit a on ** when x = 'abc'",
      "permit a on ** when x starts_with 'ab' and x matches '^a.c$'",
    ],
    [
      'cases that different permits cover',
      'permit a on ** when x = 1 or x = 2',
      'permit a on ** when x = 1\npermit a on ** when x = 2',
    ],
    ['a wider interval', 'permit a on ** when x > 1 and x < 3', 'permit a on ** when x >= 1 and x != 5'],
    ['a double negation', 'permit a on ** when not not x = 1', 'permit a on ** when x = 1'],
    [
      'De Morgan',
      'permit a on ** when not (x = 1 or every l contains 2)',
      'permit a on ** when x != 1 and some l not_contains 2',
    ],
    ['has by a comparison', 'permit a on ** when x < 5', 'permit a on ** when has x'],
    [
      'the same opaque conditions',
      "permit a on ** when x matches 'a+' and some l = @y",
      "permit a on ** when some l = @y and x matches 'a+'",
    ],
    [
      'a negated opaque condition',
      "permit a on ** when not x starts_with 'a'",
      "permit a on ** when not x starts_with 'a'",
    ],
    [
      'an opaque deny that is repeated',
      "permit a on **\ndeny a on ** when x matches 'a'",
      "permit ** on **\ndeny a on ** when x matches 'a'",
    ],
    ['a permit that its own deny kills', 'permit a on /x/y\ndeny * on /x/**', ''],
    ['a permit that can never be true', "permit a on ** when x = 1 and x = 'a'", ''],
    ['a permit that its denies leave nothing', 'permit a on ** when x > 5\ndeny a on ** when x > 4', ''],
    ['globs in globs', 'permit get_a* on /a*c/**', 'permit get_* on /a*/**'],
    ['a literal in a glob', 'permit a.b on /x.txt', 'permit *.* on /*.txt'],
    [
      'denies that do not meet',
      'permit a on /b*c/**',
      'permit a on **\ndeny a on /a*/**\ndeny a on /b*d/**\ndeny b on **',
    ],
    [
      'a limit that does not meet',
      'permit a on /x',
      'permit a on **\nlimit b 5 per day\nlimit a on /y 5 of n per day\nrequire mfa for a on /z',
    ],
    [
      'another requirement of the name',
      'permit a on /x\nrequire mfa for a on ** when x = 1\nrequire mfa for * on /x when x != 1',
      'permit a on /x\nrequire mfa on /x when has x',
    ],
  ])('%s', (_what, child, parent) => expect(check(child, parent)).toEqual({ narrows: true }));
});

describe('a child that does not', () => {
  it.each<[what: string, child: string, parent: string, missing?: string]>([
    ['an empty parent', 'permit a on /x', ''],
    ['a higher bound', edit('<= 200', '<= 200.5'), PARENT],
    ['a bound that is included', edit('<= 200', '<= 201'), edit('<= 200', '< 201')],
    ['no bound', edit(' when args.amount <= 200', ''), PARENT],
    ['another resource', edit("refund on '/orders/**'", "refund on '/**'"), PARENT],
    ['another action', edit('payments.refund on', '** on'), PARENT],
    ['a deny fewer', edit(/deny payments.*\n/, ''), PARENT],
    ['a narrower deny', edit("env = 'prod'", "env = 'prod' and has x"), PARENT],
    [
      'a deny of one segment',
      edit('deny ** on', 'deny * on').replace("refund on '/orders/**'", 'refund on **'),
      PARENT.replace("refund on '/orders/**'", 'refund on **'),
    ],
    ['a missing limit', edit(/limit payments.refund 100.*\n/, ''), PARENT, 'limit'],
    ['a larger limit', edit('100 per 1 days', '101 per 1 days'), PARENT, 'limit'],
    ['a limit of a shorter period', edit('100 per 1 days', '100 per 23 hours'), PARENT, 'limit'],
    ['a limit of another field', edit('of args.amount', 'of args.total'), PARENT, 'limit'],
    [
      'a budget that the parent cannot measure',
      edit(/limit.*5000.*\n/, '').replace('args.amount <= 200', 'args.amount < 0'),
      PARENT,
    ],
    [
      'one requirement of two',
      'permit a on **\nrequire audit on **',
      'permit a on **\nrequire mfa on **\nrequire audit on **',
      'obligation',
    ],
    ['a missing requirement', edit(/\nrequire.*/, ''), PARENT, 'obligation'],
    ['a requirement of another name', edit('require human.approval', 'require human'), PARENT, 'obligation'],
    ['a narrower requirement', edit('> 100', '> 150'), PARENT, 'obligation'],
    ['one value more', "permit a on ** when x in ['a', 'b']", "permit a on ** when x in ['a']"],
    ['more segments', 'permit a on /a/**', 'permit a on /a\npermit a on /a/*'],
    ['no segment', 'permit a on /a/**', 'permit a on /a/*/**'],
    ['an intersection of globs', 'permit a on /a*c', 'permit a on **\ndeny a on /*b*c'],
    ['an intersection deep inside', 'permit a.** on /a/**', "permit ** on **\ndeny **.b on '**/b'"],
    [
      'a deny on another field',
      'permit a on ** when x = 1',
      'permit a on **\ndeny a on ** when y = 2 and x = 1',
    ],
    ['two fields of denies', 'permit a on **\ndeny a on ** when x = 1 or y > 7', 'permit a on ** when x = 2'],
    [
      'an element of an array',
      'permit a on ** when some l = 1',
      'permit a on ** when every l = 1 and l contains 2',
    ],
    ['zero', 'permit a on ** when x >= 0', 'permit a on ** when x > 0'],
    ['a negative bound', 'permit a on ** when x >= -1', 'permit a on ** when x > -1'],
    ['a field and a field within it', 'permit a on ** when x.y = 1 or x = 2', 'permit a on ** when x.y = 1'],
    [
      'a field and one twice within it',
      'permit a on ** when has x.y',
      'permit a on ** when x.y.z = 1 or x = 1',
    ],
    ['a field that is missing', 'permit a on ** when not has x', 'permit a on **\ndeny a on ** when x = 1'],
    ['a string for a number', "permit a on ** when x = 1 or x = '1'", 'permit a on ** when x = 1'],
  ])('%s', (_what, child, parent, missing) => {
    const [inner, outer] = [compile(child), compile(parent)];
    const narrowing = checkNarrowing(inner, outer);
    expect(narrowing).toMatchObject({ narrows: false, ...(missing === undefined ? {} : { missing }) });
    expect('missing' in narrowing).toBe(missing !== undefined);
    verify(inner, outer, narrowing);
  });
});

describe('what the operators that cannot be seen through allow', () => {
  it.each([
    ['a text within a text', "permit a on ** when x matches 'aa'", "permit a on ** when x matches 'a'"],
    ['equality that is passed on', 'permit a on ** when x = @y and y = 1', 'permit a on ** when x = 1'],
    ['equal operands', 'permit a on ** when x < @y and z = 1', 'permit a on ** when x < @y'],
    [
      'an anchored beginning',
      "permit a on ** when x matches '^ab.c'",
      "permit a on ** when x starts_with 'a'",
    ],
  ])('%s is proved', (_what, child, parent) => expect(check(child, parent)).toEqual({ narrows: true }));

  it.each([
    ['a class', "permit a on ** when x matches '^[ab]+$'", "permit a on ** when x matches '^[abc]+$'"],
    ['an order that is passed on', 'permit a on ** when x < @y and y < @z', 'permit a on ** when x < @z'],
  ])('%s is left open', (_what, child, parent) => {
    const because = expect.stringContaining('line 1');
    expect(check(child, parent)).toEqual({ narrows: 'unknown', because });
  });
});

describe('limits that only together are one', () => {
  it('do not add up, although no single request shows it', () => {
    const child = 'permit a on /x\npermit a on /y\nlimit a on /x 5 per day\nlimit a on /y 5 per day';
    const narrowing = check(child, 'permit a on **\nlimit a 5 per day');
    expect(narrowing).toMatchObject({ narrows: false, missing: 'limit' });
  });
});

describe('what is not decided', () => {
  it('is what the budget does not reach, the same each time', () => {
    for (const budget of [1, 2, 10, 100, 1000]) {
      const first = check(edit('<= 200', '<= 300'), PARENT, budget);
      expect(check(edit('<= 200', '<= 300'), PARENT, budget)).toEqual(first);
      expect(first.narrows).not.toBe(true);
    }
    expect(check(PARENT, PARENT, 1)).toMatchObject({ narrows: 'unknown' });
    expect(check(PARENT, PARENT).narrows).toBe(true);
  });

  it('is bounded for documents made to be hard', () => {
    const clauses = Array.from({ length: 200 }, (_, i) => `(x${i} = 1 or y${i} = 1)`).join(' and ');
    const goal = Array.from({ length: 200 }, (_, i) => `(x${i} = 2 and y${i} = 2)`).join(' or ');
    expect(check(`permit a on ** when ${clauses}`, `permit a on ** when ${goal}`).narrows).not.toBe(true);
    const many = Array.from({ length: 300 }, (_, i) => `permit a.** on '**/a${i}/**' when x > ${i}`).join(
      '\n',
    );
    const denies = many.replaceAll('permit', 'deny');
    expect(check(many, `permit ** on **\n${denies}`).narrows).not.toBe(true);
  });

  it.each([0, -1, 1.5, Number.NaN])('takes no budget of %d', (budget) => {
    expect(() => check('', '', budget)).toThrow(RangeError);
  });

  it('takes policies alone', () => {
    expect(() => checkNarrowing({} as Policy, compile(''))).toThrow(TypeError);
    expect(() => checkNarrowing(compile(''), 'permit a on /x' as never)).toThrow(TypeError);
  });
});

/** `of` the child's limits the one that holds a limit of the parent, by the arithmetic of the specification. */
function holds(own: { amount: number; periodMs: number; field?: string }, bound: typeof own): boolean {
  return own.field === bound.field && own.amount * Math.ceil(bound.periodMs / own.periodMs) <= bound.amount;
}

function isWider(child: Policy, parent: Policy, asked: Request): boolean {
  const own = evaluate(child, asked);
  if (!own.permitted) return false;
  const theirs = evaluate(parent, asked);
  if (!theirs.permitted) return true;
  const names = own.obligations.map(({ name }) => name);
  return (
    theirs.obligations.some(({ name }) => !names.includes(name)) ||
    theirs.limits.some((bound) => !own.limits.some((limit) => holds(limit, bound)))
  );
}

/** Pairs that have much in common: the parent's statements, some left out and some added. */
const pair = fc
  .tuple(documentText, fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }), documentText, documentText)
  .map(([parentText, kept, addedText, extraText]) => {
    const lines = (text: string) => compile(text).statements.map(({ text }) => text);
    const parent = lines(parentText);
    const own = parent.filter((_, i) => kept[i]);
    const added = kept[10] ? lines(addedText).filter((line) => line.startsWith('deny')) : lines(addedText);
    return [
      [...own, ...added].join('\n'),
      [...parent, ...(kept[11] ? [] : lines(extraText))].join('\n'),
    ] as const;
  });

describe('random pairs', () => {
  it('are never called narrower against a request that says otherwise', () => {
    const counts = { true: 0, false: 0 };
    const property = fc.property(
      pair,
      fc.array(request, { minLength: 30, maxLength: 30 }),
      ([child, parent], requests) => {
        const [inner, outer] = [compile(child), compile(parent)];
        const narrowing = checkNarrowing(inner, outer, { budget: 400_000 });
        if (narrowing.narrows !== 'unknown') counts[`${narrowing.narrows}`]++;
        verify(inner, outer, narrowing);
        if (narrowing.narrows !== true) return;
        for (const one of requests) expect(isWider(inner, outer, one as Request)).toBe(false);
      },
    );
    fc.assert(property, { numRuns: 1000 });
    for (const [kind, count] of Object.entries(counts)) expect(count, kind).toBeGreaterThan(10);
  });
});
