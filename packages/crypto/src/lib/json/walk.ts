/** Reading hostile values: only own enumerable data properties of plain objects and arrays count, each read once. */
import { CryptoError, type CryptoErrorCode } from '../errors.js';

/** A JSON value (RFC 8259). */
export type JsonValue = null | boolean | number | string | JsonArray | JsonObject;
/** An array of JSON values. */
export type JsonArray = readonly JsonValue[];
/** An object of JSON values. */
export type JsonObject = { readonly [name: string]: JsonValue };

/** Bounds on a JSON value or text. */
export interface JsonLimits {
  /** Bytes of the JSON form in UTF-8. */
  maxBytes?: number;
  /** Arrays and objects within one another, 1 to 1,000; 64 unless given. */
  maxDepth?: number;
}

export const DEFAULT_MAX_DEPTH = 64;
/** Recursion to here is safe on every engine's stack. */
const HIGHEST_MAX_DEPTH = 1_000;

export function checkMaxDepth(maxDepth: number): number {
  if (Number.isInteger(maxDepth) && maxDepth >= 1 && maxDepth <= HIGHEST_MAX_DEPTH) return maxDepth;
  throw new RangeError(`maxDepth must be an integer from 1 to ${HIGHEST_MAX_DEPTH}`);
}

export function checkMaxBytes(maxBytes: number): number {
  if (Number.isSafeInteger(maxBytes) && maxBytes >= 1) return maxBytes;
  throw new RangeError('maxBytes must be a positive integer');
}

/** Shared parts make a small value unfold into any number of arrays and objects; so many are walked. */
const MAX_CONTAINERS = 500_000;

/** Deeply frozen values that this package made itself: they need no checks. Roots only. */
const trusted = new WeakSet<object>();

/** Marks the root of a value that consists of nothing but frozen plain data. */
export function trust<T extends JsonValue>(root: T): T {
  if (typeof root === 'object' && root !== null) trusted.add(root);
  return root;
}

/** One walk through a value: the way to where it is, so that a refusal can name the place. */
export class Walk {
  readonly isTrusted: boolean;
  readonly #maxDepth: number;
  readonly #containers: object[] = [];
  readonly #keys: PropertyKey[] = [];
  #depth = 0;
  #entered = 0;

  constructor(root: unknown, maxDepth: number) {
    this.isTrusted = typeof root === 'object' && root !== null && trusted.has(root);
    this.#maxDepth = checkMaxDepth(maxDepth);
  }

  enter(container: object): void {
    if (this.#depth === this.#maxDepth) throw this.#tooDeep(container);
    this.#entered += 1;
    if (this.#entered > MAX_CONTAINERS) throw this.refuse('too_large', 'too many arrays and objects');
    this.#containers[this.#depth] = container;
    this.#depth += 1;
  }

  leave(): void {
    this.#depth -= 1;
  }

  /** Notes the member of the innermost container that is read next. */
  at(key: PropertyKey): void {
    this.#keys[this.#depth - 1] = key;
  }

  notJson(what: string): CryptoError {
    return this.refuse('not_json', `${what} is not I-JSON`);
  }

  refuse(code: CryptoErrorCode, message: string, cause?: unknown): CryptoError {
    const path = pathText(this.#keys.slice(0, this.#depth));
    return new CryptoError(code, `${message}, at ${path}`, { path, cause });
  }

  #tooDeep(container: object): CryptoError {
    if (this.#containers.includes(container)) return this.notJson('a cycle');
    return this.refuse('too_deep', `the value is nested deeper than ${this.#maxDepth}`);
  }
}

const MAX_PATH = 256;

function pathText(keys: PropertyKey[]): string {
  const steps = keys.map((key) => {
    if (typeof key === 'string' && /^[A-Za-z_]\w{0,63}$/.test(key)) return `.${key}`;
    return typeof key === 'number' ? `[${key}]` : `[${quoted(String(key).slice(0, 64))}]`;
  });
  const path = `$${steps.join('')}`;
  return path.length <= MAX_PATH ? path : `${path.slice(0, MAX_PATH)}…`;
}

/** In visible ASCII: a name can hold what turns the text around it, or hides. */
function quoted(name: string): string {
  const hex = (unit: string) => unit.charCodeAt(0).toString(16).padStart(4, '0');
  return JSON.stringify(name).replace(/[^ -~]/g, (unit) => `\\u${hex(unit)}`);
}

/**
 * Runs a walk. What a proxy's trap throws becomes a refusal as well: hostile input gives one kind of error.
 */
export function walking<T>(walk: Walk, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof CryptoError) throw cause;
    throw walk.refuse('not_json', 'the value cannot be read', cause);
  }
}

/** The own names of a plain object; whether each is a plain property, {@link dataProperty} checks. */
export function objectNames(object: object, walk: Walk): string[] {
  if (walk.isTrusted) return Object.keys(object);
  if (!hasPlainPrototype(object)) throw walk.notJson('an instance of a class');
  // Two calls, because Reflect.ownKeys costs ten times as much.
  if (Object.getOwnPropertySymbols(object).length > 0) throw walk.notJson('a symbol key');
  return Object.getOwnPropertyNames(object);
}

/** The length of an array that has every index below it and nothing else. */
export function arrayLength(array: readonly unknown[], walk: Walk, most: number): number {
  const { length } = array;
  if (length > most) throw walk.refuse('too_large', `an array of ${length}`);
  if (walk.isTrusted) return length;
  if (!Array.isArray(Object.getPrototypeOf(array))) throw walk.notJson('an instance of a class');
  if (Reflect.ownKeys(array).length !== length + 1)
    throw walk.notJson('a sparse array or one with extra members');
  return length;
}

/** The value of an own, enumerable data property, read once and without running a getter. */
export function dataProperty(container: object, key: string | number, walk: Walk): unknown {
  walk.at(key);
  if (walk.isTrusted) return (container as Record<string | number, unknown>)[key];
  const property = Object.getOwnPropertyDescriptor(container, key);
  if (property === undefined) throw walk.notJson('a missing member');
  if (property.get !== undefined || property.set !== undefined) throw walk.notJson('a getter');
  if (!property.enumerable) throw walk.notJson('a hidden property');
  return property.value;
}

/** Says what kind of value was met that JSON does not have. */
export function unsupported(value: unknown, walk: Walk): CryptoError {
  return walk.notJson(value === undefined ? 'undefined' : `a value of type ${typeof value}`);
}

/** Object.prototype of another realm (a frame, a vm context) counts: it is a root that has isPrototypeOf. */
function hasPlainPrototype(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype === Object.prototype || prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf');
}
