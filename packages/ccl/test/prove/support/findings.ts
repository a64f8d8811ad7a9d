/** What a finding of `analyze` claims, held against requests by evaluating the document with and without its line. */
import {
  type AnalysisFinding,
  compile,
  type Evaluation,
  evaluate,
  type Policy,
  parse,
  type Request,
} from '../../../src/index.js';
import { keeps } from './claims.js';

/** What a request shows against the finding; undefined if nothing. The document has one statement on each line. */
export function objection(
  text: string,
  finding: AnalysisFinding,
  requests: readonly Request[],
): string | undefined {
  const refuting = refute(text, finding, requests);
  if (refuting === undefined) return undefined;
  return `${finding.kind} on line ${finding.line} (${finding.message})\n${text}\n${JSON.stringify(refuting)}`;
}

function refute(text: string, { kind, line }: AnalysisFinding, requests: readonly Request[]): unknown {
  const policy = compile(text);
  const statement = parse(text).statements.find(({ location }) => location.line === line);
  if (statement === undefined) return 'no statement stands there';
  switch (kind) {
    case 'dead':
      return requests.find((request) => takesPart(evaluate(policy, request), line));
    case 'contradiction':
    case 'covered':
      if (statement.kind !== 'permit') return 'no permit stands there';
      return requests.find((request) => takesPart(evaluate(policy, request), line));
    case 'never_true':
      if (!('condition' in statement) || statement.condition === undefined)
        return 'no condition stands there';
      return requests.find((request) => isTrue(text, line, request));
    case 'redundant': {
      const without = compile(withoutLines(text, [line]));
      return requests.find(
        (request) => effect(evaluate(policy, request)) !== effect(evaluate(without, request)),
      );
    }
    case 'never_binds':
      return statement.kind === 'limit'
        ? binding(
            requests.map((request) => evaluate(policy, request)),
            line,
          )
        : 'no limit';
    case 'lone_star':
      return [statement.action?.text, statement.resource?.text].includes('*') ? undefined : 'no lone star';
    case 'undecided':
      return undefined;
  }
}

/** Whether the condition on a line is true: a permit of everything applies then and only then. */
export function isTrue(text: string, line: number, { context }: Request): boolean {
  const [, condition] = text.split('\n')[line - 1]!.split(' when ') as [string, string];
  const policy = tests.get(condition) ?? compile(`permit ** on ** when ${condition}`);
  tests.set(condition, policy);
  return evaluate(policy, { action: 'a', resource: '/', context: context ?? {} }).permitted;
}

const tests = new Map<string, Policy>();

/** The text with these lines empty, so that the others keep their numbers. */
export function withoutLines(text: string, lines: readonly number[]): string {
  return text
    .split('\n')
    .map((line, at) => (lines.includes(at + 1) ? '' : line))
    .join('\n');
}

/** A denial has a deny of the line; a permission a permit, limit or requirement. */
function takesPart({ permitted, matched, limits, obligations }: Evaluation, line: number): boolean {
  const parts = permitted
    ? [...matched, ...limits, ...obligations]
    : matched.filter(({ kind }) => kind === 'deny');
  return parts.some((part) => part.line === line);
}

/** All that the enforcement point acts on. */
export function effect({ permitted, limits, obligations }: Evaluation): string {
  const names = [...new Set(obligations.map(({ name }) => name))].sort();
  return JSON.stringify([permitted, limits.map(({ line, cost }) => [line, cost]), names]);
}

/** An evaluation whose limit could be reached first; undefined if it always counts 0 or another limit is reached before. */
function binding(evaluations: readonly Evaluation[], line: number): Evaluation | undefined {
  const counted = evaluations.filter(({ limits }) =>
    limits.some((limit) => limit.line === line && limit.cost > 0),
  );
  let earlier: Set<number> | undefined;
  for (const { limits } of counted) {
    const own = limits.find((limit) => limit.line === line)!;
    const others = limits
      .filter((limit) => limit.line !== line && keeps(limit, own))
      .map((limit) => limit.line);
    earlier = new Set(others.filter((other) => earlier === undefined || earlier.has(other)));
  }
  return earlier === undefined || earlier.size > 0 ? undefined : counted[0];
}
