/** Classes of ASCII characters, one bit each. No other character is part of any token outside a string. */
export const IDENT_START = 1;
export const IDENT = 2;
export const ACTION = 4;
export const PATH = 8;
export const DIGIT = 16;
/** What may follow a word, a number or a string directly. */
export const BOUNDARY = 32;

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';

const classes = new Uint8Array(128);
mark(IDENT_START, `${LETTERS}_`);
mark(IDENT, `${LETTERS}${DIGITS}_-`);
mark(ACTION, `${LETTERS}${DIGITS}_-:.*`);
mark(PATH, `${LETTERS}${DIGITS}_-.:*/~@%+=&?!$`);
mark(DIGIT, DIGITS);
mark(BOUNDARY, ' \t\r\n;,()[]=!<>');

function mark(bit: number, characters: string): void {
  for (const character of characters) classes[character.charCodeAt(0)]! |= bit;
}

/** True when the character code belongs to the class; false beyond ASCII and for NaN, the end of a text. */
export function isIn(code: number, bit: number): boolean {
  return code < 128 && (classes[code]! & bit) !== 0;
}
