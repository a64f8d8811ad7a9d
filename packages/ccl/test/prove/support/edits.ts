/** The parts of edits: on lines, conditions, atoms, patterns and numbers. */
import type { Operator } from '../../../src/index.js';
import { type Conditional, chain, type Draft, type Formula, isConditional, type Line, not } from './draft.js';
import type { Random } from './random.js';
import type { World } from './worlds.js';

/** An edited document, or undefined where the edit does not fit. */
export type Mutation = (draft: Draft, random: Random, world: World) => Draft | undefined;

/** One line that the filter takes, replaced by the lines that `make` gives. */
export function editing(
  takes: (line: Line) => boolean,
  make: (line: Line, random: Random, world: World) => readonly Line[] | undefined,
): Mutation {
  return (draft, random, world) => {
    const places = draft.flatMap((line, at) => (takes(line) ? [at] : []));
    if (places.length === 0) return undefined;
    const at = random.pick(places);
    const lines = make(draft[at]!, random, world);
    return lines && [...draft.slice(0, at), ...lines, ...draft.slice(at + 1)];
  };
}

export const kindIs =
  (...kinds: Line['kind'][]) =>
  (line: Line) =>
    kinds.includes(line.kind);
export const hasCondition = (line: Line): line is Conditional =>
  isConditional(line) && line.when !== undefined;
export const rewriting = (
  make: (when: Formula, random: Random, world: World) => Formula | undefined,
): Mutation =>
  editing(hasCondition, (line, random, world) => {
    const when = make((line as Conditional).when!, random, world);
    return when && [{ ...(line as Conditional), when }];
  });

/** Negated with the negation pushed to the atoms: the same in three values. */
export function negated(formula: Formula): Formula {
  switch (formula.kind) {
    case 'not':
      return formula.of;
    case 'and':
      return chain('or', formula.terms.map(negated));
    case 'or':
      return chain('and', formula.terms.map(negated));
    default:
      return not(formula);
  }
}

export const OPPOSITE: Partial<Record<Operator, Operator>> = {
  '=': '!=',
  '!=': '=',
  '<': '>=',
  '>=': '<',
  '>': '<=',
  '<=': '>',
  in: 'not_in',
  not_in: 'in',
  contains: 'not_contains',
  not_contains: 'contains',
};

/** The operator beside it. */
export const SWAPPED: Partial<Record<Operator, Operator>> = {
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  starts_with: 'ends_with',
};

/** `formula` with one of its atoms replaced. */
export function atAtom(
  formula: Formula,
  random: Random,
  make: (atom: Formula) => Formula | undefined,
): Formula | undefined {
  if (formula.kind === 'not') {
    const of = atAtom(formula.of, random, make);
    return of && not(of);
  }
  if (formula.kind !== 'and' && formula.kind !== 'or') return make(formula);
  const at = random.below(formula.terms.length);
  const term = atAtom(formula.terms[at]!, random, make);
  return term && chain(formula.kind, formula.terms.with(at, term));
}

/** A pattern that matches less: one segment with a star made plain. */
export function narrower(pattern: string, separator: string, random: Random): string | undefined {
  const segments = pattern === '' ? [] : pattern.split(separator);
  const starred = segments.flatMap((segment, at) => (segment.includes('*') ? [at] : []));
  if (starred.length === 0) return undefined;
  const at = random.pick(starred);
  const segment = segments[at]!;
  const plain =
    segment === '**'
      ? random.pick(['*', 'a', '*/b'.replace('/', separator)])
      : segment.replace('*', random.pick(['a', 'b', 'a*']));
  return segments.with(at, plain).join(separator);
}

/** The next double above or below; whole numbers past 2^53 - 1 cannot be written. */
export function nextNumber(value: number, up: boolean): number {
  if (value === 0) return up ? Number.MIN_VALUE : -Number.MIN_VALUE;
  const bits = new BigInt64Array(new Float64Array([value]).buffer);
  bits[0] = bits[0]! + (up === value > 0 ? 1n : -1n);
  return new Float64Array(bits.buffer)[0]! + 0;
}
