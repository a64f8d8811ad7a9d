/**
 * Reads a text as it is while someone types: each statement as far as it makes sense. The parser of the language stops
 * at the first mistake of a text, and so says nothing of what stands around it. Nothing is judged here.
 */
import { PLACES, type PlaceName, type Role } from './places.js';
import { MEANINGS } from './words.js';

/** A piece of a statement; offsets in UTF-16 units, `end` is just after it. */
export interface Token {
  readonly role: Role | 'word' | 'punctuation' | 'unknown';
  readonly start: number;
  readonly end: number;
}

/** The tokens of one statement, at least one. */
export type Statement = readonly Token[];

export interface Reading {
  readonly statements: readonly Statement[];
  /** What may stand at the end of the text; `lost` inside a comment or a string. */
  readonly place: PlaceName;
  /** True if a parenthesis or a bracket is open there. */
  readonly isNested: boolean;
}

const SPACE = /[ \t]+/y;
const NEWLINE = /\r?\n/y;
const COMMENT = /#[^\n]*/y;
const STRING = /'[^'\n]*'?|"(?:\\.|[^"\\\n])*"?/y;
const PATTERN = /[A-Za-z0-9_.:*/~@%+=&?!$-]+/y;
const RUN = /[A-Za-z0-9_.+-]+/y;
const SIGN = /[!<>]?=|[<>()[\],@]/y;

/** How a token of a role begins. */
const BEGINNINGS: Readonly<Record<Role, RegExp>> = {
  action: /^['"A-Za-z0-9_:*-]/,
  resource: /^['"/*]/,
  name: /^[A-Za-z_]/,
  field: /^[A-Za-z_]/,
  number: /^[0-9]/,
  value: /^['"0-9-]/,
};

/** No document is longer, so nothing longer is read. In UTF-16 units. */
const MAX_LENGTH = 1024 * 1024;

/** Takes steps in proportion to the length of the text. */
export function read(text: string): Reading {
  if (text.length > MAX_LENGTH) return { statements: [], place: 'lost', isNested: false };
  return new Reader(text).read();
}

class Reader {
  readonly #text: string;
  readonly #statements: Statement[] = [];
  #tokens: Token[] = [];
  #place: PlaceName = 'start';
  #depth = 0;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): Reading {
    let last = '';
    while (this.#at < this.#text.length) last = this.#step();
    const isInside = last.startsWith('#') || isUnclosed(last);
    const place = isInside ? 'lost' : this.#place;
    const isNested = this.#depth > 0;
    this.#endStatement();
    return { statements: this.#statements, place, isNested };
  }

  /** Takes the next piece of the text, and returns it. */
  #step(): string {
    const piece = this.#piece();
    const start = this.#at;
    this.#at += piece.length;
    if (/^[ \t#]/.test(piece)) return piece;
    const isBreak = piece === '\n' || piece === '\r\n';
    const isEnd = isBreak && (this.#depth === 0 || this.#place === 'lost');
    if (piece === ';' || isEnd) this.#endStatement();
    else if (!isBreak) this.#tokens.push({ role: this.#enter(piece), start, end: this.#at });
    return piece;
  }

  #piece(): string {
    const takesPattern = ['action', 'resource'].includes(PLACES[this.#place].other?.[0] ?? '');
    const kinds = [SPACE, NEWLINE, COMMENT, STRING, takesPattern ? PATTERN : SIGN, RUN];
    for (const kind of kinds) {
      kind.lastIndex = this.#at;
      const found = kind.exec(this.#text);
      if (found !== null) return found[0];
    }
    return String.fromCodePoint(this.#text.codePointAt(this.#at)!);
  }

  /** Goes on to the place behind the piece, and says what the piece is. */
  #enter(piece: string): Token['role'] {
    const { words, other } = PLACES[this.#place];
    const word = piece.toLowerCase();
    const next = Object.hasOwn(words, word) && this.#isWelcome(word) ? words[word] : undefined;
    if (next !== undefined) {
      if (word === '(' || word === '[') this.#depth++;
      if (word === ')' || word === ']') this.#depth--;
      this.#place = next;
      return Object.hasOwn(MEANINGS, word) ? 'word' : 'punctuation';
    }
    if (other === undefined || !BEGINNINGS[other[0]].test(piece)) {
      this.#place = 'lost';
      return 'unknown';
    }
    this.#place = other[1];
    return other[0];
  }

  /** What depends on whether a parenthesis is open. */
  #isWelcome(word: string): boolean {
    if (word === 'severity') return this.#depth === 0;
    return word !== ')' || this.#depth > 0;
  }

  #endStatement(): void {
    if (this.#tokens.length > 0) this.#statements.push(this.#tokens);
    this.#tokens = [];
    this.#place = 'start';
    this.#depth = 0;
  }
}

/** True for a string that lacks the quote at its end. */
function isUnclosed(piece: string): boolean {
  const quote = piece[0];
  if (quote !== "'" && quote !== '"') return false;
  return piece.length === 1 || !piece.endsWith(quote) || /^"(?:\\.|[^"\\])*$/.test(piece);
}
