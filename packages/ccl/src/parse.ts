import type { CclDocument } from './ast.js';
import { CclSyntaxError } from './errors.js';
import { Parser } from './lib/parser.js';

const MAX_BYTES = 1024 * 1024;

/** The text of each document that `parse` made. Being in here is what makes an object a CclDocument. */
const texts = new WeakMap<object, string>();

/**
 * Parses a CCL text of at most 1 MiB of UTF-8, 10,000 statements and 64 nested conditions.
 * @throws CclSyntaxError (`ccl_syntax`) at the first mistake; there is no partial result
 * @throws TypeError if `text` is no string
 */
export function parse(text: string): CclDocument {
  if (typeof text !== 'string') throw new TypeError('parse: text must be a string');
  const document = readDocument(text);
  freezeTree(document);
  texts.set(document, text);
  return document;
}

/**
 * The document of a text, not frozen: for those who keep it to themselves.
 * @throws CclSyntaxError (`ccl_syntax`) at the first mistake
 */
export function readDocument(text: string): CclDocument {
  checkLength(text);
  return new Parser(text).document();
}

/** The tree is no deeper than its conditions may be nested. */
function freezeTree(node: object): void {
  Object.freeze(node);
  for (const key of Object.keys(node)) {
    const child = (node as Record<string, unknown>)[key];
    if (typeof child === 'object') freezeTree(child!);
  }
}

/**
 * The text that a document was parsed from.
 * @throws TypeError if `parse` did not make the document
 */
export function textOf(document: unknown): string {
  const text = typeof document === 'object' && document !== null ? texts.get(document) : undefined;
  if (text === undefined) throw new TypeError('the document must be one that parse() returned');
  return text;
}

/** True when the text is short enough for `parse`. */
export function isShortEnough(text: string): boolean {
  return excessOffset(text) === -1;
}

function checkLength(text: string): void {
  const offset = excessOffset(text);
  if (offset === -1) return;
  const expected = `at most ${MAX_BYTES} bytes of UTF-8`;
  const length = text.length - offset;
  throw new CclSyntaxError({ text, offset, length, found: 'a longer text', expected });
}

/** Where the text passes the limit, -1 if it does not. */
function excessOffset(text: string): number {
  if (text.length * 3 <= MAX_BYTES) return -1;
  let bytes = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    // Each half of a surrogate pair stands for two of its four bytes.
    bytes += code < 0x80 ? 1 : code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 2 : 3;
    if (bytes > MAX_BYTES) return at;
  }
  return -1;
}
