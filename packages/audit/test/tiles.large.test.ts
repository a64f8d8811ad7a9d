/** Trees of three levels of tiles. */
import { expect, it } from 'vitest';
import { verifyConsistency, verifyInclusion } from '../src/lib/merkle.js';
import { TreeReader, tilePath } from '../src/lib/tiles.js';
import { TreeEdge } from '../src/lib/tree-edge.js';
import { root } from './support/reference.js';
import { growingLog, shown } from './support/tiles.js';

const sizes = [65_535, 65_536, 65_793, 66_000];
const { leaves, tiles, rootOf, published } = growingLog(sizes);
const names = published.map((each) => each.map(({ level, index, width }) => tilePath(level, index, width)));

it('a third level of tiles begins with the first full tile of the second', () => {
  expect(names[0]?.slice(-2)).toEqual(['tile/0/255.p/255', 'tile/1/000.p/255']);
  expect(names.slice(1)).toEqual([
    ['tile/0/255', 'tile/1/000', 'tile/2/000.p/1'],
    ['tile/0/256', 'tile/0/257.p/1', 'tile/1/001.p/1'],
    ['tile/0/257.p/208'],
  ]);
});

it('the roots are those of the definition', () => {
  for (const size of [65_536, 66_000]) expect(rootOf(size)).toEqual(root(leaves.slice(0, size)));
});

it('the edge is read again at any size, and goes on', async () => {
  for (const [i, size] of sizes.entries()) {
    const loaded = await TreeEdge.load(tiles, size);
    expect(loaded.root()).toEqual(rootOf(size));
    const next = sizes[i + 1];
    if (next === undefined) continue;
    for (const leaf of leaves.slice(size, next)) loaded.add(leaf);
    expect(loaded.root()).toEqual(rootOf(next));
    expect(loaded.newTiles().map(shown)).toEqual(published[i + 1]?.map(shown));
  }
});

it('proofs go through all levels', async () => {
  const reader = new TreeReader(tiles);
  for (const size of sizes) {
    for (const index of [0, 255, 256, 30_000, 65_534, size - 1]) {
      const hashes = await reader.inclusion(index, size);
      const leafHash = leaves[index] as Uint8Array;
      expect(verifyInclusion({ index, size, root: rootOf(size), leafHash, hashes })).toBe(true);
    }
    for (const size1 of sizes.filter((each) => each <= size)) {
      const hashes = await reader.consistency(size1, size);
      const consistency = { size1, root1: rootOf(size1), size2: size, root2: rootOf(size), hashes };
      expect(verifyConsistency(consistency)).toBe(true);
    }
  }
});

it('a proof reads a handful of tiles', async () => {
  tiles.reads = 0;
  await new TreeReader(tiles).inclusion(30_000, 66_000);
  // Two tiles above the leaf, and the partial ones at the edge.
  expect(tiles.reads).toBeLessThanOrEqual(6);
});
