/**
 * Finite sets of requests that stand for all: each request that can be made is decided, by every document of the
 * world, like one of these. And sets of all short requests, against which a proof must hold at least.
 */
import { parse, type Request, type RuleStatement } from '../../../src/index.js';
import { judge } from '../../support/reference.js';
import { put } from './contexts.js';
import { type Atom, type Draft, type Formula, printFormula } from './draft.js';
import { CONDITIONS, GLOBS, NESTED, PATHS, PATTERNS, TEXTS, type World } from './worlds.js';

/**
 * The patterns of actions look at the first segment and at lengths up to two. Those of resources look at segments by
 * whether they are `a` or `b`, begin with `a` and end with `b`: at both of two, and of three at the first for its
 * beginning and at the last for its end.
 */
function requestsOfPatterns(): Request[] {
  const actions = ['a', 'b', 'z', 'a.z', 'z.z', 'a.z.z', 'z.z.z'];
  const segments = ['a', 'b', 'ab', 'az', 'zb', 'z'];
  const resources = [
    '',
    ...segments,
    ...segments.flatMap((first) => segments.map((last) => `${first}/${last}`)),
    ...['a', 'ab', 'z'].flatMap((first) => ['b', 'ab', 'z'].map((last) => `${first}/z/${last}`)),
  ];
  const contexts = [{}, { x: 0 }, { x: 1 }, { x: 2 }, { x: -1 }, { x: true }, { x: false }, { x: 'a' }];
  const arrays = subsets([1, 2, true, false, null, 'a']).map((x) => ({ x }));
  const few = distinct([...contexts, ...arrays], atomsOf(PATTERNS));
  return actions.flatMap((action) =>
    resources.flatMap((resource) => few.map((context) => ({ action, resource, context }))),
  );
}

/** A number stands below, at, between or above the constants; see `texts` for strings; arrays matter by their elements. */
function values({ numbers, strings }: World): unknown[] {
  const elements = [...numbers, 7, ...strings, 'z', true, false, null];
  return [undefined, true, false, {}, -1, 0, 0.5, 1, 2, ...texts(), ...subsets(elements)];
}

/**
 * Next to the constants '', 'a' and 'b' a string's class follows from its length up to two, from its first and its
 * last character, and from whether it contains `a` and `b`: four characters can be all that, of one below `a`, of
 * `a`, of `b` and of one above.
 */
const texts = () => words([' ', 'a', 'b', 'c'], 4);

/** All words of these letters, up to a length. */
function words(letters: readonly string[], most: number): string[] {
  if (most === 0) return [''];
  return ['', ...words(letters, most - 1).flatMap((end) => letters.map((letter) => letter + end))];
}

function subsets(elements: readonly unknown[]): unknown[][] {
  const [first, ...rest] = elements;
  if (elements.length === 0) return [[]];
  return subsets(rest).flatMap((set) => [set, [first, ...set]]);
}

/** Every comparison that the world can make. */
function atomsOf({ fields, numbers, strings }: World): Atom[] {
  const scalars = [...numbers, ...strings, true, false];
  const ordered = [0, ...numbers, ...strings]; // limits ask whether a number is below 0
  return [...new Set(fields.map(({ name }) => name))].flatMap((field) => {
    const atom = (operator: Atom['operator'], value: Atom['value']): Atom => ({
      kind: 'atom',
      field,
      operator,
      value,
    });
    return [
      ...scalars.flatMap((value) => [atom('=', value), atom('in', [value]), atom('contains', value)]),
      ...ordered.flatMap((value) => [atom('<', value), atom('<=', value)]),
      ...strings.flatMap((value) => [atom('starts_with', value), atom('ends_with', value)]),
    ];
  });
}

type Context = Record<string, unknown>;

/** One context of each class: those of a class answer all comparisons, and `has`, alike. */
function distinct(contexts: readonly Context[], atoms: readonly Atom[]): Context[] {
  const fields = new Set(atoms.map(({ field }) => field));
  const texts = [...atoms.map(printFormula), ...[...fields].map((field) => `has ${field}`)];
  const conditions = texts.map(
    (text) =>
      (parse(`permit a on a when ${text}`.replace('on a', 'on /a')).statements[0] as RuleStatement)
        .condition!,
  );
  const classes = new Map<string, Context>();
  for (const context of contexts) {
    const signature = conditions.map((condition) => judge(condition, context)[0]).join('');
    if (!classes.has(signature)) classes.set(signature, context);
  }
  return [...classes.values()];
}

function requestsOfConditions(): Request[] {
  const ask = (context: Context) => ({ action: 'a', resource: '/a', context });
  const of = (field: string) => {
    const fields = CONDITIONS.fields.filter(({ name }) => name === field);
    const own = values(CONDITIONS).map((value) => ({ [field]: value }));
    return distinct(own, atomsOf({ ...CONDITIONS, fields }));
  };
  return of('x').flatMap((x) => of('y').map((y) => ask({ ...x, ...y })));
}

function requestsOfNested(): Request[] {
  const own = values(NESTED).map((o) => ({ o }));
  const inner = values(NESTED).map((value) => {
    const context = {};
    put(context, 'o.s', value);
    return context;
  });
  return distinct([...own, ...inner], atomsOf(NESTED)).map((context) => ({
    action: 'a',
    resource: '/a',
    context,
  }));
}

function requestsOfTexts(): Request[] {
  const own = [...words([' ', 'a', 'b', 'c'], 6), 1, ['a'], ['a', 'b'], true].map((value) => ({ s: value }));
  return distinct(own, atomsOf(TEXTS)).map((context) => ({ action: 'a', resource: '/a', context }));
}

const withResource = (resource: string): Request => ({ action: 'a', resource, context: { x: 1, y: 0 } });
const requestsOfGlobs = () => words(['a', 'b', 'c'], 7).map(withResource);
const requestsOfPaths = () => words(['/a', '/z'], 8).map(withResource);

interface Asked {
  readonly world: World;
  readonly requests: () => Request[];
}

export const FINITE: readonly Asked[] = [
  { world: PATTERNS, requests: requestsOfPatterns },
  { world: CONDITIONS, requests: requestsOfConditions },
  { world: NESTED, requests: requestsOfNested },
];

export const SHORT: readonly Asked[] = [
  { world: TEXTS, requests: requestsOfTexts },
  { world: GLOBS, requests: requestsOfGlobs },
  { world: PATHS, requests: requestsOfPaths },
];

/** Edits can lead out of the world, where the requests do not stand for all. */
export function isWithin(draft: Draft, world: World): boolean {
  return draft.every((line) => {
    const when = line.kind === 'limit' ? undefined : line.when;
    return (
      world.actions.includes(line.action) &&
      world.resources.includes(line.resource) &&
      constantsOf(when).every(isKnown)
    );
  });
  function isKnown(constant: unknown) {
    return (
      typeof constant === 'boolean' ||
      world.numbers.includes(constant as number) ||
      world.strings.includes(constant as string)
    );
  }
}

function constantsOf(formula: Formula | undefined): unknown[] {
  if (formula === undefined || formula.kind === 'has') return [];
  if (formula.kind === 'atom') return [formula.value].flat();
  return formula.kind === 'not' ? constantsOf(formula.of) : formula.terms.flatMap(constantsOf);
}
