import type { Evaluation } from '@stele/ccl';
import { DECISION_CODES, type DecisionCode } from '@stele/types/codes';
import type { AppliedLimit, DecidingStatement, Decision, Obligation, Severity } from '../decision.js';
import type { Judged } from './charging.js';
import type { Governing } from './governing.js';

/** A decision before it is recorded. */
export type Verdict = Omit<Decision, 'receipt'>;

/** A denial that no statement made. */
export function denied(
  code: DecisionCode,
  reason: string,
  where: Pick<Partial<Decision>, 'covenant' | 'check' | 'detail' | 'retryable'> = {},
): Verdict {
  return {
    permitted: false,
    code,
    reason,
    severity: 'high',
    ...(where.covenant === undefined ? {} : { covenant: where.covenant }),
    ...(where.check === undefined ? {} : { check: where.check }),
    ...(where.detail === undefined ? {} : { detail: where.detail }),
    matched: [],
    obligations: [],
    limits: [],
    retryable: where.retryable ?? DECISION_CODES[code].retryable,
  };
}

/** The denial that one covenant's rules made. */
export function judgedDenial({ link, evaluation }: Judged, governing: Governing): Verdict {
  const { id, metadata } = link.document;
  // An agent may know the rules of its own covenant; those above it only where they say so.
  const explains = metadata?.explain === true;
  const open = explains || governing.leaves.some((leaf) => leaf.id === id);
  const decisive = evaluation.matched[0];
  const statement =
    decisive === undefined || !open
      ? {}
      : {
          statement: {
            covenant: id,
            line: decisive.line,
            text: explains ? decisive.text : rule(decisive, link.policy),
          },
        };
  return {
    ...denied(
      evaluation.code,
      open ? evaluation.reason : 'a covenant above the agent’s own does not permit this',
      {
        covenant: id,
      },
    ),
    severity: evaluation.severity,
    matched: statementsOf({ link, evaluation }),
    ...statement,
  };
}

/** A statement without its condition, which may hold thresholds. */
function rule(decisive: Evaluation['matched'][number], policy: Judged['link']['policy']): string {
  const found = policy.statements.find(({ line, text }) => line === decisive.line && text === decisive.text);
  return found === undefined ? decisive.kind : `${found.kind} ${found.action} on ${found.resource}`;
}

/** The permit of all covenants together. */
export function permitted(
  judged: readonly Judged[],
  limits: readonly AppliedLimit[],
  obligations: readonly Obligation[],
): Verdict {
  const last = judged[judged.length - 1] as Judged;
  return {
    permitted: true,
    code: 'permitted',
    reason: last.evaluation.reason,
    severity: highest(judged.map(({ evaluation }) => evaluation.severity)),
    covenant: last.link.document.id,
    matched: judged.flatMap(statementsOf),
    obligations,
    limits,
    retryable: false,
  };
}

function statementsOf({ link, evaluation }: Judged): DecidingStatement[] {
  return evaluation.matched.map(({ kind, line, text }) => ({ kind, line, text, covenant: link.document.id }));
}

const ORDER: readonly Severity[] = ['critical', 'high', 'medium', 'low'];

function highest(severities: readonly Severity[]): Severity {
  return ORDER.find((severity) => severities.includes(severity)) ?? 'high';
}
