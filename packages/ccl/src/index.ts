/** CCL, the Covenant Constraint Language. */

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
export type { SyntaxErrorDetails } from './errors.js';
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
export { format } from './format.js';
export { isValidAction, normalizeResource } from './lib/names.js';
export type { LimitCharge, LimitLedger, LimitRefusal, MemoryLimitsOptions, Reservation } from './limits.js';
export { MemoryLimits } from './limits.js';
export type { Narrowing, NarrowingOptions } from './narrowing.js';
export { checkNarrowing } from './narrowing.js';
export { parse } from './parse.js';
export type { Policy, StatementSummary } from './policy.js';
