import { describe, expect, it } from 'vitest';
import type { Condition } from '../../src/index.js';
import { Budget, BudgetSpent } from '../../src/lib/budget.js';
import { type Atom, type FieldAtom, Formulas, type RelationAtom } from '../../src/prove/formula.js';
import { atomOf, conditionOf, formulaOf, plenty } from './support/conditions.js';

const relationOf = (text: string) => formulaOf(text) as RelationAtom;

/** How many steps this spends. */
function stepsOf(use: (budget: Budget) => void): number {
  for (let steps = 0; ; steps++) {
    try {
      use(new Budget(steps));
      return steps;
    } catch (error) {
      if (!(error instanceof BudgetSpent)) throw error;
    }
  }
}

describe('formulas that say the same', () => {
  it.each([
    ['a = 1', 'a = 1'],
    ['a = 1 and b = 2', 'b = 2 and a = 1'],
    ['a = 1 or b = 2', 'b = 2 or a = 1 or b = 2'],
    ['a = 1 and a = 1', 'a = 1'],
    ['not not a = 1', 'a = 1'],
    ['a != 1', 'not a = 1'],
    ['a >= 1', 'not a < 1'],
    ['a <= 1', 'not a > 1'],
    ['a not_in [1]', 'not a in [1]'],
    ["a not_contains 'x'", "not a contains 'x'"],
    ['every a != 1', 'not some a = 1'],
    ['some a not_contains 1', 'not every a contains 1'],
    ['a > @b', 'b < @a'],
    ['a >= @b', 'not a < @b'],
    ['a = @b', 'b = @a'],
    ['a.c = @a.b.d', 'a.b.d = @a.c'],
    ['ab = @a.b', 'a.b = @ab'],
    ['a.c = @abd', 'abd = @a.c'],
  ])('%s and %s are one', (left, right) => {
    const formulas = new Formulas(plenty());
    expect(formulaOf(left, formulas)).toBe(formulaOf(right, formulas));
  });

  it.each([
    ['a = 1', "a = '1'"],
    ['a = 1', 'b = 1'],
    ['a = 1 and b = 2', 'a = 1 or b = 2'],
    ['a = 1', 'not a = 1'],
    ['has a', 'a = @a'],
    ['some a = 1', 'every a = 1'],
    ['some a = 1', 'a = 1'],
    ['a < @b', 'b < @a'],
    ['some a = @b', 'some b = @a'],
    ['some a > @b', 'some b < @a'],
    ['a in @b', 'b in @a'],
  ])('%s and %s are two', (left, right) => {
    const formulas = new Formulas(plenty());
    expect(formulaOf(left, formulas).id).not.toBe(formulaOf(right, formulas).id);
  });

  it('what a budget needs, what it costs and whether a field is there are three', () => {
    const formulas = new Formulas(plenty());
    const about = [
      formulas.measurable(['n']),
      formulas.measurable(['n'], true),
      formulaOf('has n', formulas),
    ];
    expect(new Set(about.map(({ id }) => id)).size).toBe(3);
    const [measurable, costs] = about as FieldAtom[];
    for (const value of [undefined, null, '1', -1, Number.NaN, Number.POSITIVE_INFINITY, true, [1]])
      expect([measurable!.truth(value), costs!.truth(value)]).toEqual([false, false]);
    expect([measurable!.truth(0), costs!.truth(0)]).toEqual([true, false]);
    expect([measurable!.truth(5e-324), costs!.truth(5e-324)]).toEqual([true, true]);
  });
});

describe('a comparison of two fields', () => {
  it.each([
    ['a < @b', '<', false],
    ['a > @b', '<', false],
    ['a = @b', '=', false],
    ['a in @b', 'in', false],
    ['a contains @b', 'contains', false],
    ['some a = @b', '=', true],
    ['every a < @b', '<', true],
    ['some a = @a', '=', true],
    ['ab = @a.b', '=', false],
    ['a.b = @ab', '=', false],
  ])('%s is a relation', (text, operator, quantified) => {
    expect(relationOf(text)).toMatchObject({ kind: 'relation', operator, quantified });
  });

  it.each<[string, left: string[], right: string[]]>([
    ['a < @b', ['a'], ['b']],
    ['a > @b', ['b'], ['a']],
    ['b = @a', ['a'], ['b']],
    ['a = @b', ['a'], ['b']],
    ['b.c in @a', ['b', 'c'], ['a']],
    ['some b = @a', ['b'], ['a']],
  ])('%s has its sides', (text, left, right) => expect(relationOf(text)).toMatchObject({ left, right }));

  /** The values that the field on each side must be one of, for the relation to be known. */
  const needs = (text: string) => {
    const values = [undefined, null, 1, 'x', true, ['x'], [], {}];
    return relationOf(text).needs.map(({ path, truth }) => ({
      path: path.join('.'),
      known: values.filter((value) => truth(value) === true),
    }));
  };
  const SCALARS = [1, 'x', true];

  it.each([
    ['a < @b.c', { path: 'a', known: SCALARS }, { path: 'b.c', known: SCALARS }],
    ['a in @b', { path: 'a', known: SCALARS }, { path: 'b', known: [['x'], []] }],
    ['a contains @b', { path: 'a', known: ['x', ['x'], []] }, { path: 'b', known: SCALARS }],
    ['some a contains @b', { path: 'a', known: [['x'], []] }],
    ['every a = @b', { path: 'a', known: [['x'], []] }],
  ])('%s is known only of some values', (text, ...expected) => {
    expect(needs(text)).toEqual(expected);
  });

  it('of one field with itself asks for a type alone', () => {
    for (const text of ['a = @a', 'a < @a', 'a in @a', 'a contains @a', 'a.b = @a.b'])
      expect(atomOf(text)).toMatchObject({ kind: 'field', comparison: undefined });
    expect(atomOf('a = @a').truth(1)).toBe(true);
    expect(atomOf('a = @a').truth([])).toBeUndefined();
  });
});

describe('what an atom says of the elements of an array', () => {
  it.each<[string, object]>([
    ['some a = 1', { operator: '=', constants: [1], quantified: true, elements: { quantifier: 'some' } }],
    ['every a in [1, 2]', { operator: 'in', constants: [1, 2], elements: { quantifier: 'every' } }],
    ["a contains 'x'", { operator: 'contains', quantified: false, elements: { quantifier: 'some' } }],
    ['a = 1', { operator: '=', constants: [1], quantified: false }],
  ])('%s', (text, comparison) => expect(atomOf(text).comparison).toMatchObject(comparison));

  it('is absent where it says nothing of them', () => {
    expect(atomOf('a = 1').comparison).not.toHaveProperty('elements');
    const { elements } = atomOf("a contains 'x'").comparison!;
    expect(['x', 'y', 1, []].map((each) => elements!.test.truth(each))).toEqual([
      true,
      false,
      undefined,
      undefined,
    ]);
  });
});

describe('work', () => {
  const short = conditionOf("s matches 'a'");
  const long = conditionOf(`s matches '${'a'.repeat(300)}'`);

  /** The steps of one answer. */
  const truthSteps = (condition: Condition, value: unknown) => {
    const made = stepsOf((budget) => new Formulas(budget).of(condition));
    const all = stepsOf((budget) => (new Formulas(budget).of(condition) as Atom).truth(value as never));
    return all - made;
  };

  it('of `matches` is as long as the text', () => {
    expect(truthSteps(short, 'b'.repeat(100))).toBe(100);
    expect(truthSteps(short, 'b'.repeat(200))).toBe(200);
    expect(truthSteps(short, 7)).toBe(0);
    expect(truthSteps(short, undefined)).toBe(0);
  });

  it('of `matches` grows with the expression, sixteen instructions at a time', () => {
    const each = truthSteps(long, 'b');
    expect(each).toBeGreaterThanOrEqual(300 / 16);
    expect(each).toBeLessThanOrEqual(300 / 8);
    expect(truthSteps(long, 'bb')).toBe(2 * each);
  });

  it('of `matches` over an array is that of its texts', () => {
    const some = conditionOf("some s matches 'a'");
    expect(truthSteps(some, ['bbb', 7, ['bb'], 'b'])).toBe(6);
    expect(truthSteps(some, [])).toBe(0);
  });

  it('of another comparison is to read it once', () => {
    expect(truthSteps(conditionOf("s = 'a'"), 'b'.repeat(100))).toBe(0);
    expect(stepsOf((budget) => new Formulas(budget).of(conditionOf("s = 'a'")))).toBe("s = 'a'".length);
  });
});
