import type { Severity } from './ast.js';
import { quoteForMessage } from './lib/escape.js';
import { normalizeResource, splitAction } from './lib/names.js';
import { isFiniteNumber, lookup } from './lib/values.js';
import { type Limit, type Policy, type Program, programOf, type Rule, type Target } from './policy.js';

/** May this action be performed on this resource? The context is plain JSON data; it is read, never changed. */
export interface Request {
  readonly action: string;
  readonly resource: string;
  readonly context?: Record<string, unknown>;
}

export type EvaluationCode =
  | 'permitted'
  | 'malformed_request'
  | 'denied_by_rule'
  | 'no_matching_permit'
  | 'limit_unmeasurable';

export interface MatchedRule {
  readonly kind: 'permit' | 'deny';
  readonly line: number;
  readonly text: string;
}

export interface Obligation {
  readonly name: string;
  readonly line: number;
}

/** A limit that the request must be charged to before it is permitted. */
export interface MatchedLimit {
  readonly line: number;
  /** 0-based place of the statement in the document; two statements can share a line. */
  readonly statement: number;
  /** The most that a window may hold. */
  readonly amount: number;
  /** What is summed; absent where requests are counted. */
  readonly field?: string;
  /** What this request takes: 1 where requests are counted. */
  readonly cost: number;
  readonly periodMs: number;
}

export interface Evaluation {
  readonly permitted: boolean;
  readonly code: EvaluationCode;
  /** One sentence for a person. */
  readonly reason: string;
  /** The highest among `matched`, else `high`. */
  readonly severity: Severity;
  /** All denies that apply, or else all permits that apply, in document order. */
  readonly matched: readonly MatchedRule[];
  readonly obligations: readonly Obligation[];
  readonly limits: readonly MatchedLimit[];
  /** The limit that could not be measured, for `limit_unmeasurable`; `statement` is its 0-based place. */
  readonly unmeasurable?: { readonly line: number; readonly statement: number };
}

/** A well-formed request, each member read once and split once for all statements. */
interface Subject {
  readonly action: string;
  readonly resource: string;
  readonly actionSegments: readonly string[];
  readonly resourceSegments: readonly string[];
  readonly context: unknown;
}

/**
 * Decides a request by one policy: a pure function that charges nothing. What cannot be judged is denied; a denial
 * is a value, never an exception.
 * @throws TypeError if `compile` did not make the policy
 */
export function evaluate(policy: Policy, request: Request): Evaluation {
  const program = programOf(policy);
  const { action, resource, context } = (request ?? {}) as Request;
  const actionSegments = splitAction(action);
  if (actionSegments === undefined) return malformed('action', action);
  const resourceSegments = normalizeResource(resource);
  if (resourceSegments === undefined) return malformed('resource', resource);
  return decide(program, { action, resource, actionSegments, resourceSegments, context });
}

/** Section 4 of the language, in its order. */
function decide(program: Program, subject: Subject): Evaluation {
  const { actionSegments, resourceSegments, context } = subject;
  const covering = program.all.covering(actionSegments, resourceSegments);
  const denies: Rule[] = [];
  for (const one of covering) if (one.kind === 'deny' && mayApply(one, context)) denies.push(one);
  if (denies.length > 0) return deny('denied_by_rule', `denied by the rule on ${linesOf(denies)}`, denies);
  const permits: Rule[] = [];
  for (const one of covering) if (one.kind === 'permit' && surelyApplies(one, context)) permits.push(one);
  if (permits.length === 0) return unpermitted(subject);
  const limits: MatchedLimit[] = [];
  const obligations: Obligation[] = [];
  for (const statement of covering) {
    if (statement.kind === 'limit') {
      const cost = costOf(statement, context);
      if (cost === undefined) return unmeasured(statement, permits);
      limits.push(describeLimit(statement, cost));
    } else if (statement.kind === 'require' && mayApply(statement, context)) {
      obligations.push({ name: statement.name, line: statement.line });
    }
  }
  return {
    permitted: true,
    code: 'permitted',
    reason: `permitted by the rule on ${linesOf(permits)}`,
    severity: highest(permits),
    matched: permits.map(describeRule),
    obligations,
    limits,
  };
}

/** Denies and requirements apply unless their condition is known to be false. */
function mayApply({ test }: Target, context: unknown): boolean {
  return test === undefined || test(context) !== false;
}

/** Permits apply only if their condition is known to be true. */
function surelyApplies({ test }: Target, context: unknown): boolean {
  return test === undefined || test(context) === true;
}

/** What the request takes from the limit; undefined if that cannot be said. */
function costOf(limit: Limit, context: unknown): number | undefined {
  if (limit.field === undefined) return 1;
  const value = lookup(context, limit.field);
  if (!isFiniteNumber(value) || value < 0) return undefined;
  return value === 0 ? 0 : value;
}

function malformed(what: 'action' | 'resource', value: unknown): Evaluation {
  const shown = typeof value === 'string' ? `${quoteForMessage(value)} is malformed` : 'is not a string';
  return deny('malformed_request', `the ${what} ${shown}`);
}

function unpermitted({ action, resource }: Subject): Evaluation {
  const reason = `no rule permits ${quoteForMessage(action)} on ${quoteForMessage(resource)}`;
  return deny('no_matching_permit', reason);
}

/** Names the field, which the policy's author wrote, and not its value. */
function unmeasured({ line, index, fieldText }: Limit, permits: readonly Rule[]): Evaluation {
  const shown = quoteForMessage(fieldText!);
  const reason = `the limit on line ${line} counts ${shown}, which is missing or no number from 0 up`;
  return { ...deny('limit_unmeasurable', reason, permits), unmeasurable: { line, statement: index } };
}

function deny(
  code: Exclude<EvaluationCode, 'permitted'>,
  reason: string,
  rules: readonly Rule[] = [],
): Evaluation {
  return {
    permitted: false,
    code,
    reason,
    severity: highest(rules),
    matched: rules.map(describeRule),
    obligations: [],
    limits: [],
  };
}

function describeRule({ kind, line, text }: Rule): MatchedRule {
  return { kind, line, text };
}

function describeLimit(limit: Limit, cost: number): MatchedLimit {
  const { line, index: statement, amount, fieldText: field, periodMs } = limit;
  return field === undefined
    ? { line, statement, amount, cost, periodMs }
    : { line, statement, amount, field, cost, periodMs };
}

/** The first line, and how many rules beside it. */
function linesOf(rules: readonly Rule[]): string {
  const more = rules.length > 1 ? ` and ${rules.length - 1} more` : '';
  return `line ${rules[0]!.line}${more}`;
}

const LEVELS: Readonly<Record<Severity, number>> = { low: 0, medium: 1, high: 2, critical: 3 };

function highest(rules: readonly Rule[]): Severity {
  if (rules.length === 0) return 'high';
  let found: Severity = 'low';
  for (const { severity } of rules) if (LEVELS[severity] > LEVELS[found]) found = severity;
  return found;
}
