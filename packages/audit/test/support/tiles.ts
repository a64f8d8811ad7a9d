import type { LogReader, LogTile } from '../../src/index.js';
import { tilePath } from '../../src/lib/tiles.js';
import { TreeEdge } from '../../src/lib/tree-edge.js';
import { leavesOf } from './reference.js';

/** Tiles in memory, which counts what is read of it. */
export class MemoryTiles implements LogReader {
  readonly name = 'memory';
  reads = 0;
  readonly tiles = new Map<string, Uint8Array>();

  put(tiles: readonly LogTile[]): void {
    for (const { level, index, bytes } of tiles) this.tiles.set(`${level}/${index}`, bytes);
  }

  async tile(level: number, index: number, width: number): Promise<Uint8Array | undefined> {
    this.reads++;
    const tile = this.tiles.get(`${level}/${index}`);
    return tile === undefined || tile.length < width * 32 ? undefined : tile.slice(0, width * 32);
  }

  async checkpoint() {
    return undefined;
  }

  async entries() {
    return undefined;
  }

  async first() {
    return 0;
  }
}

/** Sizes at which something changes: around powers of two, and of tiles. */
export const SMALL_SIZES = [
  0, 1, 2, 3, 7, 8, 9, 127, 128, 129, 254, 255, 256, 257, 258, 511, 512, 513, 767, 768, 1_000,
];

/** A tile as a text, which is compared faster. */
export const shown = ({ level, index, width, bytes }: LogTile) =>
  `${tilePath(level, index, width)} ${Buffer.from(bytes).toString('base64')}`;

/** A log that publishes at each of the sizes, with the roots that it had and what was new each time. */
export function growingLog(sizes: readonly number[]) {
  const [tiles, edge, leaves] = [new MemoryTiles(), new TreeEdge(), leavesOf(sizes.at(-1) as number)];
  const roots = new Map<number, Uint8Array>();
  const published: (readonly LogTile[])[] = [];
  for (const size of sizes) {
    while (edge.size < size) edge.add(leaves[edge.size] as Uint8Array);
    published.push(edge.newTiles());
    tiles.put(edge.newTiles());
    edge.markPublished();
    roots.set(size, edge.root());
  }
  return { leaves, tiles, published, rootOf: (size: number) => roots.get(size) as Uint8Array };
}
