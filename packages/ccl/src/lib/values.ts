import type { Scalar } from '../ast.js';

/** Kleene's three values: `undefined` is unknown. */
export type Truth = boolean | undefined;

export function not(truth: Truth): Truth {
  return truth === undefined ? undefined : !truth;
}

/** The value at a path of own properties of plain objects; undefined where the path breaks off. */
export function lookup(context: unknown, path: readonly string[]): unknown {
  let value = context;
  for (const name of path) {
    if (!isPlainObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** An element of an array. A hole is missing, whatever Array.prototype may hold at its index. */
export function elementAt(array: readonly unknown[], index: number): unknown {
  return Object.hasOwn(array, index) ? array[index] : undefined;
}

export function isScalar(value: unknown): value is Scalar {
  return typeof value === 'string' || typeof value === 'boolean' || isFiniteNumber(value);
}

export function isFiniteNumber(value: unknown): value is number {
  return Number.isFinite(value);
}

/** Both strings, both finite numbers or both booleans; else unknown. */
export function equal(left: unknown, right: unknown): Truth {
  if (!isScalar(left) || !isScalar(right) || typeof left !== typeof right) return undefined;
  return left === right;
}

/** Both finite numbers, or both strings by UTF-16 code units; else unknown. */
export function less(left: unknown, right: unknown): Truth {
  if (isFiniteNumber(left) && isFiniteNumber(right)) return left < right;
  if (typeof left === 'string' && typeof right === 'string') return left < right;
  return undefined;
}

/** The Kleene disjunction of `=` over the elements. */
export function isElement(array: readonly unknown[], value: unknown): Truth {
  return someElement(array, (element) => equal(element, value));
}

/** The Kleene disjunction of `test` over the elements; a null or missing element is unknown. */
export function someElement(array: readonly unknown[], test: (element: unknown) => Truth): Truth {
  let result: Truth = false;
  for (let i = 0; i < array.length; i++) {
    const truth = test(elementAt(array, i));
    if (truth === true) return true;
    if (truth === undefined) result = undefined;
  }
  return result;
}
