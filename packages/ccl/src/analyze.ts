import type { Request } from './evaluate.js';
import type { Pattern } from './lib/pattern.js';
import { holdsLimit } from './narrowing.js';
import {
  type Limit,
  type Policy,
  type Program,
  programOf,
  type Requirement,
  type Rule,
  type Target,
} from './policy.js';
import { ANY, FALSE, NOT_FALSE, NOT_TRUE, TRUE, type Truths } from './prove/formula.js';
import { only, type ProofOptions, Prover, SPENT, withinBudget } from './prove/prover.js';
import type { Among, Query } from './prove/search.js';

export type AnalysisKind =
  /** No request can ever make the statement decide anything. */
  | 'dead'
  /** The condition can never be true; on a deny or a requirement it still applies where it is unknown. */
  | 'never_true'
  /** A deny forbids all that the permit permits. */
  | 'contradiction'
  /** Several denies together, or budgets that cannot be measured, forbid all that the permit permits. */
  | 'covered'
  /** The document decides the same without the statement. */
  | 'redundant'
  /** Another limit is always reached before this one, or this one always counts 0. */
  | 'never_binds'
  /** A deny on a lone `*`, which matches one segment and not all. */
  | 'lone_star'
  /** The work budget was spent before all statements were looked at. */
  | 'undecided';

/** Something in a document that its author may not have meant. */
export interface AnalysisFinding {
  readonly kind: AnalysisKind;
  readonly line: number;
  /** One or two sentences for a person. */
  readonly message: string;
}

/**
 * Finds statements that do not do what they seem to. Every finding but `undecided` is proved; what can be neither
 * proved nor refuted is not reported.
 * @returns findings in the order of their lines
 * @throws TypeError if `compile` did not make the policy
 * @throws RangeError if the budget is no whole number above 0
 */
export function analyze(policy: Policy, options: ProofOptions = {}): AnalysisFinding[] {
  const analysis = new Analysis(programOf(policy), new Prover(options));
  return analysis.run().sort((left, right) => left.line - right.line);
}

class Analysis {
  readonly #program: Program;
  readonly #prover: Prover;
  readonly #findings: AnalysisFinding[] = [];
  /** Statements that others make superfluous, and which so make none superfluous themselves. */
  readonly #redundant = new Set<Target>();

  constructor(program: Program, prover: Prover) {
    this.#program = program;
    this.#prover = prover;
  }

  run(): AnalysisFinding[] {
    const { permits, denies, requires, limits } = this.#program;
    for (const deny of denies.all) this.#loneStar(deny);
    // From the end, so that of two equal statements the later one is reported.
    const steps = [
      ...denies.all.map((deny) => ({ target: deny, look: () => this.#deny(deny) })),
      ...requires.all.map((require) => ({ target: require, look: () => this.#require(require) })),
      ...limits.all.map((limit) => ({ target: limit, look: () => this.#limit(limit) })),
      ...permits.all.map((permit) => ({ target: permit, look: () => this.#permit(permit) })),
    ].sort((left, right) => right.target.index - left.target.index);
    for (const { target, look } of steps) {
      const spent = withinBudget(() => {
        if (!this.#never(target)) look();
        return undefined;
      });
      if (spent === undefined) continue;
      this.#report('undecided', target, `${SPENT}: this statement and those above it were not looked at`);
      break;
    }
    return this.#findings;
  }

  #report(kind: AnalysisKind, { line }: Target, message: string): void {
    this.#findings.push({ kind, line, message });
  }

  #loneStar(deny: Rule): void {
    const isLone = ({ segments }: Pattern) => segments.length === 1 && segments[0]!.kind === 'one';
    const parts = [isLone(deny.action) && 'action', isLone(deny.resource) && 'resource'].filter(Boolean);
    if (parts.length === 0) return;
    const message = `this deny's ${parts.join(' and ')} \`*\` matches one segment only; \`**\` matches everything`;
    this.#report('lone_star', deny, message);
  }

  /** Reports a statement that no request can meet, or whose condition none can make true. */
  #never(target: Target): boolean {
    if (this.#excludes({ targets: [target] })) {
      this.#report('dead', target, 'no well-formed request matches these patterns');
      return true;
    }
    const { condition, kind } = target;
    if (condition === undefined || !this.#excludes(this.#prover.applying(target, TRUE))) return false;
    const applies = kind !== 'permit' && !this.#excludes(this.#prover.applying(target, NOT_FALSE));
    const consequence = applies
      ? `the ${kind} applies only where a field is missing or of another type`
      : `the ${kind} never applies`;
    this.#report('never_true', target, `this condition can never be true: ${consequence}`);
    return true;
  }

  #permit(permit: Rule): void {
    const permitted = this.#prover.permittedBy(this.#program, permit);
    if (this.#excludes(permitted)) this.#forbidden(permit);
    else {
      const others = this.#others(this.#among('permit'), permit);
      if (this.#excludes(this.#prover.and(permitted, this.#without(others, NOT_TRUE)))) {
        this.#superfluous(permit, 'other permits permit all that this one permits');
      }
    }
  }

  #forbidden(permit: Rule): void {
    const applying = this.#prover.applying(permit, TRUE);
    const deny = this.#program.denies.all.find((each) => {
      const alone = only(this.#among('deny'), (other) => other === each);
      return this.#excludes({ ...applying, ...this.#without(alone, FALSE) });
    });
    if (deny === undefined) {
      const message = 'denies and budgets together forbid all that this permit permits';
      this.#report('covered', permit, message);
    } else {
      const message = `the deny on line ${deny.line} forbids all that this permit permits`;
      this.#report('contradiction', permit, message);
    }
  }

  #deny(deny: Rule): void {
    const others = this.#without(this.#others(this.#among('deny'), deny), FALSE);
    if (this.#excludes({ ...this.#prover.applying(deny, NOT_FALSE), ...others })) {
      this.#superfluous(deny, 'other denies forbid all that this one forbids');
    }
  }

  #require(require: Requirement): void {
    if (this.#isIdle(require)) return;
    const named = only(this.#among('require'), (other) => (other as Requirement).name === require.name);
    const others = this.#without(this.#others(named, require), FALSE);
    if (this.#isNeverPermitted({ ...this.#prover.applying(require, NOT_FALSE), ...others })) {
      this.#superfluous(require, 'other statements require the same wherever this one does');
    }
  }

  #limit(limit: Limit): void {
    if (this.#isIdle(limit)) return;
    const tighter = this.#program.limits.all.find((other) => this.#isTighter(other, limit));
    if (tighter !== undefined) {
      this.#redundant.add(limit);
      const message = `the limit on line ${tighter.line} is always reached before this one`;
      this.#report('never_binds', limit, message);
    } else if (limit.field !== undefined && this.#isFree(limit)) {
      this.#report('never_binds', limit, 'every request that is permitted costs 0 of this budget');
    }
  }

  #isTighter(other: Limit, limit: Limit): boolean {
    this.#prover.spend(1);
    if (other === limit || this.#redundant.has(other) || !holdsLimit(other, limit)) return false;
    const counted = only(this.#among('limit'), (each) => each === other);
    return this.#isNeverPermitted({ targets: [limit], ...this.#without(counted, ANY) });
  }

  /** Whether no permitted request costs anything of a budget. */
  #isFree(limit: Limit): boolean {
    const requirements = [this.#prover.costing(limit)];
    return this.#isNeverPermitted({ targets: [limit], requirements });
  }

  /** Reports what applies to no request that is permitted. */
  #isIdle(target: Requirement | Limit): boolean {
    if (!this.#isNeverPermitted(this.#prover.applying(target, NOT_FALSE))) return false;
    this.#report('dead', target, `this ${target.kind} applies to no request that is permitted`);
    return true;
  }

  #isNeverPermitted(query: Partial<Query>): boolean {
    return this.#program.permits.all.every((permit) =>
      this.#excludes(this.#prover.and(this.#prover.permittedBy(this.#program, permit), query)),
    );
  }

  #superfluous(target: Target, message: string): void {
    this.#redundant.add(target);
    this.#report('redundant', target, message);
  }

  #among(kind: Target['kind']): Among {
    return this.#prover.among(this.#program, kind);
  }

  #others(among: Among, target: Target): Among {
    return only(among, (other) => other !== target && !this.#redundant.has(other));
  }

  #without(among: Among, truths: Truths): Partial<Query> {
    return { exclusions: [this.#prover.without(among, truths)] };
  }

  /** True only if it is proved that there is no such request. */
  #excludes(query: Partial<Query>): boolean {
    return this.#prover.search.find(this.#prover.and(NOTHING, query), isRequest) === undefined;
  }
}

const NOTHING: Query = { targets: [], requirements: [], exclusions: [] };

/** Any request will do: that there is one is all that is asked. */
const isRequest = (_: Request) => true;
