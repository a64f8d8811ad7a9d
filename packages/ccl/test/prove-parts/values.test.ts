import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Budget, BudgetSpent } from '../../src/lib/budget.js';
import {
  ANY,
  FALSE,
  Formulas,
  NOT_FALSE,
  NOT_TRUE,
  TRUE,
  truthSet,
  UNKNOWN,
} from '../../src/prove/formula.js';
import { allHold, type Constraint, constantsOf, numbersFor, solveValue } from '../../src/prove/values.js';
import { atomOf, plenty } from './support/conditions.js';
import { listsOf, textsOf } from './support/texts.js';

const SCALARS = [
  ...[0, 1, 2, 3, -1, 0.5, 1.5, 5e-324, -5e-324, 1 + Number.EPSILON, 1 - Number.EPSILON / 2, 1e300, -7],
  ...textsOf('ab', 3),
  ...['c', 'ac', 'ca', 'a\u0000', 'aa\u0000', '\u0000', '\uffff', '1', 'B'],
  ...[true, false, null],
];
const ELEMENTS = [1, 2, 'a', 'b', 'ab', '', true, null, [], {}, ['a'], 'c', 7];
const POOL: unknown[] = [undefined, ...SCALARS, {}, { a: 1 }, ...listsOf<unknown>(ELEMENTS, 2)];

const text = fc.constantFrom('', 'a', 'b', 'ab', 'ba', 'aa', 'aab');
const quoted = text.map((each) => `'${each}'`);
const number = fc.constantFrom('0', '1', '2', '1.5', '-1');
const scalar = fc.oneof(quoted, number, fc.constantFrom('true', 'false'));
const list = fc.array(scalar, { maxLength: 3 }).map((items) => `[${items.join(', ')}]`);
const plain = fc.oneof(
  fc.tuple(fc.constantFrom('<', '>'), fc.oneof(quoted, number)).map((parts) => parts.join(' ')),
  fc.tuple(fc.constantFrom('starts_with', 'ends_with'), quoted).map((parts) => parts.join(' ')),
  fc.tuple(fc.constantFrom('=', 'contains'), scalar).map((parts) => parts.join(' ')),
  list.map((items) => `in ${items}`),
);
const whole = fc.oneof(
  plain,
  fc.constantFrom("matches '^a'", "matches 'b$'", "matches 'ab'", "matches '^ab$'"),
);
const atom = fc.oneof(
  { weight: 5, arbitrary: whole.map((rest) => `v ${rest}`) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom('every', 'some'), whole).map(([each, rest]) => `${each} v ${rest}`),
  },
  { weight: 1, arbitrary: fc.constantFrom('has v', 'v = @v', 'v in @v', 'v contains @v', 'v < @v') },
);
const truths = fc.constantFrom(TRUE, FALSE, NOT_TRUE, NOT_FALSE, UNKNOWN);
const constraint = fc.record({ test: atom.map(atomOf), truths });

/** The plain reading of what a constraint is. */
const meets = (constraints: readonly Constraint[], value: unknown) =>
  constraints.every((each) => (truthSet(each.test.truth(value)) & each.truths) !== 0);

const ask = (...asked: [string, number][]) =>
  solveValue(
    asked.map(([condition, allowed]) => ({ test: atomOf(condition), truths: allowed })),
    undefined,
    plenty(),
  );

describe('solveValue', () => {
  it('finds a value where there is one', () =>
    fc.assert(
      fc.property(fc.array(constraint, { minLength: 1, maxLength: 5 }), (constraints) => {
        const solution = solveValue(constraints, undefined, plenty());
        const known = POOL.find((value) => meets(constraints, value));
        const isThere = known !== undefined || meets(constraints, undefined);
        if (typeof solution === 'object') expect(meets(constraints, solution.value)).toBe(true);
        else {
          expect(solution).toBe('none');
          if (isThere) throw new Error(`${JSON.stringify(known)} was missed`);
        }
      }),
      { numRuns: 1500 },
    ));

  it('is never sure of `none` where an expression must be run', () =>
    fc.assert(
      fc.property(
        fc.array(constraint, { maxLength: 2 }),
        fc.constantFrom('^a.b', 'a[bc]$', '(?i)^ab$', 'a|b', '^[ab]{2}$', '^(ab)*$'),
        fc.constantFrom(TRUE, FALSE),
        fc.constantFrom('', 'some ', 'every '),
        (others, regex, truth, quantifier) => {
          const opaque = { test: atomOf(`${quantifier}v matches '${regex}'`), truths: truth };
          const constraints = [...others, opaque];
          const solution = solveValue(constraints, undefined, plenty());
          if (typeof solution === 'object') expect(meets(constraints, solution.value)).toBe(true);
          else if (solution === 'none') expect(POOL.filter((value) => meets(constraints, value))).toEqual([]);
        },
      ),
      { numRuns: 500 },
    ));

  it.each<[string, [string, number][], unknown]>([
    ['what is missing', [['has v', FALSE]], undefined],
    [
      'a number',
      [
        ['v > 1', TRUE],
        ['v < 3', TRUE],
      ],
      { value: 2 },
    ],
    [
      'the one number between neighbours',
      [
        ['v > 0', TRUE],
        ['v < 1e-323', TRUE],
      ],
      { value: 5e-324 },
    ],
    [
      'no number between neighbours',
      [
        ['v > 0', TRUE],
        ['v < 5e-324', TRUE],
      ],
      'none',
    ],
    [
      'a text that is not known to be a number',
      [
        ['v = 1', NOT_FALSE],
        ["v starts_with 'a'", TRUE],
      ],
      { value: 'a' },
    ],
    [
      'no text that is listed among numbers',
      [
        ['v in [1]', NOT_FALSE],
        ["v starts_with 'a'", TRUE],
      ],
      'none',
    ],
    ['a number below all', [['v < -9007199254740991', TRUE]], { value: -9007199254740992 }],
    [
      'a boolean',
      [
        ['v in [true, false]', TRUE],
        ['v = true', FALSE],
      ],
      { value: false },
    ],
    [
      'no third boolean',
      [
        ['v = true', FALSE],
        ['v = false', FALSE],
      ],
      'none',
    ],
    [
      'a listed text',
      [
        ["v in ['a', 'b']", TRUE],
        ["v = 'a'", FALSE],
      ],
      { value: 'b' },
    ],
    [
      'no listed text',
      [
        ["v in ['a', 'b']", TRUE],
        ["v starts_with 'c'", TRUE],
      ],
      'none',
    ],
    ['a text for an equality', [["v = 'abc'", TRUE]], { value: 'abc' }],
    [
      'an element for each',
      [
        ['v contains 1', TRUE],
        ['v contains 2', TRUE],
        ['every v > 0', TRUE],
      ],
      { value: [1, 2] },
    ],
    [
      'no element',
      [
        ['v contains 1', TRUE],
        ['every v > 1', TRUE],
      ],
      'none',
    ],
    ['an empty array', [['every v > 1', TRUE]], { value: [] }],
    [
      'no array where a scalar is asked for',
      [
        ['v contains 1', TRUE],
        ['v > 0', TRUE],
      ],
      'none',
    ],
    [
      'an element that is not comparable',
      [
        ['some v > 1', UNKNOWN],
        ['v contains 7', FALSE],
      ],
      'none',
    ],
    [
      'an unknown element',
      [
        ['some v > 1', UNKNOWN],
        ['has v', TRUE],
        ['every v > 0', NOT_TRUE],
        ['v contains 7', UNKNOWN],
      ],
      undefined,
    ],
  ])('finds %s', (_what, asked, expected) => {
    const solution = ask(...asked);
    const constraints = asked.map(([condition, allowed]) => ({ test: atomOf(condition), truths: allowed }));
    if (expected === undefined) {
      expect(typeof solution).toBe('object');
      expect(meets(constraints, (solution as { value: unknown }).value)).toBe(true);
    } else expect(solution).toEqual(expected);
  });

  it('runs expressions on samples and on texts that the rest asks for', () => {
    expect(ask(["v matches '^a[bc]$'", TRUE])).toEqual({ value: 'ab' });
    expect(ask(["v matches '^a[bc]$'", TRUE], ["v = 'ab'", FALSE])).toEqual({ value: 'ac' });
    expect(ask(["v matches '^[a-z]*$'", FALSE], ["v contains 'x'", TRUE])).toBe('unsure');
    expect(ask(["v matches 'q[0-9]'", TRUE], ["v matches '^a[b]'", TRUE])).toBe('unsure');
    expect(ask(["v matches '^a[b]'", TRUE], ["v starts_with 'b'", TRUE])).toBe('none');
    expect(ask(["v matches '^a.*z$'", TRUE], ["v contains 'zz'", TRUE])).toEqual({ value: 'azz' });
    expect(ask(["v matches '^a[b]'", FALSE], ["v starts_with 'a'", TRUE])).toEqual({ value: 'a' });
    expect(ask(["v matches '[b]'", FALSE], ['v = @v', TRUE], ['v > 0', UNKNOWN])).toMatchObject({});
    expect(ask(["v matches '(?i)AB'", FALSE], ["v contains 'ab'", TRUE])).toBe('unsure');
    expect(ask(["some v matches '(?i)^q[0-9]q[0-9]$'", TRUE], ["every v contains 'zz'", TRUE])).toBe(
      'unsure',
    );
  });

  it('tries a bounded number of texts', () => {
    // Every beginning of the long text is another way not to contain it.
    const long = atomOf(`v contains '${'ab'.repeat(60)}'`);
    const { comparison } = atomOf("v matches '[x]y'");
    const tried: unknown[] = [];
    const truth = (value: unknown) => {
      tried.push(value);
      return typeof value === 'string' ? false : undefined;
    };
    const constraints = [
      { test: long, truths: FALSE },
      { test: { comparison, truth }, truths: TRUE },
    ];
    expect(solveValue(constraints, undefined, plenty())).toBe('unsure');
    const begun = tried.filter((value) => typeof value === 'string' && 'ab'.repeat(60).startsWith(value));
    expect(begun.length).toBeGreaterThan(20);
    expect(tried.length).toBeLessThan(120);
  });

  it('gives `absent` for what may be missing, and spends of its budget', () => {
    expect(solveValue([], null, plenty())).toEqual({ value: null });
    expect(solveValue([], undefined, plenty())).toEqual({ value: undefined });
    const test = { test: atomOf("v contains 'ab'"), truths: TRUE };
    expect(() => solveValue([test], undefined, new Budget(5))).toThrow(BudgetSpent);
    expect(() => solveValue([test], undefined, new Budget(20))).toThrow(BudgetSpent);
  });

  it('knows what budgets ask of their fields', () => {
    const formulas = new Formulas(plenty());
    const [measurable, costs] = [formulas.measurable(['v']), formulas.measurable(['v'], true)];
    expect(measurable.id).not.toBe(costs.id);
    expect(formulas.measurable(['v'])).toBe(measurable);
    const solve = (...constraints: Constraint[]) => solveValue(constraints, undefined, plenty());
    expect(solve({ test: measurable, truths: TRUE })).toEqual({ value: 0 });
    expect(solve({ test: costs, truths: TRUE })).toEqual({ value: 1 });
    expect(solve({ test: measurable, truths: TRUE }, { test: costs, truths: FALSE })).toEqual({ value: 0 });
    expect(solve({ test: costs, truths: TRUE }, { test: measurable, truths: FALSE })).toBe('none');
    expect(solve({ test: atomOf('has v'), truths: TRUE }, { test: measurable, truths: FALSE })).toEqual({
      value: -1,
    });
    expect(solve({ test: costs, truths: TRUE }, { test: atomOf('v < 5e-324'), truths: TRUE })).toBe('none');
  });
});

describe('numbersFor', () => {
  const doubles = fc.double({ noNaN: true, noDefaultInfinity: true });

  it('has a number in every class that the comparisons tell apart', () =>
    fc.assert(
      fc.property(fc.array(doubles, { minLength: 1, maxLength: 3 }), doubles, (constants, other) => {
        const test = {
          truth: () => true,
          comparison: { operator: 'in' as const, constants, quantified: false },
        };
        const numbers = numbersFor([{ test, truths: TRUE }]);
        const classOf = (each: number) =>
          [0, ...constants].map((constant) => Math.sign(each - constant) + 0).join();
        const classOfExactly = (each: number) =>
          [0, ...constants].map((constant) => (each === constant ? 0 : each < constant ? -1 : 1)).join();
        expect(numbers.map(classOfExactly)).toContain(classOfExactly(other));
        expect(classOf(0)).toBe(classOf(-0));
        expect(new Set(numbers).size).toBe(numbers.length);
        for (const each of numbers.filter(Number.isFinite)) expect(Number.isNaN(each)).toBe(false);
      }),
      { numRuns: 300 },
    ));

  it('knows the doubles next to a constant', () => {
    const near = (constant: number) =>
      new Set(
        numbersFor([
          {
            test: {
              truth: () => true,
              comparison: { operator: '=', constants: [constant], quantified: false },
            },
            truths: TRUE,
          },
        ]),
      );
    expect(near(1)).toContain(1 + Number.EPSILON);
    expect(near(1)).toContain(1 - Number.EPSILON / 2);
    expect(near(-1)).toContain(-1 - Number.EPSILON);
    expect(near(-1)).toContain(-1 + Number.EPSILON / 2);
    expect(near(0)).toContain(5e-324);
    expect(near(0)).toContain(-5e-324);
    expect(near(2 ** 53)).toContain(2 ** 53 + 2);
  });

  it('collects constants of all kinds once', () => {
    const constraints = ["v in [1, 'a', true]", 'v = 1', 'has v'].map((each) => ({
      test: atomOf(each),
      truths: ANY,
    }));
    expect([...constantsOf(constraints)]).toEqual([1, 'a', true]);
    expect(allHold(constraints, undefined)).toBe(true);
    expect(allHold([...constraints, { test: atomOf('has v'), truths: TRUE }], undefined)).toBe(false);
  });
});
