/**
 * Section 1 of the language once more, written from its specification alone: no tokens, no tables. It says whether a
 * text is a document and what the document holds, not where a mistake is.
 */
import { RE2JS } from 're2js';
import { hasControl, hasLoneSurrogate, NaiveReader, Refused, refuse } from './naive-reader.js';

type Node = Record<string, unknown>;

export interface NaiveStatement extends Node {
  kind: 'permit' | 'deny' | 'require' | 'limit';
  line: number;
  /** The statement as written. */
  text: string;
  action?: { text: string };
  resource?: { text: string };
  condition?: NaiveCondition;
  severity?: string;
  name?: string;
  amount?: number;
  field?: { path: string[] };
  period?: { count?: number; unit: string };
}

export type NaiveCondition =
  | { kind: 'and' | 'or'; terms: NaiveCondition[] }
  | { kind: 'not'; operand: NaiveCondition }
  | { kind: 'has'; field: { path: string[] } }
  | {
      kind: 'comparison';
      quantifier?: string;
      field: { path: string[] };
      operator: string;
      value: NaiveValue;
    };

export type NaiveValue =
  | { kind: 'literal'; value: string | number | boolean }
  | { kind: 'array'; items: { value: string | number | boolean }[] }
  | { kind: 'reference'; field: { path: string[] } };

export interface NaiveDocument {
  statements: NaiveStatement[];
  comments: string[];
}

const IDENT = '[A-Za-z_][A-Za-z0-9_-]*';
const DOTTED = new RegExp(`${IDENT}(?:\\.${IDENT})*`, 'y');
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const DIGITS = /[0-9]+/y;
const AMOUNT = /(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![0-9])|[0-9]+/y;
const ACTION = /[A-Za-z0-9_\-:.*]+/y;
const PATH = /[A-Za-z0-9_\-.:*/~@%+=&?!$]+/y;
const SIGN = /!=|<=|>=|=|<|>/y;

const WORD_OPERATORS = ['in', 'not_in', 'contains', 'not_contains', 'matches', 'starts_with', 'ends_with'];
const UNITS = ['second', 'minute', 'hour', 'day'];

/** The document that the text is, or undefined if it is none. */
export function naiveParse(text: string): NaiveDocument | undefined {
  try {
    return readDocument(text);
  } catch (error) {
    if (error instanceof Refused) return undefined;
    throw error;
  }
}

function readDocument(text: string): NaiveDocument {
  if (Buffer.byteLength(text) > 1024 * 1024 || hasLoneSurrogate(text)) refuse();
  const r = new NaiveReader(text);

  function number(found: string): number {
    const value = Number(found);
    if (!Number.isFinite(value)) refuse();
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) refuse();
    if (value === 0 && /[1-9]/.test(found.replace(/[eE].*/, ''))) refuse();
    return value + 0;
  }
  function count(found: string): number {
    if (!/^[0-9]+$/.test(found)) refuse();
    const value = BigInt(found);
    return value >= 1n && value <= 1_000_000n ? Number(value) : refuse();
  }

  function action(): Node & { text: string } {
    const quoted = r.string();
    const written = quoted ?? r.token(ACTION) ?? refuse();
    const segments = written.split('.');
    if (written.length > 512) refuse();
    for (const segment of segments) if (!/^[A-Za-z0-9_\-:*]+$/.test(segment)) refuse();
    checkStars(segments);
    return { kind: 'action', text: written, segments, quoted: quoted !== undefined };
  }
  function resource(): Node & { text: string } {
    const quoted = r.string();
    const written = quoted ?? r.token(PATH) ?? refuse();
    if (quoted === undefined && !written.startsWith('/') && written !== '*' && written !== '**') refuse();
    const segments = written.split('/').filter((segment) => segment !== '');
    if (written.length > 4096 || hasLoneSurrogate(written)) refuse();
    if (hasControl(written) || /\\|%2e|%2f|%5c/i.test(written)) refuse();
    if (segments.includes('.') || segments.includes('..')) refuse();
    checkStars(segments);
    return { kind: 'resource', text: written, segments, quoted: quoted !== undefined };
  }

  function field(): Node & { path: string[] } {
    r.space();
    const path = (r.token(DOTTED) ?? refuse()).split('.');
    for (const name of path) if (['__proto__', 'prototype', 'constructor'].includes(name)) refuse();
    return { kind: 'field', path };
  }

  function scalar(): Node & { value: string | number | boolean } {
    const text = r.string();
    if (text !== undefined) return { kind: 'literal', value: text };
    const digits = r.token(NUMBER);
    if (digits !== undefined) return { kind: 'literal', value: number(digits) };
    return { kind: 'literal', value: (r.keyword('true', 'false') ?? refuse()) === 'true' };
  }
  function value(): NaiveValue {
    r.space();
    if (r.mark('@')) return { kind: 'reference', field: field() };
    if (!r.mark('[')) return scalar() as NaiveValue & Node;
    r.brackets++;
    const items: (Node & { value: string | number | boolean })[] = [];
    r.space();
    if (!r.mark(']')) {
      for (;;) {
        items.push(scalar());
        r.space();
        if (r.mark(']')) break;
        if (!r.mark(',')) refuse();
      }
    }
    r.brackets--;
    return { kind: 'array', items };
  }

  function condition(depth: number): NaiveCondition {
    return chain('or', () => chain('and', () => negation(depth)));
  }
  function chain(kind: 'and' | 'or', read: () => NaiveCondition): NaiveCondition {
    const terms = [read()];
    while (r.keyword(kind)) terms.push(read());
    // What stands in parentheses of its own kind is no chain in the chain.
    const flat = terms.flatMap((term) => (term.kind === kind && terms.length > 1 ? term.terms : [term]));
    return flat.length === 1 ? flat[0]! : { kind, terms: flat };
  }
  function negation(depth: number): NaiveCondition {
    if (!r.prefix('not')) return primary(depth);
    if (depth === 64) refuse();
    return { kind: 'not', operand: negation(depth + 1) };
  }
  function primary(depth: number): NaiveCondition {
    r.space();
    if (r.mark('(')) {
      if (depth === 64) refuse();
      r.brackets++;
      const inner = condition(depth + 1);
      r.space();
      if (!r.mark(')')) refuse();
      r.brackets--;
      return inner;
    }
    if (r.prefix('has')) return { kind: 'has', field: field() };
    const quantifier = r.prefix('every') ? 'every' : r.prefix('some') ? 'some' : undefined;
    const left = field();
    r.space();
    const operator = r.match(SIGN) ?? r.keyword(...WORD_OPERATORS) ?? refuse();
    const right = value();
    checkOperand(operator, right);
    const comparison = { kind: 'comparison' as const, field: left, operator, value: right };
    return quantifier === undefined ? comparison : { ...comparison, quantifier };
  }

  const when = () => (r.keyword('when') ? condition(0) : undefined);
  const severity = () =>
    r.keyword('severity') ? (r.keyword('critical', 'high', 'medium', 'low') ?? refuse()) : undefined;
  const on = () => (r.keyword('on') ? resource() : refuse());

  function limit(): Node {
    const target = action();
    const place = r.keyword('on') ? resource() : undefined;
    r.space();
    const written = r.token(AMOUNT) ?? refuse();
    const summed = r.keyword('of') ? field() : undefined;
    const isNumber = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/.test(written);
    const amount = summed !== undefined && isNumber ? number(written) : count(written);
    if (amount <= 0 || !r.keyword('per')) refuse();
    r.space();
    const digits = r.token(DIGITS);
    const unit = r.keyword(...UNITS, ...UNITS.map((each) => `${each}s`)) ?? refuse();
    const period = { count: digits === undefined ? undefined : count(digits), unit: unit.replace(/s$/, '') };
    return { action: target, resource: place, amount, field: summed, period, severity: severity() };
  }
  function statement(): NaiveStatement {
    const start = r.at;
    const line = text.slice(0, r.at).split('\n').length;
    const kind = (r.keyword('permit', 'deny', 'require', 'limit') ?? refuse()) as NaiveStatement['kind'];
    let rest: Node;
    if (kind === 'limit') rest = limit();
    else if (kind === 'require') {
      r.space();
      const name = r.token(DOTTED) ?? refuse();
      const target = r.keyword('for') ? action() : undefined;
      rest = { name, action: target, resource: on(), condition: when(), severity: severity() };
    } else rest = { action: action(), resource: on(), condition: when(), severity: severity() };
    return { kind, line, text: text.slice(start, r.end), ...rest };
  }

  const statements: NaiveStatement[] = [];
  for (;;) {
    r.space();
    if (r.at === text.length) return { statements, comments: r.comments };
    if (r.mark(';') || r.newline()) continue;
    statements.push(statement());
    if (statements.length > 10_000) refuse();
    r.space();
    if (!r.endsStatement) refuse();
  }
}

function checkStars(segments: string[]): void {
  for (const segment of segments) if (segment !== '**' && segment.includes('**')) refuse();
}

function checkOperand(operator: string, value: NaiveValue): void {
  if (value.kind === 'reference') {
    if (operator === 'matches') refuse();
    return;
  }
  const type = value.kind === 'array' ? 'array' : typeof value.value;
  if ((operator === 'in' || operator === 'not_in') !== (type === 'array')) refuse();
  if (['<', '<=', '>', '>='].includes(operator) && type === 'boolean') refuse();
  if (['matches', 'starts_with', 'ends_with'].includes(operator) && type !== 'string') refuse();
  if (operator !== 'matches') return;
  const pattern = (value as { value: string }).value;
  if (pattern.length > 512) refuse();
  try {
    RE2JS.compile(pattern);
  } catch {
    refuse();
  }
}
