import type { DecisionCode } from '@stele/types/codes';

/** One decision, or the outcome of one, as the monitor hands it to a sink. The values are the host's to protect. */
export type DecisionEntry = DecisionRecord | OutcomeRecord;

export interface DecisionRecord {
  readonly v: 1;
  readonly kind: 'decision';
  /** RFC 3339 UTC. */
  readonly time: string;
  readonly mode: 'enforce';
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
  readonly obligations: readonly string[];
  /** How many entries before this one could not be recorded. */
  readonly lost?: number;
}

export interface OutcomeRecord {
  readonly v: 1;
  readonly kind: 'outcome';
  readonly time: string;
  /** The `seq` of the decision. */
  readonly of: number;
  readonly outcome: 'done' | 'not_performed' | 'unknown';
  readonly lost?: number;
}

/**
 * Where decisions are recorded. `append` resolves once the entry is durable, in the sense of the sink; a permit waits
 * for it. Appends are numbered from 0 in the order of the calls.
 */
export interface DecisionSink {
  append(entry: DecisionEntry): Promise<{ seq: number }>;
  close(): Promise<void>;
}

export interface MemorySinkOptions {
  /** How many entries are kept at least; the oldest go first. 10,000 when not given. */
  capacity?: number;
  /** Whether contexts are kept, each up to 1 MiB; true when not given. Without them the memory used is bounded. */
  values?: boolean;
}

/** Keeps the last entries in memory. For tests, and for hosts that keep decisions themselves. */
export class MemorySink implements DecisionSink {
  readonly #capacity: number;
  readonly #values: boolean;
  readonly #entries: (DecisionEntry & { readonly seq: number })[] = [];
  #next = 0;

  /** @throws RangeError for a capacity that is no whole number from 1 up */
  constructor(options: MemorySinkOptions = {}) {
    const { capacity = 10_000, values = true } = options;
    if (!Number.isInteger(capacity) || capacity < 1)
      throw new RangeError('capacity must be a whole number from 1 up');
    this.#capacity = capacity;
    this.#values = values;
  }

  /** A copy of the entries that are kept, the oldest first. */
  get entries(): readonly (DecisionEntry & { readonly seq: number })[] {
    return [...this.#entries];
  }

  async append(entry: DecisionEntry): Promise<{ seq: number }> {
    const seq = this.#next++;
    const bare = entry.kind === 'decision' && !this.#values ? { ...entry, context: null } : entry;
    this.#entries.push({ ...bare, seq });
    // Cut in halves, not one by one: shifting an array of this size at each append would cost more than the append.
    if (this.#entries.length >= 2 * this.#capacity)
      this.#entries.splice(0, this.#entries.length - this.#capacity);
    return { seq };
  }

  async close(): Promise<void> {}
}
