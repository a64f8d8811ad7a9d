import { isWellFormed } from '../bytes.js';
import type { CryptoError } from '../errors.js';
import { isInteroperable } from './numbers.js';
import {
  arrayLength,
  checkMaxBytes,
  DEFAULT_MAX_DEPTH,
  dataProperty,
  type JsonArray,
  type JsonLimits,
  type JsonObject,
  type JsonValue,
  objectNames,
  trust,
  unsupported,
  Walk,
  walking,
} from './walk.js';

export const DEFAULT_MAX_BYTES = 1024 * 1024;

/**
 * A deep copy of a plain I-JSON value, deeply frozen. Every property is read exactly once and no getter runs, so that
 * what was copied is what will be judged, whatever the original turns into. -0 becomes 0.
 * @param limits `maxBytes` (1 MiB unless given) of the JSON form in UTF-8, and `maxDepth` (64 unless given)
 * @throws {CryptoError} `not_json` with `path`, `too_large`, `too_deep`
 */
export function snapshotJson(value: unknown, limits: JsonLimits = {}): JsonValue {
  const copier = new Copier(value, limits);
  const copy = walking(copier.walk, () => copier.copy(value));
  return copier.bytes > WORTH_A_MARK ? trust(copy) : copy;
}

/** A copy with a JSON form of no more bytes is checked anew sooner than it is marked, and a mark lasts until memory is collected. */
const WORTH_A_MARK = 512;

class Copier {
  readonly walk: Walk;
  /** Of the JSON form of what is copied so far. */
  bytes = 0;
  readonly #maxBytes: number;

  constructor(root: unknown, limits: JsonLimits) {
    this.#maxBytes = checkMaxBytes(limits.maxBytes ?? DEFAULT_MAX_BYTES);
    this.walk = new Walk(root, limits.maxDepth ?? DEFAULT_MAX_DEPTH);
  }

  copy(value: unknown): JsonValue {
    switch (typeof value) {
      case 'string':
        return this.#copyString(value);
      case 'number':
        return this.#copyNumber(value);
      case 'boolean':
        this.#count(value ? 4 : 5);
        return value;
      case 'object':
        if (value !== null) return Array.isArray(value) ? this.#copyArray(value) : this.#copyObject(value);
        this.#count(4);
        return null;
      default:
        throw unsupported(value, this.walk);
    }
  }

  #copyString(text: string): string {
    if (!isWellFormed(text)) throw this.walk.notJson('a lone surrogate');
    // The cheap bound first: quoting a text that is far too long would be work for nothing.
    if (text.length > this.#maxBytes) throw this.#tooLarge();
    this.#count(jsonBytes(text));
    return text;
  }

  #copyNumber(number: number): number {
    if (!isInteroperable(number)) throw this.walk.notJson(`the number ${number}`);
    const value = number + 0;
    this.#count(`${value}`.length);
    return value;
  }

  #copyArray(array: readonly unknown[]): JsonArray {
    this.walk.enter(array);
    const length = arrayLength(array, this.walk, this.#maxBytes);
    this.#count(length === 0 ? 2 : length + 1);
    const result: JsonValue[] = [];
    for (let i = 0; i < length; i++) result.push(this.copy(dataProperty(array, i, this.walk)));
    this.walk.leave();
    return Object.freeze(result);
  }

  #copyObject(object: object): JsonObject {
    this.walk.enter(object);
    const names = objectNames(object, this.walk);
    this.#count(names.length === 0 ? 2 : 2 * names.length + 1);
    const result: Record<string, JsonValue> = {};
    for (const name of names) {
      const value = dataProperty(object, name, this.walk);
      setMember(result, this.#copyString(name), this.copy(value));
    }
    this.walk.leave();
    return Object.freeze(result);
  }

  #count(bytes: number): void {
    this.bytes += bytes;
    if (this.bytes > this.#maxBytes) throw this.#tooLarge();
  }

  #tooLarge(): CryptoError {
    return this.walk.refuse('too_large', `the value is larger than ${this.#maxBytes} bytes`);
  }
}

/** Sets an own member, also one whose name is inherited: assigning `__proto__` would set the prototype. */
export function setMember(object: Record<string, JsonValue>, name: string, value: JsonValue): void {
  if (!(name in object)) object[name] = value;
  else Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

/** Visible ASCII that JSON takes as it is. */
const plainAscii = /^[ !#-[\]-~]*$/;

/** JSON escapes control characters, so its ASCII is the visible part. */
const ascii = /^[ -\x7f]*$/;

/** The length of a well-formed string's JSON form in UTF-8 bytes, quotes included. */
function jsonBytes(text: string): number {
  if (plainAscii.test(text)) return text.length + 2;
  const json = JSON.stringify(text);
  if (ascii.test(json)) return json.length;
  let bytes = 0;
  for (let i = 0; i < json.length; i++) {
    const unit = json.charCodeAt(i);
    // Each half of a surrogate pair stands for two of the pair's four bytes.
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff)) bytes += 2;
    else bytes += 3;
  }
  return bytes;
}
