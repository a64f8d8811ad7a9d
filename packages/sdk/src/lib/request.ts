import { snapshotJson } from '@stele/crypto';
import type { ActionRequest } from '../decision.js';

const MAX_BYTES = 1024 * 1024;
const MAX_DEPTH = 64;

/** The request as it was when it was read, once, deep-frozen: what is judged is what runs. */
export interface Snapshot extends ActionRequest {
  readonly context: Readonly<Record<string, unknown>>;
}

/** Far below what a request may have. */
const MAX_OWN = 65_536;

/** As the constructor that a class extends, it has that class put its fields on what is given. */
function given(object: object): object {
  return object;
}

/**
 * Marks what need not be read again by a private field, which no proxy and no look-alike has. What is marked stays a plain object: to hosts,
 * and to another copy of this package in the process, it is a request like any other.
 */
class Read extends (given as unknown as new (object: object) => object) {
  readonly #isRead = true;

  static mark<T extends object>(object: T): T {
    return new Read(object) as T;
  }

  static is(value: unknown): value is Snapshot {
    return typeof value === 'object' && value !== null && #isRead in value;
  }
}

/**
 * A request over HTTP as a guard has read it. Made of strings alone, and frozen from the start, it need not be read again. What is too long,
 * or no text that can be recorded, is refused like any other when it is read.
 */
export function httpRequest(method: string, path: string): ActionRequest {
  const action = `http.${method}`;
  if (method.length + path.length > MAX_OWN || !isText(method) || !isText(path))
    return { action, resource: path, context: { http: { method, path } } };
  const context = Object.freeze({ http: Object.freeze({ method, path }) });
  return Object.freeze(Read.mark({ action, resource: path, context }));
}

/** Visible ASCII. Whatever the types say, a framework may hand over what only looks like a text. */
const isText = (text: unknown): boolean => typeof text === 'string' && /^[!-~]*$/.test(text);

/**
 * Reads a request once. Only plain I-JSON passes: no getter, proxy or later change can make what runs differ from what
 * was judged.
 * @returns the snapshot, or why there is none
 */
export function snapshotRequest(request: unknown): Snapshot | string {
  if (Read.is(request)) return request;
  try {
    const copy = snapshotJson(request, { maxBytes: MAX_BYTES, maxDepth: MAX_DEPTH });
    if (!isRecord(copy)) return 'a request is an object with action, resource and context';
    const { action, resource, context = {} } = copy;
    if (typeof action !== 'string' || typeof resource !== 'string')
      return 'action and resource must be strings';
    if (!isRecord(context)) return 'context must be an object';
    return Object.freeze({ action, resource, context });
  } catch (error) {
    return error instanceof Error ? error.message : 'the request cannot be read';
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
