/**
 * Reading canonical JSON fast. `parseJson` of @stele/crypto takes any I-JSON and is the measure; this takes canonical text
 * alone, with the parser of the platform, and leaves the rest to it.
 *
 * That nothing else gets through is seen by lengths, since writing the value again would cost more than reading it did. Whatever the
 * platform's parser passes over makes a text longer than the canonical one of its value: white space, a name that comes twice.
 * An escape stands for one character, and is looked at by itself: there is one way to escape what must be, and no other is taken.
 * Names must be in order in the value, where they stand as in the text, but for those that look like an index. Numbers alone can be
 * written longer and shorter, so a value with numbers is written again. What passes is exactly what `canonicalizeJson` writes, so
 * the hash of the text is the hash of the value.
 */
const MAX_DEPTH = 48;
/** What follows `\u` in the escape of a character that has no shorter one (RFC 8785, section 3.2.2.2). */
const CONTROL = /^00(?:0[0-7bef]|1[0-9a-f])$/;
const [SLASH, DIGIT_0, DIGIT_9, LETTER_U] = [0x2f, 0x30, 0x39, 0x75];

/** The value of a canonical JSON text without lone surrogates, frozen but for its outermost object; undefined for any other text. */
export function parseCanonical(text: string): unknown {
  const escaping = lengthOfEscapes(text);
  if (escaping === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const measure = new Measure();
  // NaN, for what is not of the form, is not equal to anything.
  if (measure.lengthOf(value, 0) + escaping !== text.length) return undefined;
  return measure.numbers && JSON.stringify(value) !== text ? undefined : value;
}

/** How many characters stand only in escapes; undefined where one is none of canonical JSON. Outside of strings JSON has no backslash. */
function lengthOfEscapes(text: string): number | undefined {
  let length = 0;
  for (let at = text.indexOf('\\'); at !== -1; at = text.indexOf('\\', at)) {
    const next = text.charCodeAt(at + 1);
    if (next === SLASH || (next === LETTER_U && !CONTROL.test(text.slice(at + 2, at + 6)))) return undefined;
    const taken = next === LETTER_U ? 6 : 2;
    length += taken - 1;
    at += taken;
  }
  return length;
}

class Measure {
  /** Whether there was a number. */
  numbers = false;

  /** The length of the canonical text without what escapes add, or NaN for a value that is not of the form. Freezes what is inside. */
  lengthOf(value: unknown, depth: number): number {
    if (typeof value === 'string') return value.length + 2;
    if (typeof value === 'number') return this.#lengthOfNumber(value);
    if (value === null || value === true) return 4;
    if (value === false) return 5;
    if (depth === MAX_DEPTH) return Number.NaN;
    if (depth > 0) Object.freeze(value);
    return Array.isArray(value)
      ? this.#lengthOfArray(value, depth)
      : this.#lengthOfObject(value as object, depth);
  }

  #lengthOfNumber(value: number): number {
    this.numbers = true;
    return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? String(value).length : Number.NaN;
  }

  #lengthOfArray(array: readonly unknown[], depth: number): number {
    let length = array.length === 0 ? 2 : 1;
    for (const item of array) length += this.lengthOf(item, depth + 1) + 1;
    return length;
  }

  #lengthOfObject(object: object, depth: number): number {
    const names = Object.keys(object);
    let length = names.length === 0 ? 2 : 1;
    let last = '';
    for (const name of names) {
      const first = name.charCodeAt(0);
      if (name < last || (first >= DIGIT_0 && first <= DIGIT_9)) return Number.NaN;
      length += name.length + 4 + this.lengthOf((object as Record<string, unknown>)[name], depth + 1);
      last = name;
    }
    return length;
  }
}
