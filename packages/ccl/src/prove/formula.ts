import type { ComparisonNode, Condition, FieldNode, LiteralNode, Operator, Scalar } from '../ast.js';
import { formatCondition } from '../format.js';
import type { Budget } from '../lib/budget.js';
import { compileCondition, type Test } from '../lib/condition.js';
import { regexSize } from '../lib/regex.js';
import { isFiniteNumber, isScalar, type Truth } from '../lib/values.js';

/** A set of truth values, never empty. True and false without unknown are never asked for together. */
export type Truths = number;
export const TRUE = 1;
export const FALSE = 2;
export const UNKNOWN = 4;
export const NOT_TRUE = FALSE | UNKNOWN;
export const NOT_FALSE = TRUE | UNKNOWN;
export const ANY = 7;

export function truthSet(truth: Truth): Truths {
  if (truth === undefined) return UNKNOWN;
  return truth ? TRUE : FALSE;
}

/** The truths whose negation is in the set. */
export function negated(truths: Truths): Truths {
  return (truths & UNKNOWN) | ((truths & TRUE) << 1) | ((truths & FALSE) >> 1);
}

/** A condition with shared parts: two formulas with one id are equal, whatever the order of their terms. */
export type Formula = Chain | Negation | Atom;

export interface Chain {
  readonly kind: 'and' | 'or';
  readonly id: number;
  readonly terms: readonly Formula[];
}

export interface Negation {
  readonly kind: 'not';
  readonly id: number;
  readonly operand: Formula;
}

export type Atom = FieldAtom | RelationAtom;

/** What can be said of one value alone. */
export interface ValueTest {
  /** Absent for what a text or its order cannot change. */
  readonly comparison?: Comparison | undefined;
  truth(value: unknown): Truth;
}

/** A comparison with constants. */
export interface Comparison {
  readonly operator: Operator;
  readonly constants: readonly Scalar[];
  readonly quantified: boolean;
  /** Set for `every`, `some` and `contains`: what is said of each element of an array. */
  readonly elements?: { readonly quantifier: 'every' | 'some'; readonly test: ValueTest } | undefined;
}

/** An atom about one field. */
export interface FieldAtom extends ValueTest {
  readonly kind: 'field';
  readonly id: number;
  readonly path: readonly string[];
}

/** An atom about two fields. */
export interface RelationAtom {
  readonly kind: 'relation';
  readonly id: number;
  readonly operator: Operator;
  readonly left: readonly string[];
  readonly right: readonly string[];
  readonly quantified: boolean;
  readonly truth: Test;
  /** What each side must be for the atom to be known. */
  readonly needs: readonly FieldAtom[];
}

/** Operators that are another one's negation in all three values. */
const NEGATION_OF: Partial<Record<Operator, Operator>> = {
  '!=': '=',
  '>=': '<',
  '<=': '>',
  not_in: 'in',
  not_contains: 'contains',
};

/** Makes formulas of conditions and finds the same one again. */
export class Formulas {
  readonly #budget: Budget;
  readonly #known = new Map<string, Formula>();
  #made = 0;
  readonly #ofCondition = new WeakMap<Condition, Formula>();

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  of(condition: Condition): Formula {
    let formula = this.#ofCondition.get(condition);
    if (formula === undefined) {
      formula = this.#make(condition);
      this.#ofCondition.set(condition, formula);
    }
    return formula;
  }

  /** True or false: whether the field is a number from 0 up, as a budget needs it, or above 0, as it costs something. */
  measurable(path: readonly string[], isAbove = false): FieldAtom {
    const truth = (value: unknown) => isFiniteNumber(value) && (isAbove ? value > 0 : value >= 0);
    return this.#about(isAbove ? 'costs' : 'measurable', path, truth);
  }

  #make(condition: Condition): Formula {
    switch (condition.kind) {
      case 'not':
        return this.#not(this.of(condition.operand));
      case 'and':
      case 'or': {
        const terms = new Map(condition.terms.map((term) => this.of(term)).map((term) => [term.id, term]));
        const ids = [...terms.keys()].sort((left, right) => left - right);
        if (ids.length === 1) return terms.get(ids[0]!)!;
        return this.#intern(`${condition.kind} ${ids.join()}`, (id) => ({
          kind: condition.kind,
          id,
          terms: ids.map((each) => terms.get(each)!),
        }));
      }
      case 'has':
        return this.#about('has', condition.field.path, (value) => value !== undefined && value !== null);
      case 'comparison':
        return this.#comparison(condition);
    }
  }

  #not(operand: Formula): Formula {
    if (operand.kind === 'not') return operand.operand;
    return this.#intern(`not ${operand.id}`, (id) => ({ kind: 'not', id, operand }));
  }

  #comparison(node: ComparisonNode): Formula {
    const positive = NEGATION_OF[node.operator];
    if (positive !== undefined) {
      const quantifier = node.quantifier && (node.quantifier === 'every' ? 'some' : 'every');
      return this.#not(this.#comparison({ ...node, operator: positive, quantifier }));
    }
    const { value, field } = node;
    if (value.kind !== 'reference') return this.#fieldAtom(node);
    const [left, right] = [field.path.join('.'), value.field.path.join('.')];
    if (left === right && node.quantifier === undefined) return this.#fieldAtom(node);
    return this.#relation(ordered(node, value.field));
  }

  #fieldAtom(node: ComparisonNode): Formula {
    return this.#intern(this.#textOf(node), (id) => ({
      kind: 'field',
      id,
      path: node.field.path,
      ...valueTest(node, this.#budget),
    }));
  }

  #relation(node: ComparisonNode): Formula {
    const right = (node.value as { readonly field: FieldNode }).field.path;
    return this.#intern(this.#textOf(node), (id) => ({
      kind: 'relation',
      id,
      operator: node.operator,
      left: node.field.path,
      right,
      quantified: node.quantifier !== undefined,
      truth: compileCondition(node),
      needs: this.#needs(node, right),
    }));
  }

  /** A quantifier that is known has an array; of its elements an empty one asks nothing. */
  #needs(node: ComparisonNode, right: readonly string[]): FieldAtom[] {
    const left = node.field.path;
    const isArray = (path: readonly string[]) => this.#about('is array', path, Array.isArray);
    if (node.quantifier !== undefined) return [isArray(left)];
    const scalar = (path: readonly string[]) => this.#about('is scalar', path, isScalar);
    if (node.operator === 'in') return [scalar(left), isArray(right)];
    if (node.operator === 'contains') {
      const holder = (value: unknown) => typeof value === 'string' || Array.isArray(value);
      return [this.#about('is holder', left, holder), scalar(right)];
    }
    return [scalar(left), scalar(right)];
  }

  #about(name: string, path: readonly string[], truth: (value: unknown) => Truth): FieldAtom {
    return this.#intern(`${name} ${path.join('.')}`, (id) => ({
      kind: 'field',
      id,
      path,
      truth,
    })) as FieldAtom;
  }

  #textOf(node: ComparisonNode): string {
    const text = formatCondition(node);
    this.#budget.spend(text.length);
    return `: ${text}`;
  }

  #intern(key: string, make: (id: number) => Formula): Formula {
    let formula = this.#known.get(key);
    if (formula === undefined) {
      // Counted, since making one formula may make others.
      formula = make(this.#made++);
      this.#known.set(key, formula);
    }
    return formula;
  }
}

/** `f > @g` is `g < @f`, and equality has no sides. */
function ordered(node: ComparisonNode, right: FieldNode): ComparisonNode {
  const swapped = (operator: Operator): ComparisonNode => ({
    ...node,
    operator,
    field: right,
    value: { ...node.value, kind: 'reference', field: node.field },
  });
  if (node.quantifier !== undefined) return node;
  if (node.operator === '>') return swapped('<');
  const isTurned = node.operator === '=' && node.field.path.join('.') > right.path.join('.');
  return isTurned ? swapped('=') : node;
}

const SUBJECT = ['v'];

/** What a comparison says of the value of its field, given to it directly. */
function valueTest(node: ComparisonNode, budget: Budget): ValueTest {
  const field: FieldNode = { ...node.field, path: SUBJECT };
  const value = node.value.kind === 'reference' ? { ...node.value, field } : node.value;
  const test = compileCondition({ ...node, field, value });
  const comparison = comparisonOf(node, budget);
  if (node.operator !== 'matches') return { truth: (subject) => test({ v: subject }), comparison };
  const perUnit = Math.ceil(regexSize(value as LiteralNode) / INSTRUCTIONS);
  const truth = (subject: unknown) => {
    budget.spend(lengthOf(subject) * perUnit);
    return test({ v: subject });
  };
  return { truth, comparison };
}

/** So many instructions of an expression count as one step. */
const INSTRUCTIONS = 16;

function lengthOf(subject: unknown): number {
  if (Array.isArray(subject)) return subject.reduce((sum: number, element) => sum + lengthOf(element), 0);
  return typeof subject === 'string' ? subject.length : 0;
}

/** Undefined for `f = @f` and the like, which only asks for a type. */
function comparisonOf(node: ComparisonNode, budget: Budget): Comparison | undefined {
  const { operator, value, quantifier } = node;
  if (value.kind === 'reference') return undefined;
  const constants = value.kind === 'array' ? value.items.map((item) => item.value) : [value.value];
  if (quantifier !== undefined) {
    const { quantifier: _, ...plain } = node;
    const test = valueTest({ ...plain, quantifier: undefined }, budget);
    return { operator, constants, quantified: true, elements: { quantifier, test } };
  }
  if (operator !== 'contains') return { operator, constants, quantified: false };
  // Of an array it says that some element is the constant.
  const equality = valueTest({ ...node, operator: '=' }, budget);
  return { operator, constants, quantified: false, elements: { quantifier: 'some', test: equality } };
}
