/** Contexts made from the constants of documents: the values next to each, and values meant to satisfy a condition. */
import type { ComparisonNode, Condition, Scalar, Statement } from '../../../src/index.js';
import { nextNumber } from './edits.js';
import type { Random } from './random.js';
import { REGEXES } from './worlds.js';

export type Context = Record<string, unknown>;
const ODD: readonly unknown[] = [
  null,
  true,
  false,
  {},
  [],
  [null],
  [{}],
  -0,
  'zz',
  7.5,
  -7,
  { s: 1 },
  2 ** 53,
];

/** Per field the values to try, most of them next to a constant that it is compared with. */
export class Values {
  readonly fields: readonly string[];
  readonly #near = new Map<string, unknown[]>();

  constructor(statements: readonly Statement[]) {
    for (const statement of statements) {
      if (statement.kind !== 'limit') visit(statement.condition, (node) => this.#learn(node));
      else if (statement.field) this.#of(statement.field.path).push(0, 1, -1, -Number.MIN_VALUE, 'x', 1e300);
    }
    this.fields = [...this.#near.keys()];
  }

  pick(field: string, random: Random): unknown {
    const near = this.#near.get(field) ?? [];
    if (near.length === 0 || random.chance(15)) return random.pick(ODD);
    if (random.chance(15)) return random.many(0, 3, () => random.pick(near));
    return random.pick(near);
  }

  #of(path: readonly string[]): unknown[] {
    const field = path.join('.');
    const values = this.#near.get(field) ?? [];
    this.#near.set(field, values);
    return values;
  }

  #learn(node: Condition): void {
    if (node.kind === 'has') this.#of(node.field.path);
    if (node.kind !== 'comparison') return;
    const { field, operator, value, quantifier } = node;
    const values = this.#of(field.path);
    if (value.kind === 'reference') this.#of(value.field.path);
    else for (const one of scalarsOf(node)) values.push(...neighbours(one), ...samples(node));
    if (operator === 'contains' || quantifier !== undefined)
      for (const one of scalarsOf(node)) values.push([one], [one, null], [one, 'zz']);
  }
}

export function scalarsOf({ value }: ComparisonNode): Scalar[] {
  if (value.kind === 'reference') return [];
  return value.kind === 'array' ? value.items.map((item) => item.value) : [value.value];
}

function visit(node: Condition | undefined, use: (node: Condition) => void): void {
  if (node === undefined) return;
  use(node);
  if (node.kind === 'not') visit(node.operand, use);
  else if (node.kind === 'and' || node.kind === 'or') for (const term of node.terms) visit(term, use);
}

/** Texts that a `matches` finds. */
function samples({ operator, value }: ComparisonNode): readonly string[] {
  return operator === 'matches' && value.kind === 'literal' ? (REGEXES[String(value.value)] ?? []) : [];
}

/** The constant, and what stands next to it in its order. */
export function neighbours(constant: Scalar): Scalar[] {
  if (typeof constant === 'boolean') return [constant, !constant];
  if (typeof constant === 'number')
    return [constant, nextNumber(constant, true), nextNumber(constant, false), String(constant)];
  const last = constant.charCodeAt(constant.length - 1);
  const around =
    constant === ''
      ? []
      : [-1, 1].map((step) => constant.slice(0, -1) + String.fromCharCode((last + step) & 0xffff));
  const plain = constant.replace(/[\^$()?*+[\]|.-]/g, '');
  return [
    constant,
    `${constant}\u0000`,
    constant.slice(0, -1),
    `${constant}\uffff`,
    `x${constant}`,
    ...around,
    plain,
    constant + constant,
  ];
}

/** Sets the field, and what it stands in, unless a value that is no object stands in the way. */
export function put(context: Context, field: string, value: unknown): void {
  const path = field.split('.');
  let at = context;
  for (const name of path.slice(0, -1)) {
    const inner = at[name] ?? {};
    if (typeof inner !== 'object' || Array.isArray(inner)) return;
    at[name] = inner;
    at = inner as Context;
  }
  at[path.at(-1)!] = value;
}

/** Sets fields so that the condition may well come out as wanted. */
export function aim(
  node: Condition | undefined,
  wanted: boolean,
  context: Context,
  values: Values,
  random: Random,
): void {
  if (node === undefined) return;
  if (node.kind === 'not') aim(node.operand, !wanted, context, values, random);
  else if (node.kind === 'and' || node.kind === 'or') {
    const all = (node.kind === 'and') === wanted;
    for (const term of all ? node.terms : [random.pick(node.terms)])
      aim(term, wanted, context, values, random);
  } else {
    const field = node.field.path.join('.');
    if (node.kind === 'comparison')
      put(context, field, structuredClone(likely(node, wanted, values, random)));
    else put(context, field, wanted ? structuredClone(values.pick(field, random)) : null);
  }
}

/** A value that often makes the comparison come out as wanted. */
function likely(node: ComparisonNode, wanted: boolean, values: Values, random: Random): unknown {
  const { operator, quantifier } = node;
  const scalars = scalarsOf(node);
  if (scalars.length === 0 || random.chance(25)) return values.pick(node.field.path.join('.'), random);
  const found = samples(node);
  const one = found.length > 0 && random.chance(70) ? random.pick(found) : random.pick(scalars);
  const positive = !['!=', 'not_in', 'not_contains'].includes(operator) === wanted;
  const value = random.chance(60) && positive && !/[<>]/.test(operator) ? one : random.pick(neighbours(one));
  return quantifier !== undefined || (operator.endsWith('contains') && random.chance(30)) ? [value] : value;
}
