/** RFC 8785, the JSON Canonicalization Scheme. */
import { quote, quoteName } from './text.js';
import {
  arrayLength,
  DEFAULT_MAX_DEPTH,
  dataProperty,
  objectNames,
  unsupported,
  Walk,
  walking,
} from './walk.js';

/** Options of {@link canonicalizeJson}. */
export interface CanonicalizeOptions {
  /** Arrays and objects within one another, 1 to 1,000; 64 unless given. */
  maxDepth?: number;
  /** Members of the outermost object that are left out, as for a signature that covers all but itself. */
  omit?: readonly string[];
}

/** A small value can unfold without end where its parts are shared; the text stops here. */
const MAX_CHARACTERS = 16 * 1024 * 1024;
/** Insertion sort wins on the few members that objects have; beyond, it would be quadratic. */
const FEW = 24;
const NONE: readonly string[] = [];

/**
 * The canonical JSON text of a value (RFC 8785). Plain objects, arrays, strings, booleans, null and finite numbers
 * only; what JSON.stringify would drop or rewrite is refused, and toJSON is never called.
 * What {@link snapshotJson} or {@link parseJson} returned is not checked again.
 * @throws {CryptoError} `not_json` with `path`; `too_deep`; `too_large` beyond 16 Mi characters
 */
export function canonicalizeJson(value: unknown, options: CanonicalizeOptions = {}): string {
  const walk = new Walk(value, options.maxDepth ?? DEFAULT_MAX_DEPTH);
  const { omit } = options;
  if (omit === undefined || !isObject(value)) return walking(walk, () => write(value, walk));
  return walking(walk, () => writeObject(value, walk, omit));
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function write(value: unknown, walk: Walk): string {
  switch (typeof value) {
    case 'string':
      return wellFormed(quote(value), walk);
    case 'number':
      if (!Number.isFinite(value)) throw walk.notJson(String(value));
      return `${value}`;
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? writeArray(value, walk) : writeObject(value, walk);
    default:
      throw unsupported(value, walk);
  }
}

function writeArray(array: readonly unknown[], walk: Walk): string {
  walk.enter(array);
  const length = arrayLength(array, walk, MAX_CHARACTERS);
  let text = '[';
  for (let i = 0; i < length; i++) {
    const item = write(dataProperty(array, i, walk), walk);
    text += i === 0 ? item : `,${item}`;
    if (text.length > MAX_CHARACTERS) throw tooLarge(walk);
  }
  walk.leave();
  return `${text}]`;
}

function writeObject(object: object, walk: Walk, omit: readonly string[] = NONE): string {
  walk.enter(object);
  let text = '{';
  let separator = '';
  for (const name of sorted(objectNames(object, walk))) {
    if (omit.includes(name)) continue;
    const value = dataProperty(object, name, walk);
    text += `${separator}${wellFormed(quoteName(name), walk)}:${write(value, walk)}`;
    separator = ',';
    if (text.length > MAX_CHARACTERS) throw tooLarge(walk);
  }
  walk.leave();
  return `${text}}`;
}

function wellFormed(quoted: string | undefined, walk: Walk): string {
  if (quoted === undefined) throw walk.notJson('a lone surrogate');
  return quoted;
}

/** Sorts in place by UTF-16 code units (RFC 8785, section 3.2.3), which is how JavaScript compares strings. */
function sorted(names: string[]): string[] {
  if (names.length > FEW) return names.sort();
  for (let i = 1; i < names.length; i++) {
    const name = names[i] as string;
    let j = i - 1;
    for (; j >= 0 && (names[j] as string) > name; j--) names[j + 1] = names[j] as string;
    names[j + 1] = name;
  }
  return names;
}

function tooLarge(walk: Walk) {
  return walk.refuse('too_large', `the text is longer than ${MAX_CHARACTERS} characters`);
}
