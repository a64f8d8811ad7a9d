import { isWellFormed } from '../bytes.js';

/** Everything from the space on that JSON takes as it is; surrogates are left out, which need a second look. */
const plain = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/;

/** True if the string is its own JSON form but for the quotes, and surely well-formed. */
export function isPlainText(text: string): boolean {
  return plain.test(text);
}

/** A string as JSON.stringify writes it, which is as RFC 8785 (section 3.2.2.2) wants it; undefined if ill-formed. */
export function quote(text: string): string | undefined {
  if (plain.test(text)) return `"${text}"`;
  return isWellFormed(text) ? JSON.stringify(text) : undefined;
}

const MAX_REMEMBERED = 1_000;
const MAX_REMEMBERED_LENGTH = 64;
const remembered = new Map<string, string>();

/** Like {@link quote} with a memory for short names: documents use the same few again and again. */
export function quoteName(name: string): string | undefined {
  const known = remembered.get(name);
  if (known !== undefined) return known;
  const quoted = quote(name);
  if (quoted === undefined || name.length > MAX_REMEMBERED_LENGTH) return quoted;
  if (remembered.size >= MAX_REMEMBERED) remembered.clear();
  remembered.set(name, quoted);
  return quoted;
}
