/** Conditions by their text, and formulas of them. */
import { type Condition, parse } from '../../../src/index.js';
import { Budget } from '../../../src/lib/budget.js';
import { type FieldAtom, type Formula, Formulas } from '../../../src/prove/formula.js';

export const plenty = () => new Budget(50_000_000);

export function conditionOf(text: string): Condition {
  const [statement] = parse(`permit a on / when ${text}`).statements;
  return (statement as { readonly condition: Condition }).condition;
}

export function formulaOf(text: string, formulas = new Formulas(plenty())): Formula {
  return formulas.of(conditionOf(text));
}

/** A comparison or `has` that is no negation of another. */
export function atomOf(text: string): FieldAtom {
  return formulaOf(text) as FieldAtom;
}
