import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Budget, BudgetSpent } from '../../src/lib/budget.js';
import { compileCondition } from '../../src/lib/condition.js';
import {
  ContextSolver,
  type Facts,
  isRequired,
  NO_FACTS,
  type Requirement,
} from '../../src/prove/context.js';
import {
  ANY,
  FALSE,
  type Formula,
  Formulas,
  NOT_FALSE,
  NOT_TRUE,
  negated,
  TRUE,
  truthSet,
  UNKNOWN,
} from '../../src/prove/formula.js';
import { conditionOf, plenty } from './support/conditions.js';
import { listsOf } from './support/texts.js';

interface Asked {
  readonly text: string;
  readonly truths: number;
}

const truthOf = (text: string, context: unknown) => truthSet(compileCondition(conditionOf(text))(context));
const meets = (asked: readonly Asked[], context: unknown) =>
  asked.every(({ text, truths }) => (truthOf(text, context) & truths) !== 0);

/** Everything of the solver in one walk: require all, then try the terms of every choice that is broken. */
class Walk {
  readonly formulas = new Formulas(plenty());
  readonly solver = new ContextSolver(plenty());
  isUnsure = false;

  requirements(asked: readonly Asked[]): Requirement[] {
    return asked.map(({ text, truths }) => ({ formula: this.formulas.of(conditionOf(text)), truths }));
  }

  all(asked: readonly Asked[], from = NO_FACTS): Facts | undefined {
    let facts: Facts | undefined = from;
    for (const requirement of this.requirements(asked)) {
      facts = this.solver.require(facts, requirement);
      if (facts === undefined) return undefined;
    }
    return facts;
  }

  *settled(facts: Facts): Generator<Facts> {
    const choice = this.solver.broken(facts);
    if (choice === undefined) {
      yield facts;
      // Claims may let a choice come out well that no context does: then each of its terms is a way.
      const open = facts.claims.size > 0 ? this.solver.open(facts) : undefined;
      if (open !== undefined) yield* this.#through(facts, open.terms, open.truths);
      return;
    }
    yield* this.#through(facts, choice.terms, choice.truths);
  }

  *#through(facts: Facts, terms: readonly Formula[], truths: number): Generator<Facts> {
    for (const formula of terms) {
      const next = this.solver.require(facts, { formula, truths });
      if (next !== undefined) yield* this.settled(next);
    }
  }

  /** A context, or `none` where it is proved that there is none. */
  solve(asked: readonly Asked[]): { readonly context: unknown } | 'none' | 'unsure' {
    const facts = this.all(asked);
    if (facts === undefined) return 'none';
    for (const each of this.settled(facts)) {
      if (each.claims.size === 0) return { context: each.values };
      for (const context of this.solver.contexts(each)) if (meets(asked, context)) return { context };
      this.isUnsure = true;
    }
    return this.isUnsure ? 'unsure' : 'none';
  }
}

const VALUES: readonly unknown[] = [undefined, null, 0, 1, 2, -1, 'a', 'ab', '', true, [], [1], ['a', 1], {}];
const OBJECTS: readonly unknown[] = [
  undefined,
  1,
  {},
  { s: 1 },
  { s: 'a' },
  { s: { t: 1 } },
  { s: [] },
  { s: null },
];
const CONTEXTS = listsOf(VALUES, 2)
  .filter(({ length }) => length === 2)
  .flatMap(([x, y]) =>
    OBJECTS.map((o) => ({
      ...(x !== undefined && { x }),
      ...(y !== undefined && { y }),
      ...(o !== undefined && { o }),
    })),
  );

const field = fc.constantFrom('x', 'x', 'y', 'o', 'o.s', 'o.s.t');
const comparison = fc
  .tuple(
    field,
    fc.constantFrom(
      '= 1',
      '< 2',
      '> 0',
      '!= 1',
      "= 'a'",
      "starts_with 'a'",
      "< 'b'",
      "in [1, 'a']",
      'contains 1',
      'not_in [2]',
      ">= 'ab'",
    ),
  )
  .map((parts) => parts.join(' '));
const atom = fc.oneof(
  { weight: 4, arbitrary: comparison },
  field.map((each) => `has ${each}`),
  comparison.map((each) => `some ${each}`),
);
const relation = fc
  .tuple(
    fc.constantFrom('x', 'y'),
    fc.constantFrom('=', '<', '>', '!=', '<=', 'in', 'contains', 'starts_with'),
    fc.constantFrom('x', 'y'),
  )
  .map(([left, operator, right]) => `${left} ${operator} @${right}`);
const conditionsOf = (leaf: fc.Arbitrary<string>) =>
  fc.letrec<{ condition: string }>((tie) => ({
    condition: fc.oneof(
      { maxDepth: 2, withCrossShrink: true },
      leaf,
      tie('condition').map((each) => `not (${each})`),
      fc.array(tie('condition'), { minLength: 2, maxLength: 3 }).map((each) => `(${each.join(' and ')})`),
      fc.array(tie('condition'), { minLength: 2, maxLength: 3 }).map((each) => `(${each.join(' or ')})`),
    ),
  })).condition;
const askedOf = (leaf: fc.Arbitrary<string>) =>
  fc.array(
    fc.record({
      text: conditionsOf(leaf),
      truths: fc.constantFrom(TRUE, FALSE, NOT_TRUE, NOT_FALSE, UNKNOWN),
    }),
    { minLength: 1, maxLength: 3 },
  );

describe('ContextSolver', () => {
  it('finds a context where there is one, if fields are compared with constants', () =>
    fc.assert(
      fc.property(askedOf(atom), (asked) => {
        const walk = new Walk();
        const solution = walk.solve(asked);
        expect(walk.isUnsure).toBe(false);
        if (typeof solution === 'object') expect(meets(asked, solution.context)).toBe(true);
        else {
          const missed = CONTEXTS.find((context) => meets(asked, context));
          if (missed !== undefined) throw new Error(`${JSON.stringify(missed)} was missed`);
        }
      }),
      { numRuns: 250 },
    ));

  it('never denies that there is a context, if fields are compared with each other', () =>
    fc.assert(
      fc.property(askedOf(fc.oneof(atom, relation, relation)), (asked) => {
        const solution = new Walk().solve(asked);
        if (typeof solution === 'object') expect(meets(asked, solution.context)).toBe(true);
        else if (solution === 'none') {
          const missed = CONTEXTS.find((context) => meets(asked, context));
          if (missed !== undefined) throw new Error(`${JSON.stringify(missed)} was missed`);
        }
      }),
      { numRuns: 250 },
    ));

  it('says what a formula is in its context', () =>
    fc.assert(
      fc.property(askedOf(atom), conditionsOf(atom), (asked, text) => {
        const walk = new Walk();
        const facts = walk.all(asked);
        fc.pre(facts !== undefined);
        const formula = walk.formulas.of(conditionOf(text));
        expect(walk.solver.truthOf(facts, formula)).toBe(truthOf(text, facts.values));
      }),
      { numRuns: 200 },
    ));

  it('is broken exactly where the context is', () =>
    fc.assert(
      fc.property(askedOf(atom), (asked) => {
        const walk = new Walk();
        const facts = walk.all(asked);
        fc.pre(facts !== undefined);
        expect(walk.solver.broken(facts) === undefined).toBe(meets(asked, facts.values));
      }),
      { numRuns: 200 },
    ));

  it('leaves facts as they were, and asks nothing twice', () =>
    fc.assert(
      fc.property(askedOf(atom), askedOf(atom), (asked, more) => {
        const walk = new Walk();
        const facts = walk.all(asked);
        fc.pre(facts !== undefined);
        const before = structuredClone({
          values: facts.values,
          required: facts.required,
          choices: facts.choices.length,
        });
        walk.all(more, facts);
        expect({ values: facts.values, required: facts.required, choices: facts.choices.length }).toEqual(
          before,
        );
        const again = walk.all(asked, facts)!;
        expect(again.atoms).toHaveLength(facts.atoms.length);
        expect(again.choices).toHaveLength(facts.choices.length);
        for (const requirement of walk.requirements(asked)) expect(isRequired(again, requirement)).toBe(true);
      }),
      { numRuns: 100 },
    ));

  const solve = (...asked: [string, number][]) =>
    new Walk().solve(asked.map(([text, truths]) => ({ text, truths })));

  it.each<[string, [string, number][]]>([
    [
      'a field that is an object and a number',
      [
        ['o = 1', TRUE],
        ['has o.s', TRUE],
      ],
    ],
    [
      'a field that is an object by its fields and is missing',
      [
        ['has o', FALSE],
        ['has o.s.t', TRUE],
      ],
    ],
    [
      'fields in a value that has none',
      [
        ['o = 1', FALSE],
        ['has o', TRUE],
        ['o.s = 1', TRUE],
        ["o = 'a'", NOT_FALSE],
        ["o starts_with ''", NOT_TRUE],
        ['o > 0', FALSE],
      ],
    ],
    [
      'what is less and more',
      [
        ['x < @y', TRUE],
        ['y < @x', TRUE],
      ],
    ],
    [
      'what is less and equal',
      [
        ['x < @y', TRUE],
        ['x = @y', TRUE],
      ],
    ],
    [
      'what is equal with nothing in common',
      [
        ['x = @y', TRUE],
        ['x > 1', TRUE],
        ['y < 1', TRUE],
      ],
    ],
    [
      'what is known of a missing field',
      [
        ['x = @y', NOT_FALSE],
        ['x = @y', NOT_TRUE],
        ['x = @y', NOT_FALSE],
        ['x = @y', FALSE],
      ],
    ],
    [
      'what is compared and missing',
      [
        ['x = @y', TRUE],
        ['has y', FALSE],
      ],
    ],
    [
      'what is an element of no array',
      [
        ['x in @y', TRUE],
        ['y > 1', TRUE],
      ],
    ],
    [
      'what holds a missing value',
      [
        ['x contains @y', FALSE],
        ['has y', FALSE],
      ],
    ],
    [
      'a quantifier over no array',
      [
        ['some x = @y', FALSE],
        ['x = 1', TRUE],
      ],
    ],
    [
      'what is less and more in objects',
      [
        ['o.s < @p.t', TRUE],
        ['p.t < @o.s', TRUE],
      ],
    ],
    [
      'an `and` that is unknown although its terms are true',
      [
        ['x = 1 and y = 1', UNKNOWN],
        ['x = 1', TRUE],
        ['y = 1', TRUE],
      ],
    ],
    [
      'all of an and',
      [
        ['x = 1 and y = 1', TRUE],
        ['x = 1', FALSE],
      ],
    ],
    [
      'none of an or',
      [
        ['x = 1 or y = 1', FALSE],
        ['y = 1', NOT_FALSE],
      ],
    ],
  ])('knows that there is no context for %s', (_what, asked) => expect(solve(...asked)).toBe('none'));

  it.each<[string, [string, number][]]>([
    ['two fields', [['x = @y', TRUE]]],
    [
      'an order',
      [
        ['x < @y', TRUE],
        ['y < @z', TRUE],
      ],
    ],
    [
      'an order and a bound',
      [
        ['x < @y', TRUE],
        ['x >= 1', TRUE],
      ],
    ],
    [
      'texts',
      [
        ['x starts_with @y', TRUE],
        ["y starts_with 'q'", TRUE],
        ['x = @y', FALSE],
      ],
    ],
    [
      'a value and an array',
      [
        ['x in @y', TRUE],
        ['x = 7', TRUE],
      ],
    ],
    [
      'an array and a value',
      [
        ['x contains @y', TRUE],
        ["y = 'q'", TRUE],
      ],
    ],
    [
      'fields in objects',
      [
        ['o.s = @p.t', TRUE],
        ['has o.s', TRUE],
      ],
    ],
    [
      'a field in an object and one beside it',
      [
        ['o.s = @x', TRUE],
        ['o.t = 1', TRUE],
        ['x = 3', TRUE],
      ],
    ],
    [
      'a missing field',
      [
        ['x = @y', UNKNOWN],
        ['has x', TRUE],
        ['has y', FALSE],
      ],
    ],
    [
      'kinds that cannot be compared',
      [
        ['x = @y', UNKNOWN],
        ['has x', TRUE],
        ['has y', TRUE],
      ],
    ],
    [
      'booleans',
      [
        ['x = @y', TRUE],
        ['x < @y', UNKNOWN],
      ],
    ],
    [
      'what is equal and without order',
      [
        ['x = @y', FALSE],
        ['x < @y', UNKNOWN],
        ['x = true', TRUE],
      ],
    ],
    [
      'an element and no order',
      [
        ['x contains @y', TRUE],
        ['x < @y', UNKNOWN],
      ],
    ],
    [
      'names that are one without their dots, the smallest first',
      [
        ['o.s < @y', TRUE],
        ['y < @os', TRUE],
      ],
    ],
    [
      'names that are one without their dots, the greatest first',
      [
        ['y < @o.s', TRUE],
        ['os < @y', TRUE],
      ],
    ],
    [
      'an `and` that is not false',
      [
        ['x = 1 and y = 1', NOT_FALSE],
        ['x = 1', TRUE],
        ['y = 1', TRUE],
      ],
    ],
    [
      'a constant in an object',
      [
        ['o.s = @y', TRUE],
        ['o.s = 3', TRUE],
        ['os = 4', TRUE],
      ],
    ],
    [
      'different texts with one end',
      [
        ['x = @y', FALSE],
        ["x ends_with 'q'", TRUE],
        ["y ends_with 'q'", TRUE],
      ],
    ],
    [
      'three texts in order that begin alike',
      [
        ['x starts_with @w', TRUE],
        ['y starts_with @w', TRUE],
        ['z starts_with @w', TRUE],
        ['x < @y', TRUE],
        ['y < @z', TRUE],
      ],
    ],
    [
      'all elements',
      [
        ['every x < @y', TRUE],
        ['x contains 1', NOT_FALSE],
      ],
    ],
  ])('finds a context for %s that are compared', (_what, asked) => {
    const solution = solve(...asked);
    expect(typeof solution).toBe('object');
    expect(
      meets(
        asked.map(([text, truths]) => ({ text, truths })),
        (solution as { context: unknown }).context,
      ),
    ).toBe(true);
  });

  it('claims what it cannot show, and gives the claim up when the context shows it', () => {
    const walk = new Walk();
    const opaque = [
      { text: "x matches '(?i)[^a-z]q[[:upper:]]'", truths: TRUE },
      { text: "x contains 'zz'", truths: TRUE },
    ];
    const facts = walk.all(opaque)!;
    expect(facts.claims.size).toBe(2);
    const [first, second] = walk.requirements(opaque);
    expect(walk.solver.truthOf(facts, first!.formula)).toBe(TRUE);
    expect(walk.solver.truthOf(facts, second!.formula)).toBe(TRUE);
    expect([...walk.solver.contexts(facts)]).toEqual([facts.values]);
    const related = walk.all([{ text: 'x < @y', truths: TRUE }])!;
    expect(related.claims.size).toBe(1);
    const both = walk.all(
      [
        { text: 'x = 2', truths: TRUE },
        { text: 'y = 3', truths: TRUE },
      ],
      related,
    )!;
    expect([both.claims.size, both.values]).toEqual([0, { x: 2, y: 3 }]);
  });

  it('claims what it cannot show of a field in an object, and knows what its other fields exclude', () => {
    const opaque: [string, number][] = [
      ["o.s matches '(?i)[^a-z]q[[:upper:]]'", TRUE],
      ["o.s contains 'zz'", TRUE],
    ];
    expect(solve(...opaque)).toBe('unsure');
    expect(solve(...opaque, ['o.t = 1', TRUE])).toBe('unsure');
    expect(solve(...opaque, ['o.t = 1', TRUE], ['o.t = 2', TRUE])).toBe('none');
    expect(solve(...opaque, ['o = 1', TRUE])).toBe('none');
  });

  it('leaves out of an object what is missing', () => {
    expect(solve(['has o.s', FALSE], ['o.t = 1', TRUE])).toStrictEqual({ context: { o: { t: 1 } } });
    expect(solve(['has o.s.t', FALSE], ['o.s.u = 1', TRUE])).toStrictEqual({
      context: { o: { s: { u: 1 } } },
    });
    // A plain value has no fields.
    expect(solve(['has o.s', FALSE], ['has o', TRUE])).toStrictEqual({ context: { o: 0 } });
    expect(solve(['has o.s.t', FALSE], ['has o', TRUE])).toStrictEqual({ context: { o: 0 } });
  });

  it('tries no value where something else is in the way', () => {
    const walk = new Walk();
    const contexts = (...asked: [string, number][]) => {
      const facts = walk.all(asked.map(([text, truths]) => ({ text, truths })))!;
      return [...walk.solver.contexts(facts)];
    };
    const inNumber = contexts(['o.s = @y', UNKNOWN], ['o = 1', TRUE]);
    expect(inNumber).toEqual([{ o: 1 }]);
    const inArray = contexts(['o.s = @y', UNKNOWN], ['o contains 1', TRUE]);
    for (const context of inArray) expect(context.o).toEqual([1]);
    for (const context of contexts(['o.s.t = @y', UNKNOWN], ['o.s = 1', TRUE]))
      expect(context.o).toEqual({ s: 1 });
    const missing = contexts(['o.s = @y', UNKNOWN]);
    expect(missing).toContainEqual({ o: { s: 0 } });
    expect(missing).toContainEqual({ o: { s: 0 }, y: [] });
    const free = contexts(['o.s.t = @y', TRUE], ['o.q = 1', TRUE]);
    expect(free.length).toBeGreaterThan(2);
    for (const context of free) expect(meets([{ text: 'o.q = 1', truths: TRUE }], context)).toBe(true);
  });

  it('looks no further than it can: many fields that are compared, and long names', () => {
    const walk = new Walk();
    const chain = (count: number) =>
      Array.from({ length: count }, (_, i) => ({ text: `f${i} = @f${i + 1}`, truths: TRUE }));
    const contexts = (asked: Asked[]) => [...walk.solver.contexts(walk.all(asked)!)];
    expect(contexts(chain(16))).toHaveLength(1);
    expect(contexts(chain(2)).length).toBeGreaterThan(2);
    // Far fewer than all that there are.
    expect(contexts(chain(6)).length).toBeLessThan(4096);
    const name = (count: number) => Array.from({ length: count }, () => 'n').join('.');
    expect(contexts([{ text: `${name(257)} = @x`, truths: TRUE }])).toHaveLength(1);
    expect(contexts([{ text: `${name(3)} = @x`, truths: TRUE }]).length).toBeGreaterThan(1);
    expect(walk.solve([{ text: `${name(256)} = 1`, truths: TRUE }])).toMatchObject({ context: {} });
    expect(new Walk().solve([{ text: `${name(257)} = 1`, truths: TRUE }])).toBe('unsure');
    const beside = { text: 'n.m = 1', truths: TRUE };
    expect(new Walk().solve([{ text: `${name(257)} = 1`, truths: TRUE }, beside])).toBe('unsure');
    expect(new Walk().solve([{ text: `has ${name(257)}`, truths: FALSE }])).toEqual({ context: {} });
  });

  it('says of `and` and `or` what their terms say together', () => {
    const walk = new Walk();
    const facts = { ...NO_FACTS, values: { x: 1, y: 1 } };
    const truth = (text: string) => walk.solver.truthOf(facts, walk.formulas.of(conditionOf(text)));
    expect([truth('x = 1 and y = 1'), truth('x = 1 and y = 2')]).toEqual([TRUE, FALSE]);
    expect([truth('x = 2 or y = 2'), truth('x = 2 or y = 1')]).toEqual([FALSE, TRUE]);
    expect([truth('x = 1 and z = 1'), truth('x = 2 and z = 1')]).toEqual([UNKNOWN, FALSE]);
    expect([truth('x = 2 or z = 1'), truth('x = 1 or z = 1')]).toEqual([UNKNOWN, TRUE]);
  });

  it('has one context where no fields are compared, and others as far as they differ from each other', () => {
    const walk = new Walk();
    const contexts = (...texts: string[]) =>
      walk.solver.contexts(walk.all(texts.map((text) => ({ text, truths: TRUE })))!);
    expect([...contexts('x = 1')]).toEqual([{ x: 1 }]);
    expect([...contexts('x = 1', 'o.s = 2')]).toEqual([{ x: 1, o: { s: 2 } }]);
    const second = (...texts: string[]) => {
      const found = contexts(...texts);
      found.next();
      return found.next().value;
    };
    // Two names that are one when they are written without their dots.
    expect(second('o.s = @os', 'o.s > 3')).toMatchObject({ o: { s: 4 }, os: 4 });
    expect(second('o.s < @os', 'os < 0')).toEqual({ o: { s: -1 }, os: -5e-324 });
    const chain = (count: number) => Array.from({ length: count }, (_, i) => `f${i} = @f${i + 1}`);
    expect(second(...chain(15))).toBeDefined();
    expect(second(...chain(16))).toBeUndefined();
    const name = (count: number) => Array.from({ length: count }, () => 'n').join('.');
    expect(second(`${name(256)} = @x`)).toBeDefined();
    expect(second(`${name(257)} = @x`)).toBeUndefined();
    // Found in time only among the values that each field may have.
    const between = ['a', 'b', 'c', 'd'].flatMap((field) => [`${field} > 5`, `${field} < 9`]);
    expect(second('a < @b', 'b < @c', ...between)).toBeDefined();
  });

  it('tries 4,096 contexts beside its own', () => {
    const walk = new Walk();
    const unknown = ['f = @g', 'f = @h', 'f = @i'].map((text) => ({ text, truths: UNKNOWN }));
    const facts = walk.all([{ text: 'has f', truths: FALSE }, ...unknown])!;
    // Each value of the other fields will do.
    expect([...walk.solver.contexts(facts)]).toHaveLength(4097);
  });

  it('keeps a value that meets what more is required', () => {
    const walk = new Walk();
    const facts = { ...walk.all([{ text: 'x > 1', truths: TRUE }])!, values: { x: 7.5 } };
    expect(walk.all([{ text: 'x < 9', truths: TRUE }], facts)!.values).toEqual({ x: 7.5 });
  });

  it('claims one truth where several would do', () => {
    const facts = new Walk().all([
      { text: 'x > 1', truths: TRUE },
      { text: 'y > 1', truths: TRUE },
      { text: 'x < @y', truths: NOT_FALSE },
    ])!;
    expect([...facts.claims.values()]).toEqual([TRUE]);
  });

  it('solves what is required of a name once, in whatever order', () => {
    const formulas = new Formulas(plenty());
    const [one, other] = ["x starts_with 'abcdefgh'", "x ends_with 'ijklmnop'"].map((text) => ({
      formula: formulas.of(conditionOf(text)),
      truths: TRUE,
    })) as [Requirement, Requirement];
    const solver = new ContextSolver(new Budget(850));
    for (let round = 0; round < 10; round++) {
      expect(solver.require(solver.require(NO_FACTS, one)!, other)).toBeDefined();
      expect(solver.require(solver.require(NO_FACTS, other)!, one)).toBeDefined();
    }
  });

  it('puts values into objects only, and leaves none without a value', () => {
    const walk = new Walk();
    const of = (...asked: [string, number][]) => walk.all(asked.map(([text, truths]) => ({ text, truths })))!;
    const contexts = (facts: Facts) => [...walk.solver.contexts(facts)];
    expect(contexts(of(['has o', TRUE], ['o.s = @y', UNKNOWN]))).toEqual([{ o: 0 }]);
    const isNull = { ...of(['o.s = @y', UNKNOWN]), values: { o: null } };
    for (const context of contexts(isNull)) expect(context.o).toBe(null);
    const beside = contexts(of(['o.s = @y', UNKNOWN], ['o.t = 1', TRUE]));
    expect(beside).toContainEqual({ o: { t: 1 }, y: 0 });
    for (const context of beside) {
      expect(Object.values(context)).not.toContain(undefined);
      expect(Object.values(context.o as object)).not.toContain(undefined);
    }
  });

  it('looks for no values where only a choice is added', () => {
    const walk = new Walk();
    const related = walk.all([{ text: 'x = @y', truths: TRUE }])!;
    const [choice] = walk.requirements([{ text: 'a = 1 or b = 1 or c = 1', truths: TRUE }]);
    const known = related.required.size + related.atoms.length + related.choices.length;
    const next = new ContextSolver(new Budget(known + 1)).require(related, choice!)!;
    expect(next.choices).toHaveLength(1);
    expect([next.atoms, next.values]).toEqual([related.atoms, related.values]);
  });

  it('spends of its budget', () => {
    const formula = new Formulas(plenty()).of(conditionOf('x = 1 and y = 1 and z = 1'));
    expect(() => new ContextSolver(new Budget(3)).require(NO_FACTS, { formula, truths: TRUE })).toThrow(
      BudgetSpent,
    );
    expect(() => new ContextSolver(new Budget(4)).truthOf(NO_FACTS, formula)).not.toThrow();
    expect(() => new ContextSolver(new Budget(3)).truthOf(NO_FACTS, formula)).toThrow(BudgetSpent);
  });
});

describe('formulas', () => {
  const formulas = new Formulas(plenty());
  const of = (text: string) => formulas.of(conditionOf(text));

  it.each([
    ['x != 1', 'not x = 1'],
    ['x >= 1', 'not x < 1'],
    ['x <= 1', 'not x > 1'],
    ['x not_in [1]', 'not x in [1]'],
    ['x not_contains 1', 'not x contains 1'],
    ['every x != 1', 'not some x = 1'],
    ['some x >= 1', 'not every x < 1'],
    ['x > @y', 'y < @x'],
    ['x = @y', 'y = @x'],
    ['x >= @y', 'not x < @y'],
    ['not not x = 1', 'x = 1'],
    ['x = 1 and y = 1', 'y = 1 and x = 1'],
    ['x = 1 or y = 1', 'y = 1 or x = 1 or y = 1'],
    ['x = 1 and x = 1', 'x = 1'],
    ['has x', 'has x'],
  ])('%s and %s are one', (one, other) => expect(of(one)).toBe(of(other)));

  it.each([
    ['x = 1 and y = 1', 'x = 1 or y = 1'],
    ['every x > 1', 'some x > 1'],
    ['x < @y', 'y < @x'],
    ['x contains @y', 'y contains @x'],
    ['x in @y', 'y in @x'],
    ['every x > @y', 'every y < @x'],
    ["x = '1'", 'x = 1'],
    ['has x', 'has x.y'],
    ['not x = 1', 'x = 1'],
  ])('%s and %s are two', (one, other) => {
    expect(of(one)).not.toBe(of(other));
    expect(of(one).id).not.toBe(of(other).id);
  });

  it('mean what the conditions mean', () =>
    fc.assert(
      fc.property(
        conditionsOf(fc.oneof(atom, relation, fc.constantFrom('x = @x', 'every x = @x'))),
        fc.constantFrom(...CONTEXTS),
        (text, values) => {
          const facts = { ...NO_FACTS, values };
          expect(
            new ContextSolver(plenty()).truthOf(facts, new Formulas(plenty()).of(conditionOf(text))),
          ).toBe(truthOf(text, values));
        },
      ),
      { numRuns: 300 },
    ));

  it('negate sets of truths one by one', () => {
    const pairs: [number, number][] = [
      [TRUE, FALSE],
      [FALSE, TRUE],
      [UNKNOWN, UNKNOWN],
      [NOT_TRUE, NOT_FALSE],
      [NOT_FALSE, NOT_TRUE],
      [ANY, ANY],
    ];
    for (const [truths, opposite] of pairs) expect(negated(truths)).toBe(opposite);
  });
});
