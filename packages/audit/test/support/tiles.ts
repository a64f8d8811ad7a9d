import type { LogReader, LogTile } from '../../src/index.js';

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
