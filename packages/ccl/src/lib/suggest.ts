/** What was likely meant, where a syntax error stands at a word or a sign that other languages have. */

/** A piece of the text to be replaced; offsets in UTF-16 units. */
export interface Suggestion {
  readonly start: number;
  /** The offset just after what is replaced. */
  readonly end: number;
  readonly text: string;
}

/** Words of other languages, and short forms, for ours. */
export type Aliases = Readonly<Record<string, string>>;

const WORD = /[A-Za-z_][A-Za-z0-9_-]*/y;
/** No keyword is longer, so nothing longer is near one. */
const MAX_WORD = 16;

/**
 * Replaces the word that stands at an offset by the keyword that it is an alias of, or nearest to; undefined where
 * none is near.
 */
export function suggestWord(
  text: string,
  start: number,
  words: readonly string[],
  aliases: Aliases,
): Suggestion | undefined {
  const written = matchAt(WORD, text, start);
  if (written === undefined || written.length > MAX_WORD) return undefined;
  const word = written.toLowerCase();
  const meant = Object.hasOwn(aliases, word) ? aliases[word] : nearest(word, words);
  return meant === undefined ? undefined : { start, end: start + written.length, text: meant };
}

/** Replaces a run of signs by what the language writes for it, with the spaces that a word needs. */
export function suggestSign(
  text: string,
  start: number,
  run: RegExp,
  aliases: Aliases,
): Suggestion | undefined {
  const written = matchAt(run, text, start);
  if (written === undefined || !Object.hasOwn(aliases, written)) return undefined;
  const meant = aliases[written]!;
  const end = start + written.length;
  if (!/^\w/.test(meant)) return { start, end, text: meant };
  const before = /[\s(]$/.test(text.slice(0, start)) ? '' : ' ';
  const after = /^(?:[\s(]|$)/.test(text.slice(end)) ? '' : ' ';
  return { start, end, text: `${before}${meant}${after}` };
}

/** The first of the words with the fewest edits, if those are at most a third of its letters, and never over two. */
function nearest(word: string, words: readonly string[]): string | undefined {
  let best: string | undefined;
  let fewest = 3;
  for (const candidate of words) {
    const edits = distance(word, candidate);
    if (edits >= fewest || edits > candidate.length / 3) continue;
    best = candidate;
    fewest = edits;
  }
  return best;
}

/** How many letters to insert, drop, replace or swap with their neighbour (optimal string alignment). */
export function distance(left: string, right: string): number {
  let before: number[] = [];
  let row = Array.from({ length: right.length + 1 }, (_, i) => i);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const replaced = row[j - 1]! + (left[i - 1] === right[j - 1] ? 0 : 1);
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, replaced);
      // Before the first letter there is none, which equals no letter.
      const isSwap = left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1];
      if (isSwap) next[j] = Math.min(next[j]!, before[j - 2]! + 1);
    }
    [before, row] = [row, next];
  }
  return row[right.length]!;
}

/** What a sticky pattern matches at an offset. */
export function matchAt(sticky: RegExp, text: string, offset: number): string | undefined {
  sticky.lastIndex = offset;
  return sticky.exec(text)?.[0];
}
