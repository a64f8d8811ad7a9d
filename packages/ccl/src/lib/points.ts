import type { ComparisonNode, Condition, Scalar } from '../ast.js';
import { isPlainObject } from './values.js';

/** The fields of a condition by their written name, with the constants that they are compared with. */
export type Constants = Map<string, { readonly path: readonly string[]; readonly values: Set<Scalar> }>;

/** Adds the fields and constants of a condition to `constants`. */
export function collectConstants(condition: Condition, constants: Constants): void {
  switch (condition.kind) {
    case 'and':
    case 'or':
      for (const term of condition.terms) collectConstants(term, constants);
      return;
    case 'not':
      collectConstants(condition.operand, constants);
      return;
    case 'has':
      entry(constants, condition.field.path);
      return;
    case 'comparison':
      collectComparison(condition, constants);
  }
}

function collectComparison({ field, value }: ComparisonNode, constants: Constants): void {
  const { values } = entry(constants, field.path);
  if (value.kind === 'literal') values.add(value.value);
  else if (value.kind === 'array') for (const item of value.items) values.add(item.value);
  else entry(constants, value.field.path);
}

function entry(constants: Constants, path: readonly string[]) {
  const name = path.join('.');
  const known = constants.get(name) ?? { path, values: new Set<Scalar>() };
  constants.set(name, known);
  return known;
}

/**
 * Values such that comparisons by order and equality with these constants cannot tell any value from all of them:
 * each constant, what stands next to it, what stands beyond all, each type, an array, and (undefined) none.
 */
export function testPoints(constants: Iterable<Scalar>): unknown[] {
  const points = new Set<unknown>([undefined, true, false, '', 0, -Number.MAX_VALUE, Number.MAX_VALUE]);
  for (const constant of constants) {
    points.add(constant);
    // No string lies between s and s + U+0000, and no double between a number and its neighbours.
    if (typeof constant === 'string') points.add(`${constant}\u0000`);
    if (typeof constant === 'number') points.add(neighbour(constant, 1n)).add(neighbour(constant, -1n));
  }
  return [...points, []];
}

/** The next double above (`step` 1n) or below (`step` -1n). */
function neighbour(value: number, step: 1n | -1n): number {
  if (value === 0) return Number(step) * Number.MIN_VALUE;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + (value > 0 ? step : -step));
  return view.getFloat64(0);
}

/** A context that holds these values; undefined if two paths get in each other's way. */
export function contextOf(
  values: Iterable<readonly [path: readonly string[], value: unknown]>,
): Record<string, unknown> | undefined {
  const context: Record<string, unknown> = {};
  for (const [path, value] of values) if (value !== undefined && !put(context, path, value)) return undefined;
  return context;
}

function put(context: Record<string, unknown>, path: readonly string[], value: unknown): boolean {
  let object = context;
  for (const name of path.slice(0, -1)) {
    if (!Object.hasOwn(object, name)) object[name] = {};
    const next = object[name];
    if (!isPlainObject(next)) return false;
    object = next;
  }
  const last = path[path.length - 1]!;
  if (Object.hasOwn(object, last)) return false;
  object[last] = value;
  return true;
}
