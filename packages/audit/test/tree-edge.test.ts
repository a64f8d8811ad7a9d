/** The right edge of a tree, against the definition of its root and of its tiles. */
import { describe, expect, it } from 'vitest';
import { EMPTY_ROOT } from '../src/lib/merkle.js';
import { tilePath } from '../src/lib/tiles.js';
import { TreeEdge } from '../src/lib/tree-edge.js';
import { root } from './support/reference.js';
import { refusedAs } from './support/refusals.js';
import { growingLog, MemoryTiles, shown, SMALL_SIZES as sizes } from './support/tiles.js';

const { leaves, tiles, rootOf, published } = growingLog(sizes);

describe('the edge of a tree', () => {
  it('has the root of the definition at every size', () => {
    const edge = new TreeEdge();
    expect(edge.root()).toEqual(EMPTY_ROOT);
    for (const [i, leaf] of leaves.slice(0, 300).entries()) {
      edge.add(leaf);
      expect(edge.size).toBe(i + 1);
      expect(edge.root()).toEqual(root(leaves.slice(0, i + 1)));
    }
    for (const size of sizes) expect(rootOf(size), `size ${size}`).toEqual(root(leaves.slice(0, size)));
  });

  it('gives exactly the tiles of C2SP tlog-tiles', () => {
    const edge = new TreeEdge();
    const names = () => edge.newTiles().map(({ level, index, width }) => tilePath(level, index, width));
    const grow = (size: number) => {
      while (edge.size < size) edge.add(leaves[edge.size] as Uint8Array);
    };
    expect(names()).toEqual([]);
    grow(70);
    expect(names()).toEqual(['tile/0/000.p/70']);
    expect(names(), 'they are new until they are published').toEqual(['tile/0/000.p/70']);
    edge.markPublished();
    expect(names()).toEqual([]);
    grow(71);
    expect(names()).toEqual(['tile/0/000.p/71']);
    grow(256);
    expect(names()).toEqual(['tile/0/000', 'tile/1/000.p/1']);
    edge.markPublished();
    grow(257);
    expect(names(), 'a tile that did not change is not new').toEqual(['tile/0/001.p/1']);
    grow(800);
    expect(names()).toEqual(['tile/0/001', 'tile/0/002', 'tile/0/003.p/32', 'tile/1/000.p/3']);
  });

  it('fills tiles with the hashes of their subtrees', () => {
    for (const [name, bytes] of tiles.tiles) {
      const [level = 0, index = 0] = name.split('/').map(Number);
      const span = 256 ** level;
      for (let i = 0; i * 32 < bytes.length; i += level === 0 ? 97 : 1) {
        const from = (index * 256 + i) * span;
        expect(bytes.slice(i * 32, i * 32 + 32), `${name}, hash ${i}`).toEqual(
          root(leaves.slice(from, from + span)),
        );
      }
    }
    expect([...tiles.tiles.keys()]).toEqual(['0/0', '1/0', '0/1', '0/2', '0/3']);
  });

  it('is not changed by what is done to the tiles that it gave', () => {
    const edge = new TreeEdge();
    edge.add(leaves[0] as Uint8Array);
    for (const { bytes } of edge.newTiles()) bytes.fill(0);
    expect(edge.newTiles()[0]?.bytes).toEqual(leaves[0]);
  });

  it('read from the tiles of any size goes on like one that was never away', async () => {
    for (const [i, size] of sizes.entries()) {
      const loaded = await TreeEdge.load(tiles, size);
      expect(loaded.size).toBe(size);
      expect(loaded.root()).toEqual(rootOf(size));
      expect(loaded.newTiles()).toEqual([]);
      const next = sizes[i + 1];
      if (next === undefined) continue;
      for (const leaf of leaves.slice(size, next)) loaded.add(leaf);
      expect(loaded.root()).toEqual(rootOf(next));
      expect(loaded.newTiles().map(shown)).toEqual(published[i + 1]?.map(shown));
    }
  });

  it('is read where its tiles have just become full', async () => {
    for (const size of [256, 512]) {
      const log = growingLog([size]);
      expect((await TreeEdge.load(log.tiles, size)).root()).toEqual(log.rootOf(size));
    }
  });

  it('takes hashes of 32 bytes alone', () => {
    const edge = new TreeEdge();
    for (const length of [0, 31, 33, 64]) expect(() => edge.add(new Uint8Array(length))).toThrow(RangeError);
    expect(edge.size).toBe(0);
  });

  it('is not read where a tile is missing or short', async () => {
    for (const name of ['0/0', '0/3', '1/0']) {
      const damaged = new MemoryTiles();
      for (const [key, bytes] of tiles.tiles) damaged.tiles.set(key, bytes);
      damaged.tiles.delete(name);
      // The first tile is under the second level, which is all that the edge needs.
      const load = () => TreeEdge.load(damaged, 1_000);
      if (name === '0/0') expect((await load()).root()).toEqual(rootOf(1_000));
      else await refusedAs('audit_log_corrupt', load);
    }
  });
});
