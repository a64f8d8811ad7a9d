import { compile } from '../../compile.js';
import type { Request } from '../../evaluate.js';
import { type Explanation, explain } from '../../explain.js';
import type { Policy, StatementSummary } from '../../policy.js';

/** How much of a policy its tests asked for. */
export interface CoverageReport {
  readonly statements: number;
  /** How many statements some decision rested on. */
  readonly decided: number;
  /** 0 to 100, rounded down; 100 for a policy without statements. */
  readonly percent: number;
  /** The statements that never decided anything, in the order of the document. */
  readonly undecided: readonly StatementSummary[];
}

/**
 * A policy under test, which keeps account of the statements that its decisions rested on: the denies or permits that
 * an evaluation names, the obligations and limits that it reports, a limit that it could not measure.
 */
export class Coverage {
  readonly policy: Policy;
  readonly #decided = new Set<number>();

  /**
   * @param source a policy, or the text of one
   * @throws CclSyntaxError (`ccl_syntax`) if a text does not parse
   */
  constructor(source: Policy | string) {
    this.policy = typeof source === 'string' ? compile(source) : source;
  }

  /** Explains a request by the policy, and counts the statements that decided it. */
  explain(request: Request): Explanation {
    const explanation = explain(this.policy, request);
    for (const { index, decides } of explanation.statements) if (decides) this.#decided.add(index);
    return explanation;
  }

  report(): CoverageReport {
    const { statements } = this.policy;
    const undecided = statements.filter(({ index }) => !this.#decided.has(index));
    const decided = statements.length - undecided.length;
    const percent = statements.length === 0 ? 100 : Math.floor((decided * 100) / statements.length);
    return { statements: statements.length, decided, percent, undecided };
  }
}
