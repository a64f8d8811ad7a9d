import { type LimitLedger, MemoryLimits } from '@stele/sdk';
import type { Call } from './call.js';

/** So many traces without times are counted side by side; one that comes back after as many others begins anew. */
const MAX_TRACES = 10_000;

/**
 * The counts of limits. Calls with a time share one count on the clock of the trace, which never goes back. For calls
 * without one time stands still, and each trace has its own count.
 */
export class Ledgers {
  #now = Number.NEGATIVE_INFINITY;
  readonly #timed = new MemoryLimits({ clock: () => this.#now });
  readonly #byTrace = new Map<string, LimitLedger>();

  /** Moves the clock. To be called for every call in turn, also where nothing is charged. */
  see({ time }: Call): void {
    if (time !== undefined && time > this.#now) this.#now = time;
  }

  for({ time, trace }: Call): LimitLedger {
    return time === undefined ? this.#ofTrace(trace) : this.#timed;
  }

  /** A Map keeps the order of insertion: the first is the one that was not used for longest. */
  #ofTrace(trace: string): LimitLedger {
    // Merging charges loses nothing where all have one time, so few entries are enough.
    const ledger = this.#byTrace.get(trace) ?? new MemoryLimits({ clock: () => 0, maxEntriesPerKey: 16 });
    this.#byTrace.delete(trace);
    this.#byTrace.set(trace, ledger);
    if (this.#byTrace.size > MAX_TRACES) this.#byTrace.delete(this.#byTrace.keys().next().value as string);
    return ledger;
  }
}
