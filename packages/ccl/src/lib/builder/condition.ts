import type {
  Condition as ConditionNode,
  FieldNode,
  LiteralNode,
  Operator,
  Quantifier,
  RuleStatement,
  Scalar,
  ValueNode,
} from '../../ast.js';
import { formatCondition } from '../../format.js';
import { checkSize, checkString, fieldNode, NOWHERE, readStatement } from './check.js';

/** At the start of a condition these are keywords. */
const PREFIXES = ['not', 'has', 'every', 'some'];

/** A condition that parses: made by the operators of a field, and by `and`, `or`, `not` and `has`. */
export class Condition {
  readonly #node: ConditionNode;
  readonly #text: string;

  /** @internal */
  constructor(caller: string, node: ConditionNode) {
    this.#text = formatCondition(node);
    // What is kept is what the parser understood.
    this.#node = (readStatement(caller, `deny * on * when ${this.#text}`) as RuleStatement).condition!;
    Object.freeze(this);
  }

  /**
   * @internal
   * @throws TypeError for what is no condition of this builder
   */
  static nodeOf(caller: string, value: unknown): ConditionNode {
    if (value instanceof Condition) return value.#node;
    throw new TypeError(`${caller}: expected a condition, such as arg('amount').lte(200)`);
  }

  /** The condition as CCL. */
  toString(): string {
    return this.#text;
  }
}

/**
 * What can be compared. A `Field` on the right stands for that field's value (`@…`). Each operator throws a
 * RangeError for a value that CCL cannot write, a TypeError for one of another type.
 */
export class Operand {
  readonly #field: FieldNode;
  readonly #quantifier: Quantifier | undefined;

  /** @internal */
  constructor(field: FieldNode, quantifier?: Quantifier) {
    this.#field = field;
    this.#quantifier = quantifier;
    Object.freeze(this);
  }

  /**
   * @internal
   * @throws TypeError for what is no field of this builder
   */
  static nodeOf(caller: string, value: unknown): FieldNode {
    if (value instanceof Field) return value.#field;
    throw new TypeError(`${caller}: expected a field, such as arg('amount') or field('tool.name')`);
  }

  /** `=` */
  eq(value: Scalar | Field): Condition {
    return this.#compare('eq', '=', value);
  }
  /** `!=` */
  ne(value: Scalar | Field): Condition {
    return this.#compare('ne', '!=', value);
  }
  /** `<` */
  lt(value: number | string | Field): Condition {
    return this.#compare('lt', '<', value);
  }
  /** `<=` */
  lte(value: number | string | Field): Condition {
    return this.#compare('lte', '<=', value);
  }
  /** `>` */
  gt(value: number | string | Field): Condition {
    return this.#compare('gt', '>', value);
  }
  /** `>=` */
  gte(value: number | string | Field): Condition {
    return this.#compare('gte', '>=', value);
  }
  /** `in`: is it one of these, or an element of that field? */
  in(values: readonly Scalar[] | Field): Condition {
    return this.#compare('in', 'in', values);
  }
  /** `not_in` */
  notIn(values: readonly Scalar[] | Field): Condition {
    return this.#compare('notIn', 'not_in', values);
  }
  /** `contains`: has a text this part, or a list this element? */
  contains(value: Scalar | Field): Condition {
    return this.#compare('contains', 'contains', value);
  }
  /** `not_contains` */
  notContains(value: Scalar | Field): Condition {
    return this.#compare('notContains', 'not_contains', value);
  }
  /** `matches`: is the pattern, in RE2 syntax and of at most 512 characters, found anywhere in the text? */
  matches(pattern: string): Condition {
    return this.#compare('matches', 'matches', checkString('matches', 'the pattern', pattern));
  }
  /** `starts_with`; it knows nothing of paths */
  startsWith(value: string | Field): Condition {
    return this.#compare('startsWith', 'starts_with', value);
  }
  /** `ends_with` */
  endsWith(value: string | Field): Condition {
    return this.#compare('endsWith', 'ends_with', value);
  }

  /** The field as CCL, with its quantifier if it has one. */
  toString(): string {
    return [this.#quantifier ?? [], this.#field.path.join('.')].flat().join(' ');
  }

  #compare(caller: string, operator: Operator, right: Scalar | readonly Scalar[] | Field): Condition {
    const [field, quantifier] = [this.#field, this.#quantifier];
    if (PREFIXES.includes(this.toString()))
      throw new RangeError(
        `${caller}: \`${this}\` is a keyword at the start of a condition, and names no field`,
      );
    const value = valueNode(caller, right);
    return new Condition(caller, {
      kind: 'comparison',
      quantifier,
      field,
      operator,
      value,
      location: NOWHERE,
    });
  }
}

/** A field of the context. */
export class Field extends Operand {
  /** Its names, joined by `.`. */
  get path(): string {
    return this.toString();
  }
}

/**
 * Any field of the context.
 * @param path names joined by `.`, for example `tool.name`
 * @throws RangeError if it is no field of CCL
 */
export function field(path: string): Field {
  return makeField('field', path);
}

/**
 * An argument of the call: `arg('amount')` is `field('args.amount')`.
 * @throws RangeError if it is no field of CCL
 */
export function arg(path: string): Field {
  return makeField('arg', `args.${checkString('arg', 'the argument', path)}`);
}

function makeField(caller: string, path: string): Field {
  const node = fieldNode(caller, path);
  new Condition(caller, { kind: 'has', field: node, location: NOWHERE }); // refuses names that no field may have
  return new Field(node);
}

/** True when the field is there and not null; never unknown. */
export function has(field: Field): Condition {
  return new Condition('has', { kind: 'has', field: Operand.nodeOf('has', field), location: NOWHERE });
}

/** `every(arg('tags')).in(['a', 'b'])`: it holds for all elements of the list, also of an empty one. */
export function every(field: Field): Operand {
  return new Operand(Operand.nodeOf('every', field), 'every');
}

/** `some(arg('tags')).eq('new')`: it holds for one element of the list. */
export function some(field: Field): Operand {
  return new Operand(Operand.nodeOf('some', field), 'some');
}

/**
 * All of them hold.
 * @throws RangeError for none, for more than 64 nested parentheses, for a text over 1 MiB
 */
export function and(...conditions: readonly Condition[]): Condition {
  return chain('and', conditions);
}

/**
 * One of them holds.
 * @throws RangeError for none, for more than 64 nested parentheses, for a text over 1 MiB
 */
export function or(...conditions: readonly Condition[]): Condition {
  return chain('or', conditions);
}

/**
 * It is false. What is unknown stays unknown.
 * @throws RangeError where it would be nested more than 64 deep
 */
export function not(condition: Condition): Condition {
  return new Condition('not', {
    kind: 'not',
    operand: Condition.nodeOf('not', condition),
    location: NOWHERE,
  });
}

function chain(kind: 'and' | 'or', conditions: readonly Condition[]): Condition {
  const terms = conditions.map((condition) => Condition.nodeOf(kind, condition));
  if (terms.length === 0) throw new RangeError(`${kind}: expected a condition, found none`);
  checkSize(kind, conditions.map(String));
  return terms.length === 1 ? conditions[0]! : new Condition(kind, { kind, terms, location: NOWHERE });
}

function valueNode(caller: string, value: unknown): ValueNode {
  if (value instanceof Field)
    return { kind: 'reference', field: Operand.nodeOf(caller, value), location: NOWHERE };
  if (!Array.isArray(value)) return literalNode(caller, value);
  return { kind: 'array', items: Array.from(value, (item) => literalNode(caller, item)), location: NOWHERE };
}

function literalNode(caller: string, value: unknown): LiteralNode {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return { kind: 'literal', value, location: NOWHERE };
  throw new TypeError(`${caller}: a value must be a string, a number, a boolean or a field`);
}
