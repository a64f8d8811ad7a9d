/** Who is to blame for what a walk has found: the entry or the tile. */
import type { LogReader } from '../backend.js';
import type { Finding } from './findings.js';
import { HASH_BYTES, hashNode, sameHash } from './merkle.js';
import type { Problem } from './report.js';
import { readTile, TILE_WIDTH, TreeReader, tilePath, tileWidth } from './tiles.js';
import { unlessCorrupt } from './unless.js';

/** The tree against which is judged. */
export interface Tree {
  readonly reader: LogReader;
  readonly size: number;
  /** Whether a root is the one that was signed. */
  isRoot(root: Uint8Array): boolean;
}

export class Judge {
  readonly #tree: Tree;
  /** Whether the entries, recomputed, give the root. */
  readonly #entriesHold: boolean;

  constructor(tree: Tree, entriesHold: boolean) {
    this.#tree = tree;
    this.#entriesHold = entriesHold;
  }

  async problemOf(finding: Finding): Promise<Problem> {
    const { kind, index, before, level, tile } = finding;
    const entry = { index, path: this.#path('entries', tile) };
    const path = this.#path(level, tile);
    const detail = finding.detail === undefined ? '' : `: ${finding.detail}`;
    switch (kind) {
      case 'entry-missing':
        return {
          code: 'entry_missing',
          ...entry,
          message: `entry ${index} is missing from ${entry.path}${detail}`,
        };
      case 'entry-unexpected':
        return {
          code: 'entry_unexpected',
          ...entry,
          message: `${entry.path} goes on where entry ${index} would be, which is not its`,
        };
      case 'entry-malformed':
        return {
          code: 'entry_malformed',
          ...entry,
          message: `entry ${index} was signed, and is none that a log may hold${detail}`,
        };
      case 'key-retired':
        return {
          code: 'key_retired',
          ...entry,
          message: `entry ${index} brings back a key that was retired: whoever has stolen it would write just that`,
        };
      case 'tile-missing':
        return { code: 'tile_missing', index, path, message: `${path} is missing or cut${detail}` };
      case 'prefix-missing':
        return {
          code: 'tile_missing',
          index,
          path,
          message: `what is left of the entries before ${before} cannot be had from ${path}${detail}`,
        };
      case 'entry':
        if (await this.#isTileToBlame(0, tile)) return tileChanged(path, index);
        return {
          code: 'entry_changed',
          ...entry,
          message: `entry ${index} is not the one that was signed: ${path} holds another hash for it`,
        };
      case 'node':
        if (await this.#isTileToBlame(level, tile)) return tileChanged(path, index);
        return {
          ...{ code: 'entry_changed', index, before, path },
          message: `of the entries from ${index} to before ${before} one or more are not those that were signed: ${path} holds another hash for them, and the tiles below were changed with them`,
        };
    }
  }

  /** A tile that the signed root does not vouch for is to blame for what it says otherwise than the entries. */
  async #isTileToBlame(level: number, tile: number): Promise<boolean> {
    return this.#entriesHold || (await unlessCorrupt(() => this.#isVouchedFor(level, tile))) === false;
  }

  /** Whether a tile's hashes lead to the root; undefined where what lies between does not. */
  async #isVouchedFor(level: number, tile: number): Promise<boolean | undefined> {
    const { reader, size, isRoot } = this.#tree;
    const tree = new TreeReader(reader);
    const width = tileWidth(level, tile, size);
    if (width < TILE_WIDTH) {
      // It belongs to the right edge, all of whose tiles make the root together.
      return isRoot(await tree.root(size)) ? true : undefined;
    }
    const above = Math.floor(tile / TILE_WIDTH);
    if ((await this.#isVouchedFor(level + 1, above)) !== true) return undefined;
    const expected = await tree.node({ level: 8 * (level + 1), index: tile }, size);
    return sameHash(expected, rootOfTile(await readTile(reader, level, tile, width)));
  }

  #path(level: number | 'entries', tile: number): string {
    return tilePath(level, tile, tileWidth(level === 'entries' ? 0 : level, tile, this.#tree.size));
  }
}

function tileChanged(path: string, index: number): Problem {
  const message = `${path} was changed: the hash that it holds for entry ${index} is not the one that the entries give`;
  return { code: 'tile_changed', index, path, message };
}

/** The hash of a full tile, as the tile above holds it. */
function rootOfTile(tile: Uint8Array): Uint8Array {
  let row: Uint8Array[] = [];
  for (let at = 0; at < tile.length; at += HASH_BYTES) row.push(tile.subarray(at, at + HASH_BYTES));
  while (row.length > 1) {
    row = row.filter((_, i) => i % 2 === 0).map((left, i) => hashNode(left, row[2 * i + 1] as Uint8Array));
  }
  return row[0] as Uint8Array;
}
