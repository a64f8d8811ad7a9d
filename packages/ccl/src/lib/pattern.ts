import { getOrMake } from './get-or-make.js';

/**
 * Patterns over segments. `**` is any number of segments, `*` exactly one, `*` inside a longer segment any run of
 * characters of that segment, all else is itself.
 */
export interface Pattern {
  readonly segments: readonly PatternSegment[];
  /** True for `**` alone, the pattern that matches everything. */
  readonly matchesAll: boolean;
}

export type PatternSegment =
  | { readonly kind: 'many' }
  | { readonly kind: 'one' }
  | { readonly kind: 'literal'; readonly text: string }
  | GlobSegment;

/** A segment with `*` among other characters; `pieces` are what stands between them, one more than there are `*`. */
export interface GlobSegment {
  readonly kind: 'glob';
  readonly text: string;
  readonly pieces: readonly string[];
}

const MANY: PatternSegment = Object.freeze({ kind: 'many' });
const ONE: PatternSegment = Object.freeze({ kind: 'one' });

/** The pattern `**`. */
export const EVERYTHING: Pattern = Object.freeze({ segments: Object.freeze([MANY]), matchesAll: true });

/**
 * Prepares the segments of a pattern that is known to be well formed.
 * @param known segments of other patterns, which this one shares and adds to
 */
export function compilePattern(
  segments: readonly string[],
  known: Map<string, PatternSegment> = new Map(),
): Pattern {
  const compiled = segments.map((text) => getOrMake(known, text, () => compileSegment(text)));
  return { segments: compiled, matchesAll: compiled.length === 1 && compiled[0] === MANY };
}

function compileSegment(text: string): PatternSegment {
  if (text === '**') return MANY;
  if (text === '*') return ONE;
  return text.includes('*') ? { kind: 'glob', text, pieces: text.split('*') } : { kind: 'literal', text };
}

/**
 * True when the pattern matches all of `segments`. Backtracks to the last `**` only (an earlier one could not do
 * better), so every pattern segment meets every text segment at most once: O(pattern × text).
 */
export function matchPattern(pattern: Pattern, segments: readonly string[]): boolean {
  if (pattern.matchesAll) return true;
  const wanted = pattern.segments;
  let w = 0;
  let s = 0;
  let retryW = -1;
  let retryS = 0;
  while (s < segments.length) {
    const segment = wanted[w];
    if (segment === MANY) {
      retryW = ++w;
      retryS = s;
    } else if (segment !== undefined && matchSegment(segment, segments[s]!)) {
      w++;
      s++;
    } else {
      if (retryW === -1) return false;
      w = retryW;
      s = ++retryS;
    }
  }
  while (wanted[w] === MANY) w++;
  return w === wanted.length;
}

/** True when a pattern segment other than `**` matches one segment of a request. */
export function matchSegment(segment: PatternSegment, text: string): boolean {
  if (segment.kind === 'literal') return segment.text === text;
  return segment.kind !== 'glob' || matchPieces(segment.pieces, text);
}

/** The pieces between the `*` occur in order, the first at the start and the last at the end, without overlap. */
function matchPieces(pieces: readonly string[], text: string): boolean {
  const first = pieces[0]!;
  const last = pieces[pieces.length - 1]!;
  const end = text.length - last.length;
  if (end < first.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  let at = first.length;
  for (let i = 1; i < pieces.length - 1; i++) {
    const piece = pieces[i]!;
    const found = text.indexOf(piece, at);
    if (found === -1 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}
