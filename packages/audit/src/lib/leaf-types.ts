/** An entry as it stands in a log: what is of a person is a salted commitment, 64 hex digits. */
export type Leaf = DecisionLeaf | OutcomeLeaf | EventLeaf;

/** What stands for a list of more than 64 items. */
export interface ListSummary {
  readonly count: number;
  /** SHA-256 of the list's RFC 8785 form, 64 hex digits. */
  readonly hash: string;
}

interface LeafBase {
  readonly v: 1;
  /** The index of the entry. */
  readonly seq: number;
  /** RFC 3339 UTC. */
  readonly time: string;
  readonly lost?: number;
}

/** As in `DecisionRecord`. Where the host has named a field personal, the commitment stands instead of it. */
export interface DecisionLeaf extends LeafBase {
  readonly kind: 'decision';
  readonly mode: 'enforce' | 'shadow';
  readonly covenant: string;
  readonly chain: readonly string[] | ListSummary | string;
  readonly policy: string;
  /** The commitment. */
  readonly agent: string;
  readonly action: string;
  /** The commitment. */
  readonly resource: string;
  /** The commitment. */
  readonly context: string;
  readonly decision: 'permit' | 'pending' | 'deny';
  readonly code: string;
  readonly statements: readonly number[] | ListSummary | string;
  readonly pattern?: string;
  readonly obligations: readonly string[] | ListSummary | string;
  readonly trace?: string;
  readonly settles?: false;
  readonly count?: number;
}

export interface OutcomeLeaf extends LeafBase {
  readonly kind: 'outcome';
  readonly of: number;
  readonly outcome: 'done' | 'failed' | 'not_performed' | 'unknown';
}

export interface EventLeaf extends LeafBase {
  readonly kind: string;
  readonly covenant?: string;
  /** The commitment. */
  readonly agent?: string;
  /** The commitment. */
  readonly resource?: string;
  /** The commitment. */
  readonly context?: string;
  readonly [field: string]: unknown;
}
