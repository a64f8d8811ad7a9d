/** A tree that only grows and keeps no tile: what is needed to compute its root, about log2(size) hashes. */
import { EMPTY_ROOT, foldSubtrees, hashNode, subtreesOf } from './merkle.js';
import { TILE_LEVELS } from './tiles.js';

/** A hash that stands in a tile above the lowest. */
export interface TileNode {
  /** Of tiles, at least 1. */
  readonly level: number;
  /** Among all the hashes of that level. */
  readonly index: number;
  readonly hash: Uint8Array;
}

export class Frontier {
  #size: number;
  /** By level of the tree: the complete subtree there that has no right sibling yet. */
  readonly #subtrees: (Uint8Array | undefined)[] = [];
  #completed: TileNode[] = [];

  /**
   * @param size how many leaves it begins with
   * @param hashes those of their complete subtrees, the largest first, as `subtreesOf(0, size)` says
   */
  constructor(size: number, hashes: readonly Uint8Array[]) {
    this.#size = size;
    for (const [i, { level }] of subtreesOf(0, size).entries()) this.#subtrees[level] = hashes[i];
  }

  add(leafHash: Uint8Array): void {
    this.#size++;
    let hash = leafHash;
    // Like adding one to a binary number: every carry joins two subtrees.
    for (let level = 1; ; level++) {
      const left = this.#subtrees[level - 1];
      this.#subtrees[level - 1] = left === undefined ? hash : undefined;
      if (left === undefined) return;
      hash = hashNode(left, hash);
      if (level % TILE_LEVELS === 0) {
        this.#completed.push({ level: level / TILE_LEVELS, index: this.#size / 2 ** level - 1, hash });
      }
    }
  }

  root(): Uint8Array {
    const hashes = this.#subtrees.filter((hash) => hash !== undefined).reverse();
    return hashes.length === 0 ? EMPTY_ROOT : foldSubtrees(hashes);
  }

  /** The hashes of tiles that were completed since this was asked last, the lowest first. */
  takeCompleted(): readonly TileNode[] {
    const completed = this.#completed;
    this.#completed = [];
    return completed;
  }
}
