import { type Evaluation, evaluate, type LimitCharge, type LimitLedger, type Request } from '@stele/ccl';
import type { DecisionCode } from '@stele/sdk';
import { isSteleError } from '@stele/types/errors';
import type { RuleSet } from './rules.js';

/** The statement that decided, and the covenant that holds it. */
export interface Decider {
  readonly kind: string;
  readonly line: number;
  readonly text: string;
  readonly covenant?: string;
}

export interface Obligation {
  readonly name: string;
  readonly line: number;
  readonly covenant?: string;
}

export interface AppliedLimit {
  readonly line: number;
  readonly text: string;
  readonly amount: number;
  readonly field?: string;
  readonly cost: number;
  readonly periodMs: number;
  /** What is left once this request was charged; absent when nothing was charged. */
  readonly remaining?: number;
  readonly covenant?: string;
}

export interface Judgement {
  readonly outcome: 'permitted' | 'denied' | 'needs_approval';
  readonly code: DecisionCode;
  readonly reason: string;
  readonly deciders: readonly Decider[];
  readonly obligations: readonly Obligation[];
  readonly limits: readonly AppliedLimit[];
}

interface Judged {
  readonly set: RuleSet;
  readonly evaluation: Evaluation;
}

/**
 * Judges a request by every covenant of a chain: all must permit. A call that still awaits an obligation charges
 * nothing; for one without limits the answer is there at once, because the ledger is not asked.
 */
export function judge(
  sets: readonly RuleSet[],
  request: Request,
  ledger: () => LimitLedger,
): Judgement | Promise<Judgement> {
  const judged: Judged[] = [];
  for (const set of sets) {
    const evaluation = evaluate(set.policy, request);
    if (!evaluation.permitted) return denied({ set, evaluation });
    judged.push({ set, evaluation });
  }
  const obligations = judged.flatMap(({ set, evaluation }) =>
    evaluation.obligations.map(({ name, line }) => ({ name, line, ...of(set) })),
  );
  if (obligations.length > 0) return awaiting(judged, obligations);
  if (judged.every(({ evaluation }) => evaluation.limits.length === 0)) return permitted(judged, []);
  return charge(judged, ledger());
}

async function charge(judged: readonly Judged[], ledger: LimitLedger): Promise<Judgement> {
  const limits = limitsOf(judged);
  try {
    const answer = await ledger.reserve(chargesOf(judged));
    const left = limits.map((limit, i) => ({ ...limit, remaining: answer.remaining[i] as number }));
    if (!answer.ok) return exceeded(limits[answer.index] as AppliedLimit, left);
    await ledger.commit(answer.id);
    return permitted(judged, left);
  } catch (error) {
    if (!isSteleError(error)) throw error;
    const reason = `the limits cannot be counted: ${error.message}`;
    return { outcome: 'denied', code: 'limit_unavailable', reason, deciders: [], obligations: [], limits };
  }
}

/** A limit counts per statement of a covenant; its place in the chain stands for the covenant. */
function chargesOf(judged: readonly Judged[]): LimitCharge[] {
  return judged.flatMap(({ evaluation }, place) =>
    evaluation.limits.map(({ statement, amount, cost, periodMs }) => ({
      key: `${place}:${statement}`,
      amount,
      cost,
      periodMs,
    })),
  );
}

function limitsOf(judged: readonly Judged[]): AppliedLimit[] {
  return judged.flatMap(({ set, evaluation }) =>
    evaluation.limits.map(({ statement, ...limit }) => ({
      ...limit,
      text: set.policy.statements[statement]?.text ?? '',
      ...of(set),
    })),
  );
}

const of = ({ covenant }: RuleSet) => (covenant === undefined ? {} : { covenant });

function decidersOf({ set, evaluation }: Judged): Decider[] {
  return evaluation.matched.map((rule) => ({ ...rule, ...of(set) }));
}

function denied(judged: Judged): Judgement {
  const { code, reason } = judged.evaluation;
  return { outcome: 'denied', code, reason, deciders: decidersOf(judged), obligations: [], limits: [] };
}

function permitted(judged: readonly Judged[], limits: readonly AppliedLimit[]): Judgement {
  const reason = (judged[judged.length - 1] as Judged).evaluation.reason;
  const deciders = judged.flatMap(decidersOf);
  return { outcome: 'permitted', code: 'permitted', reason, deciders, obligations: [], limits };
}

function awaiting(judged: readonly Judged[], obligations: readonly Obligation[]): Judgement {
  const names = [...new Set(obligations.map(({ name }) => name))].join(', ');
  return {
    outcome: 'needs_approval',
    code: 'obligation_pending',
    reason: `permitted once this is met: ${names}`,
    deciders: judged.flatMap(decidersOf),
    obligations,
    limits: limitsOf(judged),
  };
}

function exceeded(limit: AppliedLimit, limits: readonly AppliedLimit[]): Judgement {
  const { line, text, covenant } = limit;
  return {
    outcome: 'denied',
    code: 'limit_exceeded',
    reason: `the limit on line ${line} has no room for this`,
    deciders: [{ kind: 'limit', line, text, ...(covenant === undefined ? {} : { covenant }) }],
    obligations: [],
    limits,
  };
}
