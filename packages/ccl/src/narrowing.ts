import { type Evaluation, evaluate, type Request } from './evaluate.js';
import { Decimal } from './lib/decimal.js';
import { type Limit, type Policy, type Program, programOf, type Requirement } from './policy.js';
import { ANY, FALSE, NOT_FALSE } from './prove/formula.js';
import { firstOf, only, type ProofOptions, Prover, withinBudget } from './prove/prover.js';
import type { Finding, Query } from './prove/search.js';

export type Narrowing =
  | { readonly narrows: true }
  | {
      readonly narrows: false;
      /** Evaluating it shows child permit and parent deny, or what `missing` names. */
      readonly counterexample: Request;
      readonly missing?: 'limit' | 'obligation';
    }
  | { readonly narrows: 'unknown'; readonly because: string };

export type NarrowingOptions = ProofOptions;

type Refutation = Extract<Narrowing, { readonly narrows: false }>;

/**
 * Says whether every request that the child permits, the parent permits too, with at least the parent's limits and
 * obligations. `true` is a proof. A counterexample has been evaluated on both. What is neither proved nor refuted
 * within the budget is `unknown`, and callers treat that as not narrowing.
 * @throws TypeError if `compile` did not make both policies
 * @throws RangeError if the budget is no whole number above 0
 */
export function checkNarrowing(child: Policy, parent: Policy, options: NarrowingOptions = {}): Narrowing {
  const check = new Check(child, parent, new Prover(options));
  const finding = withinBudget(() =>
    firstOf(
      // What only a budget of the parent denies, no limit of the child that holds it counts: `limits` finds that, too.
      [() => check.denied(), () => check.obligations(), () => check.limits()],
      (step) => step(),
    ),
  );
  if (finding === undefined) return { narrows: true };
  return 'found' in finding ? finding.found : { narrows: 'unknown', because: finding.because };
}

class Check {
  readonly #child: Policy;
  readonly #parent: Policy;
  readonly #inner: Program;
  readonly #outer: Program;
  readonly #prover: Prover;

  constructor(child: Policy, parent: Policy, prover: Prover) {
    this.#child = child;
    this.#parent = parent;
    this.#inner = programOf(child);
    this.#outer = programOf(parent);
    this.#prover = prover;
  }

  denied(): Finding<Refutation> {
    return refuted(this.#prover.denied(this.#child, this.#parent));
  }

  obligations(): Finding<Refutation> {
    const prover = this.#prover;
    return firstOf(this.#outer.requires.all, (requirement) => {
      const requires = prover.among(this.#inner, 'require');
      const twins = only(requires, (own) => (own as Requirement).name === requirement.name);
      const lacking = {
        ...prover.applying(requirement, NOT_FALSE),
        exclusions: [prover.without(twins, FALSE)],
      };
      const isNamed = ({ name }: { readonly name: string }) => name === requirement.name;
      return this.#permitted('obligation', lacking, (own, theirs) => {
        return theirs.obligations.some(isNamed) && !own.obligations.some(isNamed);
      });
    });
  }

  limits(): Finding<Refutation> {
    return firstOf(this.#outer.limits.all, (limit) => this.#limit(limit));
  }

  /** One limit of the child must count all that the parent's counts: several smaller ones do not add up to it. */
  #limit(limit: Limit): Finding<Refutation> {
    this.#prover.spend(this.#inner.limits.all.length);
    const tight = this.#inner.limits.all.filter((own) => holdsLimit(own, limit));
    const uncounted = this.#uncounted(limit, tight);
    if (uncounted !== undefined || tight.length === 1) return uncounted;
    let refutation: Finding<Refutation>;
    let doubt: Finding<Refutation>;
    for (const own of tight) {
      const finding = this.#uncounted(limit, [own]);
      if (finding === undefined) return undefined;
      if ('found' in finding) refutation = finding;
      else doubt = finding;
    }
    // A limit of which it is not known may be the one that keeps it.
    return doubt ?? refutation;
  }

  /** A request under the parent's limit that none of the child's counts. */
  #uncounted(limit: Limit, those: readonly Limit[]): Finding<Refutation> {
    const counted = new Set(those.map(({ index }) => index));
    const among = only(this.#prover.among(this.#inner, 'limit'), ({ index }) => counted.has(index));
    const exclusions = [this.#prover.without(among, ANY)];
    return this.#permitted('limit', { targets: [limit], exclusions }, (own, theirs) => {
      const isDue = theirs.limits.some(({ statement }) => statement === limit.index);
      const isKept = own.limits.some(({ statement }) => counted.has(statement));
      return isDue && !isKept;
    });
  }

  /** A request that the child permits, of which both evaluations show what is missing. */
  #permitted(
    missing: NonNullable<Refutation['missing']>,
    query: Partial<Query>,
    isMissing: (own: Evaluation, theirs: Evaluation) => boolean,
  ): Finding<Refutation> {
    return this.#prover.permitted(this.#inner, query, (counterexample): Refutation | undefined => {
      const own = evaluate(this.#child, counterexample);
      const theirs = evaluate(this.#parent, counterexample);
      if (!own.permitted) return undefined;
      if (!theirs.permitted) return { narrows: false, counterexample };
      return isMissing(own, theirs) ? { narrows: false, counterexample, missing } : undefined;
    });
  }
}

function refuted(finding: Finding<Request>): Finding<Refutation> {
  return finding && 'found' in finding
    ? { found: { narrows: false, counterexample: finding.found } }
    : finding;
}

/**
 * Whether keeping one limit keeps another: in each window of the parent's lie at most ⌈p / p_child⌉ of the child's.
 * @internal
 */
export function holdsLimit(child: Limit, parent: Limit): boolean {
  if (child.field?.join('.') !== parent.field?.join('.')) return false;
  const [own, bound] = [Decimal.of(child.amount), Decimal.of(parent.amount)];
  const places = Math.max(own.places, bound.places);
  const windows = BigInt(Math.ceil(parent.periodMs / child.periodMs));
  return own.unitsAt(places) * windows <= bound.unitsAt(places);
}
