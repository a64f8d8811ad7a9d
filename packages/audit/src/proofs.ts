/** Proofs that are made from the tiles of a log, for about log2(size) hashes. */
import type { LogReader } from './backend.js';
import { AuditError } from './errors.js';
import { readCheckpoint } from './lib/checkpoint.js';
import { hashLeaf, verifyInclusion } from './lib/merkle.js';
import { formatProof } from './lib/proof-file.js';
import { decodeBundle, TILE_WIDTH, TreeReader, tileWidth } from './lib/tiles.js';

/** That an entry stands at its index in a tree of a size (RFC 9162, section 2.1.3). */
export interface EntryProof {
  readonly index: number;
  readonly size: number;
  /** 32 bytes. */
  readonly leafHash: Uint8Array;
  /** From the leaf's sibling up. */
  readonly hashes: readonly Uint8Array[];
  /** The signed note whose tree it is; absent where the size was given. */
  readonly checkpoint?: string;
}

/** The tiles of each reader that were used last, 4 MiB for each at most. */
const trees = new WeakMap<LogReader, TreeReader>();

function treeOf(reader: LogReader): TreeReader {
  const tree = trees.get(reader) ?? new TreeReader(reader);
  trees.set(reader, tree);
  return tree;
}

/**
 * Proves that an entry is in the log.
 * @param index of the entry, from 0
 * @param size of the tree; that of the newest checkpoint unless given
 * @throws RangeError for an index or size that is no whole number from 0
 * @throws AuditError `entry_not_found` for an entry that is not in that tree, or a tree that was not published yet;
 *   `audit_log_corrupt` where a tile cannot be had
 */
export async function inclusionProof(reader: LogReader, index: number, size?: number): Promise<EntryProof> {
  const head = await published(reader);
  const within = count('size', size ?? head.size);
  if (count('index', index) >= within) throw notFound(`there is no entry ${index} among the first ${within}`);
  if (within > head.size) throw notFound(`the newest checkpoint covers ${head.size} entries, not ${within}`);
  const tree = treeOf(reader);
  const leafHash = await tree.node({ level: 0, index }, within);
  const hashes = await tree.inclusion(index, within);
  return { index, size: within, leafHash, hashes, ...(size === undefined && { checkpoint: head.note }) };
}

/**
 * Proves that the log has only grown between two sizes (RFC 9162, section 2.1.4).
 * @param from the smaller size; from 0 there is nothing to prove
 * @param to that of the newest checkpoint unless given
 * @returns no hashes from 0, or between equal sizes
 * @throws RangeError for sizes that are none, or in the wrong order
 * @throws AuditError as {@link inclusionProof}
 */
export async function consistencyProof(reader: LogReader, from: number, to?: number): Promise<Uint8Array[]> {
  const head = await published(reader);
  const end = count('to', to ?? head.size);
  if (Math.max(end, count('from', from)) > head.size) {
    throw notFound(`the newest checkpoint covers ${head.size} entries, not ${Math.max(end, from)}`);
  }
  if (from > end) throw new RangeError('from must not be above to');
  return treeOf(reader).consistency(from, end);
}

/**
 * Makes a proof of one entry that can be verified offline: the entry, its way to the root, and the newest checkpoint.
 * @returns the text of a `.tlog-proof` file (C2SP tlog-proof@v1), the entry in `extra`
 * @throws RangeError, AuditError as {@link inclusionProof}; `audit_log_corrupt` too if the log is not what was signed
 */
export async function proveEntry(reader: LogReader, index: number): Promise<string> {
  const { size, hashes, checkpoint = '' } = await inclusionProof(reader, index);
  const leaf = await leafAt(reader, index, size);
  const { root } = readCheckpoint(checkpoint);
  if (!verifyInclusion({ index, size, root, leafHash: hashLeaf(leaf), hashes })) {
    throw new AuditError(
      'audit_log_corrupt',
      `${reader.name}: entry ${index} is not what the checkpoint of ${size} signs`,
      {
        hint: 'Verify the whole log: the report names what was changed.',
      },
    );
  }
  return formatProof({ index, hashes, checkpoint, extra: leaf });
}

/**
 * One entry as it is kept.
 * @param size of a published tree that holds it
 */
export async function leafAt(reader: LogReader, index: number, size: number): Promise<Uint8Array> {
  const bundle = Math.floor(index / TILE_WIDTH);
  const width = tileWidth(0, bundle, size);
  const bytes = await reader.entries(bundle, width);
  if (bytes === undefined)
    throw notFound(
      `the bundle of entry ${index} is not there; the log begins with entry ${await reader.first()}`,
    );
  return decodeBundle(bytes, width)[index % TILE_WIDTH] as Uint8Array;
}

async function published(reader: LogReader): Promise<{ readonly note: string; readonly size: number }> {
  const note = await reader.checkpoint();
  if (note === undefined) throw notFound(`${reader.name} has no checkpoint yet`);
  return { note, size: readCheckpoint(note).size };
}

function count(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(`${name} must be a whole number from 0`);
}

function notFound(message: string): AuditError {
  return new AuditError('entry_not_found', message, {
    hint: 'Ask for what the newest checkpoint covers, or wait for the next one.',
  });
}
