/** The words and signs of the language, and what each means, in a sentence or two for someone who points at it. */

const SIGNS = {
  '=': 'True when both sides are equal strings, numbers or booleans. Values of two types cannot be compared: the outcome is unknown.',
  '!=': 'True when both sides have one type and differ. Values of two types cannot be compared: the outcome is unknown.',
  '<': 'True when the field is less: two numbers, or two strings by their UTF-16 code units. Anything else is unknown.',
  '<=': 'True when the field is less or equal: two numbers, or two strings by their UTF-16 code units. Anything else is unknown.',
  '>': 'True when the field is greater: two numbers, or two strings by their UTF-16 code units. Anything else is unknown.',
  '>=': 'True when the field is greater or equal: two numbers, or two strings by their UTF-16 code units. Anything else is unknown.',
} as const;

const WORD_OPERATORS = {
  in: 'True when the field equals an element of the list, in value and type: `5` is not `"5"`.',
  not_in:
    'True when the field equals no element of the list. A field that is missing is neither in nor out: the outcome is unknown.',
  contains: 'A string field contains the text, or an array field has an element that equals the value.',
  not_contains: 'A string field does not contain the text, or no element of an array field equals the value.',
  matches:
    'The pattern, in RE2 syntax, is found anywhere in the string field; anchor it with `^` and `$` to match the whole.',
  starts_with:
    'The string field begins with the text, letter by letter. It knows nothing of paths and does not see `..`.',
  ends_with: 'The string field ends with the text, letter by letter.',
} as const;

const UNIT = 'The unit of the window of a limit: `per hour` is one hour, `per 2 hours` is two.';
const LEVEL =
  'How grave the statement is: `critical`, `high`, `medium` or `low`. It is reported and changes no decision.';

const KEYWORDS = {
  permit:
    'Allows the action on the resource, unless a `deny` applies. It counts only where its condition is certainly true.',
  deny: 'Refuses the action on the resource, whatever any `permit` says. It also applies where its condition cannot be decided.',
  require:
    'Names what must happen before a permitted action may run; if nothing sees to it, the action is refused. It also applies where its condition cannot be decided.',
  limit:
    'Caps how often matching requests may be permitted in any window of time or, with `of`, the sum of a field over them.',
  on: 'The resource pattern follows: segments joined by `/`, where `*` is one segment and `**` any number of them.',
  for: 'The action pattern follows for which the obligation holds; without it, it holds for every action.',
  when: 'The condition follows. It is true, false or unknown (a missing field, a value of another type): unknown never permits, and never keeps a `deny` or `require` from applying.',
  severity: LEVEL,
  of: 'The field follows whose values the limit adds up. Where it is missing, negative or no number, the request is denied.',
  per: 'The length of the window follows. The limit holds in every window of that length, wherever it begins.',
  and: 'True when both sides are true, false when one is false, else unknown. It binds tighter than `or`.',
  or: 'True when one side is true, false when both are false, else unknown.',
  not: 'True and false change places; what is unknown stays unknown.',
  has: 'True when the field is present and not null, else false; never unknown.',
  every:
    'The comparison holds for all elements of the array field; true for an empty array, unknown if the field is no array.',
  some: 'The comparison holds for at least one element of the array field; false for an empty array, unknown if the field is no array.',
  true: 'The boolean. A field with the text `"true"` does not equal it.',
  false: 'The boolean. A field with the text `"false"` does not equal it; a missing field is unknown.',
  critical: LEVEL,
  high: `${LEVEL} It is the one where none is written.`,
  medium: LEVEL,
  low: LEVEL,
  second: UNIT,
  seconds: UNIT,
  minute: UNIT,
  minutes: UNIT,
  hour: UNIT,
  hours: UNIT,
  day: UNIT,
  days: UNIT,
} as const;

/** Every keyword and operator, in lower case. */
export const MEANINGS = { ...KEYWORDS, ...WORD_OPERATORS, ...SIGNS } as const;

/** A keyword or an operator. */
export type Word = keyof typeof MEANINGS;

export const OPERATORS = Object.keys({ ...SIGNS, ...WORD_OPERATORS }) as readonly Word[];
export const UNITS = ['second', 'seconds', 'minute', 'minutes', 'hour', 'hours', 'day', 'days'] as const;
export const LEVELS = ['critical', 'high', 'medium', 'low'] as const;

/** True for a word that stands between a field and its value. */
export function isOperator(word: Word): boolean {
  return OPERATORS.includes(word);
}
