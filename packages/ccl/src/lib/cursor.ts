import type { FieldNode, Location } from '../ast.js';
import { quoteForMessage } from './escape.js';
import { Lexer } from './lexer.js';
import { split } from './split.js';
import { type Aliases, suggestWord } from './suggest.js';

const MAX_NESTING = 64;
const FORBIDDEN_NAMES = ['__proto__', 'prototype', 'constructor'];

/** Where the parsers stand: the lexer, how deep it is nested, and the productions that they share. */
export class Cursor {
  readonly lexer: Lexer;
  /** Open parentheses and brackets: inside them a newline is white space. */
  #open = 0;
  /** Open parentheses and pending `not`s. */
  #depth = 0;

  constructor(text: string) {
    this.lexer = new Lexer(text);
  }

  skip(): void {
    this.lexer.skip(this.#open > 0);
  }

  isNext(word: string): boolean {
    this.skip();
    return this.lexer.isWord(word);
  }

  /** Takes the next word if it is this keyword. */
  keyword(word: string): boolean {
    if (!this.isNext(word)) return false;
    this.lexer.take(word.length);
    return true;
  }

  /** Takes the next word if it is one of these keywords, and tells which. */
  oneOf<Word extends string>(words: readonly Word[]): Word | undefined {
    this.skip();
    if (!this.lexer.atWord) return undefined;
    for (const word of words) if (this.keyword(word)) return word;
    return undefined;
  }

  /** Like `keyword`, at the start of a primary: a word with a "." directly after it is a field. */
  prefix(word: string): boolean {
    return this.isNext(word) && this.lexer.peek(word.length) !== '.' && this.keyword(word);
  }

  /** Takes a keyword that must stand here; `words` are all that may. */
  expectKeyword(word: string, expected = `"${word}"`, words?: readonly string[]): void {
    if (!this.keyword(word)) this.failAtWord(expected, words ?? [word]);
  }

  /** Throws the syntax error where one of some words is due; what stands there may be near one of them. */
  failAtWord(expected: string, words: readonly string[], aliases: Aliases = {}): never {
    const { text, offset } = this.lexer;
    return this.lexer.fail(expected, { suggestion: suggestWord(text, offset, words, aliases) });
  }

  /** The place from the start of `first` to here. */
  from({ start, line, column }: Location): Location {
    return { start, end: this.lexer.tokenEnd, line, column };
  }

  /** field = IDENT { "." IDENT } */
  field(): FieldNode {
    this.skip();
    const text = this.lexer.dotted() ?? this.lexer.fail('a field');
    const path = split(text, '.');
    let at = this.lexer.tokenStart;
    for (const name of path) {
      if (FORBIDDEN_NAMES.includes(name)) {
        this.lexer.fail('the name of a field', { at, end: at + name.length, found: quoteForMessage(name) });
      }
      at += name.length + 1;
    }
    return { kind: 'field', path, location: this.lexer.lastLocation };
  }

  /** NUMBER: a finite double, not rounded to 0 unless written so, no integer beyond ±(2^53-1); -0 is 0 */
  numberValue(text: string, start = this.lexer.tokenStart): number {
    const value = Number(text);
    const mistake = { at: start, end: start + text.length, found: quoteForMessage(text) };
    // Every double beyond 2^53 is an integer, so this bound also refuses what is not finite.
    if (Math.abs(value) > Number.MAX_SAFE_INTEGER) {
      this.lexer.fail('a number within ±9007199254740991', mistake);
    }
    if (value === 0 && /^-?[0.]*[1-9]/.test(text)) {
      this.lexer.fail('a number that does not vanish to 0', mistake);
    }
    return value === 0 ? 0 : value;
  }

  /** Reads what stands between brackets that begin and end where `read` does. */
  inBrackets<Result>(read: () => Result): Result {
    this.#open++;
    const result = read();
    this.#open--;
    return result;
  }

  /** Reads what is nested one deeper, under the parenthesis or `not` at `start`. */
  nested<Result>(start: number, read: () => Result): Result {
    if (++this.#depth > MAX_NESTING) {
      this.lexer.fail(`at most ${MAX_NESTING} nested parentheses and "not"s`, {
        at: start,
        found: 'one more',
      });
    }
    const result = read();
    this.#depth--;
    return result;
  }
}
