/** How a host sets up approvals, checked once. */
import type { Approvers } from '@stele/core';
import { isEd25519Did } from '@stele/crypto';
import type { ApprovalStore, CovenantStore } from '@stele/store';
import type { ActionRequest } from '../decision.js';
import { checkTimeout } from './in-time.js';

/** How `require …` is met by signed approvals. */
export interface ApprovalOptions {
  /** What the monitor is called to those who approve, 1 to 256 characters. What is approved for one audience counts for no other. */
  audience: string;
  /** Where requests are kept; that of the covenants when not given. */
  store?: ApprovalStore;
  /** How long a request may be answered and used, in milliseconds: 60,000 to 604,800,000 (7 days); 3,600,000 when not given. */
  expiresInMs?: number;
  /** Who may approve, by the name of the obligation, where the covenant that states it does not say. */
  approvers?: Readonly<Record<string, Approvers>>;
  /**
   * did:key of whoever asked for the action: it may not approve it. A function is told the request that is judged; what it returns
   * that is neither a did:key nor undefined leaves the obligations unmet.
   */
  requester?: string | ((request: ActionRequest) => string | undefined);
  /**
   * How long a decision waits for the signatures before it says `obligation_pending`, in milliseconds, 0 to 600,000; 0 when not
   * given. What can change meanwhile is looked at again. Of more than 1,000 decisions at once the rest do not wait.
   */
  waitMs?: number;
  /** Told of records that cannot be read, and of a store that fails. What it throws is ignored. */
  onProblem?: (error: unknown) => void;
}

/** The options as they are used. */
export interface ApprovalSettings extends ApprovalOptions {
  readonly store: ApprovalStore;
  readonly expiresInMs: number;
  readonly approvers: Readonly<Record<string, Approvers>>;
  readonly waitMs: number;
}

const HOUR_MS = 3_600_000;
const MIN_EXPIRY_MS = 60_000;
const MAX_EXPIRY_MS = 7 * 24 * HOUR_MS;
const MAX_AUDIENCE = 256;
const MAX_KEYS = 64;

/** @throws TypeError or RangeError */
export function approvalSettings(given: ApprovalOptions, covenants?: CovenantStore): ApprovalSettings {
  const { audience, expiresInMs = HOUR_MS, waitMs = 0, approvers = {}, requester } = given;
  if (typeof audience !== 'string' || audience === '' || audience.length > MAX_AUDIENCE)
    throw new TypeError(`approvals.audience must be a name of 1 to ${MAX_AUDIENCE} characters`);
  const store = given.store ?? covenants?.approvals;
  if (typeof store?.open !== 'function' || typeof store.settle !== 'function')
    throw new TypeError(
      'approvals need a store of requests: { store } of the monitor, or { approvals: { store } }',
    );
  if (!(Number.isInteger(expiresInMs) && expiresInMs >= MIN_EXPIRY_MS && expiresInMs <= MAX_EXPIRY_MS))
    throw new RangeError(
      `approvals.expiresInMs must be a whole number from ${MIN_EXPIRY_MS} to ${MAX_EXPIRY_MS}`,
    );
  if (waitMs !== 0) checkTimeout('approvals.waitMs', waitMs);
  if (requester !== undefined && !isEd25519Did(requester) && typeof requester !== 'function')
    throw new TypeError('approvals.requester must be a did:key, or a function that names one');
  for (const [name, each] of Object.entries(approvers)) checkApprovers(name, each);
  return { ...given, store, expiresInMs, waitMs, approvers: structuredClone({ ...approvers }) };
}

function checkApprovers(name: string, given: Partial<Approvers> | undefined): void {
  const { keys, threshold } = given ?? {};
  const distinct = Array.isArray(keys) ? new Set(keys) : new Set();
  if (distinct.size === 0 || distinct.size > MAX_KEYS || distinct.size !== keys?.length)
    throw new TypeError(`approvals.approvers of ${name} must name 1 to ${MAX_KEYS} keys, each once`);
  if (!keys.every((key) => typeof key === 'string' && isEd25519Did(key)))
    throw new TypeError(`approvals.approvers of ${name} must be did:keys of Ed25519`);
  if (!(Number.isInteger(threshold) && (threshold as number) >= 1 && (threshold as number) <= keys.length))
    throw new RangeError(`approvals.approvers of ${name} must have a threshold from 1 to the number of keys`);
}
