import { describe, expect, it } from 'vitest';
import {
  analyze,
  checkNarrowing,
  compile,
  diff,
  equivalent,
  evaluate,
  type Narrowing,
} from '../../src/index.js';
import { BudgetSpent } from '../../src/lib/budget.js';
import { firstOf, Prover, SPENT, withinBudget } from '../../src/prove/prover.js';
import { UNSURE } from '../../src/prove/search.js';

const narrow = (child: string, parent: string): Narrowing => checkNarrowing(compile(child), compile(parent));
const verdict = (child: string, parent: string) => narrow(child, parent).narrows;

/** No text that meets this is found, though there may be one. */
const OPAQUE = "s matches '(?i)[^a-z]q[[:upper:]]' and s contains 'zz'";

describe('withinBudget', () => {
  it('makes a doubt of a spent budget, and of nothing else', () => {
    expect(withinBudget(() => ({ found: 1 }))).toEqual({ found: 1 });
    expect(
      withinBudget(() => {
        throw new BudgetSpent();
      }),
    ).toEqual({ because: SPENT });
    const fault = new TypeError('a fault');
    expect(() =>
      withinBudget(() => {
        throw fault;
      }),
    ).toThrow(fault);
  });
});

describe('firstOf', () => {
  const doubt = (because: string) => ({ because });

  it('prefers what is found, and then the first doubt', () => {
    const asked: number[] = [];
    const find = (answers: readonly (ReturnType<typeof doubt> | { found: number } | undefined)[]) =>
      firstOf(answers.keys(), (at) => {
        asked.push(at);
        return answers[at];
      });
    expect(find([undefined, doubt('a'), { found: 2 }, { found: 3 }])).toEqual({ found: 2 });
    expect(asked).toEqual([0, 1, 2]);
    expect(find([undefined, doubt('a'), doubt('b')])).toEqual({ because: 'a' });
    expect(find([undefined, undefined])).toBeUndefined();
    expect(find([])).toBeUndefined();
  });
});

describe('the work budget', () => {
  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('refuses %d', (budget) => {
    expect(() => new Prover({ budget })).toThrow(RangeError);
    expect(() => checkNarrowing(compile(''), compile(''), { budget })).toThrow(RangeError);
    expect(() => diff(compile(''), compile(''), { budget })).toThrow(RangeError);
    expect(() => analyze(compile(''), { budget })).toThrow(RangeError);
  });

  it('takes 1, with which next to nothing is proved', () => {
    const policy = compile('permit a on /x\npermit a on /y');
    expect(checkNarrowing(policy, compile('permit a'.concat(' on /y')), { budget: 1 })).toEqual({
      narrows: 'unknown',
      because: SPENT,
    });
    const [first, ...others] = analyze(policy, { budget: 1 });
    expect(first).toMatchObject({ kind: 'undecided', line: 2 });
    expect(first!.message).toContain(SPENT);
    expect(others).toEqual([]);
    expect(diff(policy, compile('permit a on /x'), { budget: 1 })).toEqual({ unknown: SPENT });
    expect(equivalent(policy, compile('permit a on /x'), { budget: 1 })).toBe('unknown');
  });
});

describe('what a counterexample claims is evaluated', () => {
  it('a request that the child denies after all is none', () => {
    const child = `permit a on /x when ${OPAQUE}`;
    const narrowing = narrow(child, '');
    expect(narrowing).toEqual({ narrows: 'unknown', because: `the permit on line 1: ${UNSURE.context}` });
  });

  it('an obligation that applies after all is not missing', () => {
    const permit = 'permit a on /x';
    const parent = `${permit}\nrequire audit for a on /x`;
    const narrowing = narrow(`${permit}\nrequire audit for a on /x when x <= @y`, parent);
    expect(narrowing).toMatchObject({ narrows: false, missing: 'obligation' });
    const { counterexample } = narrowing as Extract<Narrowing, { narrows: false }>;
    const own = evaluate(compile(`${permit}\nrequire audit for a on /x when x <= @y`), counterexample);
    expect(own).toMatchObject({ permitted: true, obligations: [] });
  });

  it('an obligation that the parent asks for under the same relation is not missing', () => {
    const text = 'permit a on /x\nrequire audit for a on /x when x <= @y';
    expect(verdict(text, text)).toBe(true);
    expect(verdict('permit a on /x', text)).toBe(false);
  });
});

describe('what an edit may change', () => {
  const permit = (line: number, statement: string) => '\n'.repeat(line - 1) + statement;
  const doubt = (line: number) => `the permit on line ${line}: ${UNSURE.context}`;
  const compare = (before: string, after: string) => diff(compile(before), compile(after));
  const [here, there] = [`permit a on /x when ${OPAQUE}`, `permit a on /y when ${OPAQUE}`];

  it('is left open with the reason of each direction, and a common one is told once', () => {
    expect(compare('', permit(2, here))).toEqual({ unknown: doubt(2) });
    expect(compare(permit(2, here), '')).toEqual({ unknown: doubt(2) });
    expect(compare(permit(1, here), permit(3, there))).toEqual({ unknown: `${doubt(3)}; ${doubt(1)}` });
    expect(compare(permit(2, here), permit(2, there))).toEqual({ unknown: doubt(2) });
  });

  it('leaves equivalence open if one direction is', () => {
    const more = `permit b on /z\n${here}`;
    expect(equivalent(compile('permit b on /z'), compile(more))).toBe('unknown');
    expect(equivalent(compile(more), compile('permit b on /z'))).toBe('unknown');
    expect(equivalent(compile(more), compile('permit c on /z'))).toBe(false);
  });
});

describe('limits of which one must keep the parent’s', () => {
  const parent = 'permit ** on **\nlimit ** 10 per 1 hour';
  const both = (opaque: string) => [
    'permit a on /x',
    `permit b on /y when ${opaque}`,
    'limit a on /x 5 per 1 hour',
    'limit b on /y 5 per 1 hour',
  ];

  it('is open while one may keep it alone', () => {
    const [first, second, third, fourth] = both(OPAQUE) as [string, string, string, string];
    expect(verdict([first, second, third, fourth].join('\n'), parent)).toBe('unknown');
    expect(verdict([first, second, fourth, third].join('\n'), parent)).toBe('unknown');
  });

  it('is refuted when each leaves a request out', () => {
    expect(narrow(both('has s').join('\n'), parent)).toMatchObject({ narrows: false, missing: 'limit' });
  });

  it('is proved when one counts all', () => {
    const whole = [...both('has s'), 'limit ** 10 per 1 hour'].join('\n');
    expect(verdict(whole, parent)).toBe(true);
    expect(verdict('permit a on /x', parent)).toBe(false);
    expect(verdict('permit a on /x when n > 1 and n < 1', parent)).toBe(true);
  });
});

describe('expressions that are not understood', () => {
  it.each([
    ['^a(?m){0}', "s starts_with 'a'"],
    ['^a(?i)*', "s starts_with 'a'"],
    ['^a\\Q\\E{0}', "s starts_with 'a'"],
    ['^ab(?s)?', "s starts_with 'ab'"],
  ])('%s does not imply %s', (regex, condition) => {
    expect(verdict(`permit a on /x when s matches '${regex}'`, `permit a on /x when ${condition}`)).not.toBe(
      true,
    );
  });

  it.each(['\\Q((((((a{64}){64}){64}){64}){64}){64}\\E', '[[:alpha:]((((((a{64}){64}){64}){64}){64}){64}]'])(
    '%s, in which repetitions seem to be nested, are bounded',
    (regex) =>
      expect(verdict(`permit a on /x when s matches '${regex}'`, 'permit a on /x when has q')).not.toBe(true),
  );
});

it('an expression that only begins with a text says nothing of the end', () => {
  expect(verdict("permit a on /x when s matches '^a[bc]' and s ends_with 'x'", '')).not.toBe(true);
});

describe('claims that come out well by chance', () => {
  it.each<[string, string, Narrowing['narrows']]>([
    [`permit a on /x when ${OPAQUE} and (x = 1 or y = 1)`, `permit a on /x when ${OPAQUE}`, true],
    [`permit a on /x when ${OPAQUE} and (x = 1 or ${OPAQUE})`, 'permit a on /x when x = 2', 'unknown'],
    [`permit a on /x when ${OPAQUE} and (not has s or s = 'b')`, '', true],
    ['permit a on /x when (x < @y or y < @z) and (y < @x or z < @y)', 'permit a on /y', false],
    ['permit a on /x when x < @y and y < @z and z < @x', 'permit a on /y', 'unknown'],
    ['permit a on /x when (x < @y or x < @z) and y <= @x and z <= @x', '', true],
  ])('%s narrows %s: %s', (child, parent, expected) => expect(verdict(child, parent)).toBe(expected));
});
