import type { DecisionCode } from '@stele/types/codes';

/** What the host asks: may this action be done on this resource, given this context? */
export interface ActionRequest {
  readonly action: string;
  readonly resource: string;
  /**
   * Facts for the conditions. The agent's own input stands under `args` alone; everything else (`agent`, `session`,
   * `facts`, `http`, `tool`, `time`) is written by the host.
   */
  readonly context?: Readonly<Record<string, unknown>>;
}

export type Severity = 'critical' | 'high' | 'medium' | 'low';

/** A statement that decided, with the covenant that holds it. */
export interface DecidingStatement {
  readonly kind: 'permit' | 'deny';
  readonly line: number;
  readonly text: string;
  readonly covenant: string;
}

/** Something that must happen before the action. */
export interface Obligation {
  readonly name: string;
  readonly line: number;
  /** The id of the covenant that states it. */
  readonly covenant: string;
}

/** A request for approval: what a person who may approve is to be told. It says nothing of what is asked. */
export interface ApprovalReference {
  /** `urn:stele:approval:` and 64 hex digits. */
  readonly id: string;
  /** RFC 3339 UTC. */
  readonly expiresAt: string;
}

/** A limit that the request falls under. */
export interface AppliedLimit {
  readonly covenant: string;
  readonly line: number;
  readonly amount: number;
  readonly field?: string;
  readonly cost: number;
  readonly periodMs: number;
  /** What is left in the window after this decision; absent when it was not asked for. */
  readonly remaining?: number;
}

/** Where a decision was recorded. With the receipt of a log its holder can demand inclusion later. */
export interface Receipt {
  readonly seq: number;
  /** The name of the log, where it is one. */
  readonly origin?: string;
  /** The place in it, from 0. */
  readonly index?: number;
  /** The RFC 9162 leaf hash of the entry, 64 hex digits. */
  readonly leafHash?: string;
}

/**
 * The answer to a request, for the host. `permitted: true` means that every obligation is met, every limit charged and
 * the decision recorded. What may be shown to the agent is `denialOf(decision)`.
 */
export interface Decision {
  readonly permitted: boolean;
  readonly code: DecisionCode;
  /** One sentence for a person; request values are escaped and cut, thresholds left out. */
  readonly reason: string;
  readonly severity: Severity;
  /** The covenant that decided, where one did. */
  readonly covenant?: string;
  /** The check that failed, for `covenant_invalid` and `revocation_unknown`. */
  readonly check?: string;
  /** What that check, or the sink, said, for the host alone: it may name stores, keys and other covenants. */
  readonly detail?: string;
  readonly matched: readonly DecidingStatement[];
  /** The line of `covenant` that decided a denial, where one did. */
  readonly line?: number;
  /** The statement that decided, in the form that the agent may see; absent where its covenant keeps it to itself. */
  readonly statement?: { readonly covenant: string; readonly line: number; readonly text: string };
  /** The resource pattern of the statement that decided: where the resource itself must not be named, as in logs. */
  readonly pattern?: string;
  readonly obligations: readonly Obligation[];
  readonly limits: readonly AppliedLimit[];
  /** What is awaited, for `obligation_pending`. */
  readonly pending?: readonly Obligation[];
  /** Where signatures are awaited the request that is to be signed; of a permit the one that was used up for it. */
  readonly approval?: ApprovalReference;
  /** True when the same request may be permitted later without a change of the covenant. */
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
  /** Of a denial, which does not wait for its entry, only there once that is durable. Counted together they share one. */
  readonly receipt?: Receipt | undefined;
}
