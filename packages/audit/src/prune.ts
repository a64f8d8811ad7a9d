/** Pruning: making the beginning of a log unavailable without changing its tree (C2SP tlog-tiles, “Pruning”). */
import type { LogBackend } from './backend.js';
import type { EventRecord } from './entry.js';
import { AuditError } from './errors.js';
import { type Exported, exportLog } from './export.js';
import { readCheckpoint } from './lib/checkpoint.js';
import { TILE_WIDTH } from './lib/tiles.js';
import type { NamedKey } from './lib/verifier-key.js';
import { verifyExport } from './verify-export.js';

/** Options of `AuditLog.prune`. */
export interface PruneOptions {
  /** The written policy that permits it, or where it can be read: it stands in the log. Without a policy no log may be pruned. */
  readonly policy: string;
  /** Where what is pruned is exported to before, as `exportTo` would; it verifies alone. */
  readonly archiveTo?: string | undefined;
}

/** What was pruned. */
export interface Pruned {
  /** The minimum index: the first entry that is still there. */
  readonly before: number;
  readonly archive?: Exported;
}

/** What pruning needs of a log. */
export interface PrunableLog {
  readonly backend: LogBackend;
  /** All that signed it. */
  readonly keys: readonly NamedKey[];
  readonly now: () => string;
  checkpoint(): Promise<string>;
  /** Appends an entry of the log's own. */
  append(entry: EventRecord): Promise<unknown>;
}

const MAX_POLICY = 1_000;

/**
 * Prunes a log: archives, says so in an entry, signs that, and only then removes. Whatever stops it in between, nothing is missing
 * that was not announced, and it can be done again.
 * @param before the new minimum index, a multiple of 256 within what is signed
 */
export async function pruneLog(
  log: PrunableLog,
  before: number,
  { policy, archiveTo }: PruneOptions,
): Promise<Pruned> {
  if (typeof policy !== 'string' || policy === '' || policy.length > MAX_POLICY) {
    throw new TypeError(`policy must be the written policy that permits it, 1 to ${MAX_POLICY} characters`);
  }
  const { size } = readCheckpoint(await log.checkpoint());
  const first = await log.backend.first();
  if (!Number.isSafeInteger(before) || before % TILE_WIDTH !== 0 || before <= first || before > size) {
    throw new RangeError(
      `before must be a multiple of ${TILE_WIDTH} above ${first} and within the ${size} entries that are signed`,
    );
  }
  const archive = archiveTo === undefined ? undefined : await archived(log, archiveTo, before);
  await log.append({
    ...{ v: 1, kind: 'log.pruned', time: log.now(), before, policy },
    ...(archive && { archive: archive.manifest }),
  });
  await log.checkpoint();
  await log.backend.prune(before);
  return { before, ...(archive && { archive }) };
}

/** An archive that does not verify would be found out when it is too late. */
async function archived({ backend, keys }: PrunableLog, path: string, to: number): Promise<Exported> {
  const archive = await exportLog(backend, path, { to });
  const { problem } = await verifyExport(path, { keys, origin: archive.origin });
  if (problem === undefined) return archive;
  throw new AuditError(
    'audit_log_corrupt',
    `nothing was pruned, because what would be does not verify: ${problem.message}`,
    {
      hint: 'Verify the whole log; the archive that was written shows the same.',
    },
  );
}
