import type { DecisionCode } from '@stele/types/codes';
import type { ApprovalReference, Decision, Receipt } from './decision.js';

/** What an agent may know of a denial, so that it can act on it. The same shape on every surface. */
export interface Denial {
  readonly code: DecisionCode;
  readonly reason: string;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
  /** The statement of the agent's covenant that decided, where one did. */
  readonly statement?: { readonly line: number; readonly text: string };
  /** What is awaited, by name. */
  readonly pending?: readonly string[];
  /** The request that a person is to approve, where signatures are awaited. */
  readonly approval?: ApprovalReference;
  readonly receipt?: Receipt;
}

/** The part of a decision that may leave the host: no thresholds, no values, no rules but the line that decided. */
export function denialOf(decision: Decision): Denial {
  const { statement, receipt, approval } = decision;
  return {
    code: decision.code,
    reason: decision.reason,
    retryable: decision.retryable,
    ...(decision.retryAfterMs === undefined ? {} : { retryAfterMs: decision.retryAfterMs }),
    ...(statement === undefined ? {} : { statement: { line: statement.line, text: statement.text } }),
    ...(decision.pending === undefined
      ? {}
      : { pending: decision.pending.map((obligation) => obligation.name) }),
    ...(approval === undefined ? {} : { approval: { ...approval } }),
    ...(receipt === undefined ? {} : { receipt }),
  };
}
