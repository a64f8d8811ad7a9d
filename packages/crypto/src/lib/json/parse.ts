import { byteLength, bytesArgument, isBytes, isWellFormed } from '../bytes.js';
import { CryptoError } from '../errors.js';
import { isInteroperable } from './numbers.js';
import { DEFAULT_MAX_BYTES, setMember } from './snapshot.js';
import { isPlainText } from './text.js';
import {
  checkMaxBytes,
  checkMaxDepth,
  DEFAULT_MAX_DEPTH,
  type JsonLimits,
  type JsonValue,
  trust,
} from './walk.js';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Parses I-JSON (RFC 7493) and nothing more: no byte order mark, no invalid UTF-8, no name twice in one object, no
 * lone surrogate (escaped or not), no integer beyond ±(2^53 - 1), no number that overflows. `__proto__` is a name
 * like any other. -0 becomes 0.
 * @param text a string, or UTF-8 bytes
 * @param limits `maxBytes` (1 MiB unless given) of the text in UTF-8, and `maxDepth` (64 unless given)
 * @returns a deeply frozen value
 * @throws {CryptoError} `not_json` with `line` and `column`, `too_large`, `too_deep`
 * @throws {TypeError} if the text is neither a string nor bytes
 */
export function parseJson(text: string | Uint8Array, limits: JsonLimits = {}): JsonValue {
  const maxBytes = checkMaxBytes(limits.maxBytes ?? DEFAULT_MAX_BYTES);
  const maxDepth = checkMaxDepth(limits.maxDepth ?? DEFAULT_MAX_DEPTH);
  return trust(new Parser(decode(text, maxBytes), maxDepth).parse());
}

function decode(text: string | Uint8Array, maxBytes: number): string {
  if (typeof text === 'string') {
    if (text.length > maxBytes || utf8Length(text) > maxBytes) throw tooLarge(maxBytes);
    return text;
  }
  if (!isBytes(text)) throw new TypeError('text must be a string or a Uint8Array');
  if (byteLength(text) > maxBytes) throw tooLarge(maxBytes);
  try {
    return decoder.decode(bytesArgument(text, 'text'));
  } catch (cause) {
    throw new CryptoError('not_json', 'the bytes are not UTF-8', { cause, line: 1, column: 1 });
  }
}

function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x80) bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}

function tooLarge(maxBytes: number): CryptoError {
  return new CryptoError('too_large', `the text is larger than ${maxBytes} bytes`);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const numberToken = /-?(?:0|[1-9][0-9]*)((?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)/y;
const literals = [
  ['true', true],
  ['false', false],
  ['null', null],
] as const;

/** Recursive descent; the depth limit bounds the recursion. */
class Parser {
  readonly #text: string;
  readonly #maxDepth: number;
  #at = 0;
  #depth = 0;

  constructor(text: string, maxDepth: number) {
    this.#text = text;
    this.#maxDepth = maxDepth;
  }

  parse(): JsonValue {
    this.#skipSpace();
    const value = this.#value();
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#notJson('unexpected text after the value');
    return value;
  }

  #value(): JsonValue {
    switch (this.#text[this.#at]) {
      case '{':
        return this.#object();
      case '[':
        return this.#array();
      case '"':
        return this.#string();
      case 't':
      case 'f':
      case 'n':
        return this.#literal();
      default:
        return this.#number();
    }
  }

  /** Steps over the opening bracket. */
  #enter(): void {
    if (this.#depth === this.#maxDepth)
      throw this.#refuse('too_deep', `nested deeper than ${this.#maxDepth}`);
    this.#depth += 1;
    this.#at += 1;
  }

  #leave<T extends object>(container: T): T {
    this.#depth -= 1;
    return Object.freeze(container);
  }

  #object(): JsonValue {
    const object: Record<string, JsonValue> = {};
    this.#enter();
    if (this.#closes('}')) return this.#leave(object);
    do {
      this.#skipSpace();
      const nameAt = this.#at;
      const name = this.#string();
      if (Object.hasOwn(object, name)) throw this.#notJson('a name that comes twice', nameAt);
      this.#skipSpace();
      if (!this.#takes(':')) throw this.#notJson('expected ":"');
      this.#skipSpace();
      setMember(object, name, this.#value());
    } while (this.#continues('}'));
    return this.#leave(object);
  }

  #array(): JsonValue {
    const array: JsonValue[] = [];
    this.#enter();
    if (this.#closes(']')) return this.#leave(array);
    do {
      this.#skipSpace();
      array.push(this.#value());
    } while (this.#continues(']'));
    return this.#leave(array);
  }

  #closes(bracket: string): boolean {
    this.#skipSpace();
    return this.#takes(bracket);
  }

  /** After a member: true past a comma, false past the closing bracket. */
  #continues(bracket: string): boolean {
    this.#skipSpace();
    if (this.#takes(',')) return true;
    if (this.#takes(bracket)) return false;
    throw this.#notJson(`expected "," or "${bracket}"`);
  }

  #takes(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #string(): string {
    const start = this.#at;
    if (!this.#takes('"')) throw this.#notJson('expected a string');
    const end = this.#text.indexOf('"', this.#at);
    const value = this.#text.slice(this.#at, end === -1 ? undefined : end);
    if (end === -1 || !isPlainText(value)) return this.#unusualString(start);
    this.#at = end + 1;
    return value;
  }

  /** A string with escapes, surrogates or a fault. */
  #unusualString(start: number): string {
    const text = this.#text;
    for (let unit = text.charCodeAt(this.#at); unit !== QUOTE; unit = text.charCodeAt(this.#at)) {
      if (this.#at >= text.length) throw this.#notJson('a string without end', start);
      this.#at += unit === BACKSLASH ? 2 : 1;
    }
    this.#at += 1;
    const value = this.#unescape(start);
    if (!isWellFormed(value)) throw this.#notJson('a lone surrogate', start);
    return value;
  }

  /** The engine's parser knows the escapes and refuses bare control characters. */
  #unescape(start: number): string {
    try {
      return JSON.parse(this.#text.slice(start, this.#at)) as string;
    } catch {
      throw this.#notJson('a string with a bad escape or a control character', start);
    }
  }

  #number(): number {
    numberToken.lastIndex = this.#at;
    const match = numberToken.exec(this.#text);
    if (match === null) throw this.#notJson('expected a value');
    const value = Number(match[0]);
    const isInteger = match[1] === '';
    if (isInteger ? !Number.isSafeInteger(value) : !isInteroperable(value)) {
      throw this.#notJson('a number outside the range of I-JSON');
    }
    this.#at += match[0].length;
    return value + 0;
  }

  #literal(): boolean | null {
    for (const [word, value] of literals) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    throw this.#notJson('expected a value');
  }

  #skipSpace(): void {
    for (;;) {
      const unit = this.#text.charCodeAt(this.#at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return;
      this.#at += 1;
    }
  }

  #notJson(what: string, at = this.#at): CryptoError {
    return this.#refuse('not_json', `not I-JSON: ${what}`, at);
  }

  #refuse(code: 'not_json' | 'too_deep', message: string, at = this.#at): CryptoError {
    const before = this.#text.slice(0, at);
    const line = before.split('\n').length;
    const column = at - before.lastIndexOf('\n');
    return new CryptoError(code, `${message} (line ${line}, column ${column})`, { line, column });
  }
}
