/** Texts that patterns match: made from the patterns, without a matcher. */
import type { Random } from './random.js';

/** What stands where a star does: nothing, one character, or a piece of another pattern. */
const RUNS = ['', '', 'a', 'b', 'x', 'ab', '*'];
const ONE = ['a', 'b', 'c', 'ab', 'x', 'é'];

export interface Alphabet {
  /** Segments to put where a pattern takes any. */
  readonly segments: readonly string[];
  readonly runs: readonly string[];
}
export const FOR_RESOURCES: Alphabet = {
  segments: [...ONE, '*', '.a', '%2', 'h', 'https:', 'C:'],
  runs: RUNS,
};
export const FOR_ACTIONS: Alphabet = { segments: ONE.slice(0, -1), runs: RUNS.slice(0, -1) };

/** One text of the pattern: each `**` zero to two segments, each run often empty. */
export function instance(pattern: readonly string[], random: Random, alphabet: Alphabet): string[] {
  return pattern.flatMap((segment) => {
    if (segment === '**') return random.many(0, 2, () => random.pick(alphabet.segments));
    return [instanceOfSegment(segment, random, alphabet)];
  });
}

function instanceOfSegment(segment: string, random: Random, alphabet: Alphabet): string {
  if (segment === '*') return random.pick(alphabet.segments);
  return segment.replaceAll('*', () => random.pick(alphabet.runs));
}

/**
 * A text that both patterns match, by trying their parts in turn; undefined when the patterns share none, or by
 * chance when few are shared.
 */
export function common(
  p: readonly string[],
  q: readonly string[],
  random: Random,
  alphabet: Alphabet,
): string[] | undefined {
  if (p.length === 0 || q.length === 0) {
    return [...p, ...q].every((segment) => segment === '**') ? [] : undefined;
  }
  const [first, ...rest] = p as [string, ...string[]];
  const [other, ...others] = q as [string, ...string[]];
  if (other === '**' && first !== '**') return common(q, p, random, alphabet);
  if (first === '**') {
    const skip = () => common(rest, q, random, alphabet);
    const take = () => prepended(instance([other], random, alphabet), common(p, others, random, alphabet));
    return random.chance(50) ? (skip() ?? take()) : (take() ?? skip());
  }
  const text = commonSegment(first, other, random, alphabet);
  return text === undefined ? undefined : prepended([text], common(rest, others, random, alphabet));
}

const prepended = (start: readonly string[], end: readonly string[] | undefined) => end && [...start, ...end];

function commonSegment(p: string, q: string, random: Random, alphabet: Alphabet): string | undefined {
  if (p === '*') return instanceOfSegment(q, random, alphabet);
  if (q === '*') return instanceOfSegment(p, random, alphabet);
  return commonRun(p, q, random);
}

function commonRun(p: string, q: string, random: Random): string | undefined {
  if (p === '' || q === '') return /^\**$/.test(p + q) ? '' : undefined;
  if (q[0] === '*' && p[0] !== '*') return commonRun(q, p, random);
  if (p[0] === '*') {
    const skip = () => commonRun(p.slice(1), q, random);
    const take = () => {
      const rest = commonRun(p, q.slice(1), random);
      return rest === undefined ? undefined : (q[0] === '*' ? random.pick(['', 'x']) : q[0]!) + rest;
    };
    return random.chance(50) ? (skip() ?? take()) : (take() ?? skip());
  }
  if (p[0] !== q[0]) return undefined;
  const rest = commonRun(p.slice(1), q.slice(1), random);
  return rest === undefined ? undefined : p[0]! + rest;
}
