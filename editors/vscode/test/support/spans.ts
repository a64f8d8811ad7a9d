/** What each piece of a document is, by the parser of the language. */
import { parse } from '@stele/ccl';

export type SpanKind =
  | 'comment'
  | 'action'
  | 'resource'
  | 'name'
  | 'field'
  | 'string'
  | 'number'
  | 'boolean'
  | 'keyword'
  | 'operator'
  | 'punctuation';

export interface Span {
  readonly kind: SpanKind;
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** All pieces that are no white space, in order. What the tree does not hold is a keyword, a sign or a number. */
export function spansOf(text: string): Span[] {
  const document = parse(text);
  const known: Span[] = [];
  visit(document, (kind, start, end) => known.push({ kind, start, end, text: text.slice(start, end) }));
  known.sort((left, right) => left.start - right.start);
  const spans: Span[] = [];
  let at = 0;
  for (const span of [
    ...known,
    { kind: 'comment' as const, start: text.length, end: text.length, text: '' },
  ]) {
    spans.push(...rest(text, at, span.start));
    if (span.text !== '') spans.push(span);
    at = span.end;
  }
  const requires = document.statements.filter(({ kind }) => kind === 'require');
  const starts = new Set(requires.map(({ location }) => location.start));
  return spans.map((span, i) => (starts.has(spans[i - 1]?.start ?? -1) ? { ...span, kind: 'name' } : span));
}

function visit(node: unknown, found: (kind: SpanKind, start: number, end: number) => void): void {
  if (typeof node !== 'object' || node === null) return;
  const { kind, location, value } = node as {
    kind?: string;
    location?: { start: number; end: number };
    value?: unknown;
  };
  const isLeaf = kind !== undefined && ['action', 'resource', 'field', 'comment', 'literal'].includes(kind);
  if (isLeaf) found((kind === 'literal' ? typeof value : kind) as SpanKind, location!.start, location!.end);
  if (isLeaf) return;
  for (const child of Object.values(node)) visit(child, found);
}

function rest(text: string, start: number, end: number): Span[] {
  const pieces = text
    .slice(start, end)
    .matchAll(/[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*|[\d.eE+-]+|[!<>]?=|[<>]|\S/g);
  return [...pieces].map(({ 0: piece, index }) => {
    const from = start + index;
    return { kind: kindOf(piece), start: from, end: from + piece.length, text: piece };
  });
}

function kindOf(piece: string): SpanKind {
  if (/^[A-Za-z_]/.test(piece)) return 'keyword';
  if (/^[0-9]/.test(piece)) return 'number';
  return /^[!<>=]/.test(piece) ? 'operator' : 'punctuation';
}
