import { evaluate, type Request } from '../evaluate.js';
import { Budget, BudgetSpent } from '../lib/budget.js';
import { type Limit, type Policy, type Program, programOf, type Rule, type Target } from '../policy.js';
import type { Requirement } from './context.js';
import { FALSE, NOT_FALSE, NOT_TRUE, TRUE, type Truths } from './formula.js';
import { type Among, type Exclusion, type Finding, type Query, Search } from './search.js';

export interface ProofOptions {
  /** The most elementary steps, 2,500,000 by default: a bound on work that is the same on every machine. */
  readonly budget?: number;
}

const DEFAULT_BUDGET = 2_500_000;

export const SPENT = 'the work budget is spent';

/** Asks for requests in the terms of documents. */
export class Prover {
  readonly search: Search;
  readonly #budget: Budget;
  /** What a program's permits are kept from, whichever applies. */
  readonly #exclusions = new Map<Program, readonly Exclusion[]>();

  /** @throws RangeError if the budget is no whole number above 0 */
  constructor({ budget = DEFAULT_BUDGET }: ProofOptions = {}) {
    if (!Number.isSafeInteger(budget) || budget < 1) {
      throw new RangeError('budget must be a whole number above 0');
    }
    this.#budget = new Budget(budget);
    this.search = new Search(this.#budget);
  }

  /** A request that the first policy permits and by its rules the second does not. */
  denied(permitting: Policy, denying: Policy): Finding<Request> {
    const outer = programOf(denying);
    const ways = [
      { exclusions: [this.without(this.among(outer, 'permit'), NOT_TRUE)] },
      ...outer.denies.all.map((deny) => this.applying(deny, NOT_FALSE)),
    ];
    return this.#refused(permitting, denying, ways);
  }

  /** A request that the first policy permits and of which the second cannot measure a budget. */
  unmeasurable(permitting: Policy, denying: Policy): Finding<Request> {
    const budgets = programOf(denying).limits.all.filter(({ field }) => field !== undefined);
    const ways = budgets.map((limit) => ({ targets: [limit], requirements: [this.measured(limit, FALSE)] }));
    return this.#refused(permitting, denying, ways);
  }

  #refused(permitting: Policy, denying: Policy, ways: readonly Partial<Query>[]): Finding<Request> {
    const accept = (request: Request) => {
      const differs = evaluate(permitting, request).permitted && !evaluate(denying, request).permitted;
      return differs ? request : undefined;
    };
    return firstOf(ways, (way) => this.permitted(programOf(permitting), way, accept));
  }

  /** A request that a program permits and that a query describes further. */
  permitted<Result>(
    program: Program,
    query: Partial<Query>,
    accept: (request: Request) => Result | undefined,
  ): Finding<Result> {
    const { targets = [] } = query;
    const met = program.permits.all.filter((permit) => targets.every((target) => this.#meet(permit, target)));
    return firstOf(met, (permit) => {
      const finding = this.search.find(this.and(this.permittedBy(program, permit), query), accept);
      if (finding === undefined || 'found' in finding) return finding;
      return { because: `the permit on line ${permit.line}: ${finding.because}` };
    });
  }

  /** False only if no request matches the patterns of both. */
  #meet(left: Target, right: Target): boolean {
    const { actions, resources } = this.search;
    return actions.meets(left.action, right.action) && resources.meets(left.resource, right.resource);
  }

  /** Requests that a program permits by this statement. */
  permittedBy(program: Program, permit: Rule): Query {
    let exclusions = this.#exclusions.get(program);
    if (exclusions === undefined) {
      exclusions = [this.without(this.among(program, 'deny'), FALSE), this.#unmeasured(program)];
      this.#exclusions.set(program, exclusions);
    }
    return this.and({ targets: [], requirements: [], exclusions }, this.applying(permit, TRUE));
  }

  /** Requests that a statement's patterns match and for which its condition is absent or one of these. */
  applying(target: Target, truths: Truths): Partial<Query> {
    return { targets: [target], requirements: this.#conditionOf(target, truths) };
  }

  #conditionOf({ condition }: Target, truths: Truths): Requirement[] {
    return condition === undefined ? [] : [{ formula: this.search.formulas.of(condition), truths }];
  }

  /** The statements of one kind. To find them is to find those of all kinds. */
  among(program: Program, kind: Target['kind']): Among {
    const covering: Among['covering'] = (action, resource) => {
      const found = program.all.covering(action, resource);
      this.#budget.spend(found.length);
      return found.filter((one) => one.kind === kind);
    };
    return { covering };
  }

  /** None of these may match unless its condition comes out as one of `truths`. */
  without(among: Among, truths: Truths): Exclusion {
    return { among, excuse: (target) => this.#conditionOf(target, truths)[0] };
  }

  /** No limit may count what is missing or no number from 0 up. */
  #unmeasured(program: Program): Exclusion {
    const budgets = only(this.among(program, 'limit'), (limit) => (limit as Limit).field !== undefined);
    const excuse = (limit: Target) => this.measured(limit as Limit, TRUE);
    return { among: budgets, excuse };
  }

  measured({ field }: Limit, truths: Truths): Requirement {
    return { formula: this.search.formulas.measurable(field!), truths };
  }

  /** Requests that cost something of a budget. */
  costing({ field }: Limit): Requirement {
    return { formula: this.search.formulas.measurable(field!, true), truths: TRUE };
  }

  /** Counts work that the searches do not see. */
  spend(steps: number): void {
    this.#budget.spend(steps);
  }

  and(query: Query, more: Partial<Query>): Query {
    return {
      targets: [...query.targets, ...(more.targets ?? [])],
      requirements: [...query.requirements, ...(more.requirements ?? [])],
      exclusions: [...query.exclusions, ...(more.exclusions ?? [])],
    };
  }
}

/** The statements of a list that pass a test. */
export function only(list: Among, test: (target: Target) => boolean): Among {
  return { covering: (action, resource) => list.covering(action, resource).filter(test) };
}

/** The first request that is found; else the first doubt. */
export function firstOf<Item, Result>(
  items: Iterable<Item>,
  find: (item: Item) => Finding<Result>,
): Finding<Result> {
  let doubt: Finding<Result>;
  for (const item of items) {
    const finding = find(item);
    if (finding !== undefined && 'found' in finding) return finding;
    doubt ??= finding;
  }
  return doubt;
}

/** The result, or a doubt when the budget was spent on the way. */
export function withinBudget<Result>(step: () => Finding<Result>): Finding<Result> {
  try {
    return step();
  } catch (error) {
    if (error instanceof BudgetSpent) return { because: SPENT };
    throw error;
  }
}
