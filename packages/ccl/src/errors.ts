import { SteleError } from '@stele/types/errors';
import { escapeText, quoteForMessage } from './lib/escape.js';
import type { Suggestion } from './lib/suggest.js';

export type { Suggestion };

/** What a syntax error knows about its place. */
export interface SyntaxErrorDetails {
  readonly text: string;
  /** UTF-16 offset of the mistake in `text`. */
  readonly offset: number;
  /** How much of `text` is wrong, in UTF-16 units; 0 unless given. */
  readonly length?: number;
  readonly found: string;
  readonly expected: string;
  /** How to mend it; made of the suggestion unless given. */
  readonly hint?: string | undefined;
  readonly suggestion?: Suggestion | undefined;
  readonly cause?: unknown;
}

/**
 * The text is no CCL document. `line` and `column` count from 1 (columns in UTF-16 units); the message draws the
 * line with a caret under the mistake. Where it is likely what was meant, `hint` says it and `suggestion` is the edit.
 */
export class CclSyntaxError extends SteleError<'ccl_syntax'> {
  readonly line: number;
  readonly column: number;
  readonly found: string;
  readonly expected: string;
  /** Where the mistake stands, from 0, and how long it is; in UTF-16 units. */
  readonly offset: number;
  readonly length: number;
  declare readonly suggestion?: Suggestion; // declared only: an absent one is no own field

  constructor(details: SyntaxErrorDetails) {
    const { text, offset, length = 0, found, expected, suggestion, cause } = details;
    const hint = details.hint ?? (suggestion && `did you mean ${quoteForMessage(suggestion.text.trim())}?`);
    const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
    const line = offset === 0 ? 1 : countNewlines(text, offset) + 1;
    const column = offset === 0 ? 1 : offset - lineStart + 1;
    const drawing = drawCaret(text, offset === 0 ? 0 : lineStart, offset);
    super('ccl_syntax', `line ${line}, column ${column}: expected ${expected}, found ${found}\n${drawing}`, {
      hint,
      cause,
    });
    this.line = line;
    this.column = column;
    this.found = found;
    this.expected = expected;
    this.offset = offset;
    this.length = length;
    if (suggestion !== undefined) this.suggestion = suggestion;
  }
}

/** A ledger cannot answer, so the decision must be a denial with the same code. */
export class LimitUnavailableError extends SteleError<'limit_unavailable'> {
  constructor(message: string, hint?: string, cause?: unknown) {
    super('limit_unavailable', message, { hint, cause });
  }
}

function countNewlines(text: string, end: number): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1 && at < end; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

/** How much of the line is drawn on either side of the mistake, in UTF-16 units. */
const DRAWN = 48;

function drawCaret(text: string, lineStart: number, offset: number): string {
  const from = Math.max(lineStart, offset - DRAWN);
  const newline = text.slice(offset, offset + DRAWN).search(/\r?\n/);
  const to = newline === -1 ? offset + DRAWN : offset + newline;
  const before = flatten(text.slice(from, offset));
  return `  ${before}${flatten(text.slice(offset, to))}\n  ${' '.repeat(before.length)}^`;
}

/** One visible unit for each unit of the text, so that the caret stays in its place. */
function flatten(part: string): string {
  let drawn = '';
  for (const character of part)
    drawn += escapeText(character) === character ? character : '·'.repeat(character.length);
  return drawn;
}
