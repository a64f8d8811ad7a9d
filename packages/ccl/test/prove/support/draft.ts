/** Documents as plain data that generators build, mutate and shrink; `print` makes CCL of them. */
import type { Operator, Scalar, Unit } from '../../../src/index.js';

export type Value = Scalar | readonly Scalar[] | { readonly field: string };

export interface Atom {
  readonly kind: 'atom';
  readonly quantifier?: 'every' | 'some';
  readonly field: string;
  readonly operator: Operator;
  readonly value: Value;
}
export type Formula =
  | Atom
  | { readonly kind: 'has'; readonly field: string }
  | { readonly kind: 'not'; readonly of: Formula }
  | Chain;
export interface Chain {
  readonly kind: 'and' | 'or';
  readonly terms: readonly Formula[];
}

interface Aim {
  readonly action: string;
  readonly resource: string;
}
export interface RuleLine extends Aim {
  readonly kind: 'permit' | 'deny';
  readonly when?: Formula | undefined;
}
export interface RequireLine extends Aim {
  readonly kind: 'require';
  readonly name: string;
  readonly when?: Formula | undefined;
}
export interface LimitLine extends Aim {
  readonly kind: 'limit';
  readonly amount: number;
  readonly field?: string | undefined;
  readonly count: number;
  readonly unit: Unit;
}
export type Line = RuleLine | RequireLine | LimitLine;
export type Conditional = RuleLine | RequireLine;
export type Draft = readonly Line[];

export const isConditional = (line: Line): line is Conditional => line.kind !== 'limit';

/** `terms` in one chain, flat; a chain of one is its term. */
export function chain(kind: 'and' | 'or', terms: readonly Formula[]): Formula {
  const flat = terms.flatMap((term) => (term.kind === kind ? term.terms : [term]));
  return flat.length === 1 ? flat[0]! : { kind, terms: flat };
}

export const not = (of: Formula): Formula => ({ kind: 'not', of });

export function print(draft: Draft): string {
  return draft.map(printLine).join('\n');
}

function printLine(line: Line): string {
  const on = `on ${printString(line.resource)}`;
  if (line.kind === 'limit') {
    const of = line.field === undefined ? '' : ` of ${line.field}`;
    return `limit ${line.action} ${on} ${line.amount}${of} per ${line.count} ${line.unit}`;
  }
  const when = line.when === undefined ? '' : ` when ${printFormula(line.when)}`;
  if (line.kind === 'require') return `require ${line.name} for ${line.action} ${on}${when}`;
  return `${line.kind} ${line.action} ${on}${when}`;
}

export function printFormula(formula: Formula): string {
  switch (formula.kind) {
    case 'has':
      return `has ${formula.field}`;
    case 'atom': {
      const quantifier = formula.quantifier === undefined ? '' : `${formula.quantifier} `;
      return `${quantifier}${formula.field} ${formula.operator} ${printValue(formula.value)}`;
    }
    case 'not':
      return `not ${within(formula.of)}`;
    default:
      return formula.terms.map(within).join(` ${formula.kind} `);
  }
}

const within = (formula: Formula) =>
  formula.kind === 'and' || formula.kind === 'or' ? `(${printFormula(formula)})` : printFormula(formula);

function printValue(value: Value): string {
  if (typeof value === 'string') return printString(value);
  if (typeof value !== 'object') return String(value);
  return 'field' in value ? `@${value.field}` : `[${value.map(printValue).join(', ')}]`;
}

/** Quoted so that it parses whatever it holds. */
const printString = (text: string) => (/^[^'\p{C}]*$/u.test(text) ? `'${text}'` : JSON.stringify(text));
