import type { ArrayNode, ComparisonNode, Condition, LiteralNode, Operator, ValueNode } from '../ast.js';
import { regexTest } from './regex.js';
import { equal, isElement, isScalar, less, lookup, not, someElement, type Truth } from './values.js';

/** A compiled condition: what it says of a request's context. */
export type Test = (context: unknown) => Truth;

/** Compares one value of the context with the right side; `context` is asked for the value of an `@field`. */
type Comparison = (left: unknown, context: unknown) => Truth;

/** Compiles a condition to a closure. Chains are loops, so depth is bounded by the nesting that `parse` allows. */
export function compileCondition(node: Condition): Test {
  switch (node.kind) {
    case 'or':
      return chain(node.terms.map(compileCondition), true);
    case 'and':
      return chain(node.terms.map(compileCondition), false);
    case 'not': {
      const operand = compileCondition(node.operand);
      return (context) => not(operand(context));
    }
    case 'has': {
      const { path } = node.field;
      return (context) => isPresent(lookup(context, path));
    }
    case 'comparison':
      return compileComparison(node);
  }
}

/** Kleene's disjunction (`decisive` is true) or conjunction (`decisive` is false). */
function chain(terms: readonly Test[], decisive: boolean): Test {
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

function compileComparison(node: ComparisonNode): Test {
  const { path } = node.field;
  const compare = skipMissing(comparison(node.operator, node.value));
  if (node.quantifier === undefined) return (context) => compare(lookup(context, path), context);
  const every = node.quantifier === 'every';
  return (context) => {
    const value = lookup(context, path);
    if (!Array.isArray(value)) return undefined;
    if (!every) return someElement(value, (element) => compare(element, context));
    // All hold when none fails.
    return not(someElement(value, (element) => not(compare(element, context))));
  };
}

function skipMissing(compare: Comparison): Comparison {
  return (left, context) => (isPresent(left) ? compare(left, context) : undefined);
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function comparison(operator: Operator, value: ValueNode): Comparison {
  switch (operator) {
    case 'not_in':
      return negated(comparison('in', value));
    case 'not_contains':
      return negated(comparison('contains', value));
    case 'in':
      return value.kind === 'array' ? inLiteral(value) : withRight(value, isIn);
    case 'matches':
      return matches(value as LiteralNode);
    default:
      return withRight(value, BINARY[operator]);
  }
}

function negated(compare: Comparison): Comparison {
  return (left, context) => not(compare(left, context));
}

/** Binds the right side: a literal now, an `@field` at each evaluation, unknown where it is missing. */
function withRight(value: ValueNode, compare: (left: unknown, right: unknown) => Truth): Comparison {
  if (value.kind === 'reference') {
    const { path } = value.field;
    return (left, context) => compare(left, lookup(context, path));
  }
  const right = (value as LiteralNode).value;
  return (left) => compare(left, right);
}

const BINARY: Readonly<
  Record<Exclude<Operator, 'in' | 'not_in' | 'not_contains' | 'matches'>, (l: unknown, r: unknown) => Truth>
> = {
  '=': equal,
  '!=': (left, right) => not(equal(left, right)),
  '<': less,
  '<=': (left, right) => not(less(right, left)),
  '>': (left, right) => less(right, left),
  '>=': (left, right) => not(less(left, right)),
  contains,
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

/** `in […]`: true or false for every scalar; 5 is simply not '5'. */
function inLiteral(array: ArrayNode): Comparison {
  const members = new Set(array.items.map((item) => item.value));
  return (left) => (isScalar(left) ? members.has(left) : undefined);
}

function matches(pattern: LiteralNode): Comparison {
  const test = regexTest(pattern);
  return (left) => (typeof left === 'string' ? test(left) : undefined);
}
