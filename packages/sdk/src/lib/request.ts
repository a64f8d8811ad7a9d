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

/**
 * A request over HTTP as a guard has read it, of strings alone, and frozen from the start: it need not be read again. Told by its private
 * field, which no proxy and no look-alike has.
 */
class HttpRequest implements Snapshot {
  readonly action: string;
  readonly resource: string;
  readonly context: Snapshot['context'];
  readonly #isRead = true;

  constructor(method: string, path: string) {
    this.action = `http.${method}`;
    this.resource = path;
    this.context = Object.freeze({ http: Object.freeze({ method, path }) });
    Object.freeze(this);
  }

  static is(value: unknown): value is HttpRequest {
    return typeof value === 'object' && value !== null && #isRead in value;
  }
}

// Whoever reached the class through a request could make one of what was never read.
Reflect.deleteProperty(HttpRequest.prototype, 'constructor');
Object.freeze(HttpRequest.prototype);

/** A request over HTTP. What is too long, or no text that can be recorded, is refused like any other when it is read. */
export function httpRequest(method: string, path: string): ActionRequest {
  if (method.length + path.length <= MAX_OWN && isText(method) && isText(path))
    return new HttpRequest(method, path);
  return { action: `http.${method}`, resource: path, context: { http: { method, path } } };
}

/** Visible ASCII. */
const isText = (text: string): boolean => /^[!-~]*$/.test(text);

/**
 * Reads a request once. Only plain I-JSON passes: no getter, proxy or later change can make what runs differ from what
 * was judged.
 * @returns the snapshot, or why there is none
 */
export function snapshotRequest(request: unknown): Snapshot | string {
  if (HttpRequest.is(request)) return request;
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
