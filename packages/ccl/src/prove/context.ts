import type { Budget } from '../lib/budget.js';
import { lookup } from '../lib/values.js';
import {
  ANY,
  type Atom,
  type Chain,
  FALSE,
  type FieldAtom,
  type Formula,
  NOT_FALSE,
  NOT_TRUE,
  negated,
  type RelationAtom,
  TRUE,
  type Truths,
  truthSet,
  UNKNOWN,
} from './formula.js';
import { allHold, type Constraint, constantsOf, numbersFor, type Solution, solveValue } from './values.js';

/** A formula must come out as one of these truths. */
export interface Requirement {
  readonly formula: Formula;
  readonly truths: Truths;
}

/** One of these formulas must come out so. */
export interface Choice {
  readonly terms: readonly Formula[];
  readonly truths: Truths;
}

/**
 * What is required of a request's context, and a context that meets what was broken down to single atoms. Where no
 * such values are known the atoms are only claimed to come out as they must. Never changed once made.
 */
export interface Facts {
  readonly required: ReadonlyMap<number, Truths>;
  readonly atoms: readonly Atom[];
  readonly choices: readonly Choice[];
  readonly values: Readonly<Record<string, unknown>>;
  readonly claims: ReadonlyMap<number, Truths>;
}

export const NO_FACTS: Facts = {
  required: new Map(),
  atoms: [],
  choices: [],
  values: {},
  claims: new Map(),
};

/** The most contexts that are tried to make claims about two fields true, and the most fields in them. */
const TRIES = 4096;
const MOST_FIELDS = 16;
/** The most names of a field for which a value is looked for. */
const MOST_NAMES = 256;

/** Breaks formulas down to atoms and finds values for their fields, each name of the context for itself. */
export class ContextSolver {
  readonly #budget: Budget;
  readonly #known = new Map<string, Solution>();

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** The facts with one more, or undefined if they contradict each other. */
  require(facts: Facts, { formula, truths }: Requirement): Facts | undefined {
    this.#budget.spend(facts.required.size + facts.atoms.length + facts.choices.length);
    const required = new Map(facts.required);
    const choices = [...facts.choices];
    const fresh: Atom[] = [];
    const work: Requirement[] = [{ formula, truths }];
    for (let next = work.pop(); next !== undefined; next = work.pop()) {
      this.#budget.spend(1);
      const before = required.get(next.formula.id) ?? ANY;
      const now = before & next.truths;
      if (now === 0) return undefined;
      if (now === before) continue;
      required.set(next.formula.id, now);
      const { formula: part } = next;
      if (part.kind === 'field' || part.kind === 'relation') {
        fresh.push(part);
        const needs = part.kind === 'relation' && (now & UNKNOWN) === 0 ? part.needs : [];
        for (const need of needs) work.push({ formula: need, truths: TRUE });
      } else if (part.kind === 'not') work.push({ formula: part.operand, truths: negated(now) });
      else {
        const { all, any } = parts(part, now);
        if (all !== ANY) for (const term of part.terms) work.push({ formula: term, truths: all });
        if (any !== ANY) choices.push({ terms: part.terms, truths: any });
      }
    }
    if (fresh.length === 0) return { ...facts, required, choices };
    const atoms = [...new Set([...facts.atoms, ...fresh])];
    return this.#settle({ ...facts, required, choices, atoms }, fresh);
  }

  /** The truth of a formula in the context that the facts have so far. */
  truthOf(facts: Facts, formula: Formula): Truths {
    this.#budget.spend(1);
    switch (formula.kind) {
      case 'not':
        return negated(this.truthOf(facts, formula.operand));
      case 'and':
      case 'or':
        return this.#truthOfChain(facts, formula);
      default:
        return facts.claims.get(formula.id) ?? truthSet(truthIn(facts.values, formula));
    }
  }

  #truthOfChain(facts: Facts, { kind, terms }: Chain): Truths {
    const decisive = kind === 'and' ? FALSE : TRUE;
    let truth = kind === 'and' ? TRUE : FALSE;
    for (const term of terms) {
      const own = this.truthOf(facts, term);
      if (own === decisive) return decisive;
      if (own === UNKNOWN) truth = UNKNOWN;
    }
    return truth;
  }

  /** A choice that was not made yet and that the context does not meet by chance. */
  broken(facts: Facts): Choice | undefined {
    return this.#without(facts, (formula, truths) => (this.truthOf(facts, formula) & truths) !== 0);
  }

  /** A choice that was not made yet. */
  open(facts: Facts): Choice | undefined {
    return this.#without(facts, () => false);
  }

  /** A choice of which no term is required, nor met otherwise. */
  #without(facts: Facts, isMet: (formula: Formula, truths: Truths) => boolean): Choice | undefined {
    this.#budget.spend(facts.choices.length);
    return facts.choices.find(
      ({ terms, truths }) =>
        !terms.some((formula) => {
          this.#budget.spend(1);
          return isRequired(facts, { formula, truths }) || isMet(formula, truths);
        }),
    );
  }

  /** Contexts that may make what is claimed true; the first is the one that the facts have. */
  *contexts(facts: Facts): Generator<Record<string, unknown>> {
    yield facts.values;
    const related = facts.atoms.filter((atom) => atom.kind === 'relation');
    if (related.length === 0) return;
    const paths = new Map(
      related.flatMap(({ left, right }) => [left, right]).map((path) => [path.join('.'), path]),
    );
    if (paths.size > MOST_FIELDS || [...paths.values()].some((path) => path.length > MOST_NAMES)) return;
    const constraints = related.flatMap(({ left, right }) => [
      ...constraintsAt(facts, left),
      ...constraintsAt(facts, right),
    ]);
    const pool = poolOf(constraints);
    const options = [...paths.values()].map((path) => {
      const own = constraintsAt(facts, path);
      this.#budget.spend(pool.length * (own.length + 1));
      return { path, values: pool.filter((value) => allHold(own, value)) };
    });
    let tries = 0;
    for (const context of combinations(options, facts.values)) {
      this.#budget.spend(facts.atoms.length);
      if (++tries > TRIES) return;
      const isMet = facts.atoms.every(
        (atom) => (truthSet(truthIn(context, atom)) & facts.required.get(atom.id)!) !== 0,
      );
      if (isMet) yield context;
    }
  }

  /** New values for the names of which more is required. */
  #settle(facts: Facts, fresh: readonly Atom[]): Facts | undefined {
    const values = { ...facts.values };
    const claims = new Map(facts.claims);
    for (const [name, about] of byName(facts.atoms, fresh)) {
      const solution = this.#solve(about, facts.required, values);
      if (solution === 'none') return undefined;
      if (solution === 'unsure') for (const { id } of about) claims.set(id, one(facts.required.get(id)!));
      else {
        for (const { id } of about) claims.delete(id);
        if (solution.value === undefined) delete values[name];
        else values[name] = solution.value;
      }
    }
    const relations = facts.atoms.filter((atom) => atom.kind === 'relation');
    if (!this.#areConsistent(relations, facts)) return undefined;
    for (const atom of relations) {
      const truths = facts.required.get(atom.id)!;
      const isMet = (truthSet(truthIn(values, atom)) & truths) !== 0;
      if (isMet) claims.delete(atom.id);
      else claims.set(atom.id, one(truths));
    }
    return { ...facts, values, claims };
  }

  #solve(
    atoms: readonly FieldAtom[],
    required: ReadonlyMap<number, Truths>,
    values: Readonly<Record<string, unknown>>,
  ): Solution {
    const name = atoms[0]!.path[0]!;
    this.#budget.spend(atoms.length);
    const isMet = (atom: FieldAtom) => (truthSet(truthIn(values, atom)) & required.get(atom.id)!) !== 0;
    if (atoms.every(isMet)) return { value: Object.hasOwn(values, name) ? values[name] : undefined };
    if (atoms.some(({ path }) => path.length > MOST_NAMES)) return 'unsure';
    const key = atoms
      .map(({ id }) => `${id}:${required.get(id)}`)
      .sort()
      .join();
    let solution = this.#known.get(key);
    if (solution === undefined) {
      const tree: Tree = { constraints: [], children: new Map() };
      for (const atom of atoms) plant(tree, atom, required.get(atom.id)!);
      solution = this.#solveTree(tree);
      this.#known.set(key, solution);
    }
    return solution;
  }

  /** A value is an object with fields, or it is anything and all its fields are missing. */
  #solveTree({ constraints, children }: Tree): Solution {
    const flat = [...children.values()].every(isMetByNothing)
      ? solveValue(constraints, undefined, this.#budget)
      : 'none';
    if (typeof flat === 'object' || children.size === 0) return flat;
    if (!allHold(constraints, {})) return flat;
    const value: Record<string, unknown> = {};
    let isUnsure = flat === 'unsure';
    for (const [name, child] of children) {
      const solution = this.#solveTree(child);
      if (solution === 'none') return flat;
      if (solution === 'unsure') isUnsure = true;
      else if (solution.value !== undefined) value[name] = solution.value;
    }
    return isUnsure ? 'unsure' : { value };
  }

  /** Whether two fields can stand to each other as all atoms about them say. */
  #areConsistent(relations: readonly RelationAtom[], facts: Facts): boolean {
    const pairs = new Map<string, RelationAtom[]>();
    for (const atom of relations) {
      if (atom.quantified || (atom.operator !== '=' && atom.operator !== '<')) continue;
      const key = [atom.left.join('.'), atom.right.join('.')].sort().join();
      pairs.set(key, [...(pairs.get(key) ?? []), atom]);
    }
    return [...pairs.values()].every((atoms) => this.#canStand(atoms, facts));
  }

  #canStand(atoms: readonly RelationAtom[], facts: Facts): boolean {
    const [{ left, right }] = atoms as [RelationAtom];
    const from = left.join('.');
    return WORLDS.some((world) => {
      const fits = atoms.every((atom) => {
        const truth =
          atom.operator === '=' ? world.equal : atom.left.join('.') === from ? world.less : world.more;
        return (truth & facts.required.get(atom.id)!) !== 0;
      });
      if (!fits || world.equal !== TRUE) return fits;
      this.#budget.spend(facts.atoms.length);
      const both = [...constraintsAt(facts, left), ...constraintsAt(facts, right)];
      return solveValue(both, undefined, this.#budget) !== 'none';
    });
  }
}

/** Whether it follows from what was required before. */
export function isRequired({ required }: Facts, { formula, truths }: Requirement): boolean {
  return ((required.get(formula.id) ?? ANY) & ~truths) === 0;
}

/** How two values can stand to each other: equality, the first before the second, and the second before the first. */
const WORLDS = [
  { equal: FALSE, less: TRUE, more: FALSE },
  { equal: FALSE, less: FALSE, more: TRUE },
  { equal: TRUE, less: FALSE, more: FALSE },
  // Booleans have no order, and some values cannot be compared at all.
  { equal: TRUE, less: UNKNOWN, more: UNKNOWN },
  { equal: FALSE, less: UNKNOWN, more: UNKNOWN },
  { equal: UNKNOWN, less: UNKNOWN, more: UNKNOWN },
] as const;

/** The atoms about each name that fresh ones are about. */
function byName(atoms: readonly Atom[], fresh: readonly Atom[]): Map<string, FieldAtom[]> {
  const named = new Map<string, FieldAtom[]>();
  for (const atom of fresh) if (atom.kind === 'field') named.set(atom.path[0]!, []);
  for (const atom of atoms) if (atom.kind === 'field') named.get(atom.path[0]!)?.push(atom);
  return named;
}

/** What truths of a chain ask of all its terms, and of one of them. */
function parts({ kind }: Chain, truths: Truths): { all: Truths; any: Truths } {
  const isAnd = kind === 'and';
  // One term decides: a false one an `and`, a true one an `or`.
  const [decisive, other] = isAnd ? [FALSE, TRUE] : [TRUE, FALSE];
  const [undecided, open] = isAnd ? [NOT_FALSE, NOT_TRUE] : [NOT_TRUE, NOT_FALSE];
  if ((truths & decisive) === 0) {
    if (truths === other) return { all: other, any: ANY };
    return { all: undecided, any: (truths & other) === 0 ? open : ANY };
  }
  return { all: ANY, any: truths === decisive ? decisive : open };
}

interface Tree {
  readonly constraints: Constraint[];
  readonly children: Map<string, Tree>;
}

function plant(tree: Tree, atom: FieldAtom, truths: Truths): void {
  let node = tree;
  for (const name of atom.path.slice(1)) {
    let child = node.children.get(name);
    if (child === undefined) {
      child = { constraints: [], children: new Map() };
      node.children.set(name, child);
    }
    node = child;
  }
  node.constraints.push({ test: atom, truths });
}

function isMetByNothing({ constraints, children }: Tree): boolean {
  return allHold(constraints, undefined) && [...children.values()].every(isMetByNothing);
}

function truthIn(values: Readonly<Record<string, unknown>>, atom: Atom) {
  return atom.kind === 'field' ? atom.truth(lookup(values, atom.path)) : atom.truth(values);
}

/** One of these truths. */
function one(truths: Truths): Truths {
  return truths & -truths;
}

function constraintsAt(facts: Facts, path: readonly string[]): Constraint[] {
  const name = path.join('.');
  return facts.atoms.flatMap((atom) =>
    atom.kind === 'field' && atom.path.join('.') === name
      ? [{ test: atom, truths: facts.required.get(atom.id)! }]
      : [],
  );
}

/** Values worth a try for fields that are compared with each other. */
function poolOf(constraints: readonly Constraint[]): unknown[] {
  const texts = [...constantsOf(constraints)].filter((constant) => typeof constant === 'string');
  const near = texts.flatMap((text) => [text, `${text}x`, `x${text}`]);
  const scalars = [...new Set([...near, 'a', 'b', '', ...numbersFor(constraints), 2, true, false])];
  return [undefined, ...scalars, [], ...scalars.map((scalar) => [scalar]), [null], {}];
}

function* combinations(
  options: readonly { readonly path: readonly string[]; readonly values: readonly unknown[] }[],
  values: Readonly<Record<string, unknown>>,
): Generator<Record<string, unknown>> {
  const [option, ...others] = options;
  if (option === undefined) {
    yield values;
    return;
  }
  for (const value of option.values) {
    const next = put(values, option.path, value);
    if (next !== undefined) yield* combinations(others, next);
  }
}

/** The object with another value, or none, at a path; undefined if something else is in the way. */
function put(
  object: Readonly<Record<string, unknown>>,
  [name, ...rest]: readonly string[],
  value: unknown,
): Record<string, unknown> | undefined {
  const old = Object.hasOwn(object, name!) ? object[name!] : undefined;
  if (rest.length === 0 && value === undefined) {
    const { [name!]: _, ...others } = object;
    return others;
  }
  if (rest.length === 0) return { ...object, [name!]: value };
  const isObject = typeof old === 'object' && old !== null && !Array.isArray(old);
  if (!isObject && old !== undefined) return undefined;
  const inner = put((old ?? {}) as Record<string, unknown>, rest, value);
  return inner && { ...object, [name!]: inner };
}
