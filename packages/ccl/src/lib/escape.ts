/** ASCII that shows as it is: all that is visible but the backslash and the backtick. */
const PLAIN = /^[ -[\]-_a-~]*$/;
const HIDDEN = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

/** Replaces what a reader cannot see (controls, format characters, odd spaces, lone surrogates) by `\u{…}`. */
export function escapeText(text: string): string {
  let escaped = '';
  for (const character of text) escaped += escapeCharacter(character);
  return escaped;
}

/** Text as it is, but for what a reader cannot see, and cut at `limit` characters: for whoever wrote it. */
export function printable(text: string, limit: number): string {
  let shown = '';
  for (const character of text.slice(0, limit)) shown += showCharacter(character);
  return text.length > limit ? `${shown}…` : shown;
}

/** A value from outside for a message: escaped, in backticks, cut at `limit` characters. */
export function quoteForMessage(value: string, limit = 64): string {
  if (value.length <= limit && PLAIN.test(value)) return `\`${value}\``;
  let shown = '';
  // The slice bounds the work: every character shows as at least half a character of output.
  for (const character of value.slice(0, 2 * limit)) {
    const piece = escapeCharacter(character);
    if (shown.length + piece.length > limit) return `\`${shown}…\``;
    shown += piece;
  }
  return `\`${shown}\``;
}

function escapeCharacter(character: string): string {
  if (character === '`' || character === '\\') return `\\${character}`;
  return showCharacter(character);
}

function showCharacter(character: string): string {
  return HIDDEN.test(character) ? `\\u{${character.codePointAt(0)!.toString(16)}}` : character;
}
