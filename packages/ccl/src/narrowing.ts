import type { Condition } from './ast.js';
import { evaluate, type Request } from './evaluate.js';
import { Budget, BudgetSpent } from './lib/budget.js';
import { toDecimal, unitsAt } from './lib/decimal.js';
import { implies, normalize } from './lib/implication.js';
import { disjoint, includes } from './lib/inclusion.js';
import { candidates } from './lib/witness.js';
import { type Limit, type Policy, type Program, programOf, type Rule, type Target } from './policy.js';

export type Narrowing =
  | { readonly narrows: true }
  | {
      readonly narrows: false;
      /** Evaluating it shows child permit and parent deny, or what `missing` names. */
      readonly counterexample: Request;
      readonly missing?: 'limit' | 'obligation';
    }
  | { readonly narrows: 'unknown'; readonly because: string };

export interface NarrowingOptions {
  /** The most elementary steps, 2,500,000 by default: half for a proof, half for a counterexample. */
  readonly budget?: number;
}

/** A permit of the child that can apply, and what is known wherever it does. */
interface Case {
  readonly permit: Rule;
  readonly premises: readonly Condition[];
}

/**
 * Says whether every request that the child permits, the parent permits too, with at least the parent's limits and
 * obligations. Always sound: `true` is a proof, a counterexample was evaluated on both; what is neither proved nor
 * refuted within the budget is `unknown`, and callers treat that as not narrowing.
 * @throws TypeError if `compile` did not make both policies
 * @throws RangeError if the budget is no whole number above 0
 */
export function checkNarrowing(child: Policy, parent: Policy, options: NarrowingOptions = {}): Narrowing {
  const { budget = 2_500_000 } = options;
  if (!Number.isSafeInteger(budget) || budget < 1)
    throw new RangeError('budget must be a whole number above 0');
  const half = Math.ceil(budget / 2);
  const [inner, outer] = [programOf(child), programOf(parent)];
  const open = unproven(inner, outer, new Budget(half));
  if (open.size === 0) return { narrows: true };
  const refutation = refute(child, parent, [...open.keys()], new Budget(half));
  if (refutation !== undefined) return refutation;
  const [permit, because] = [...open][0]!;
  return { narrows: 'unknown', because: `the permit on line ${permit.line}: ${because}` };
}

/** The child's permits that no proof covers, each with what is missing. */
function unproven(child: Program, parent: Program, budget: Budget): Map<Rule, string> {
  const open = new Map<Rule, string>();
  const live: Case[] = [];
  for (const permit of child.permits.all) {
    const problem = withinBudget(() => {
      const premises = premisesOf(permit, child, budget);
      if (premises === undefined) return undefined;
      live.push({ permit, premises });
      return gap({ permit, premises }, child, parent, budget);
    });
    if (problem !== undefined) open.set(permit, problem);
  }
  for (const limit of parent.limits.all) {
    const problem = withinBudget(() => limitGap(limit, live, child, budget));
    // One limit must count all that the parent's counts, so all permits share the doubt.
    if (problem !== undefined) for (const { permit } of live) open.set(permit, problem);
  }
  return open;
}

function withinBudget(step: () => string | undefined): string | undefined {
  try {
    return step();
  } catch (error) {
    if (error instanceof BudgetSpent) return 'the work budget is spent';
    throw error;
  }
}

/** What holds wherever the permit decides; undefined if it never can. */
function premisesOf(permit: Rule, child: Program, budget: Budget): Condition[] | undefined {
  const premises = permit.condition === undefined ? [] : [normalize(permit.condition)];
  for (const deny of child.denies.all) {
    if (!covers(deny, permit, permit, budget)) continue;
    if (deny.condition === undefined) return undefined;
    premises.push(normalize(deny.condition, true));
  }
  return implies(premises, undefined, budget) ? undefined : premises;
}

/** Why it is not proved that the parent permits what this case permits, with its obligations. */
function gap(live: Case, child: Program, parent: Program, budget: Budget): string | undefined {
  const { permit, premises } = live;
  if (!isPermitted(live, parent, budget)) return 'no permit of the parent is known to cover it';
  for (const deny of parent.denies.all) {
    if (!excluded(deny, permit, premises, child.denies.all, budget)) {
      return `the parent's deny on line ${deny.line} may meet it`;
    }
  }
  for (const requirement of parent.requires.all) {
    const same = child.requires.all.filter(({ name }) => name === requirement.name);
    if (!excluded(requirement, permit, premises, same, budget)) {
      return `the parent's obligation on line ${requirement.line} may be lacking`;
    }
  }
  return undefined;
}

function isPermitted({ permit, premises }: Case, parent: Program, budget: Budget): boolean {
  const goals: Condition[] = [];
  for (const candidate of parent.permits.all) {
    if (!covers(candidate, permit, permit, budget)) continue;
    if (candidate.condition === undefined) return true;
    goals.push(normalize(candidate.condition));
  }
  const [first] = goals;
  return (
    first !== undefined && implies(premises, { kind: 'or', terms: goals, location: first.location }, budget)
  );
}

/**
 * True only if `target` of the parent cannot apply where the permit does without one of `twins` (statements of the
 * child) applying too: the patterns do not meet, or the premises and the twins' being false make it false.
 */
function excluded(
  target: Target,
  permit: Rule,
  premises: readonly Condition[],
  twins: readonly Target[],
  budget: Budget,
): boolean {
  if (apart(target, permit, budget)) return true;
  const known = [...premises];
  for (const twin of twins) {
    if (!covers(twin, permit, target, budget)) continue;
    if (twin.condition === undefined) return true;
    known.push(normalize(twin.condition, true));
  }
  return implies(known, target.condition && normalize(target.condition, true), budget);
}

/** Why the parent's limit may not be kept: no single limit of the child is known to count all that it counts. */
function limitGap(limit: Limit, live: readonly Case[], child: Program, budget: Budget): string | undefined {
  const met = live.filter(({ permit }) => !apart(limit, permit, budget));
  if (met.length === 0) return undefined;
  const kept = child.limits.all.some((own) => {
    const isTight = keeps(
      { ...own, field: own.field?.join('.') },
      { ...limit, field: limit.field?.join('.') },
    );
    return isTight && met.every(({ permit }) => covers(own, permit, limit, budget));
  });
  return kept ? undefined : `the parent's limit on line ${limit.line} may be lacking`;
}

/** True only if everything in the patterns of both `one` and `other` is in those of `big`. */
function covers(big: Target, one: Target, other: Target, budget: Budget): boolean {
  return (
    (includes(big.action, one.action, budget) || includes(big.action, other.action, budget)) &&
    (includes(big.resource, one.resource, budget) || includes(big.resource, other.resource, budget))
  );
}

function apart(left: Target, right: Target, budget: Budget): boolean {
  return disjoint(left.action, right.action, budget) || disjoint(left.resource, right.resource, budget);
}

interface Rate {
  readonly amount: number;
  readonly periodMs: number;
  readonly field?: string | undefined;
}

/** Whether a limit of the child holds the parent's: in each of the parent's windows lie at most ⌈p / p_child⌉ of the child's. */
function keeps(child: Rate, parent: Rate): boolean {
  if (child.field !== parent.field) return false;
  const [own, bound] = [toDecimal(child.amount), toDecimal(parent.amount)];
  const places = Math.max(own.places, bound.places);
  const windows = BigInt(Math.ceil(parent.periodMs / child.periodMs));
  return unitsAt(own, places) * windows <= unitsAt(bound, places);
}

/** A request of these permits that shows the child to be wider, if one is found. */
function refute(
  child: Policy,
  parent: Policy,
  permits: readonly Rule[],
  budget: Budget,
): Narrowing | undefined {
  const [inner, outer] = [programOf(child), programOf(parent)];
  const cost = child.statements.length + parent.statements.length;
  try {
    for (const permit of permits) {
      for (const request of candidates(permit, inner, outer, budget)) {
        budget.spend(cost);
        const found = compare(child, parent, request);
        if (found !== undefined) return found;
      }
    }
  } catch (error) {
    if (!(error instanceof BudgetSpent)) throw error;
  }
  return undefined;
}

function compare(child: Policy, parent: Policy, request: Request): Narrowing | undefined {
  const own = evaluate(child, request);
  if (!own.permitted) return undefined;
  const theirs = evaluate(parent, request);
  const lacksLimit = theirs.limits.some((limit) => !own.limits.some((mine) => keeps(mine, limit)));
  const names = new Set(own.obligations.map(({ name }) => name));
  const lacksObligation = theirs.obligations.some(({ name }) => !names.has(name));
  if (!theirs.permitted) return { narrows: false, counterexample: request };
  if (lacksLimit) return { narrows: false, counterexample: request, missing: 'limit' };
  return lacksObligation ? { narrows: false, counterexample: request, missing: 'obligation' } : undefined;
}
