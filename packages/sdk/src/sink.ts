import type { DecisionEntry, EventRecord, LogEntry } from '@stele/audit';

export type {
  DecisionEntry,
  DecisionRecord,
  EventRecord,
  LogEntry,
  Outcome,
  OutcomeRecord,
} from '@stele/audit';

/**
 * Where decisions are recorded. `append` resolves once the entry is durable, in the sense of the sink; a permit waits
 * for it. The values in an entry are the host's to protect. `AuditLog` is the one that an outsider can check.
 */
export interface DecisionSink {
  /**
   * `seq` numbers the entries from 0. A log answers with the `origin`, `index` and `leafHash` of a receipt as well, and
   * they become the receipt of the decision.
   */
  append(entry: DecisionEntry): Promise<{ seq: number }>;
  /** The time of the newest durable entry, in milliseconds since 1970: a clock that stands far behind it is not relied on. */
  readonly lastTime?: number | undefined;
  close(): Promise<void>;
}

/** A sink that takes the events in the life of covenants and keys, too. `AuditLog` and `MemorySink` are. */
export interface EventSink extends DecisionSink {
  /** What tells a monitor that it may write events, too. */
  readonly takesEvents?: true;
  append(entry: LogEntry): Promise<{ seq: number }>;
}

export interface MemorySinkOptions {
  /** How many entries are kept at least; the oldest go first. 10,000 when not given. */
  capacity?: number;
  /** Whether contexts are kept, each up to 1 MiB; true when not given. Without them the memory used is bounded. */
  values?: boolean;
}

type Numbered<T> = T & { readonly seq: number };

/** Keeps the last entries in memory. For tests, and for hosts that keep decisions themselves. */
export class MemorySink implements EventSink {
  readonly takesEvents = true;
  readonly #capacity: number;
  readonly #values: boolean;
  readonly #entries: LogEntry[] = [];
  #next = 0;

  /** @throws RangeError for a capacity that is no whole number from 1 up */
  constructor(options: MemorySinkOptions = {}) {
    const { capacity = 10_000, values = true } = options;
    if (!Number.isInteger(capacity) || capacity < 1)
      throw new RangeError('capacity must be a whole number from 1 up');
    this.#capacity = capacity;
    this.#values = values;
  }

  /** A copy of the decisions and outcomes that are kept, the oldest first. */
  get entries(): readonly Numbered<DecisionEntry>[] {
    return this.#numbered().filter(isDecisionEntry);
  }

  /** A copy of the events that are kept, the oldest first. */
  get events(): readonly Numbered<EventRecord>[] {
    return this.#numbered().filter((entry) => !isDecisionEntry(entry)) as Numbered<EventRecord>[];
  }

  async append(entry: LogEntry): Promise<{ seq: number }> {
    return this.appendNow(entry);
  }

  /** Appends at once. Keeps the entry itself: it is not to be changed any more. */
  appendNow(entry: LogEntry): { seq: number } {
    this.#entries.push(this.#values || !('context' in entry) ? entry : { ...entry, context: null });
    // Cut in halves, not one by one: shifting an array of this size at each append would cost more than the append.
    if (this.#entries.length >= 2 * this.#capacity)
      this.#entries.splice(0, this.#entries.length - this.#capacity);
    return { seq: this.#next++ };
  }

  /** An entry that was read back has the number of another sink. */
  #numbered(): Numbered<LogEntry>[] {
    const first = this.#next - this.#entries.length;
    return this.#entries.map((entry, i) => ({ ...entry, seq: first + i }) as Numbered<LogEntry>);
  }

  async close(): Promise<void> {}
}

const isDecisionEntry = (entry: Numbered<LogEntry>): entry is Numbered<DecisionEntry> =>
  entry.kind === 'decision' || entry.kind === 'outcome';
