import type { Comment, Location } from '../ast.js';
import { CclSyntaxError } from '../errors.js';
import { ACTION, BOUNDARY, DIGIT, IDENT, IDENT_START, isIn, PATH } from './chars.js';
import { quoteForMessage } from './escape.js';
import { matchAt, type Suggestion } from './suggest.js';

const TAB = 9;
const LF = 10;
const CR = 13;
const SPACE = 32;
const JSON_QUOTE = 34;
const RAW_QUOTE = 39;
const DOT = 46;

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const JSON_ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const LONE_SURROGATE = /\p{Cs}/u;
/** What a reader takes for one thing, whether or not it is a token. */
const VISIBLE_RUN = /[A-Za-z0-9_.:*/~@%+&?$-]+|[!<>=]=?/y;
// The first group are the characters that the language bans outside strings; U+2029 joins them because some
// viewers break the line there, which would show a comment's text as a statement.
const BANNED_IN_COMMENT = /[\r\u00a0\u0085\u2028\u2029\ufeff]/;

/** What a syntax error says beside what was expected. */
export interface Mistake {
  /** Where it stands; here unless given. */
  readonly at?: number;
  /** The offset just after it; the end of the visible run at `at` unless given. */
  readonly end?: number;
  readonly found?: string;
  readonly hint?: string | undefined;
  readonly suggestion?: Suggestion | undefined;
  readonly cause?: unknown;
}

/**
 * Reads tokens on demand: the parser says which kind may stand at the current place, because a run of characters
 * such as `a.b` is an action, a field or a name by its position alone.
 */
export class Lexer {
  readonly text: string;
  readonly comments: Comment[] = [];
  offset = 0;
  /** Where the last token began and ended; `offset` may stand behind white space and comments after it. */
  tokenStart = 0;
  tokenEnd = 0;
  #line = 1;
  #lineStart = 0;

  constructor(text: string) {
    this.text = text;
    const lone = text.search(LONE_SURROGATE);
    if (lone !== -1) this.fail('text that UTF-8 can hold', { at: lone, found: 'a lone surrogate' });
  }

  /** Skips spaces, tabs and comments; newlines too if they do not end a statement here. */
  skip(acrossLines: boolean): void {
    for (;;) {
      const code = this.text.charCodeAt(this.offset);
      if (code === SPACE || code === TAB) this.offset++;
      else if (code === 35) this.#comment();
      else if (!acrossLines || !this.newline()) return;
    }
  }

  get atEnd(): boolean {
    return this.offset === this.text.length;
  }

  get atNewline(): boolean {
    return this.#newlineLength() > 0;
  }

  /** Takes a LF or CR LF if one stands here. A lone CR is no newline. */
  newline(): boolean {
    const length = this.#newlineLength();
    if (length === 0) return false;
    this.offset += length;
    this.#line++;
    this.#lineStart = this.offset;
    return true;
  }

  /** Takes a punctuation mark or operator sign if it stands here. */
  symbol(symbol: string): boolean {
    if (!this.text.startsWith(symbol, this.offset)) return false;
    this.#pass(symbol.length);
    return true;
  }

  /** True when this keyword, given in lower case, stands here in whatever case. */
  isWord(word: string): boolean {
    const { text, offset } = this;
    for (let i = 0; i < word.length; i++) {
      const code = text.charCodeAt(offset + i);
      const lower = code >= 65 && code <= 90 ? code + 32 : code;
      if (lower !== word.charCodeAt(i)) return false;
    }
    return !isIn(text.charCodeAt(offset + word.length), IDENT);
  }

  get atWord(): boolean {
    return isIn(this.text.charCodeAt(this.offset), IDENT_START);
  }

  peek(ahead = 0): string {
    return this.text.charAt(this.offset + ahead);
  }

  /** Takes the next `length` characters as one token. */
  take(length: number): void {
    this.#pass(length);
    if (!this.atEnd && !isIn(this.text.charCodeAt(this.offset), BOUNDARY)) {
      this.fail('white space, a bracket, an operator, "," or ";" after a token');
    }
  }

  /** The place of the last token, if no newline was taken since. */
  get lastLocation(): Location {
    return this.locate(this.tokenStart, this.tokenEnd);
  }

  action(): string | undefined {
    return this.#takeRun(ACTION);
  }

  path(): string | undefined {
    return this.#takeRun(PATH);
  }

  digits(): string | undefined {
    return this.#takeRun(DIGIT);
  }

  /** A number, or a run of digits that may begin with zeros. */
  amount(): string | undefined {
    return this.#takeText(Math.max(this.#run(DIGIT), this.#numberEnd()));
  }

  /** IDENT { "." IDENT } */
  dotted(): string | undefined {
    let end = this.offset;
    for (;;) {
      if (!isIn(this.text.charCodeAt(end), IDENT_START)) {
        if (end === this.offset) return undefined;
        this.fail('a name after "."', { at: end });
      }
      end = this.#run(IDENT, end);
      if (this.text.charCodeAt(end) !== DOT) return this.#takeText(end);
      end++;
    }
  }

  number(): string | undefined {
    return this.#takeText(this.#numberEnd());
  }

  /** The value of a STRING. */
  string(): string | undefined {
    const code = this.text.charCodeAt(this.offset);
    if (code === RAW_QUOTE) return this.#takeText(this.#rawEnd())!.slice(1, -1);
    if (code !== JSON_QUOTE) return undefined;
    const value = JSON.parse(this.#takeText(this.#jsonEnd())!) as string;
    if (LONE_SURROGATE.test(value)) this.failToken('escapes that make whole characters', 'a lone surrogate');
    return value;
  }

  locate(start: number, end: number): Location {
    return { start, end, line: this.#line, column: start - this.#lineStart + 1 };
  }

  /** Throws the syntax error for what stands here, or where `mistake` says. */
  fail(expected: string, mistake: Mistake = {}): never {
    const { at = this.offset, end = this.#runEnd(at), found = this.#describe(at) } = mistake;
    const { hint, suggestion, cause } = mistake;
    const place = { text: this.text, offset: at, length: Math.max(end - at, 0) };
    throw new CclSyntaxError({ ...place, found, expected, hint, suggestion, cause });
  }

  /** Throws the syntax error for the last token. */
  failToken(expected: string, found: string, mistake: Mistake = {}): never {
    this.fail(expected, { at: this.tokenStart, end: this.tokenEnd, found, ...mistake });
  }

  #newlineLength(): number {
    const code = this.text.charCodeAt(this.offset);
    if (code === LF) return 1;
    return code === CR && this.text.charCodeAt(this.offset + 1) === LF ? 2 : 0;
  }

  /** Where the number that stands here ends; `offset` if none does. */
  #numberEnd(): number {
    NUMBER.lastIndex = this.offset;
    return NUMBER.test(this.text) ? NUMBER.lastIndex : this.offset;
  }

  #run(bit: number, from = this.offset): number {
    let end = from;
    while (isIn(this.text.charCodeAt(end), bit)) end++;
    return end;
  }

  #takeRun(bit: number): string | undefined {
    return this.#takeText(this.#run(bit));
  }

  /** Takes the text up to `end` as one token; undefined if there is none. */
  #takeText(end: number): string | undefined {
    if (end === this.offset) return undefined;
    this.take(end - this.offset);
    return this.text.slice(this.tokenStart, end);
  }

  #pass(length: number): void {
    this.tokenStart = this.offset;
    this.offset += length;
    this.tokenEnd = this.offset;
  }

  #comment(): void {
    const start = this.offset;
    const lineEnd = this.#lineEnd(start);
    const content = this.text.slice(start + 1, lineEnd);
    const banned = content.search(BANNED_IN_COMMENT);
    if (banned !== -1) this.fail('a comment without odd line breaks or spaces', { at: start + 1 + banned });
    const text = trimEnd(content);
    const location = this.locate(start, start + 1 + text.length);
    this.comments.push({ kind: 'comment', text, location });
    this.offset = lineEnd;
  }

  /** Where the line ends: before its LF or CR LF, or at the end of the text. */
  #lineEnd(from: number): number {
    const lf = this.text.indexOf('\n', from);
    if (lf === -1) return this.text.length;
    return this.text.charCodeAt(lf - 1) === CR && lf - 1 >= from ? lf - 1 : lf;
  }

  #rawEnd(): number {
    const close = this.text.indexOf("'", this.offset + 1);
    if (close === -1 || this.text.slice(this.offset, close).includes('\n')) {
      this.fail(`"'" at the end of the string`, { at: this.#lineEnd(this.offset) });
    }
    return close + 1;
  }

  #jsonEnd(): number {
    for (let at = this.offset + 1; ; ) {
      const code = this.text.charCodeAt(at);
      if (code === JSON_QUOTE) return at + 1;
      if (Number.isNaN(code) || code === LF || code === CR) this.fail(`'"' at the end of the string`, { at });
      if (code < SPACE) this.fail('an escape for a control character', { at });
      if (code !== 92) at++;
      else at += this.#escapeLength(at);
    }
  }

  #escapeLength(at: number): number {
    JSON_ESCAPE.lastIndex = at;
    const match = JSON_ESCAPE.exec(this.text);
    if (match === null) this.fail('a JSON escape', { at });
    return match[0].length;
  }

  #describe(at: number): string {
    if (at >= this.text.length) return 'the end of the text';
    const end = this.#runEnd(at);
    return end === at ? 'the end of the line' : quoteForMessage(this.text.slice(at, end), 32);
  }

  /** Where that which a reader takes for one thing ends; `at` itself at the end of a line or of the text. */
  #runEnd(at: number): number {
    if (at >= this.text.length || /^\r?\n/.test(this.text.slice(at, at + 2))) return at;
    const run = matchAt(VISIBLE_RUN, this.text, at);
    return at + (run ?? String.fromCodePoint(this.text.codePointAt(at)!)).length;
  }
}

/** Without spaces and tabs at the end. */
function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && (text.charCodeAt(end - 1) === SPACE || text.charCodeAt(end - 1) === TAB)) end--;
  return text.slice(0, end);
}
