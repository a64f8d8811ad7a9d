/** What must hold of every proof: no request contradicts it, it is the same each time, and it ends. */
import { strict as assert } from 'node:assert';
import {
  analyze,
  checkNarrowing,
  compile,
  diff,
  type Evaluation,
  evaluate,
  type Narrowing,
  type Policy,
  parse,
  type Request,
  type RuleStatement,
} from '../../src/index.js';
import { agree, type Count, uncounted } from './count.js';
import { decode } from './odd-values.js';

/** Steps of the sources that the default budget of a proof may take. */
const MOST = 250_000_000;
const SMALL_BUDGET = 2_000;

/** What is said of two documents is true of every request at hand. */
export function checkPair(
  child: string,
  parent: string,
  requests: readonly unknown[],
  count: Count = uncounted,
): void {
  const [inner, outer] = [compile(child), compile(parent)];
  const asked = requests.map((encoded) => decode(encoded) as Request);
  const answer = count(MOST, () => checkNarrowing(inner, outer));
  agree(checkNarrowing(inner, outer), answer, 'the answer again');
  checkAnswer(answer, inner, outer, asked);
  const most = 1_000_000 + 1_000 * SMALL_BUDGET + 1_000 * (child.length + parent.length);
  checkAnswer(
    count(most, () => checkNarrowing(inner, outer, { budget: SMALL_BUDGET })),
    inner,
    outer,
    asked,
  );
  if (isPlain(child) && isPlain(parent) && answer.narrows === 'unknown')
    assert.match(answer.because, /budget/, 'exact without `matches`, `@` and quantifiers');
  checkDifference(inner, outer, asked, count);
}

function checkAnswer(answer: Narrowing, child: Policy, parent: Policy, asked: readonly Request[]): void {
  if (answer.narrows === 'unknown') assert.ok(answer.because.length > 0, 'says why it is unknown');
  else if (answer.narrows)
    for (const request of asked) checkKept(evaluate(child, request), evaluate(parent, request));
  else {
    const { counterexample, missing } = answer;
    assert.ok(evaluate(child, counterexample).permitted, 'the child permits the counterexample');
    const theirs = evaluate(parent, counterexample).permitted;
    assert.equal(theirs, missing !== undefined, 'the parent denies it, unless something is missing');
  }
}

/** The child permits no more than the parent, with no fewer obligations and limits. */
function checkKept(own: Evaluation, theirs: Evaluation): void {
  if (!own.permitted) return;
  assert.ok(theirs.permitted, 'a proof of narrowing that a request contradicts');
  for (const { name } of theirs.obligations)
    assert.ok(
      own.obligations.some((each) => each.name === name),
      'a proof of narrowing without an obligation',
    );
  for (const { amount, periodMs, field } of theirs.limits) {
    // Twice the amount would be a mistake in the proof; less may be one in these floating points.
    const keeps = (each: Evaluation['limits'][number]) =>
      each.field === field && each.amount * Math.ceil(periodMs / each.periodMs) <= amount * (1 + 1e-9);
    assert.ok(own.limits.some(keeps), 'a proof of narrowing without a limit');
  }
}

function checkDifference(before: Policy, after: Policy, asked: readonly Request[], count: Count): void {
  const { newlyPermitted, newlyDenied, unknown } = count(MOST, () => diff(before, after));
  const permitted = (request: Request) =>
    [before, after].map((policy) => evaluate(policy, request).permitted);
  if (newlyPermitted) agree(permitted(newlyPermitted), [false, true], 'newly permitted');
  if (newlyDenied) agree(permitted(newlyDenied), [true, false], 'newly denied');
  if (unknown !== undefined) return;
  for (const request of asked) {
    const [was, is] = permitted(request);
    if (is && !was) assert.ok(newlyPermitted, 'a proof of no difference that a request contradicts');
    if (was && !is) assert.ok(newlyDenied, 'a proof of no difference that a request contradicts');
  }
}

/** A statement that is said not to matter can be left out. */
export function checkAnalysis(text: string, requests: readonly unknown[], count: Count = uncounted): void {
  const policy = compile(text);
  const findings = count(MOST, () => analyze(policy));
  agree(analyze(policy), findings, 'the findings again');
  const asked = requests.map((encoded) => decode(encoded) as Request);
  const statements = compile(text).statements;
  for (const { kind, line } of findings) {
    const here = statements.filter((each) => each.line === line);
    const [one] = here;
    if (here.length !== 1 || one === undefined || !isIdle(kind, one.kind)) continue;
    const rest = compile(statements.flatMap((each) => (each === one ? [] : [each.text])).join('\n'));
    const effect = (each: Policy, request: Request) => {
      const { permitted, obligations } = evaluate(each, request);
      return { permitted, obligations: [...new Set(obligations.map(({ name }) => name))].sort() };
    };
    for (const request of asked) agree(effect(rest, request), effect(policy, request), `${kind}: left out`);
  }
}

/** Findings after which a statement decides nothing. */
function isIdle(finding: string, kind: string): boolean {
  if (finding === 'never_true') return kind === 'permit';
  return ['dead', 'redundant', 'contradiction', 'covered'].includes(finding) && kind !== 'limit';
}

/** A document whose questions can all be answered. */
function isPlain(text: string): boolean {
  const conditions = parse(text).statements.map((each) => (each as RuleStatement).condition);
  return !/"(?:quantifier":"|operator":"matches|kind":"reference)/.test(JSON.stringify(conditions));
}
