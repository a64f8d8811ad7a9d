/** The hashes of a tree, read from tiles. */
import type { LogReader } from '../backend.js';
import { AuditError } from '../errors.js';
import {
  consistencyNodes,
  EMPTY_ROOT,
  foldSubtrees,
  HASH_BYTES,
  hashNode,
  inclusionNodes,
  type Subtree,
  subtreesOf,
} from './merkle.js';
import { TILE_WIDTH, tilePath } from './tile-format.js';

export * from './tile-format.js';

/** How many levels of the tree a tile stands for. */
export const TILE_LEVELS = 8;

/** The width that a tile has in a tree of a size: 0 when it has no such tile. */
export function tileWidth(level: number, index: number, size: number): number {
  const hashes = Math.floor(size / TILE_WIDTH ** level) - index * TILE_WIDTH;
  return Math.max(0, Math.min(TILE_WIDTH, hashes));
}

/**
 * A tile as it is kept, checked for its length alone.
 * @param width 1 to 256
 * @throws AuditError `audit_log_corrupt` if it is not there, or has not the hashes that are wanted
 */
export async function readTile(
  reader: LogReader,
  level: number,
  index: number,
  width: number,
): Promise<Uint8Array> {
  const bytes = await reader.tile(level, index, width);
  if (bytes?.length === width * HASH_BYTES) return bytes;
  const found = bytes === undefined ? 'is missing' : `has ${bytes.length} bytes, not ${width * HASH_BYTES}`;
  throw new AuditError('audit_log_corrupt', `${reader.name}: ${tilePath(level, index, width)} ${found}`, {
    hint: 'Take the tile from a copy of the log. If the log was pruned, ask for something newer.',
  });
}

/** A tile with the nodes between its hashes and the tile above, which are computed when first asked for. */
class CachedTile {
  readonly width: number;
  /** The hashes, then what every two of them make, and so on: 16 KiB for a full tile. */
  readonly #rows: Uint8Array[];

  constructor(bytes: Uint8Array) {
    this.width = bytes.length / HASH_BYTES;
    this.#rows = [new Uint8Array(bytes)];
  }

  /** The node `index` of those that stand for 2^height hashes of the tile. */
  node(height: number, index: number): Uint8Array {
    return hashOf(this.#row(height), index).slice();
  }

  #row(height: number): Uint8Array {
    const known = this.#rows[height];
    if (known !== undefined) return known;
    const below = this.#row(height - 1);
    const row = new Uint8Array(Math.floor(below.length / HASH_BYTES / 2) * HASH_BYTES);
    for (let i = 0; i < row.length / HASH_BYTES; i++) {
      row.set(hashNode(hashOf(below, 2 * i), hashOf(below, 2 * i + 1)), i * HASH_BYTES);
    }
    this.#rows[height] = row;
    return row;
  }
}

function hashOf(row: Uint8Array, index: number): Uint8Array {
  return row.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
}

/** Reads the nodes of a tree from the tiles of a log, and keeps the tiles that were used last. */
export class TreeReader {
  readonly #reader: LogReader;
  readonly #maxTiles: number;
  readonly #tiles = new Map<string, CachedTile>();

  /** @param maxTiles how many tiles are kept, each 16 KiB with its inner nodes */
  constructor(reader: LogReader, { maxTiles = 256 }: { maxTiles?: number } = {}) {
    if (!Number.isSafeInteger(maxTiles) || maxTiles < 1) throw new RangeError('maxTiles must be 1 or more');
    this.#reader = reader;
    this.#maxTiles = maxTiles;
  }

  /**
   * The hash of a complete subtree.
   * @param size of a tree that holds it, for which a checkpoint was published
   * @throws RangeError if the tree does not hold it
   * @throws AuditError `audit_log_corrupt` if its tile cannot be had
   */
  async node({ level, index }: Subtree, size: number): Promise<Uint8Array> {
    if (!((index + 1) * 2 ** level <= size)) throw new RangeError(`no such subtree in a tree of ${size}`);
    const tileLevel = Math.floor(level / TILE_LEVELS);
    const height = level % TILE_LEVELS;
    const tileIndex = Math.floor((index * 2 ** height) / TILE_WIDTH);
    const tile = await this.#tile(tileLevel, tileIndex, tileWidth(tileLevel, tileIndex, size));
    return tile.node(height, index - (tileIndex * TILE_WIDTH) / 2 ** height);
  }

  /** The root of the tree at a size. */
  async root(size: number): Promise<Uint8Array> {
    return size === 0 ? EMPTY_ROOT : this.#fold(subtreesOf(0, size), size);
  }

  /**
   * The hashes of an inclusion proof, from the leaf's sibling up.
   * @throws RangeError if the tree has no such leaf
   */
  async inclusion(index: number, size: number): Promise<Uint8Array[]> {
    if (!isCount(index) || !isCount(size) || index >= size)
      throw new RangeError(`no leaf ${index} of ${size}`);
    return this.#each(inclusionNodes(index, size), size);
  }

  /**
   * The hashes of a consistency proof; none from size 0 or between equal sizes.
   * @throws RangeError if the first size is above the second
   */
  async consistency(size1: number, size2: number): Promise<Uint8Array[]> {
    if (!isCount(size1) || !isCount(size2) || size1 > size2) {
      throw new RangeError(`no tree of ${size1} leaves within one of ${size2}`);
    }
    return this.#each(consistencyNodes(size1, size2), size2);
  }

  async #each(nodes: readonly Subtree[][], size: number): Promise<Uint8Array[]> {
    const hashes: Uint8Array[] = [];
    for (const subtrees of nodes) hashes.push(await this.#fold(subtrees, size));
    return hashes;
  }

  async #fold(subtrees: readonly Subtree[], size: number): Promise<Uint8Array> {
    const hashes: Uint8Array[] = [];
    for (const subtree of subtrees) hashes.push(await this.node(subtree, size));
    return foldSubtrees(hashes);
  }

  async #tile(level: number, index: number, width: number): Promise<CachedTile> {
    const key = `${level}/${index}`;
    let tile = this.#tiles.get(key);
    // A narrower one was cached when the tree was smaller.
    if (tile === undefined || tile.width < width) {
      tile = new CachedTile(await readTile(this.#reader, level, index, width));
    }
    this.#tiles.delete(key); // and in again, as the newest
    this.#tiles.set(key, tile);
    for (const oldest of this.#tiles.keys()) {
      if (this.#tiles.size <= this.#maxTiles) break;
      this.#tiles.delete(oldest);
    }
    return tile;
  }
}

/**
 * The root of the tree at a size, read from the tiles of a log.
 * @throws AuditError `audit_log_corrupt` if a tile cannot be had
 */
export function rootAt(reader: LogReader, size: number): Promise<Uint8Array> {
  return new TreeReader(reader).root(size);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
