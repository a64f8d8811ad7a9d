/** What is read from tiles. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifyConsistency, verifyInclusion } from '../src/lib/merkle.js';
import { readTile, rootAt, TreeReader, tileWidth } from '../src/lib/tiles.js';
import { refusedAs } from './support/refusals.js';
import { growingLog, MemoryTiles, SMALL_SIZES as sizes } from './support/tiles.js';

const { leaves, tiles, rootOf } = growingLog(sizes);

describe('a tree read from tiles', () => {
  it('has the root that was signed at every size, also when it has grown since', async () => {
    for (const size of sizes) expect(await rootAt(tiles, size), `size ${size}`).toEqual(rootOf(size));
    const reader = new TreeReader(tiles);
    for (const size of [...sizes, ...[...sizes].reverse()])
      expect(await reader.root(size)).toEqual(rootOf(size));
  });

  it('gives proofs that verify, for any entry and any two sizes', async () => {
    const reader = new TreeReader(tiles);
    const published = fc.constantFrom(...sizes.slice(1));
    await fc.assert(
      fc.asyncProperty(published, published, fc.nat(), async (a, b, seed) => {
        const [size1, size2] = [Math.min(a, b), Math.max(a, b)];
        const index = seed % size2;
        const hashes = await reader.inclusion(index, size2);
        const leafHash = leaves[index] as Uint8Array;
        expect(verifyInclusion({ index, size: size2, root: rootOf(size2), leafHash, hashes })).toBe(true);
        const between = await reader.consistency(size1, size2);
        expect(
          verifyConsistency({ size1, root1: rootOf(size1), size2, root2: rootOf(size2), hashes: between }),
        ).toBe(true);
      }),
    );
    expect(await reader.consistency(0, 1_000)).toEqual([]);
    expect(await reader.consistency(1_000, 1_000)).toEqual([]);
  });

  it('reads each tile once for many proofs, and a handful for the first', async () => {
    const { tiles } = growingLog(sizes);
    const reader = new TreeReader(tiles);
    tiles.reads = 0;
    await reader.inclusion(300, 1_000);
    // The tile of the leaf, the one above it, and the partial one at the edge.
    expect(tiles.reads).toBe(3);
    const first = tiles.reads;
    for (let i = 0; i < 256; i++) await reader.inclusion(256 + i, 1_000);
    expect(tiles.reads).toBe(first);
  });

  it('forgets the tiles that were not used for longest', async () => {
    const { tiles } = growingLog(sizes);
    const reader = new TreeReader(tiles, { maxTiles: 2 });
    const node = (index: number) => reader.node({ level: 0, index: index * 256 }, 1_000);
    tiles.reads = 0;
    for (const index of [0, 1, 0, 1]) await node(index);
    expect(tiles.reads).toBe(2);
    await node(0);
    await node(2); // in place of 1
    await node(0);
    expect(tiles.reads).toBe(3);
    await node(1); // in place of 2
    await node(0);
    expect(tiles.reads).toBe(4);
    await node(2);
    expect(tiles.reads).toBe(5);
  });

  it('does not hand out its cache', async () => {
    const reader = new TreeReader(tiles);
    const node = { level: 3, index: 1 };
    const hash = await reader.node(node, 1_000);
    const kept = hash.slice();
    hash.fill(0);
    expect(await reader.node(node, 1_000)).toEqual(kept);
    expect(hash.buffer.byteLength).toBe(32);
  });

  it('reads a tile again when a wider one is needed', async () => {
    const reader = new TreeReader(tiles);
    expect(await reader.root(129)).toEqual(rootOf(129));
    expect(await reader.root(255)).toEqual(rootOf(255));
    expect(await reader.node({ level: 0, index: 254 }, 255)).toEqual(leaves[254]);
  });

  it('has no nodes and proofs beyond its end', async () => {
    const reader = new TreeReader(tiles);
    for (const [level, index, size] of [
      [0, 8, 8],
      [3, 1, 15],
      [8, 1, 511],
      [0, 0, 0],
      [0, 0, Number.NaN],
    ] as const) {
      await expect(reader.node({ level, index }, size)).rejects.toThrow(RangeError);
    }
    for (const [index, size] of [
      [0, 0],
      [8, 8],
      [9, 8],
      [-1, 8],
      [0.5, 8],
      [0, 8.5],
      [0, Number.NaN],
    ] as const) {
      await expect(reader.inclusion(index, size), `${index} of ${size}`).rejects.toThrow(RangeError);
    }
    for (const [size1, size2] of [
      [9, 8],
      [-1, 8],
      [0.5, 8],
      [0, 8.5],
      [1, Number.NaN],
    ] as const) {
      await expect(reader.consistency(size1, size2), `${size1} to ${size2}`).rejects.toThrow(/^no tree of/);
    }
    expect(await new TreeReader(tiles, { maxTiles: 1 }).root(1_000)).toEqual(rootOf(1_000));
    for (const maxTiles of [0, -1, 0.5, Number.NaN])
      expect(() => new TreeReader(tiles, { maxTiles })).toThrow(RangeError);
  });

  it('says which tile is missing or has another length', async () => {
    const bad = new MemoryTiles();
    const missing = await refusedAs('audit_log_corrupt', () => readTile(bad, 1, 1_000, 3));
    expect(missing.message).toBe('memory: tile/1/x001/000.p/3 is missing');
    for (const length of [0, 95, 97, 128]) {
      const odd = Object.assign(new MemoryTiles(), { tile: async () => new Uint8Array(length) });
      const wrong = await refusedAs('audit_log_corrupt', () => readTile(odd, 0, 0, 3));
      expect(wrong.message).toBe(`memory: tile/0/000.p/3 has ${length} bytes, not 96`);
    }
  });

  it('asks for the width that a tile has in its tree', () => {
    // The example of the specification: 70,000 entries.
    expect([272, 273, 274].map((index) => tileWidth(0, index, 70_000))).toEqual([256, 112, 0]);
    expect([0, 1, 2].map((index) => tileWidth(1, index, 70_000))).toEqual([256, 17, 0]);
    expect([0, 1].map((index) => tileWidth(2, index, 70_000))).toEqual([1, 0]);
    expect(tileWidth(3, 0, 70_000)).toBe(0);
  });
});
