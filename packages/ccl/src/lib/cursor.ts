import type { FieldNode, Location } from '../ast.js';
import { quoteForMessage } from './escape.js';
import { Lexer, type Token } from './lexer.js';

const MAX_NESTING = 64;
const FORBIDDEN_NAMES = ['__proto__', 'prototype', 'constructor'];

/** A keyword that was taken. */
export interface Taken<Word extends string> {
  readonly word: Word;
  readonly token: Token;
}

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
    return this.lexer.peekWord() === word;
  }

  /** Takes the next word if it is one of these keywords. */
  keyword<Word extends string>(...words: readonly Word[]): Taken<Word> | undefined {
    this.skip();
    const next = this.lexer.peekWord();
    const word = words.find((candidate) => candidate === next);
    return word === undefined ? undefined : { word, token: this.lexer.take(word.length) };
  }

  /** Like `keyword`, at the start of a primary: a word with a "." directly after it is a field. */
  prefix<Word extends string>(...words: readonly Word[]): Taken<Word> | undefined {
    this.skip();
    return this.lexer.peek(this.lexer.peekWord().length) === '.' ? undefined : this.keyword(...words);
  }

  expectKeyword(word: string, expected = `"${word}"`): void {
    if (this.keyword(word) === undefined) this.lexer.fail(expected);
  }

  /** The place from the start of `first` to here. */
  from(first: Pick<Token, 'location'>): Location {
    return Object.freeze({ ...first.location, end: this.lexer.tokenEnd });
  }

  /** field = IDENT { "." IDENT } */
  field(): FieldNode {
    this.skip();
    const start = this.lexer.offset;
    const token = this.lexer.dotted() ?? this.lexer.fail('a field');
    const path = token.text.split('.');
    let at = start;
    for (const name of path) {
      if (FORBIDDEN_NAMES.includes(name)) this.lexer.fail('the name of a field', at, quoteForMessage(name));
      at += name.length + 1;
    }
    return Object.freeze({ kind: 'field', path: Object.freeze(path), location: token.location });
  }

  /** NUMBER: a finite double, not rounded to 0 unless written so, no integer beyond ±(2^53-1); -0 is 0 */
  numberValue(token: Token): number {
    const value = Number(token.text);
    const { start } = token.location;
    // Every double beyond 2^53 is an integer, so this bound also refuses what is not finite.
    if (Math.abs(value) > Number.MAX_SAFE_INTEGER) {
      this.lexer.fail('a number within ±9007199254740991', start, quoteForMessage(token.text));
    }
    if (value === 0 && /^-?[0.]*[1-9]/.test(token.text)) {
      this.lexer.fail('a number that does not vanish to 0', start, quoteForMessage(token.text));
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
      this.lexer.fail(`at most ${MAX_NESTING} nested parentheses and "not"s`, start, 'one more');
    }
    const result = read();
    this.#depth--;
    return result;
  }
}
