import type { LogReader } from './backend.js';
import { FolderLogReader } from './folder-reader.js';
import { Examination } from './lib/examination.js';
import type { LogReport } from './lib/report.js';
import { Trust, type TrustOptions } from './lib/verifying-keys.js';

/** Options of {@link verifyLog}. */
export interface VerifyLogOptions extends TrustOptions {
  /** One checkpoint that you kept, or several: whole notes. The log must begin with what each of them signs. */
  readonly since?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined;
  /** Called every 256 entries. */
  readonly onProgress?: ((done: { readonly entries: number; readonly size: number }) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A log that is open for appending. */
export interface LiveLog {
  readonly reader: LogReader;
  checkpoint(): Promise<string>;
}

/** How many checkpoints can be compared at once. */
const MAX_SINCE = 1_000;

/**
 * Verifies a whole log: recomputes every hash from the entries, and compares it with the tiles and with the checkpoint; reads every
 * entry; compares the log with the checkpoints that you kept. Memory does not grow with the log.
 * @param log a log that is open (which signs a checkpoint first), a reader, or the path of a folder
 * @returns what was found. Whatever the log holds, it never throws for it
 * @throws TypeError, RangeError for options that are none; AuditError `note_malformed` and CryptoError for keys that are none
 * @throws AuditError `audit_log_unavailable` where the log cannot be read; what `signal` was aborted with
 */
export async function verifyLog(
  log: LiveLog | LogReader | string,
  options: VerifyLogOptions,
): Promise<LogReport> {
  const trust = new Trust(options);
  const since = sinceOf(options);
  const reader = await readerOf(log);
  return new Examination({ reader, trust, since, onBundle: onBundleOf(options) }).report();
}

export function sinceOf({ since = [] }: Pick<VerifyLogOptions, 'since'>): readonly (string | Uint8Array)[] {
  const notes = typeof since === 'string' || since instanceof Uint8Array ? [since] : since;
  if (
    !Array.isArray(notes) ||
    !notes.every((note) => typeof note === 'string' || note instanceof Uint8Array)
  ) {
    throw new TypeError('since must be a checkpoint or a list of them, each a string or a Uint8Array');
  }
  if (notes.length > MAX_SINCE) throw new RangeError(`since can be ${MAX_SINCE} checkpoints at most`);
  return notes;
}

/** What is done before each bundle. */
export function onBundleOf({ signal, onProgress }: Pick<VerifyLogOptions, 'signal' | 'onProgress'>) {
  return (done: { readonly entries: number; readonly size: number }) => {
    signal?.throwIfAborted();
    onProgress?.(done);
  };
}

async function readerOf(log: LiveLog | LogReader | string): Promise<LogReader> {
  if (typeof log === 'string') return new FolderLogReader(log);
  if (typeof log !== 'object' || log === null)
    throw new TypeError('a log is an AuditLog, a reader or the path of a folder');
  if (!('reader' in log)) return log;
  await log.checkpoint();
  return log.reader;
}
