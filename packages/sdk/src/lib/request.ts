import { snapshotJson } from '@stele/crypto';
import type { ActionRequest } from '../decision.js';

const MAX_BYTES = 1024 * 1024;
const MAX_DEPTH = 64;

/** The request as it was when it was read, once, deep-frozen: what is judged is what runs. */
export interface Snapshot extends ActionRequest {
  readonly context: Readonly<Record<string, unknown>>;
}

/**
 * Reads a request once. Only plain I-JSON passes: no getter, proxy or later change can make what runs differ from what
 * was judged.
 * @returns the snapshot, or why there is none
 */
export function snapshotRequest(request: unknown): Snapshot | string {
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
