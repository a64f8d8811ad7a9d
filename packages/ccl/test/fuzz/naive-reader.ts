/** Reads the terminals of the language, a regular expression for each: white space, words, strings, signs. */

/** Thrown where the text is no document; never leaves `naiveParse`. */
export class Refused extends Error {}

export function refuse(): never {
  throw new Refused();
}

const WORD = /[A-Za-z_][A-Za-z0-9_-]*/y;
const JSON_STRING = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/uy;
const RAW_STRING = /'[^'\n]*'/y;
const AFTER_TOKEN = /$|[ \t\n;,()[\]=!<>]|\r\n/y;
const NEWLINE = /\r?\n/y;

export class NaiveReader {
  readonly text: string;
  readonly comments: string[] = [];
  at = 0;
  /** Where the last token ended. */
  end = 0;
  /** How many parentheses and brackets are open; in them a newline is white space. */
  brackets = 0;

  constructor(text: string) {
    this.text = text;
  }

  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  is(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    return pattern.test(this.text);
  }

  newline(): boolean {
    return this.match(NEWLINE) !== undefined;
  }

  get endsStatement(): boolean {
    return this.at === this.text.length || this.text[this.at] === ';' || this.is(NEWLINE);
  }

  /** A word, number, string or path, and what may stand after it. */
  token(pattern: RegExp): string | undefined {
    const found = this.match(pattern);
    if (found !== undefined && !this.is(AFTER_TOKEN)) refuse();
    this.end = this.at;
    return found;
  }

  mark(sign: string): boolean {
    if (!this.text.startsWith(sign, this.at)) return false;
    this.at += sign.length;
    this.end = this.at;
    return true;
  }

  space(): void {
    for (;;) {
      this.match(/[ \t]+/y);
      const comment = this.match(/#(?:[^\n\r]|\r(?!\n))*/y);
      if (comment !== undefined) {
        if (/[\r\u00a0\u0085\u2028\u2029\ufeff]/.test(comment)) refuse();
        this.comments.push(comment.slice(1).replace(/[ \t]+$/, ''));
      } else if (this.brackets === 0 || !this.newline()) return;
    }
  }

  keyword(...words: string[]): string | undefined {
    const word = this.#nextWord();
    if (!words.includes(word)) return undefined;
    this.token(WORD);
    return word;
  }

  prefix(word: string): boolean {
    const isNext = this.#nextWord() === word && this.text[this.at + word.length] !== '.';
    return isNext && this.keyword(word) !== undefined;
  }

  string(): string | undefined {
    this.space();
    const raw = this.token(RAW_STRING);
    if (raw !== undefined) return raw.slice(1, -1);
    const json = this.token(JSON_STRING);
    if (json === undefined) return undefined;
    const value = JSON.parse(json) as string;
    return hasLoneSurrogate(value) ? refuse() : value;
  }

  /** The word that stands here, in lower case, not taken. */
  #nextWord(): string {
    this.space();
    WORD.lastIndex = this.at;
    return WORD.exec(this.text)?.[0].toLowerCase() ?? '';
  }
}

/** U+0000 to U+001F, and U+007F. */
export function hasControl(text: string): boolean {
  return [...text].some((character) => character < ' ' || character === '\u007f');
}

export function hasLoneSurrogate(text: string): boolean {
  return /\p{Cs}/u.test(text);
}
