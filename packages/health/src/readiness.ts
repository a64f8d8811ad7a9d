import { rounded } from './lib/components.js';
import { codeOf, detailOf } from './lib/failure.js';
import { objectOf, timeout } from './lib/options.js';
import { type ProbedStore, type ProbeKind, probeKind, probeStore } from './lib/store-probe.js';

export interface ReadinessOptions {
  /** How long the store may take, in milliseconds, 1 to 60,000; 1,000 when not given. */
  timeoutMs?: number | undefined;
  /** Tells the message of the error as `detail`, which may name hosts and paths. */
  verbose?: boolean | undefined;
}

/** Whether a process can serve now. */
export interface Readiness {
  readonly ready: boolean;
  /** ISO 8601 in UTC. */
  readonly timestamp: string;
  /** How long the store took, in milliseconds. */
  readonly latencyMs: number;
  /** `write`: something was written and read back. `read`: the store has no `probe`, so it was only read. */
  readonly probe: ProbeKind;
  /** Why not: `timed_out`, the code of a `StoreError`, or `check_failed`. */
  readonly code?: string;
  readonly detail?: string;
}

/**
 * Whether the store can be used: written, where it can be asked to, and read. A disk that is full or read-only is not ready,
 * and a store that hangs is given up after the time-out; while one probe hangs, later calls wait for the same one.
 * @throws TypeError for a store that is none, RangeError for a time-out out of its range; never for a store that fails
 */
export async function readiness(store: ProbedStore, options: ReadinessOptions = {}): Promise<Readiness> {
  const timeoutMs = timeout(options.timeoutMs);
  const answer = await probeStore(objectOf('store', store), timeoutMs);
  const timestamp = new Date().toISOString();
  const latencyMs = rounded(answer.latencyMs);
  if (answer.kind === 'value') return { ready: true, timestamp, latencyMs, probe: answer.value };
  const failed = { ready: false, timestamp, latencyMs, probe: probeKind(store) };
  if (answer.kind === 'late') return { ...failed, code: 'timed_out' };
  const { error } = answer;
  return { ...failed, code: codeOf(error), ...(options.verbose === true ? { detail: detailOf(error) } : {}) };
}
