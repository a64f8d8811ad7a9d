import type { Budget } from './budget.js';
import { matchSegment, type Pattern, type PatternSegment } from './pattern.js';

/**
 * True only if everything that `small` matches, `big` matches too. Patterns are compared as texts in which only a
 * wildcard absorbs a wildcard, which misses some inclusions (`*.**` holds `**.*`) and never invents one.
 */
export function includes(big: Pattern, small: Pattern, budget: Budget): boolean {
  if (big.matchesAll) return true;
  budget.spend(1 + big.segments.length * small.segments.length);
  return absorbs(big.segments, small.segments, isMany, segmentIncludes);
}

/** True only if no text matches both patterns. */
export function disjoint(left: Pattern, right: Pattern, budget: Budget): boolean {
  return intersection(left, right, '', budget) === undefined;
}

/**
 * The segments of a text that both patterns match, with `filler` where any segment will do; undefined if there is
 * none. Some texts found are no well-formed names (a segment `..`), so a caller must still ask.
 */
export function intersection(
  left: Pattern,
  right: Pattern,
  filler: string,
  budget: Budget,
): string[] | undefined {
  const [l, r] = [left.segments, right.segments];
  budget.spend(1 + l.length * r.length);
  const meets = meetingTable(l, r);
  if (!meets[0]![0]) return undefined;
  const segments: string[] = [];
  for (let i = 0, j = 0; i < l.length || j < r.length; ) {
    const skipLeft = l[i]?.kind === 'many' && meets[i + 1]![j]!;
    const skipRight = r[j]?.kind === 'many' && meets[i]![j + 1]!;
    if (skipLeft) i++;
    else if (skipRight) j++;
    else {
      // A side at its end leaves only wildcards, which were skipped, to the other.
      segments.push(meeting(l[i]!, r[j]!, filler));
      if (l[i]?.kind === 'many') j++;
      else if (r[j]?.kind === 'many') i++;
      else [i, j] = [i + 1, j + 1];
    }
  }
  return segments;
}

/** Greedy wildcard matching, as in `matchPattern`, over any kind of items. */
function absorbs<Item>(
  big: readonly Item[],
  small: readonly Item[],
  isWild: (item: Item) => boolean,
  one: (big: Item, small: Item) => boolean,
): boolean {
  let b = 0;
  let s = 0;
  let retryB = -1;
  let retryS = 0;
  while (s < small.length) {
    const item = big[b];
    if (item !== undefined && isWild(item)) {
      retryB = ++b;
      retryS = s;
    } else if (item !== undefined && one(item, small[s]!)) {
      b++;
      s++;
    } else {
      if (retryB === -1) return false;
      b = retryB;
      s = ++retryS;
    }
  }
  while (b < big.length && isWild(big[b]!)) b++;
  return b === big.length;
}

function isMany(segment: PatternSegment): boolean {
  return segment.kind === 'many';
}

function segmentIncludes(big: PatternSegment, small: PatternSegment): boolean {
  if (small.kind === 'many') return false;
  if (big.kind === 'one') return true;
  if (small.kind === 'literal') return matchSegment(big, small.text);
  if (big.kind !== 'glob' || small.kind !== 'glob') return false;
  const same = (a: string, b: string) => a === b;
  return absorbs([...big.text], [...small.text], (character) => character === '*', same);
}

/** table[i][j] says whether left[i…] and right[j…] meet; filled from the end. */
function meetingTable(left: readonly PatternSegment[], right: readonly PatternSegment[]): boolean[][] {
  const table: boolean[][] = [];
  for (let i = left.length; i >= 0; i--) {
    const row: boolean[] = [];
    const below = table[i + 1] ?? [];
    for (let j = right.length; j >= 0; j--) {
      const l = left[i];
      const r = right[j];
      if (l === undefined && r === undefined) row[j] = true;
      else if (l?.kind === 'many') row[j] = below[j]! || (r !== undefined && row[j + 1]!);
      else if (r?.kind === 'many') row[j] = row[j + 1]! || (l !== undefined && below[j]!);
      else row[j] = l !== undefined && r !== undefined && segmentsMeet(l, r) && below[j + 1]!;
    }
    table[i] = row;
  }
  return table;
}

function segmentsMeet(left: PatternSegment, right: PatternSegment): boolean {
  if (left.kind === 'literal') return matchSegment(right, left.text);
  if (right.kind === 'literal') return matchSegment(left, right.text);
  if (left.kind !== 'glob' || right.kind !== 'glob') return true;
  // Both have a `*`, so whatever stands between can be had; the ends must agree.
  const [startL, endL] = ends(left.pieces);
  const [startR, endR] = ends(right.pieces);
  return (
    (startL.startsWith(startR) || startR.startsWith(startL)) && (endL.endsWith(endR) || endR.endsWith(endL))
  );
}

/** A segment that two meeting pattern segments match. */
function meeting(left: PatternSegment, right: PatternSegment, filler: string): string {
  if (left.kind === 'literal') return left.text;
  if (right.kind === 'literal') return right.text;
  if (left.kind !== 'glob') return right.kind === 'glob' ? right.pieces.join('') : filler;
  if (right.kind !== 'glob') return left.pieces.join('');
  const longer = (a: string, b: string) => (a.length >= b.length ? a : b);
  const [startL, endL] = ends(left.pieces);
  const [startR, endR] = ends(right.pieces);
  const middle = [...left.pieces.slice(1, -1), ...right.pieces.slice(1, -1)].join('');
  return longer(startL, startR) + middle + longer(endL, endR);
}

function ends(pieces: readonly string[]): [start: string, end: string] {
  return [pieces[0]!, pieces[pieces.length - 1]!];
}
