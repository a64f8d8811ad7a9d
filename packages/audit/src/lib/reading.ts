/** Single entries of a log that is open. */
import type { LogBackend } from '../backend.js';
import { AuditError } from '../errors.js';
import { parseLeaf } from './leaf.js';
import { decodeBundle, TILE_WIDTH, tileWidth } from './tiles.js';

/**
 * The leaf of an entry, published or not.
 * @param published tells the size that the published checkpoint covers
 * @throws AuditError `entry_not_found`, `audit_log_corrupt`
 * @throws RangeError for an index that is none
 */
export async function leafOf(
  backend: LogBackend,
  published: () => number,
  index: number,
): Promise<Uint8Array> {
  if (!Number.isSafeInteger(index) || index < 0) throw new RangeError('an index is a whole number from 0');
  if (index < (await backend.first())) throw notFound(index, 'was pruned');
  if (index < published()) {
    const leaves = await readBundle(backend, published(), Math.floor(index / TILE_WIDTH));
    return leaves[index % TILE_WIDTH] as Uint8Array;
  }
  if (index >= (await backend.size())) throw notFound(index, 'is not there yet');
  try {
    for await (const records of backend.records(index, index + 1))
      for (const { leaf } of records) return leaf;
  } catch (error) {
    if (index >= published()) throw error;
  }
  // It was published meanwhile, and is elsewhere now.
  if (index < published()) return leafOf(backend, published, index);
  throw notFound(index, 'is not there yet');
}

/** The latest time among the last entries; undefined for a log without any. */
export async function latestTime(
  backend: LogBackend,
  published: number,
  size: number,
): Promise<number | undefined> {
  let latest: number | undefined;
  const note = (leaf: Uint8Array, index: number) => {
    const time = Date.parse(parseLeaf(leaf, index).time);
    if (latest === undefined || time > latest) latest = time;
  };
  if (size > published) {
    let index = Math.max(published, size - TILE_WIDTH);
    for await (const records of backend.records(index, size)) {
      for (const { leaf } of records) note(leaf, index++);
    }
    return latest;
  }
  const bundle = Math.floor((size - 1) / TILE_WIDTH);
  if (size === 0 || bundle * TILE_WIDTH < (await backend.first())) return undefined;
  const leaves = await readBundle(backend, published, bundle);
  for (const [i, leaf] of leaves.entries()) note(leaf, bundle * TILE_WIDTH + i);
  return latest;
}

/** Every leaf that is there, published or not, with its index. */
export async function* leavesOf(
  backend: LogBackend,
  published: number,
  size: number,
): AsyncGenerator<readonly [index: number, leaf: Uint8Array]> {
  let index = await backend.first();
  while (index < published)
    for (const leaf of await readBundle(backend, published, index / TILE_WIDTH)) yield [index++, leaf];
  for await (const records of backend.records(index, size))
    for (const { leaf } of records) yield [index++, leaf];
}

async function readBundle(backend: LogBackend, published: number, index: number): Promise<Uint8Array[]> {
  const width = tileWidth(0, index, published);
  const bundle = await backend.entries(index, width);
  if (bundle !== undefined) return decodeBundle(bundle, width);
  throw new AuditError('audit_log_corrupt', `${backend.name}: the bundle of entries ${index} is missing`, {
    hint: 'Take it from a copy of the log.',
  });
}

function notFound(index: number, what: string): AuditError {
  return new AuditError('entry_not_found', `entry ${index} ${what}`);
}
