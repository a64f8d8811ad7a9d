/** Sections 2 to 4 of the language once more, written from the specification alone, over what `naiveParse` read. */
import { RE2JS } from 're2js';
import type { NaiveCondition, NaiveDocument, NaiveStatement, NaiveValue } from './naive-parse.js';
import { hasControl } from './naive-reader.js';

type Truth = 'true' | 'false' | 'unknown';

export interface NaiveEvaluation {
  permitted: boolean;
  code: string;
  severity: string;
  matched: { kind: string; line: number; text: string }[];
  obligations: { name: string; line: number }[];
  limits: Record<string, unknown>[];
}

const LEVELS = ['critical', 'high', 'medium', 'low'];
const UNIT_MS: Record<string, number> = { second: 1e3, minute: 6e4, hour: 36e5, day: 864e5 };

export function naiveEvaluate(document: NaiveDocument, request: unknown): NaiveEvaluation {
  const { action, resource, context } = (request ?? {}) as Record<string, unknown>;
  const deny = (code: string, rules: NaiveStatement[] = []): NaiveEvaluation => ({
    ...{ permitted: false, code, severity: severityOf(rules), matched: rules.map(shown) },
    ...{ obligations: [], limits: [] },
  });
  if (!isAction(action) || !isResource(resource)) return deny('malformed_request');
  const met = document.statements.filter(
    (each) =>
      matches((each.action?.text ?? '**').split('.'), action.split('.')) &&
      matches(parts(each.resource?.text ?? '**'), parts(resource)),
  );
  const truth = ({ condition }: NaiveStatement) =>
    condition === undefined ? 'true' : judge(condition, context);
  const denies = met.filter((each) => each.kind === 'deny' && truth(each) !== 'false');
  if (denies.length > 0) return deny('denied_by_rule', denies);
  const permits = met.filter((each) => each.kind === 'permit' && truth(each) === 'true');
  if (permits.length === 0) return deny('no_matching_permit');
  const limits: Record<string, unknown>[] = [];
  for (const each of met) {
    if (each.kind !== 'limit') continue;
    const periodMs = (each.period!.count ?? 1) * UNIT_MS[each.period!.unit]!;
    const cost = each.field === undefined ? 1 : find(context, each.field.path);
    if (typeof cost !== 'number' || !Number.isFinite(cost) || cost < 0)
      return deny('limit_unmeasurable', permits);
    const limit = { line: each.line, statement: document.statements.indexOf(each), amount: each.amount };
    const field = each.field === undefined ? {} : { field: each.field.path.join('.') };
    limits.push({ ...limit, ...field, cost: cost + 0, periodMs });
  }
  const requires = met.filter((each) => each.kind === 'require' && truth(each) !== 'false');
  const obligations = requires.map(({ name, line }) => ({ name: name!, line }));
  return { ...deny('permitted', permits), permitted: true, obligations, limits };
}

const shown = ({ kind, line, text }: NaiveStatement) => ({ kind, line, text });

function severityOf(rules: NaiveStatement[]): string {
  const levels = new Set(rules.map((rule) => rule.severity ?? 'high'));
  return LEVELS.find((level) => levels.has(level)) ?? 'high';
}

function isAction(action: unknown): action is string {
  return (
    typeof action === 'string' &&
    action.length <= 512 &&
    /^[\w:-]+(?:\.[\w:-]+)*$/.test(action) &&
    !/\n/.test(action)
  );
}

function isResource(resource: unknown): resource is string {
  if (typeof resource !== 'string' || resource.length > 4096) return false;
  if (resource.includes('\\') || hasControl(resource) || /\p{Cs}/u.test(resource)) return false;
  if (/%2e|%2f|%5c/i.test(resource)) return false;
  if (parts(resource).some((segment) => segment === '.' || segment === '..')) return false;
  // Slashes before a scheme do not count, and slashes with spaces do not hide it.
  const bare = resource.replace(/^\/+/, '');
  if (!/^[A-Za-z][A-Za-z0-9+.-]+:/.test(bare.replace(/^[ /]+/, ''))) return true;
  if (!URL.canParse(bare) || /[?#]/.test(bare)) return false;
  const { href, username, password, hostname } = new URL(bare);
  return [bare, `${bare}/`].includes(href) && username + password === '' && !hostname.endsWith('.');
}

function parts(resource: string): string[] {
  return resource.split('/').filter((segment) => segment !== '');
}

/** By a table of all suffixes: `row[t]` says whether the pattern from `p` on matches the text from `t` on. */
function matches(pattern: readonly string[], text: readonly string[]): boolean {
  return table(pattern, text, '**', (one, other) => one === '*' || inSegment(one, other));
}
function inSegment(pattern: string, text: string): boolean {
  return pattern.includes('*')
    ? table([...pattern], [...text], '*', (one, other) => one === other)
    : pattern === text;
}
function table<T>(
  pattern: readonly T[],
  text: readonly T[],
  any: T,
  same: (one: T, other: T) => boolean,
): boolean {
  let row: boolean[] = [...text.map(() => false), true];
  for (let p = pattern.length - 1; p >= 0; p--) {
    const next: boolean[] = [];
    for (let t = text.length; t >= 0; t--) {
      if (pattern[p] === any) next[t] = row[t]! || (t < text.length && next[t + 1]!);
      else next[t] = t < text.length && row[t + 1]! && same(pattern[p]!, text[t]!);
    }
    row = next;
  }
  return row[0]!;
}

function judge(node: NaiveCondition, context: unknown): Truth {
  switch (node.kind) {
    case 'and':
      return all(node.terms.map((term) => judge(term, context)));
    case 'or':
      return any(node.terms.map((term) => judge(term, context)));
    case 'not':
      return negate(judge(node.operand, context));
    case 'has':
      return known(find(context, node.field.path) != null);
    case 'comparison': {
      const left = find(context, node.field.path);
      const one = (value: unknown) => compare(value, node.operator, node.value, context);
      if (node.quantifier === undefined) return one(left);
      if (!Array.isArray(left)) return 'unknown';
      return (node.quantifier === 'every' ? all : any)(Array.from(left as unknown[], one));
    }
  }
}

function compare(left: unknown, operator: string, value: NaiveValue, context: unknown): Truth {
  if (operator === '!=') return negate(compare(left, '=', value, context));
  if (operator === 'not_in') return negate(compare(left, 'in', value, context));
  if (operator === 'not_contains') return negate(compare(left, 'contains', value, context));
  if (operator === 'in' && value.kind === 'array') {
    return isScalar(left) ? known(value.items.some((item) => item.value === left)) : 'unknown';
  }
  const right =
    value.kind === 'reference' ? find(context, value.field.path) : (value as { value: unknown }).value;
  const strings = typeof left === 'string' && typeof right === 'string';
  const numbers = Number.isFinite(left) && Number.isFinite(right);
  const when = (typed: boolean, test: () => boolean): Truth => (typed ? known(test()) : 'unknown');
  const [a, b] = [left as string, right as string];
  switch (operator) {
    case '=':
      return equal(left, right);
    case '<':
      return when(strings || numbers, () => a < b);
    case '<=':
      return when(strings || numbers, () => a <= b);
    case '>':
      return when(strings || numbers, () => a > b);
    case '>=':
      return when(strings || numbers, () => a >= b);
    case 'in':
      return isScalar(left) && Array.isArray(right)
        ? any(Array.from(right as unknown[], (each) => equal(left, each)))
        : 'unknown';
    case 'contains':
      if (!Array.isArray(left)) return when(strings, () => a.includes(b));
      return isScalar(right) ? any(Array.from(left as unknown[], (each) => equal(each, right))) : 'unknown';
    case 'starts_with':
      return when(strings, () => a.slice(0, b.length) === b);
    case 'ends_with':
      return when(strings, () => b.length <= a.length && a.slice(a.length - b.length) === b);
    case 'matches':
      return when(strings, () => RE2JS.compile(b).matcher(a).find());
    default:
      throw new Error(`no operator: ${operator}`);
  }
}

function equal(left: unknown, right: unknown): Truth {
  return isScalar(left) && isScalar(right) && typeof left === typeof right
    ? known(left === right)
    : 'unknown';
}
function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}

function find(context: unknown, path: readonly string[]): unknown {
  let at = context;
  for (const name of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    const prototype: unknown = Object.getPrototypeOf(at);
    if (prototype !== null && prototype !== Object.prototype) return undefined;
    at = Object.getOwnPropertyDescriptor(at, name)?.value;
  }
  return at;
}

function known(truth: boolean): Truth {
  return truth ? 'true' : 'false';
}
function negate(truth: Truth): Truth {
  return truth === 'unknown' ? 'unknown' : known(truth === 'false');
}
function all(truths: Truth[]): Truth {
  return truths.includes('false') ? 'false' : truths.includes('unknown') ? 'unknown' : 'true';
}
function any(truths: Truth[]): Truth {
  return negate(all(truths.map(negate)));
}
