import { SteleError } from '@stele/types/errors';
import type { Decision } from './decision.js';
import { type Denial, denialOf } from './denial.js';

/** Thrown instead of running an action that was not permitted. Its message may be shown to the agent. */
export class CovenantDeniedError extends SteleError {
  /** The whole decision, for the host. */
  readonly decision: Decision;
  /** What the agent may know of it. */
  readonly denial: Denial;

  constructor(decision: Decision) {
    const denial = denialOf(decision);
    super(decision.code, `${denial.reason} [${denial.code}${retryText(denial)}]`);
    this.decision = decision;
    this.denial = denial;
    // The decision holds statements of the covenant: neither a serialiser nor a log that prints the error may show it.
    Object.defineProperty(this, 'decision', { enumerable: false });
  }
}

/**
 * Why an action that ran was told to stop: a covenant that it ran under was revoked, expired, or lost the key that signed it. It is
 * the reason of the action's AbortSignal; what had been done by then is for the host to find out.
 */
export class CovenantCutError extends SteleError<'covenant_cut'> {
  /** The code that a new request would be denied with. */
  readonly because: string;

  constructor(because: string, reason: string) {
    super('covenant_cut', `the covenant no longer stands: ${reason} [${because}]`);
    this.because = because;
  }
}

/** An agent often sees nothing of a denial but the error's message. */
function retryText({ retryable, retryAfterMs }: Denial): string {
  if (retryAfterMs !== undefined) return `; try again in ${Math.ceil(retryAfterMs / 1000)} s`;
  return retryable ? '; may be tried again' : '';
}

/**
 * For host code to throw from `run` when the action failed for certain, or was done in part: the record says `failed`, and
 * the charge stays.
 */
export class ActionFailedError extends SteleError<'action_failed'> {
  constructor(message = 'the action failed', options: { cause?: unknown } = {}) {
    super('action_failed', message, options);
  }
}

/**
 * For host code to throw from `run` when it is certain that nothing was done: budgets (`limit … of …`) are given back.
 * Anything else that is thrown leaves open what happened, so its charge stays.
 */
export class ActionNotPerformedError extends SteleError<'action_not_performed'> {
  constructor(message = 'the action was not performed', options: { cause?: unknown } = {}) {
    super('action_not_performed', message, options);
  }
}

export type KeeperErrorCode =
  /** What is kept cannot be read or written; `cause` says why. Whether a write took effect is not known: repeat it. */
  | 'keeper_unavailable'
  /** What is kept is damaged, of another kind, or older than what was seen before. Nothing begins anew: restore it. */
  | 'keeper_malformed'
  /** It was written by a newer version of this software. */
  | 'keeper_version'
  /** There is no room for more. */
  | 'keeper_full'
  /** Others changed it at every attempt. */
  | 'keeper_contended'
  /** A statement of continuity that both keys have not signed. */
  | 'continuity_refused'
  /** Why a revocation list was not taken as the newest of its issuer; see docs/revocation-lists.md. */
  | 'list_malformed'
  | 'list_not_signed'
  | 'list_unknown_issuer'
  | 'list_issuer_key_in_doubt'
  | 'list_from_the_future'
  | 'list_stale'
  | 'list_rolled_back'
  /** Another list of the same issuer has the same number: neither is relied on until there is a newer one. */
  | 'list_contradicted';

/** What a keeper of lists, evidence or continuity throws. */
export class KeeperError extends SteleError<KeeperErrorCode> {}
