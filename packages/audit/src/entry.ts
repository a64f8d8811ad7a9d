import type { DecisionCode } from '@stele/types/codes';

/** What is handed to a log, values in clear. The log decides what of it stands in the leaf: see `encodeEntry`. */
export type LogEntry = DecisionRecord | OutcomeRecord | EventRecord;

/** What a monitor hands to a sink. */
export type DecisionEntry = DecisionRecord | OutcomeRecord;

/** One decision. */
export interface DecisionRecord {
  readonly v: 1;
  readonly kind: 'decision';
  /** RFC 3339 UTC. */
  readonly time: string;
  /** `shadow`: judged beside, without effect. */
  readonly mode: 'enforce' | 'shadow';
  /** The covenant that decided, or the first that governs. */
  readonly covenant: string;
  /** The ids of every covenant that was asked, the root first. */
  readonly chain: readonly string[];
  /** SHA-256 over the rules of all of them. */
  readonly policy: string;
  readonly agent: string;
  readonly action: string;
  readonly resource: string;
  /** The context that was judged; null where a sink does not keep it. */
  readonly context: unknown;
  readonly decision: 'permit' | 'pending' | 'deny';
  readonly code: DecisionCode;
  /** The lines that decided, in `covenant`. */
  readonly statements: readonly number[];
  /** The resource pattern of the statement that decided, as its covenant writes it. */
  readonly pattern?: string;
  readonly obligations: readonly string[];
  /** The W3C trace id, 32 hex digits, where the host has one. */
  readonly trace?: string;
  /** False for a permit of which nobody will tell what became of it. */
  readonly settles?: false;
  /** How many denials this entry stands for, where it stands for several. */
  readonly count?: number;
  /** How many entries before this one could not be recorded. */
  readonly lost?: number;
}

export type Outcome = 'done' | 'failed' | 'not_performed' | 'unknown';

/** What became of a permitted action. */
export interface OutcomeRecord {
  readonly v: 1;
  readonly kind: 'outcome';
  readonly time: string;
  /** The index of the decision. */
  readonly of: number;
  readonly outcome: Outcome;
  readonly lost?: number;
}

/**
 * Something in the life of covenants, keys, approvals or of the log itself. `covenant.put`, `covenant.revoked`,
 * `key.rotated`, `key.revoked`, `approval.given` and whatever a host names in the same way; those of the log are
 * `log.key` (another key signs from here on), `log.predecessor`, `log.pruned` and `log.erased`.
 */
export interface EventRecord {
  readonly v: 1;
  /** 1 to 64 lower-case letters, digits, dots and underscores; neither `decision` nor `outcome`. */
  readonly kind: string;
  readonly time: string;
  readonly covenant?: string;
  readonly agent?: string;
  readonly resource?: string;
  /** Committed, like a decision's. */
  readonly context?: unknown;
  /** Further facts, in clear: nothing of a person belongs here unless the host names the field personal. */
  readonly [field: string]: unknown;
}

/** Where an entry was recorded: with it its holder can demand inclusion later. */
export interface Receipt {
  readonly origin: string;
  /** From 0. */
  readonly index: number;
  /** The RFC 9162 leaf hash, 64 hex digits. */
  readonly leafHash: string;
  /** The same number as `index`, for sinks that are no log. */
  readonly seq: number;
}
