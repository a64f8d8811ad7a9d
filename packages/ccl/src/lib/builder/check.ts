/**
 * What makes the builder safe: whatever it prints, the parser reads back before anyone sees it. A caller's text gets
 * into print through the formatter's quotes, or after a check of its characters here.
 */
import type { FieldNode, Location, PatternNode, Statement } from '../../ast.js';
import type { CclSyntaxError } from '../../errors.js';
import { format } from '../../format.js';
import { parse, readDocument } from '../../parse.js';
import { quoteForMessage } from '../escape.js';
import { splitActionPattern, splitResourcePattern } from '../names.js';

/** For nodes that stand in no text. */
export const NOWHERE: Location = Object.freeze({ start: 0, end: 0, line: 1, column: 1 });

/** A text of more units has more bytes than may be parsed. */
const MAX_UNITS = 1024 * 1024;
const DOTTED = /^[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*$/;
const PATTERNS = {
  action: {
    split: splitActionPattern,
    form: 'segments of A-Z a-z 0-9 _ - : * joined by ".", "**" only as a whole segment, at most 512 characters',
  },
  resource: {
    split: splitResourcePattern,
    form: 'no ".", "..", backslash, control character, %2e, %2f, %5c or "**" inside a segment, at most 4096 characters',
  },
} as const;

/** The statement that a printed text is. */
export function readStatement(caller: string, text: string): Statement {
  return refusing(caller, () => readDocument(text).statements[0]!);
}

/** A whole text in canonical form. */
export function readText(caller: string, text: string): string {
  return refusing(caller, () => format(parse(text)));
}

/** @throws RangeError with the parser's words for what it refuses */
function refusing<Result>(caller: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    const { expected, found } = error as CclSyntaxError; // the parser throws nothing else at a string
    return refuse(caller, expected, found, error);
  }
}

function refuse(caller: string, expected: string, found: string, cause?: unknown): never {
  throw new RangeError(`${caller}: expected ${expected}, found ${found}`, { cause });
}

/** Refuses a text before it is put together: one part can be used many times over. */
export function checkSize(caller: string, parts: readonly string[]): void {
  let units = 0;
  for (const part of parts) units += part.length;
  if (units > MAX_UNITS) refuse(caller, `at most ${MAX_UNITS} bytes of UTF-8`, 'a longer text');
}

/** A pattern that is printed bare if it is an action, `*` or `**`, and in quotes otherwise. */
export function patternNode(kind: PatternNode['kind'], caller: string, value: unknown): PatternNode {
  const text = checkString(caller, `the ${kind}`, value);
  const { split, form } = PATTERNS[kind];
  const segments = split(text) ?? refuse(caller, `the ${kind} to have ${form}`, quoteForMessage(text));
  const quoted = kind === 'resource' && text !== '*' && text !== '**';
  return { kind, text, segments, quoted, location: NOWHERE };
}

export function fieldNode(caller: string, value: unknown): FieldNode {
  return { kind: 'field', path: checkDotted(caller, 'a field', value).split('.'), location: NOWHERE };
}

/** IDENT { "." IDENT }: a field, or the name of an obligation. */
export function checkDotted(caller: string, what: string, value: unknown): string {
  const text = checkString(caller, what, value);
  const form = 'names joined by ".", each of A-Z a-z 0-9 _ - and beginning with a letter or "_"';
  return DOTTED.test(text) ? text : refuse(caller, `${what} (${form})`, quoteForMessage(text));
}

/** A comment with its `#`. A text that begins with `#` is taken as it is. */
export function checkComment(caller: string, value: unknown): string {
  const text = checkString(caller, 'the comment', value);
  if (/[\r\n]/.test(text)) refuse(caller, 'a comment of one line', 'a line break');
  return text.startsWith('#') ? text : `# ${text}`;
}

export function checkString(caller: string, what: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw new TypeError(`${caller}: ${what} must be a string`);
}

export function checkNumber(caller: string, what: string, value: unknown): number {
  if (typeof value !== 'number') throw new TypeError(`${caller}: ${what} must be a number`);
  return Number.isFinite(value) ? value : refuse(caller, 'a finite number', `\`${value}\``);
}

/** One of the words that the language knows. */
export function checkWord<Word extends string>(caller: string, words: readonly Word[], value: unknown): Word {
  const found = typeof value === 'string' ? quoteForMessage(value) : typeof value;
  return words.find((word) => word === value) ?? refuse(caller, words.join(', '), found);
}
