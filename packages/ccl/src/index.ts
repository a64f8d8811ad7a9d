/** CCL, the Covenant Constraint Language. */

export type { AnalysisFinding, AnalysisKind } from './analyze.js';
export { analyze } from './analyze.js';
export type {
  AndNode,
  ArrayNode,
  CclDocument,
  Comment,
  ComparisonNode,
  Condition,
  FieldNode,
  HasNode,
  LimitStatement,
  LiteralNode,
  Location,
  LogicNode,
  NotNode,
  Operator,
  OrNode,
  PatternNode,
  Period,
  Quantifier,
  ReferenceNode,
  RequireStatement,
  RuleStatement,
  Scalar,
  Severity,
  Statement,
  Unit,
  ValueNode,
} from './ast.js';
export { compile } from './compile.js';
export type { Difference } from './diff.js';
export { diff, equivalent } from './diff.js';
export type { Suggestion, SyntaxErrorDetails } from './errors.js';
export { CclSyntaxError, LimitUnavailableError } from './errors.js';
export type {
  Evaluation,
  EvaluationCode,
  MatchedLimit,
  MatchedRule,
  Obligation,
  Request,
} from './evaluate.js';
export { evaluate } from './evaluate.js';
export type { ConditionExplanation, Explanation, StatementExplanation, TruthName } from './explain.js';
export { explain } from './explain.js';
export { format } from './format.js';
export type { Paint, Tone } from './lib/explanation-text.js';
export { explanationText } from './lib/explanation-text.js';
export { isValidAction, normalizeResource } from './lib/names.js';
export type { LimitBounds, LimitCharge, LimitLedger, LimitRefusal, Reservation } from './limits.js';
export type { MemoryLimitsOptions } from './memory-limits.js';
export { MemoryLimits } from './memory-limits.js';
export type { Narrowing, NarrowingOptions } from './narrowing.js';
export { checkNarrowing } from './narrowing.js';
export { parse } from './parse.js';
export type { Policy, StatementSummary } from './policy.js';
