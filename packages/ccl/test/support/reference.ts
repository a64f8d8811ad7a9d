/**
 * The language once more, in the most literal reading of its specification: slow, recursive, sharing nothing with the
 * sources but the parsed document.
 */
import type { CclDocument, ComparisonNode, Condition, Operator, Statement } from '../../src/index.js';

type Truth = 'true' | 'false' | 'unknown';

export interface Expected {
  permitted: boolean;
  code: string;
  severity: string;
  matched: { kind: string; line: number }[];
  obligations: { name: string; line: number }[];
  unmeasurable?: { line: number; statement: number };
  limits: {
    line: number;
    statement: number;
    amount: number;
    field?: string;
    cost: number;
    periodMs: number;
  }[];
}

export function referenceEvaluate(
  document: CclDocument,
  request: { action?: unknown; resource?: unknown; context?: unknown },
): Expected {
  const none = { matched: [], obligations: [], limits: [] };
  if (!actionIsWellFormed(request.action) || !resourceIsWellFormed(request.resource)) {
    return { permitted: false, code: 'malformed_request', severity: 'high', ...none };
  }
  const action = request.action as string;
  const resource = request.resource as string;
  const covers = (s: Statement) =>
    matchSegments((s.action?.text ?? '**').split('.'), action.split('.')) &&
    matchSegments(segmentsOf(s.resource?.text ?? '**'), segmentsOf(resource));
  const truth = (s: Statement): Truth =>
    s.kind === 'limit' || s.condition === undefined ? 'true' : judge(s.condition, request.context);

  const denies = document.statements.filter((s) => s.kind === 'deny' && covers(s) && truth(s) !== 'false');
  if (denies.length > 0) {
    const matched = denies.map((s) => ({ kind: s.kind, line: s.location.line }));
    return { permitted: false, code: 'denied_by_rule', severity: worst(denies), ...none, matched };
  }
  const permits = document.statements.filter((s) => s.kind === 'permit' && covers(s) && truth(s) === 'true');
  if (permits.length === 0)
    return { permitted: false, code: 'no_matching_permit', severity: 'high', ...none };
  const matched = permits.map((s) => ({ kind: s.kind, line: s.location.line }));
  const severity = worst(permits);

  const limits: Expected['limits'] = [];
  for (const [statement, s] of document.statements.entries()) {
    if (s.kind !== 'limit' || !covers(s)) continue;
    const ms = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000 }[s.period.unit];
    const common = {
      line: s.location.line,
      statement,
      amount: s.amount,
      periodMs: (s.period.count ?? 1) * ms,
    };
    if (s.field === undefined) {
      limits.push({ ...common, cost: 1 });
      continue;
    }
    const cost = get(request.context, s.field.path);
    if (typeof cost !== 'number' || !Number.isFinite(cost) || cost < 0) {
      const unmeasurable = { line: s.location.line, statement: document.statements.indexOf(s) };
      return { permitted: false, code: 'limit_unmeasurable', severity, ...none, matched, unmeasurable };
    }
    limits.push({ ...common, field: s.field.path.join('.'), cost: cost + 0 });
  }
  const obligations = [];
  for (const s of document.statements) {
    if (s.kind === 'require' && covers(s) && truth(s) !== 'false') {
      obligations.push({ name: s.name, line: s.location.line });
    }
  }
  return { permitted: true, code: 'permitted', severity, matched, obligations, limits };
}

function worst(statements: readonly Statement[]): string {
  const levels = statements.map((s) => s.severity ?? 'high');
  return ['critical', 'high', 'medium', 'low'].find((level) => levels.includes(level as never)) ?? 'high';
}

function actionIsWellFormed(action: unknown): boolean {
  if (typeof action !== 'string' || action.length < 1 || action.length > 512) return false;
  const allowed = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-:';
  return action.split('.').every((s) => s.length > 0 && [...s].every((c) => allowed.includes(c)));
}

function resourceIsWellFormed(resource: unknown): boolean {
  if (typeof resource !== 'string' || resource.length > 4096) return false;
  for (let i = 0; i < resource.length; i++) {
    const code = resource.charCodeAt(i);
    if (code < 0x20 || code === 0x7f || code === 0x5c) return false;
    const next = resource.charCodeAt(i + 1);
    if (code >= 0xd800 && code < 0xdc00 && !(next >= 0xdc00 && next < 0xe000)) return false;
    const previous = resource.charCodeAt(i - 1);
    if (code >= 0xdc00 && code < 0xe000 && !(previous >= 0xd800 && previous < 0xdc00)) return false;
    if (['%2e', '%2f', '%5c'].includes(resource.slice(i, i + 3).toLowerCase())) return false;
  }
  if (segmentsOf(resource).some((s) => s === '.' || s === '..')) return false;
  return urlIsCanonical(resource);
}

/** The safe reading: slashes (and spaces) before the scheme do not hide it. */
function urlIsCanonical(resource: string): boolean {
  let bare = resource;
  while (bare.startsWith('/')) bare = bare.slice(1);
  let scheme = bare;
  while (scheme.startsWith('/') || scheme.startsWith(' ')) scheme = scheme.slice(1);
  if (!/^[A-Za-z][A-Za-z0-9+.-]+:/.test(scheme)) return true;
  let url: URL;
  try {
    url = new URL(bare);
  } catch {
    return false;
  }
  if (url.username || url.password || url.search || url.hash || url.hostname.endsWith('.')) return false;
  if (bare.includes('?') || bare.includes('#')) return false;
  return url.href === bare || url.href === `${bare}/`;
}

function segmentsOf(resource: string): string[] {
  const segments: string[] = [];
  for (const segment of resource.split('/')) if (segment.length > 0) segments.push(segment);
  return segments;
}

/** By plain recursion over segments. */
export function matchSegments(pattern: readonly string[], text: readonly string[]): boolean {
  if (pattern.length === 0) return text.length === 0;
  const [first, ...rest] = pattern as [string, ...string[]];
  if (first === '**') {
    for (let skip = 0; skip <= text.length; skip++) if (matchSegments(rest, text.slice(skip))) return true;
    return false;
  }
  if (text.length === 0) return false;
  return (first === '*' || matchCharacters(first, text[0]!)) && matchSegments(rest, text.slice(1));
}

function matchCharacters(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern[0] === '*') {
    for (let skip = 0; skip <= text.length; skip++)
      if (matchCharacters(pattern.slice(1), text.slice(skip))) return true;
    return false;
  }
  return pattern[0] === text[0] && matchCharacters(pattern.slice(1), text.slice(1));
}

function get(context: unknown, path: readonly string[]): unknown {
  let at: unknown = context;
  for (const name of path) {
    if (typeof at !== 'object' || at === null || Array.isArray(at)) return undefined;
    const prototype = Object.getPrototypeOf(at);
    if (prototype !== null && prototype !== Object.prototype) return undefined;
    if (!Object.getOwnPropertyNames(at).includes(name)) return undefined;
    at = (at as Record<string, unknown>)[name];
  }
  return at;
}

function known(condition: boolean): Truth {
  return condition ? 'true' : 'false';
}

function negate(truth: Truth): Truth {
  return truth === 'unknown' ? 'unknown' : known(truth === 'false');
}

function all(truths: Truth[]): Truth {
  if (truths.includes('false')) return 'false';
  return truths.includes('unknown') ? 'unknown' : 'true';
}

function any(truths: Truth[]): Truth {
  if (truths.includes('true')) return 'true';
  return truths.includes('unknown') ? 'unknown' : 'false';
}

export function judge(node: Condition, context: unknown): Truth {
  switch (node.kind) {
    case 'and':
      return all(node.terms.map((term) => judge(term, context)));
    case 'or':
      return any(node.terms.map((term) => judge(term, context)));
    case 'not':
      return negate(judge(node.operand, context));
    case 'has':
      return known((get(context, node.field.path) ?? null) !== null);
    case 'comparison':
      return judgeComparison(node, context);
  }
}

function judgeComparison(node: ComparisonNode, context: unknown): Truth {
  const value = get(context, node.field.path);
  const one = (element: unknown): Truth => {
    const { value: v } = node;
    if (v.kind === 'reference') return compare(element, node.operator, get(context, v.field.path), false);
    if (v.kind === 'array')
      return compare(
        element,
        node.operator,
        v.items.map((item) => item.value),
        true,
      );
    return compare(element, node.operator, v.value, true);
  };
  if (node.quantifier === undefined) return one(value);
  if (!Array.isArray(value)) return 'unknown';
  const elements = Array.from(value, one);
  return node.quantifier === 'every' ? all(elements) : any(elements);
}

function compare(left: unknown, operator: Operator, right: unknown, literal: boolean): Truth {
  const l = kindOf(left);
  const r = kindOf(right);
  if (l === 'nothing' || r === 'nothing') return 'unknown';
  const simple = (kind: string) => kind === 'string' || kind === 'number' || kind === 'boolean';
  switch (operator) {
    case '=':
      return simple(l) && l === r ? known(left === right) : 'unknown';
    case '!=':
      return negate(compare(left, '=', right, literal));
    case '<':
    case '<=':
    case '>':
    case '>=': {
      if (l !== r || (l !== 'number' && l !== 'string')) return 'unknown';
      const [a, b] = [left as number, right as number];
      return known(operator === '<' ? a < b : operator === '<=' ? a <= b : operator === '>' ? a > b : a >= b);
    }
    case 'in': {
      if (!simple(l) || r !== 'array') return 'unknown';
      if (literal) return known((right as unknown[]).some((element) => element === left));
      return any(Array.from(right as unknown[], (element) => compare(left, '=', element, literal)));
    }
    case 'not_in':
      return negate(compare(left, 'in', right, literal));
    case 'contains':
      if (l === 'string' && r === 'string') return known((left as string).indexOf(right as string) >= 0);
      if (l !== 'array' || !simple(r)) return 'unknown';
      return any(Array.from(left as unknown[], (element) => compare(element, '=', right, literal)));
    case 'not_contains':
      return negate(compare(left, 'contains', right, literal));
    case 'starts_with':
      return l === 'string' && r === 'string'
        ? known((left as string).indexOf(right as string) === 0)
        : 'unknown';
    case 'ends_with':
      if (l !== 'string' || r !== 'string') return 'unknown';
      return known(
        (left as string).slice((left as string).length - (right as string).length) === right || right === '',
      );
    case 'matches':
      // The patterns of the tests mean the same to the platform's engine.
      return l === 'string' ? known(new RegExp(right as string, 'u').test(left as string)) : 'unknown';
  }
}

function kindOf(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isFinite(value) ? 'number' : 'odd';
  return typeof value;
}
