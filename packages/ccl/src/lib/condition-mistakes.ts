/** The syntax errors of conditions, with what people who come from other languages are likely to have meant. */
import type { Lexer } from './lexer.js';
import { type Aliases, matchAt, type Suggestion, suggestSign, suggestWord } from './suggest.js';

const OPERATOR_ALIASES: Aliases = {
  is: '=',
  eq: '=',
  equals: '=',
  ne: '!=',
  lt: '<',
  lte: '<=',
  gt: '>',
  gte: '>=',
  includes: 'contains',
  regex: 'matches',
};
const SIGN_RUN = /[=!<>~]+/y;
const SIGN_ALIASES: Aliases = {
  '==': '=',
  '===': '=',
  '!==': '!=',
  '<>': '!=',
  '=>': '>=',
  '=<': '<=',
  '=~': 'matches',
  '~=': 'matches',
  '~': 'matches',
};
const JOINT_RUN = /[&|]+/y;
const JOINT_ALIASES: Aliases = { '&&': 'and', '&': 'and', '||': 'or', '|': 'or' };
const NEGATION_RUN = /!+/y;
const NEGATION_ALIASES: Aliases = { '!': 'not' };
/** An operator of one word that was written as two. */
const PARTED = /not[ \t]+(?:in|contains)(?![A-Za-z0-9_-])/iy;
const BARE_WORD = /[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z_][A-Za-z0-9_-]*)*/y;
const MAX_BARE_WORD = 64;
/** What may follow a value; where anything else does, the bare word was only the first of several. */
const AFTER_VALUE = /^[ \t]*(?:$|[\r\n;),\]#]|(?:and|or|severity)\b)/i;
const NOTHING = ['null', 'nil', 'none', 'undefined'];

/** Fails at what stands behind a whole term, where a condition goes on or ends. */
export function failAfterTerm(lexer: Lexer, expected: string, words: readonly string[]): never {
  const { text, offset } = lexer;
  const joint = suggestSign(text, offset, JOINT_RUN, JOINT_ALIASES);
  return lexer.fail(expected, { suggestion: joint ?? suggestWord(text, offset, words, {}) });
}

/** Fails at a `!` in front of a term. */
export function failNegation(lexer: Lexer): never {
  return lexer.fail('a field', {
    suggestion: suggestSign(lexer.text, lexer.offset, NEGATION_RUN, NEGATION_ALIASES),
  });
}

/** Fails where an operator is due. */
export function failOperator(lexer: Lexer, words: readonly string[]): never {
  const { text, offset } = lexer;
  const suggestion =
    joinParted(text, offset) ??
    suggestSign(text, offset, SIGN_RUN, SIGN_ALIASES) ??
    suggestWord(text, offset, words, OPERATOR_ALIASES);
  return lexer.fail('an operator', { suggestion });
}

function joinParted(text: string, start: number): Suggestion | undefined {
  const parted = matchAt(PARTED, text, start);
  if (parted === undefined) return undefined;
  return { start, end: start + parted.length, text: parted.toLowerCase().replace(/[ \t]+/, '_') };
}

/** Fails where a value is due: at a sign too many behind the operator, or at a bare word. */
export function failValue(lexer: Lexer, words: readonly string[]): never {
  const { text, tokenStart, tokenEnd, offset } = lexer;
  // The operator and what stands directly behind it may be one sign of another language.
  const sign = offset === tokenEnd ? suggestSign(text, tokenStart, SIGN_RUN, SIGN_ALIASES) : undefined;
  if (sign !== undefined) return lexer.fail('a value', { suggestion: sign });
  return failBareWord(lexer, 'a value', words, true);
}

/** Fails where an element of an array is due. */
export function failItem(lexer: Lexer, words: readonly string[]): never {
  return failBareWord(lexer, 'a string, a number, true or false', words, false);
}

function failBareWord(lexer: Lexer, expected: string, words: readonly string[], mayBeField: boolean): never {
  const { text, offset: start } = lexer;
  const word = matchAt(BARE_WORD, text, start);
  if (word === undefined) return lexer.fail(expected);
  if (NOTHING.includes(word.toLowerCase()))
    return lexer.fail(expected, { hint: 'to ask whether a field is there, write "has" before its name' });
  const near = suggestWord(text, start, words, {});
  if (near !== undefined) return lexer.fail(expected, { suggestion: near });
  if (word.length > MAX_BARE_WORD) return lexer.fail(expected, { hint: 'quote a text' });
  const end = start + word.length;
  const isWhole = AFTER_VALUE.test(text.slice(end, end + 2 * MAX_BARE_WORD));
  const hint = mayBeField ? `quote a text, or write @${word} for the value of a field` : 'quote a text';
  return lexer.fail(expected, { suggestion: isWhole ? { start, end, text: `'${word}'` } : undefined, hint });
}
