/** Requests made to tell two documents apart: from the patterns, constants and conditions of both. */
import type { CclDocument, Condition, Request, Statement } from '../../../src/index.js';
import { aim, type Context, put, Values } from './contexts.js';
import { type Alphabet, common, FOR_ACTIONS, FOR_RESOURCES, instance } from './instances.js';
import type { Random } from './random.js';

const conditionOf = (statement: Statement): Condition | undefined =>
  statement.kind === 'limit' ? undefined : statement.condition;
const actionOf = (statement: Statement) => statement.action?.segments ?? ['**'];
const resourceOf = (statement: Statement) => statement.resource?.segments ?? ['**'];

export class Requests {
  readonly #child: readonly Statement[];
  readonly #permits: readonly Statement[];
  readonly #all: readonly Statement[];
  readonly #values: Values;

  constructor(child: CclDocument, parent: CclDocument) {
    this.#child = child.statements;
    this.#permits = child.statements.filter((statement) => statement.kind === 'permit');
    this.#all = [...child.statements, ...parent.statements];
    this.#values = new Values(this.#all);
  }

  /** Aimed at a permit of the child and at another statement at once; the context at what both say. */
  next(random: Random): Request {
    const permit = random.pick(this.#permits.length > 0 && random.chance(90) ? this.#permits : this.#all);
    const other = random.pick(this.#all);
    if (permit === undefined || other === undefined) return { action: 'a', resource: '/a', context: {} };
    const action = meet(actionOf(permit), actionOf(other), random, FOR_ACTIONS).join('.') || 'a';
    const resource = meet(resourceOf(permit), resourceOf(other), random, FOR_RESOURCES).join('/');
    return {
      action,
      resource: random.chance(50) ? `/${resource}` : resource,
      context: this.#context(permit, other, random),
    };
  }

  #context(permit: Statement, other: Statement, random: Random): Context {
    const context: Context = {};
    for (const field of this.#values.fields) {
      if (random.chance(65)) put(context, field, structuredClone(this.#values.pick(field, random)));
    }
    aim(conditionOf(other), random.chance(50), context, this.#values, random);
    // The child's denies stand in the way, so they are to be false.
    for (const deny of this.#child) {
      if (deny.kind === 'deny' && random.chance(60))
        aim(deny.condition, false, context, this.#values, random);
    }
    aim(conditionOf(permit), true, context, this.#values, random);
    if (this.#values.fields.length === 0 || random.chance(60)) return context;
    const changed = random.pick(this.#values.fields);
    put(
      context,
      changed,
      random.chance(40) ? undefined : structuredClone(this.#values.pick(changed, random)),
    );
    return context;
  }
}

/** A text of the first pattern, mostly one that the second matches too. */
function meet(
  first: readonly string[],
  second: readonly string[],
  random: Random,
  alphabet: Alphabet,
): string[] {
  const met = random.chance(70) ? common(first, second, random, alphabet) : undefined;
  return met ?? instance(first, random, alphabet);
}
