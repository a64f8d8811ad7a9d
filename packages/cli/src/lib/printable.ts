/** Text of strangers made harmless: for the terminal, and for the page of a log. */

/** Controls, and whatever may be drawn as nothing or as a space that is none. */
export const HIDDEN = /[\p{C}\p{Zl}\p{Zp}\p{DI}\u{2800}]|(?! )\p{Zs}/gu;

/** Text from outside in one line: nothing in it can move the cursor, hide or reorder; cut at `limit` characters. */
export function printable(text: string, limit = 200): string {
  const shown = text
    .slice(0, limit)
    .replace(HIDDEN, (c) => `\\u{${(c.codePointAt(0) as number).toString(16)}}`);
  return text.length > limit ? `${shown}…` : shown;
}
