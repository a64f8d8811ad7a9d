/** The entries of a log as they are. */
import { AuditError, decodeBundle, type LogReader, TILE_WIDTH } from '@stele/audit';

/** The bytes of an entry, with its index. */
export interface IndexedLeaf {
  readonly index: number;
  readonly bytes: Uint8Array;
}

/**
 * The leaves from one index to before another, in order. That they are those of the checkpoint is not looked at.
 * @param size of the tree of a published checkpoint, at least `to`
 * @throws AuditError `audit_log_corrupt` where a bundle is missing or damaged
 */
export async function* leavesOf(
  reader: LogReader,
  size: number,
  from: number,
  to: number,
): AsyncGenerator<IndexedLeaf> {
  for (let bundle = Math.floor(from / TILE_WIDTH); bundle * TILE_WIDTH < to; bundle++) {
    const first = bundle * TILE_WIDTH;
    const leaves = await bundleOf(reader, bundle, Math.min(TILE_WIDTH, size - first));
    for (let i = Math.max(0, from - first); i < leaves.length && first + i < to; i++)
      yield { index: first + i, bytes: leaves[i] as Uint8Array };
  }
}

async function bundleOf(reader: LogReader, index: number, width: number): Promise<Uint8Array[]> {
  const bytes = await reader.entries(index, width);
  if (bytes !== undefined) return decodeBundle(bytes, width);
  throw new AuditError(
    'audit_log_corrupt',
    `${reader.name}: the entries from ${index * TILE_WIDTH} on are missing`,
    { hint: 'verify the log: stele audit verify' },
  );
}
