/** The right edge of a growing tree. */
import type { LogReader, LogTile } from '../backend.js';
import { EMPTY_ROOT, foldSubtrees, HASH_BYTES, hashNode, subtreesOf } from './merkle.js';
import { readTile, TILE_LEVELS, TILE_WIDTH, TreeReader, tileWidth } from './tiles.js';

/** The rightmost tile of a level, which is not full: in a tree that has grown to it, it may have no hashes. */
interface OpenTile {
  readonly index: number;
  width: number;
  readonly bytes: Uint8Array;
  /** How many of its hashes were published. */
  published: number;
}

/**
 * What of a tree is needed to add leaves to it: about log2(size) hashes and one tile for each level of tiles. It also
 * collects the tiles that a publication has to carry. An added leaf costs about one node hash.
 */
export class TreeEdge {
  #size = 0;
  /** By level of the tree: the complete subtree there that has no right sibling yet. */
  readonly #subtrees: (Uint8Array | undefined)[] = [];
  readonly #open: OpenTile[] = [];
  readonly #full: LogTile[] = [];

  /**
   * Reads the edge of a tree from its tiles.
   * @param size of a tree for which a checkpoint was published
   * @throws AuditError `audit_log_corrupt` if a tile cannot be had
   */
  static async load(reader: LogReader, size: number): Promise<TreeEdge> {
    const edge = new TreeEdge();
    edge.#size = size;
    const tree = new TreeReader(reader);
    for (const subtree of subtreesOf(0, size)) edge.#subtrees[subtree.level] = await tree.node(subtree, size);
    for (let level = 0; TILE_WIDTH ** level <= size; level++) {
      const index = Math.floor(size / TILE_WIDTH ** (level + 1));
      const width = tileWidth(level, index, size);
      const tile = emptyTile(index);
      if (width > 0) tile.bytes.set(await readTile(reader, level, index, width));
      tile.width = width;
      tile.published = width;
      edge.#open.push(tile);
    }
    return edge;
  }

  /** How many leaves the tree has. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds a leaf.
   * @param leafHash 32 bytes
   * @throws RangeError for any other length
   */
  add(leafHash: Uint8Array): void {
    if (leafHash.length !== HASH_BYTES) throw new RangeError('a leaf hash has 32 bytes');
    this.#size++;
    let hash = leafHash;
    // Like adding one to a binary number: every carry joins two subtrees.
    for (let level = 0; ; level++) {
      if (level % TILE_LEVELS === 0) this.#addToTile(level / TILE_LEVELS, hash);
      const left = this.#subtrees[level];
      if (left === undefined) {
        this.#subtrees[level] = hash;
        return;
      }
      this.#subtrees[level] = undefined;
      hash = hashNode(left, hash);
    }
  }

  /** The root of the tree as it is, for about log2(size) hashes. */
  root(): Uint8Array {
    const hashes = this.#subtrees.filter((hash) => hash !== undefined).reverse();
    return hashes.length === 0 ? EMPTY_ROOT : foldSubtrees(hashes);
  }

  /** Every tile that is new since `markPublished`, the widest of its index: full ones, and a partial one of each level. */
  newTiles(): LogTile[] {
    const partial = this.#open
      .map(({ index, width, bytes, published }, level) => ({ level, index, width, published, bytes }))
      .filter(({ width, published }) => width > published)
      .map(({ level, index, width, bytes }) => ({
        level,
        index,
        width,
        bytes: bytes.slice(0, width * HASH_BYTES),
      }));
    return [...this.#full, ...partial];
  }

  /** Says that what `newTiles` gives is published. */
  markPublished(): void {
    this.#full.length = 0;
    for (const tile of this.#open) tile.published = tile.width;
  }

  #addToTile(level: number, hash: Uint8Array): void {
    const tile = this.#open[level] ?? emptyTile(0);
    this.#open[level] = tile;
    tile.bytes.set(hash, tile.width * HASH_BYTES);
    tile.width++;
    if (tile.width < TILE_WIDTH) return;
    this.#full.push({ level, index: tile.index, width: TILE_WIDTH, bytes: tile.bytes });
    this.#open[level] = emptyTile(tile.index + 1);
  }
}

function emptyTile(index: number): OpenTile {
  return { index, width: 0, bytes: new Uint8Array(TILE_WIDTH * HASH_BYTES), published: 0 };
}
