/** A value of a context as it is shown to its owner. */
import { printable } from './escape.js';
import { elementAt } from './values.js';

/** The most characters that are shown of one value. */
const LIMIT = 64;

/** A value in the manner of JSON, escaped and cut at 64 characters; `missing` where there is none. */
export function showValue(value: unknown): string {
  return printable(Array.isArray(value) ? showArray(value) : showOne(value), LIMIT);
}

function showArray(array: readonly unknown[]): string {
  let shown = '';
  for (let i = 0; i < array.length && shown.length <= LIMIT; i++)
    shown += `${i === 0 ? '' : ', '}${showOne(elementAt(array, i))}`;
  return `[${shown}]`;
}

function showOne(value: unknown): string {
  switch (typeof value) {
    case 'undefined':
      return 'missing';
    case 'string':
      return JSON.stringify(value.slice(0, LIMIT)).slice(0, value.length > LIMIT ? -1 : undefined);
    case 'number':
    case 'boolean':
      return String(value);
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? 'an array' : 'an object';
    default:
      return `a ${typeof value}`;
  }
}
