import type { ComparisonNode, Condition, FieldNode, HasNode } from './ast.js';
import { type Evaluation, evaluate, type Request } from './evaluate.js';
import { formatCondition } from './format.js';
import { compileCondition } from './lib/condition.js';
import { malformedAction, malformedResource } from './lib/malformed.js';
import { normalizeResource } from './lib/names.js';
import { matchPattern } from './lib/pattern.js';
import { showValue } from './lib/shown.js';
import { split } from './lib/split.js';
import { lookup, type Truth } from './lib/values.js';
import { type Policy, programOf, type Target } from './policy.js';

/** What one request meets in one policy. */
export interface Explanation {
  /** The decision: what `evaluate` returns. */
  readonly evaluation: Evaluation;
  /** What is malformed and why, for `malformed_request`. */
  readonly malformed?: string;
  /** Every statement in the order of the document; none for a malformed request, because none was asked. */
  readonly statements: readonly StatementExplanation[];
}

export interface StatementExplanation {
  /** 0-based place in the document. */
  readonly index: number;
  readonly kind: 'permit' | 'deny' | 'require' | 'limit';
  readonly line: number;
  /** The statement as written. */
  readonly text: string;
  /** Whether it applies: its patterns match, and its condition is true or, but for a permit, unknown. */
  readonly applies: boolean;
  /** Whether the decision rests on it: it is among the rules, obligations or limits that the evaluation names. */
  readonly decides: boolean;
  /** Why it does not apply, or why it applies although its condition is unknown. */
  readonly because?: string;
  /** Its condition, where its patterns match. */
  readonly condition?: ConditionExplanation;
}

/** Kleene's three values by name. */
export type TruthName = 'true' | 'false' | 'unknown';

export interface ConditionExplanation {
  readonly kind: Condition['kind'];
  /** A comparison in canonical form; `and`, `or` or `not` for what joins others. */
  readonly text: string;
  readonly value: TruthName;
  /** The fields of a comparison, with what the context holds there: escaped, cut at 64 characters, or `missing`. */
  readonly fields: readonly { readonly field: string; readonly value: string }[];
  /** What `and`, `or` and `not` join. */
  readonly terms: readonly ConditionExplanation[];
}

/**
 * Says for one request what every statement made of it. A pure function like `evaluate`, for people: it holds values of
 * the context, so it belongs to the host's own eyes.
 * @throws TypeError if `compile` did not make the policy
 */
export function explain(policy: Policy, request: Request): Explanation {
  const { action, resource, context } = (request ?? {}) as Request;
  const evaluation = evaluate(policy, { action, resource, context: context! });
  const malformed = malformedAction(action) ?? malformedResource(resource);
  if (malformed !== undefined) return { evaluation, malformed, statements: [] };
  const asked = { action: split(action, '.'), resource: normalizeResource(resource)!, context };
  const { all } = programOf(policy).all;
  return { evaluation, statements: all.map((target) => explainStatement(target, asked, evaluation)) };
}

interface Asked {
  readonly action: readonly string[];
  readonly resource: readonly string[];
  readonly context: unknown;
}

function explainStatement(target: Target, asked: Asked, evaluation: Evaluation): StatementExplanation {
  const { index, kind, line, text } = target;
  const statement = { index, kind, line, text };
  const mismatch = mismatchOf(target, asked);
  if (mismatch !== undefined) return { ...statement, applies: false, decides: false, because: mismatch };
  const condition = target.condition && explainCondition(target.condition, asked.context);
  const applies = condition === undefined || condition.value === 'true' || mayApply(kind, condition);
  return {
    ...statement,
    applies,
    decides: applies && isNamed(target, evaluation),
    ...reasonFor(kind, applies, condition),
    ...(condition === undefined ? {} : { condition }),
  };
}

function mismatchOf(target: Target, { action, resource }: Asked): string | undefined {
  if (!matchPattern(target.action, action)) return 'action does not match';
  return matchPattern(target.resource, resource) ? undefined : 'resource does not match';
}

/** In doubt a deny denies and a requirement requires, and a permit does not permit. */
function mayApply(kind: Target['kind'], { value }: ConditionExplanation): boolean {
  return kind !== 'permit' && value === 'unknown';
}

function reasonFor(
  kind: Target['kind'],
  applies: boolean,
  condition: ConditionExplanation | undefined,
): { because?: string } {
  if (condition === undefined || condition.value === 'true') return {};
  const state = `condition is ${condition.value}`;
  return { because: applies ? `${state}, and a ${kind} applies unless it is false` : state };
}

/** Which statements that apply the evaluation rests on. */
function isNamed({ kind, index }: Target, { code, unmeasurable }: Evaluation): boolean {
  switch (code) {
    case 'denied_by_rule':
      return kind === 'deny';
    case 'limit_unmeasurable':
      return kind === 'permit' || index === unmeasurable?.statement;
    default:
      return code === 'permitted';
  }
}

function explainCondition(node: Condition, context: unknown): ConditionExplanation {
  const { kind } = node;
  if (kind === 'comparison' || kind === 'has') return explainComparison(node, context);
  const terms = (kind === 'not' ? [node.operand] : node.terms).map((term) => explainCondition(term, context));
  return { kind, text: kind, value: joined(kind, terms), fields: [], terms };
}

function explainComparison(node: ComparisonNode | HasNode, context: unknown): ConditionExplanation {
  const fields = fieldsOf(node).map(({ path }) => ({
    field: path.join('.'),
    value: showValue(lookup(context, path)),
  }));
  const value = nameOf(compileCondition(node)(context));
  return { kind: node.kind, text: formatCondition(node), value, fields, terms: [] };
}

const NEGATED = { true: 'false', false: 'true', unknown: 'unknown' } as const;

/** Kleene's connectives. */
function joined(kind: 'and' | 'or' | 'not', terms: readonly ConditionExplanation[]): TruthName {
  if (kind === 'not') return NEGATED[terms[0]!.value];
  const [decisive, otherwise] = kind === 'or' ? (['true', 'false'] as const) : (['false', 'true'] as const);
  const has = (value: TruthName) => terms.some((term) => term.value === value);
  if (has(decisive)) return decisive;
  return has('unknown') ? 'unknown' : otherwise;
}

function fieldsOf(node: ComparisonNode | HasNode): readonly FieldNode[] {
  const isPair = node.kind === 'comparison' && node.value.kind === 'reference';
  return isPair ? [node.field, node.value.field] : [node.field];
}

function nameOf(truth: Truth): TruthName {
  return truth === undefined ? 'unknown' : truth ? 'true' : 'false';
}
