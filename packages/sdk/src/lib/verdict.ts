import type { Evaluation, Policy, StatementSummary } from '@stele/ccl';
import type { ChainLink } from '@stele/core';
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
  const { id } = link.document;
  const known = isOpen(id, governing);
  const reason = known ? evaluation.reason : 'a covenant above the agent’s own does not permit this';
  const place = placeOf(evaluation);
  return {
    ...denied(evaluation.code, reason, { covenant: id }),
    severity: evaluation.severity,
    matched: statementsOf({ link, evaluation }),
    ...(place === undefined ? {} : decidedBy({ ...place, covenant: id }, governing)),
  };
}

/** The statement that denied: the limit that cannot be measured, or the first of the denies. */
function placeOf({ unmeasurable, matched }: Evaluation): Omit<Place, 'covenant'> | undefined {
  return unmeasurable === undefined ? matched[0] : { line: unmeasurable.line, kind: 'limit' };
}

/** A statement by its place: a line may hold several, of different kinds. */
export interface Place {
  readonly covenant: string;
  readonly line: number;
  readonly kind: StatementSummary['kind'];
}

/** The line that decided, for the host, and the statement in the form in which the agent may see it, where it may. */
export function decidedBy(
  place: Place,
  governing: Governing,
): Pick<Verdict, 'covenant' | 'line' | 'statement' | 'pattern'> {
  const { covenant, line, kind } = place;
  const link = governing.links.find(({ document }) => document.id === covenant);
  const found = link?.policy.statements.find((one) => one.line === line && one.kind === kind);
  if (found === undefined) return { covenant, line };
  const pattern = found.resource;
  if (!isOpen(covenant, governing)) return { covenant, line, pattern };
  const text = explains(link?.document) ? found.text : withoutCondition(found);
  return { covenant, line, pattern, statement: { covenant, line, text } };
}

/** An agent may know the rules of its own covenant; those above it only where they say so. */
export function isOpen(covenant: string, governing: Governing): boolean {
  if (governing.leaves.some(({ id }) => id === covenant)) return true;
  return explains(governing.links.find(({ document }) => document.id === covenant)?.document);
}

const explains = (document?: ChainLink['document']): boolean => document?.metadata?.explain === true;

/** Conditions and amounts are thresholds. */
function withoutCondition({ kind, name, action, resource }: StatementSummary): string {
  return kind === 'require'
    ? `require ${name} for ${action} on ${resource}`
    : `${kind} ${action} on ${resource}`;
}

/** The permit of all covenants together. */
export function permitted(
  judged: readonly Judged[],
  limits: readonly AppliedLimit[],
  obligations: readonly Obligation[],
): Verdict {
  const last = judged[judged.length - 1] as Judged;
  const pattern = patternOf(last);
  return {
    permitted: true,
    code: 'permitted',
    reason: last.evaluation.reason,
    severity: highest(judged),
    covenant: last.link.document.id,
    ...(pattern === undefined ? {} : { pattern }),
    matched: judged.length === 1 ? statementsOf(last) : judged.flatMap(statementsOf),
    obligations,
    limits,
    retryable: false,
  };
}

const patternsByPolicy = new WeakMap<Policy, ReadonlyMap<string, string>>();

/** The resource pattern of the first permit, which its text tells. */
function patternOf({ link, evaluation }: Judged): string | undefined {
  const [first] = evaluation.matched;
  return first === undefined ? undefined : patternsOf(link.policy).get(first.text);
}

/** The resource patterns by the texts of the statements, made once: a monitor asks at each decision. */
function patternsOf(policy: Policy): ReadonlyMap<string, string> {
  const known = patternsByPolicy.get(policy);
  if (known !== undefined) return known;
  const patterns = new Map(policy.statements.map(({ text, resource }) => [text, resource]));
  patternsByPolicy.set(policy, patterns);
  return patterns;
}

function statementsOf({ link, evaluation }: Judged): DecidingStatement[] {
  return evaluation.matched.map(({ kind, line, text }) => ({ kind, line, text, covenant: link.document.id }));
}

const ORDER: readonly Severity[] = ['critical', 'high', 'medium', 'low'];

function highest(judged: readonly Judged[]): Severity {
  let rank = ORDER.length;
  for (const { evaluation } of judged) rank = Math.min(rank, ORDER.indexOf(evaluation.severity));
  return ORDER[rank] ?? 'high';
}
