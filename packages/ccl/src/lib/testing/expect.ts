import { compile } from '../../compile.js';
import type { Evaluation, EvaluationCode, Request } from '../../evaluate.js';
import { type Explanation, explain } from '../../explain.js';
import type { Policy } from '../../policy.js';
import { quoteForMessage } from '../escape.js';
import { explanationText } from '../explanation-text.js';
import { Coverage } from './coverage.js';

/** What is tested: a policy, the text of one, or one whose coverage is counted. */
export type Subject = Policy | string | Coverage;

/** A decision is not the expected one. Test runners know it by its name and code, and show `actual` beside `expected`. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
  readonly code = 'ERR_ASSERTION';

  constructor(
    message: string,
    readonly actual: unknown,
    readonly expected: unknown,
  ) {
    super(message);
  }
}

/**
 * Fails unless the policy permits the request.
 * @returns the evaluation, for what else is to be said of it: its limits and obligations
 * @throws AssertionError whose message holds the explanation
 * @throws CclSyntaxError (`ccl_syntax`) if a text does not parse
 */
export function expectPermit(subject: Subject, request: Request): Evaluation {
  const explanation = explained(subject, request);
  const { evaluation } = explanation;
  if (evaluation.permitted) return evaluation;
  throw failure('permit', request, explanation, evaluation.code, 'permitted');
}

/** The codes that a denial by the rules alone can have. */
export const DENIALS = [
  'malformed_request',
  'denied_by_rule',
  'no_matching_permit',
  'limit_unmeasurable',
] as const satisfies readonly EvaluationCode[];
export type DenialCode = (typeof DENIALS)[number];

/**
 * Fails unless the policy denies the request, for the reason of that code if one is given.
 * @returns the evaluation
 * @throws AssertionError whose message holds the explanation
 * @throws CclSyntaxError (`ccl_syntax`) if a text does not parse
 * @throws RangeError for a code that no denial has
 */
export function expectDeny(subject: Subject, request: Request, code?: DenialCode): Evaluation {
  if (code !== undefined && !DENIALS.includes(code))
    throw new RangeError(`code must be one of ${DENIALS.join(', ')}`);
  const explanation = explained(subject, request);
  const { evaluation } = explanation;
  if (!evaluation.permitted && (code === undefined || evaluation.code === code)) return evaluation;
  const expected = code === undefined ? 'deny' : `deny with ${code}`;
  throw failure(expected, request, explanation, evaluation.code, code ?? 'any denial');
}

function explained(subject: Subject, request: Request): Explanation {
  if (subject instanceof Coverage) return subject.explain(request);
  return explain(typeof subject === 'string' ? compile(subject) : subject, request);
}

function failure(
  expected: string,
  request: Request,
  explanation: Explanation,
  actualCode: string,
  expectedCode: string,
): AssertionError {
  const message = `expected ${expected}${named(request)}\n${explanationText(explanation)}`;
  return new AssertionError(message, actualCode, expectedCode);
}

/** What was asked, if it can be said; why it cannot is in the explanation. */
function named(request: Request | undefined): string {
  const { action, resource } = request ?? ({} as Partial<Request>);
  if (typeof action !== 'string' || typeof resource !== 'string') return '';
  return ` for ${quoteForMessage(action)} on ${quoteForMessage(resource)}`;
}
