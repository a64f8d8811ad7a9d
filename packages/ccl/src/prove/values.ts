import type { Scalar } from '../ast.js';
import type { Budget } from '../lib/budget.js';
import {
  FALSE,
  NOT_FALSE,
  NOT_TRUE,
  TRUE,
  type Truths,
  truthSet,
  UNKNOWN,
  type ValueTest,
} from './formula.js';
import { BeforeMachine, type Machine, PiecesMachine, TextsMachine } from './machine.js';
import { samplesOf, shapeOf } from './regex-shape.js';
import { alphabetOf, type Demand, textsMeeting } from './texts.js';

/** A test of a value must come out as one of these truths. */
export interface Constraint {
  readonly test: ValueTest;
  readonly truths: Truths;
}

/** A value that meets all constraints; or there is none; or none was found although there may be one. */
export type Solution = { readonly value: unknown } | 'none' | 'unsure';

/** How many texts are tried where an expression has to be run to know. */
const TRIES = 64;

/**
 * Finds a JSON value, or `absent`, that meets all constraints. Only `matches` can make it unsure: numbers are tried
 * at every constant and its neighbours, texts are searched for by automata, and each element that an array must have
 * is a value of its own.
 */
export function solveValue(constraints: readonly Constraint[], absent: unknown, budget: Budget): Solution {
  // Their constants are gathered below.
  for (const { test } of constraints) budget.spend(test.comparison?.constants.length ?? 0);
  const holds = (value: unknown): boolean => {
    budget.spend(constraints.length);
    return constraints.every(({ test, truths }) => (truthSet(test.truth(value)) & truths) !== 0);
  };
  for (const value of [absent, ...numbersFor(constraints), true, false]) if (holds(value)) return { value };
  const text = solveText(constraints, holds, budget);
  if (typeof text === 'object') return text;
  const list = solveArray(constraints, budget);
  if (typeof list === 'object') return list;
  return text === 'unsure' || list === 'unsure' ? 'unsure' : 'none';
}

/** True when the constraints hold for a value that they all see as this one. */
export function allHold(constraints: readonly Constraint[], value: unknown): boolean {
  return constraints.every(({ test, truths }) => (truthSet(test.truth(value)) & truths) !== 0);
}

export function constantsOf(constraints: readonly Constraint[]): Set<Scalar> {
  return new Set(constraints.flatMap(({ test }) => test.comparison?.constants ?? []));
}

/**
 * Numbers such that no comparison with these constants, or with the 0 of budgets, tells any number from all of them;
 * plain ones first.
 */
export function numbersFor(constraints: readonly Constraint[]): number[] {
  const numbers = [...constantsOf(constraints)].filter((constant) => typeof constant === 'number');
  const constants = [...numbers, 0];
  const plain = constants.flatMap((constant) => [constant, constant + 1, constant - 1]);
  return [...new Set([...plain, ...constants.flatMap(neighbours)])];
}

/** The doubles next to a number. */
function neighbours(value: number): number[] {
  if (value === 0) return [Number.MIN_VALUE, -Number.MIN_VALUE];
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigInt64(0);
  return [bits + 1n, bits - 1n].map((next) => {
    view.setBigInt64(0, next);
    return view.getFloat64(0);
  });
}

function solveText(
  constraints: readonly Constraint[],
  holds: (value: unknown) => boolean,
  budget: Budget,
): Solution {
  const known = listed(constraints);
  if (known !== undefined) {
    const value = known.find(holds);
    return value === undefined ? 'none' : { value };
  }
  const search = searchFor(constraints, budget);
  if (search === undefined) return 'none';
  const { demands, samples, mustRun } = search;
  for (const value of samples) if (holds(value)) return { value };
  let tries = 0;
  for (const value of textsMeeting(demands, alphabetOf(demands), budget)) {
    if (!mustRun || holds(value)) return { value };
    if (++tries === TRIES) break;
  }
  return tries === 0 ? 'none' : 'unsure';
}

/** The texts that one of the constraints lists, if one does. */
function listed(constraints: readonly Constraint[]): string[] | undefined {
  for (const { test, truths } of constraints) {
    const comparison = test.comparison;
    if (comparison === undefined || comparison.quantified || (truths & FALSE) !== 0) continue;
    const texts = comparison.constants.filter((constant) => typeof constant === 'string');
    if (comparison.operator === 'in' || (comparison.operator === '=' && texts.length > 0)) return texts;
  }
  return undefined;
}

interface TextSearch {
  readonly demands: Demand[];
  /** Texts that are worth a try. */
  readonly samples: string[];
  /** True when the demands say too little, so that a text must be tried. */
  mustRun: boolean;
}

/** Undefined when a constraint excludes every text. */
function searchFor(constraints: readonly Constraint[], budget: Budget): TextSearch | undefined {
  const search: TextSearch = { demands: [], samples: [], mustRun: false };
  for (const { test, truths } of constraints) {
    const meaning = textMeaning(test, budget);
    if (meaning === undefined) {
      // It says the same of every text.
      if ((truthSet(test.truth('')) & truths) === 0) return undefined;
      continue;
    }
    if (truths === UNKNOWN) return undefined;
    const isTrue = (truths & TRUE) !== 0;
    const { demand, isWhole } = meaning;
    if (demand !== undefined && (isWhole || isTrue)) {
      search.demands.push({ machine: demand.machine, want: demand.want === isTrue });
    }
    if (isWhole) continue;
    search.mustRun = true;
    if (!isTrue) continue;
    const samples = samplesOf(String(test.comparison!.constants[0]));
    budget.spend(samples.join('').length);
    search.samples.push(...samples);
  }
  return search;
}

/** What a test asks of a text. */
interface TextMeaning {
  /** It is true of no text that does not meet this. */
  readonly demand: Demand | undefined;
  /** Whether it is true of all texts that do. */
  readonly isWhole: boolean;
}

/** Undefined when the test says the same of every text. */
function textMeaning({ comparison }: ValueTest, budget: Budget): TextMeaning | undefined {
  if (comparison === undefined || comparison.quantified) return undefined;
  const { operator, constants } = comparison;
  const texts = constants.filter((constant) => typeof constant === 'string');
  const [text] = texts;
  if (text === undefined) return undefined;
  budget.spend(texts.join('').length);
  const means = (machine: Machine, want = true) => ({ demand: { machine, want }, isWhole: true });
  switch (operator) {
    case 'starts_with':
      return means(new PiecesMachine([text, '']));
    case 'ends_with':
      return means(new PiecesMachine(['', text]));
    case 'contains':
      return means(new PiecesMachine(['', text, '']));
    case '<':
      return means(new BeforeMachine(text, false));
    case '>':
      return means(new BeforeMachine(text, true), false);
    case 'matches':
      return regexMeaning(text);
    default:
      return means(new TextsMachine(texts));
  }
}

function regexMeaning(pattern: string): TextMeaning {
  const { pieces, prefix } = shapeOf(pattern);
  const known = pieces ?? (prefix === undefined ? undefined : [prefix, '']);
  const demand = known && { machine: new PiecesMachine(known), want: true };
  return { demand, isWhole: pieces !== undefined };
}

/** What an array's elements must be: all of them this, and for each of these one. */
interface Elements {
  readonly all: Constraint[];
  readonly some: Constraint[];
}

function solveArray(constraints: readonly Constraint[], budget: Budget): Solution {
  const elements: Elements = { all: [], some: [] };
  for (const { test, truths } of constraints) {
    const { comparison } = test;
    if (comparison?.elements !== undefined) addElements(elements, comparison.elements, truths);
    else if ((truthSet(test.truth([])) & truths) === 0) return 'none';
  }
  const value: unknown[] = [];
  let isUnsure = false;
  for (const constraint of elements.some) {
    const element = solveValue([...elements.all, constraint], null, budget);
    if (element === 'none') return 'none';
    if (element === 'unsure') isUnsure = true;
    else value.push(element.value);
  }
  return isUnsure ? 'unsure' : { value };
}

/** `every` is a conjunction over the elements and `some` a disjunction, in Kleene's three values. */
function addElements(
  elements: Elements,
  { quantifier, test }: NonNullable<NonNullable<ValueTest['comparison']>['elements']>,
  truths: Truths,
): void {
  const { all, some } = elements;
  const isEvery = quantifier === 'every';
  // What one element decides, and what all must be for it not to be decided so.
  const [decisive, other] = isEvery ? [FALSE, TRUE] : [TRUE, FALSE];
  const [undecided, open] = isEvery ? [NOT_FALSE, NOT_TRUE] : [NOT_TRUE, NOT_FALSE];
  const isKnown = (truths & UNKNOWN) === 0;
  if ((truths & decisive) === 0) all.push({ test, truths: isKnown ? other : undecided });
  if ((truths & other) === 0) some.push({ test, truths: isKnown ? decisive : open });
}
