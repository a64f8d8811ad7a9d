/**
 * Copies what a caller wants to log into small, plain JSON: bounded, secrets taken out, and without running any
 * code of the value itself except a proxy's traps, whose failure is caught.
 */
import { isHarmless, isSecretName, isSecretText, REDACTED, withoutSecrets } from './secrets.js';

const MAX_DEPTH = 8;
const MAX_ENTRIES = 100; // of one object or array
const MAX_NODES = 1_000; // of one line
const MAX_TEXT = 4_096; // UTF-16 units of one string
const MAX_LINE_TEXT = 65_536; // UTF-16 units of all strings of one line
const MAX_BIGINT = 10n ** 40n;

interface Budget {
  nodes: number;
  text: number;
  /** The objects that are being copied, outermost first: one that comes again is a cycle. */
  readonly path: Set<object>;
}

/** Anything, as plain JSON that is safe to write to a log. Never throws. */
export function snapshotFields(fields: unknown): Record<string, unknown> {
  const budget: Budget = { nodes: MAX_NODES, text: MAX_LINE_TEXT, path: new Set() };
  if (typeof fields !== 'object' || fields === null)
    return fields === undefined ? {} : { value: copy(fields, 0, budget) };
  const copied = copy(fields, 0, budget);
  if (isError(fields)) return { err: copied };
  return typeof copied === 'object' && !Array.isArray(copied)
    ? (copied as Record<string, unknown>)
    : { value: copied };
}

/** At most `max` UTF-16 units of a text, with a note of what was cut off, `beyond` being cut off already. */
export function cut(text: string, max: number, beyond = 0): string {
  const more = text.length - max + Math.max(0, beyond);
  return more <= 0 ? text : `${text.slice(0, max)}… [${more} more]`;
}

/** Text without secrets, cut. They are looked for first, and well beyond the cut, so that no half of one is left. */
export function shownText(text: string, max = MAX_TEXT): string {
  const head = withoutSecrets(text.slice(0, 2 * MAX_TEXT));
  return cut(head, max, text.length - 2 * MAX_TEXT);
}

function copy(value: unknown, depth: number, budget: Budget): unknown {
  if (--budget.nodes < 0) return '[…]';
  switch (typeof value) {
    case 'string':
      return copyText(value, budget);
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'bigint':
      return value < MAX_BIGINT && value > -MAX_BIGINT ? String(value) : '[bigint]';
    case 'boolean':
      return value;
    case 'object':
      return value === null ? null : copyObject(value, depth, budget);
    default:
      return `[${typeof value}]`;
  }
}

function copyText(text: string, budget: Budget): string {
  if (isSecretText(text)) return REDACTED;
  const shown = shownText(text, Math.min(MAX_TEXT, Math.max(budget.text, 0)));
  budget.text -= shown.length;
  return shown;
}

function copyObject(value: object, depth: number, budget: Budget): unknown {
  try {
    const size = byteLength(value);
    if (size !== undefined) return `[${size} bytes]`;
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? '[invalid date]' : value.toISOString();
    if (value instanceof Map || value instanceof Set)
      return `[${value instanceof Map ? 'Map' : 'Set'} of ${value.size}]`;
    if (budget.path.has(value)) return '[circular]';
    if (depth >= MAX_DEPTH) return Array.isArray(value) ? '[array]' : '[object]';
    return copyMembers(value, depth, budget);
  } catch {
    return '[unreadable]';
  }
}

function copyMembers(value: object, depth: number, budget: Budget): unknown {
  budget.path.add(value);
  try {
    if (Array.isArray(value)) return copyArray(value, depth, budget);
    return isError(value) ? copyError(value, depth, budget) : copyRecord(value, depth, budget);
  } finally {
    budget.path.delete(value);
  }
}

/** The length of anything that is raw bytes: keys, signatures, buffers. Their content is never written. */
function byteLength(value: object): number | undefined {
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (value instanceof ArrayBuffer) return value.byteLength;
  return typeof SharedArrayBuffer === 'function' && value instanceof SharedArrayBuffer
    ? value.byteLength
    : undefined;
}

function copyArray(array: readonly unknown[], depth: number, budget: Budget): unknown[] {
  const length = Math.min(array.length, MAX_ENTRIES);
  const items: unknown[] = [];
  for (let i = 0; i < length && budget.nodes > 0; i++)
    items.push(copyProperty(array, String(i), depth, budget));
  if (items.length < array.length) items.push(`[${array.length - items.length} more]`);
  return items;
}

function copyRecord(record: object, depth: number, budget: Budget): Record<string, unknown> {
  const names = Object.keys(record);
  const fields: Record<string, unknown> = {};
  let shown = 0;
  for (const name of names) {
    if (shown >= MAX_ENTRIES || budget.nodes <= 0) break;
    fields[fieldName(name, budget)] = copyProperty(record, name, depth, budget);
    shown++;
  }
  if (shown < names.length) fields['…'] = `[${names.length - shown} more]`;
  return fields;
}

function copyError(error: Error, depth: number, budget: Budget): Record<string, unknown> {
  const { name, message, stack, cause } = error;
  const fields = copyRecord(error, depth, budget); // own fields such as `code` and `hint`
  delete fields.name;
  fields.type = copy(name, depth, budget);
  fields.message = copy(message, depth, budget);
  fields.stack = copy(stack, depth, budget);
  if (cause !== undefined) fields.cause = copy(cause, depth + 1, budget);
  return fields;
}

function copyProperty(owner: object, name: string, depth: number, budget: Budget): unknown {
  const property = Object.getOwnPropertyDescriptor(owner, name);
  if (property === undefined) return null; // the hole of a sparse array
  if (!('value' in property)) return '[accessor]'; // reading it would run the caller's code
  const { value } = property;
  if (!isHarmless(name, value) && (isSecretName(name) || isPrivateJwkMember(owner, name))) return REDACTED;
  return copy(value, depth + 1, budget);
}

/** The private number of a JSON Web Key is called just `d`. */
function isPrivateJwkMember(owner: object, name: string): boolean {
  return name === 'd' && Object.hasOwn(owner, 'kty');
}

function fieldName(name: string, budget: Budget): string {
  const shown = cut(name, 128);
  budget.text -= shown.length;
  return shown === '__proto__' ? '__proto___' : shown; // assigning it would set the prototype instead
}

function isError(value: object): value is Error {
  try {
    return value instanceof Error;
  } catch {
    return false;
  }
}
