/** Patterns as a word is written along them: step by step, and by all places that it may have come to. */
import type { Pattern, PatternSegment } from '../lib/pattern.js';
import { type SegmentTest, segmentTest } from './segments.js';

/** A pattern in a form that says the same in one way: no `**` beside another, and `*` before `**`. */
export interface Shape {
  readonly id: number;
  readonly pattern: Pattern;
  readonly steps: readonly Step[];
  readonly isLiteral: boolean;
}

export type Step = 'many' | 'one' | SegmentTest;

/** A pattern that a word must not match and still can: all places in it that the word may have come to, sorted. */
export interface Trail {
  readonly shape: Shape;
  readonly places: readonly number[];
}

/** The shapes of patterns; patterns that say the same have the same one. */
export class Shapes {
  readonly #byPattern = new Map<Pattern, Shape>();
  readonly #byText = new Map<string, Shape>();
  readonly #tests = new Map<string, SegmentTest>();

  of(pattern: Pattern): Shape {
    let shape = this.#byPattern.get(pattern);
    if (shape === undefined) {
      const segments = inOrder(pattern.segments);
      const text = segments.map(textOf).join('/');
      shape = this.#byText.get(text);
      if (shape === undefined) {
        const steps = segments.map(this.#step, this);
        const isLiteral = segments.every(({ kind }) => kind === 'literal');
        shape = { id: this.#byText.size, pattern, steps, isLiteral };
        this.#byText.set(text, shape);
      }
      this.#byPattern.set(pattern, shape);
    }
    return shape;
  }

  /** One test for each text, so that a segment is asked once. */
  #step(segment: PatternSegment): Step {
    if (segment.kind === 'many' || segment.kind === 'one') return segment.kind;
    let test = this.#tests.get(segment.text);
    if (test === undefined) {
      test = segmentTest(segment);
      this.#tests.set(segment.text, test);
    }
    return test;
  }
}

/** All ways in which the patterns that must match can take one segment. */
export function* moves(
  shapes: readonly Shape[],
  places: readonly number[],
): Generator<{ readonly places: number[]; readonly required: SegmentTest[] }> {
  const options = shapes.map(({ steps }, i) => {
    const at = places[i]!;
    const skipped = steps[at] === 'many' ? at + 1 : at;
    const next = steps[skipped];
    const taken = next === undefined ? [] : [{ to: skipped + 1, step: next }];
    return skipped > at ? [...taken, { to: at, step: 'one' as Step }] : taken;
  });
  const chosen: number[] = options.map(() => 0);
  if (options.some((list) => list.length === 0)) return;
  for (;;) {
    const now = options.map((list, i) => list[chosen[i]!]!);
    const required = now.flatMap(({ step }) => (typeof step === 'object' ? [step] : []));
    yield { places: now.map(({ to }) => to), required: [...new Set(required)] };
    let i = chosen.length - 1;
    while (i >= 0 && chosen[i]! + 1 === options[i]!.length) chosen[i--] = 0;
    if (i < 0) return;
    chosen[i]!++;
  }
}

/**
 * The places, which come sorted, and those behind a `**` that may be empty. What lies before the last `**` that was
 * reached says nothing more: whatever matches from there matches from that `**`, too.
 */
export function closure({ steps }: Shape, places: readonly number[]): number[] {
  const reached = new Set<number>();
  for (const place of places) {
    reached.add(place);
    if (steps[place] === 'many') reached.add(place + 1);
  }
  const sorted = [...reached];
  const last = sorted.findLast((place) => steps[place] === 'many') ?? 0;
  return sorted.filter((place) => place >= last);
}

/** Whether a word that came by the first trails can match no more than one that came by the others. Both are sorted. */
export function meetsNoMore(trails: readonly Trail[], others: readonly Trail[]): boolean {
  if (trails.length > others.length) return false;
  let at = 0;
  for (const { shape, places } of trails) {
    while (at < others.length && others[at]!.shape !== shape) at++;
    if (at === others.length || !isPart(places, others[at]!.places)) return false;
  }
  return true;
}

/** Both are sorted. */
function isPart(part: readonly number[], whole: readonly number[]): boolean {
  let at = 0;
  for (const place of part) {
    while (at < whole.length && whole[at]! < place) at++;
    if (whole[at] !== place) return false;
  }
  return true;
}

function inOrder(segments: readonly PatternSegment[]): PatternSegment[] {
  const ordered: PatternSegment[] = [];
  let many: PatternSegment | undefined;
  for (const segment of segments) {
    if (segment.kind === 'many') many = segment;
    else {
      if (segment.kind !== 'one' && many !== undefined) {
        ordered.push(many);
        many = undefined;
      }
      ordered.push(segment);
    }
  }
  return many === undefined ? ordered : [...ordered, many];
}

export function textOf(segment: PatternSegment): string {
  if (segment.kind === 'many') return '**';
  return segment.kind === 'one' ? '*' : segment.text;
}
