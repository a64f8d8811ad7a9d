import type { ComparisonNode, Condition, HasNode, NotNode, Operator, OrNode } from '../ast.js';
import { formatCondition } from '../format.js';
import type { Budget } from './budget.js';
import { compileCondition } from './condition.js';
import { type Constants, collectConstants, contextOf, testPoints } from './points.js';

/** A condition in which `not` stands only before what has no opposite operator; `undefined` is "always true". */
type Leaf = HasNode | ComparisonNode | NotNode;

/** Beyond so many `or`s the rest are left out, which only proves less. */
const MAX_CHOICES = 64;

const OPPOSITE: Partial<Record<Operator, Operator>> = {
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

/** Operators that see nothing of a value but its type, its order and its equality with constants. */
const BY_ORDER = new Set<Operator>(['=', '!=', '<', '<=', '>', '>=', 'in', 'not_in']);

/** The same condition, or its negation, with `not` pushed down to the leaves: equal in all three values. */
export function normalize(node: Condition, negate = false): Condition {
  switch (node.kind) {
    case 'not':
      return normalize(node.operand, !negate);
    case 'and':
    case 'or': {
      const kind = (node.kind === 'and') === negate ? 'or' : 'and';
      return { ...node, kind, terms: node.terms.map((term) => normalize(term, negate)) };
    }
    case 'has':
      return negate ? { kind: 'not', operand: node, location: node.location } : node;
    case 'comparison':
      return negate ? oppose(node) : node;
  }
}

function oppose(node: ComparisonNode): Condition {
  const operator = OPPOSITE[node.operator];
  if (operator === undefined) {
    // Of a quantified leaf only the whole can be negated, which `not` before it says.
    return { kind: 'not', operand: node, location: node.location };
  }
  const quantifier = node.quantifier && (node.quantifier === 'every' ? 'some' : 'every');
  return { ...node, operator, quantifier };
}

/**
 * True only if `goal` is true wherever all `premises` are; without a goal, only if they cannot all be true. All are
 * normalized. Cases of an `or` are taken one by one, and what is known of one field is tested at the finitely many
 * points that can differ.
 */
export function implies(
  premises: readonly Condition[],
  goal: Condition | undefined,
  budget: Budget,
): boolean {
  const facts: Leaf[] = [];
  const choices: OrNode[] = [];
  sortOut(premises, facts, choices);
  const byField = groupByField(facts);
  if ([...byField.values()].some((group) => holdsAtPoints(group, undefined, budget))) return true;
  if (goal !== undefined) {
    const known = new Set([...facts, ...choices].map((node) => keyOf(node, budget)));
    if (follows(byField, known, goal, budget)) return true;
  }
  const [choice, ...others] = choices.slice(0, MAX_CHOICES);
  return choice?.terms.every((term) => implies([...facts, ...others, term], goal, budget)) ?? false;
}

function sortOut(premises: readonly Condition[], facts: Leaf[], choices: OrNode[]): void {
  for (const premise of premises) {
    if (premise.kind === 'and') sortOut(premise.terms, facts, choices);
    else if (premise.kind === 'or') choices.push(premise);
    else facts.push(premise);
  }
}

function groupByField(facts: readonly Leaf[]): Map<string, Leaf[]> {
  const groups = new Map<string, Leaf[]>();
  for (const fact of facts) {
    const group = groups.get(fieldOf(fact));
    if (group === undefined) groups.set(fieldOf(fact), [fact]);
    else group.push(fact);
  }
  return groups;
}

/** Two conditions with one key are equal. */
function keyOf(node: Condition, budget: Budget): string {
  const key = formatCondition(node);
  budget.spend(key.length);
  return key;
}

function follows(
  facts: ReadonlyMap<string, readonly Leaf[]>,
  known: ReadonlySet<string>,
  goal: Condition,
  budget: Budget,
): boolean {
  if (known.has(keyOf(goal, budget))) return true;
  const [field, ...otherFields] = new Set(leavesOf(goal).map(fieldOf));
  if (otherFields.length === 0 && holdsAtPoints(facts.get(field!) ?? [], goal, budget)) return true;
  if (goal.kind === 'and') return goal.terms.every((term) => follows(facts, known, term, budget));
  return goal.kind === 'or' && goal.terms.some((term) => follows(facts, known, term, budget));
}

/** Whether facts about one field make a goal about it true, or without a goal contradict each other. */
function holdsAtPoints(facts: readonly Leaf[], goal: Condition | undefined, budget: Budget): boolean {
  const testable = facts.filter(isTestable);
  const finite = testable.some(isFiniteFact);
  const used = finite ? testable : testable.filter(isByOrder);
  const goals = goal === undefined ? [] : leavesOf(goal);
  if (!goals.every((leaf) => isTestable(leaf) && (finite || isByOrder(leaf)))) return false;
  const constants: Constants = new Map();
  for (const leaf of [...used, ...goals]) collectConstants(leaf, constants);
  const [about] = constants.values();
  if (about === undefined) return false;
  const points = testPoints(about.values);
  budget.spend(points.length * (used.length + goals.length));
  const tests = used.map(compileCondition);
  const aim = goal === undefined ? () => false : compileCondition(goal);
  return points.every((point) => {
    const context = contextOf([[about.path, point]]);
    return !tests.every((test) => test(context) === true) || aim(context) === true;
  });
}

function leavesOf(condition: Condition): Leaf[] {
  if (condition.kind !== 'and' && condition.kind !== 'or') return [condition];
  return condition.terms.flatMap(leavesOf);
}

/** A leaf that is about one field and constants alone. */
function isTestable(leaf: Leaf): boolean {
  const inner = innerOf(leaf);
  return inner.kind === 'has' || (inner.quantifier === undefined && inner.value.kind !== 'reference');
}

function isByOrder(leaf: Leaf): boolean {
  const inner = innerOf(leaf);
  return inner.kind === 'has' || BY_ORDER.has(inner.operator);
}

/** True for facts that leave only the constants that they name. */
function isFiniteFact(leaf: Leaf): boolean {
  return leaf.kind === 'comparison' && (leaf.operator === '=' || leaf.operator === 'in');
}

function fieldOf(leaf: Leaf): string {
  return innerOf(leaf).field.path.join('.');
}

/** Under `not` stands a `has` or a comparison: `normalize` sees to that. */
function innerOf(leaf: Leaf): HasNode | ComparisonNode {
  return (leaf.kind === 'not' ? leaf.operand : leaf) as HasNode | ComparisonNode;
}
