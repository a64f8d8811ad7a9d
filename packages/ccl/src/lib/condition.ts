import type {
  ArrayNode,
  ComparisonNode,
  Condition,
  FieldNode,
  HasNode,
  LiteralNode,
  Operator,
  Quantifier,
  ValueNode,
} from '../ast.js';
import { regexTest } from './regex.js';
import { equal, isElement, isScalar, less, lookup, not, someElement, type Truth } from './values.js';

/** A compiled condition: what it says of a request's context. */
export type Test = (context: unknown) => Truth;

/** What the conditions of one document have in common. */
export interface Sharing {
  /** The path of a field. */
  path(field: FieldNode): readonly string[];
  /** The test of a node that holds no other conditions; `make` makes it if it is the first that is written so. */
  test(node: ComparisonNode | HasNode, make: () => Test): Test;
}

const NOTHING: Sharing = { path: (field) => field.path, test: (_, make) => make() };

/** Compiles a condition to a closure. Chains are loops, so depth is bounded by the nesting that `parse` allows. */
export function compileCondition(node: Condition, shared = NOTHING): Test {
  switch (node.kind) {
    case 'or':
      return chain(node.terms, true, shared);
    case 'and':
      return chain(node.terms, false, shared);
    case 'not': {
      const operand = compileCondition(node.operand, shared);
      return (context) => not(operand(context));
    }
    case 'has':
      return shared.test(node, () => compileHas(shared.path(node.field)));
    case 'comparison':
      return shared.test(node, () => compileComparison(node, shared));
  }
}

/** Kleene's disjunction (`decisive` is true) or conjunction (`decisive` is false). */
function chain(nodes: readonly Condition[], decisive: boolean, shared: Sharing): Test {
  const terms = nodes.map((node) => compileCondition(node, shared));
  return (context) => {
    let result: Truth = !decisive;
    for (const term of terms) {
      const truth = term(context);
      if (truth === decisive) return decisive;
      if (truth === undefined) result = undefined;
    }
    return result;
  };
}

function compileHas(path: readonly string[]): Test {
  return (context) => {
    const value = lookup(context, path);
    return value !== undefined && value !== null;
  };
}

function compileComparison({ field, operator, quantifier, value }: ComparisonNode, shared: Sharing): Test {
  const path = shared.path(field);
  const compare = comparing(operator, value);
  const right = rightSide(operator, value);
  if (quantifier !== undefined) return quantified(quantifier, path, compare, right);
  if (value.kind === 'reference') return (context) => compare(lookup(context, path), right(context));
  return withConstant(path, compare, right(undefined));
}

// A function of its own: so the test of the most common comparisons holds on to nothing but what it needs.
function withConstant(path: readonly string[], compare: Compare, right: unknown): Test {
  return (context) => compare(lookup(context, path), right);
}

function quantified(
  quantifier: Quantifier,
  path: readonly string[],
  compare: Compare,
  right: (context: unknown) => unknown,
): Test {
  const every = quantifier === 'every';
  return (context) => {
    const list = lookup(context, path);
    if (!Array.isArray(list)) return undefined;
    const wanted = right(context);
    if (!every) return someElement(list, (element) => compare(element, wanted));
    // All hold when none fails.
    return not(someElement(list, (element) => not(compare(element, wanted))));
  };
}

/** What a comparison compares with: a constant, or what the context holds at an `@field`. */
function rightSide(operator: Operator, value: ValueNode): (context: unknown) => unknown {
  if (value.kind === 'reference') {
    const { path } = value.field;
    return (context) => lookup(context, path);
  }
  const constant = constantOf(operator, value);
  return () => constant;
}

function constantOf(operator: Operator, value: ArrayNode | LiteralNode): unknown {
  if (value.kind === 'array') return new Set(value.items.map((item) => item.value));
  return operator === 'matches' ? regexTest(value) : value.value;
}

/** Compares two values: unknown where one is missing, or of a type that the operator does not take. */
type Compare = (left: unknown, right: unknown) => Truth;

function comparing(operator: Operator, value: ValueNode): Compare {
  if (value.kind !== 'array') return COMPARE[operator];
  return operator === 'in' ? isMember : isNoMember;
}

const COMPARE: Readonly<Record<Operator, Compare>> = {
  '=': equal,
  '!=': (left, right) => not(equal(left, right)),
  '<': less,
  '<=': (left, right) => not(less(right, left)),
  '>': (left, right) => less(right, left),
  '>=': (left, right) => not(less(left, right)),
  in: isIn,
  not_in: (left, right) => not(isIn(left, right)),
  contains,
  not_contains: (left, right) => not(contains(left, right)),
  matches,
  starts_with: (left, right) => onStrings(left, right, (text, part) => text.startsWith(part)),
  ends_with: (left, right) => onStrings(left, right, (text, part) => text.endsWith(part)),
};

function contains(left: unknown, right: unknown): Truth {
  if (!Array.isArray(left)) return onStrings(left, right, (text, part) => text.includes(part));
  return isScalar(right) ? isElement(left, right) : undefined;
}

function onStrings(left: unknown, right: unknown, test: (text: string, part: string) => boolean): Truth {
  return typeof left === 'string' && typeof right === 'string' ? test(left, right) : undefined;
}

/** `in @field`: the elements are not known to be of one type, so a mistyped one leaves the answer open. */
function isIn(left: unknown, right: unknown): Truth {
  return isScalar(left) && Array.isArray(right) ? isElement(right, left) : undefined;
}

/** `in […]`, whose constant is a set: true or false for every scalar; 5 is simply not '5'. */
function isMember(left: unknown, members: unknown): Truth {
  return isScalar(left) ? (members as ReadonlySet<unknown>).has(left) : undefined;
}

function isNoMember(left: unknown, members: unknown): Truth {
  return not(isMember(left, members));
}

/** `matches`, whose constant is a compiled pattern. */
function matches(left: unknown, pattern: unknown): Truth {
  return typeof left === 'string' ? (pattern as (text: string) => boolean)(left) : undefined;
}
