/** Tiles: their names, their bytes, what is read from them, and the edge that makes them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogTile } from '../src/index.js';
import { EMPTY_ROOT, verifyConsistency, verifyInclusion } from '../src/lib/merkle.js';
import {
  decodeBundle,
  encodeBundle,
  parseTilePath,
  readTile,
  rootAt,
  TreeReader,
  tilePath,
  tileWidth,
} from '../src/lib/tiles.js';
import { TreeEdge } from '../src/lib/tree-edge.js';
import { leavesOf, root } from './support/reference.js';
import { refusedAs } from './support/refusals.js';
import { MemoryTiles } from './support/tiles.js';

describe('the path of a tile', () => {
  it('is that of C2SP tlog-tiles', () => {
    expect(tilePath(0, 0)).toBe('tile/0/000');
    expect(tilePath(0, 999, 1)).toBe('tile/0/999.p/1');
    expect(tilePath(3, 1000)).toBe('tile/3/x001/000');
    expect(tilePath(63, 1_234_067, 255)).toBe('tile/63/x001/x234/067.p/255');
    expect(tilePath('entries', 1_234_067, 256)).toBe('tile/entries/x001/x234/067');
    expect(tilePath(0, Number.MAX_SAFE_INTEGER)).toBe('tile/0/x009/x007/x199/x254/x740/991');
  });

  it('is parsed back to the tile', () => {
    const level = fc.oneof(fc.constant('entries' as const), fc.integer({ min: 0, max: 63 }));
    const index = fc.oneof(fc.maxSafeNat(), fc.nat({ max: 2_000 }));
    fc.assert(
      fc.property(level, index, fc.integer({ min: 1, max: 256 }), (level, index, width) => {
        expect(parseTilePath(tilePath(level, index, width))).toEqual({ level, index, width });
      }),
    );
  });

  it('has one spelling', () => {
    const none = [
      ...['', 'checkpoint', 'tile', 'tile/', 'tile/0', 'tile/0/', '/tile/0/000', 'tile/0/000/', 'tile//000'],
      ...[
        'tile/00/000',
        'tile/01/000',
        'tile/64/000',
        'tile/100/000',
        'tile/-1/000',
        'tile/x/000',
        'tile/Entries/000',
      ],
      ...[
        'tile/0/0',
        'tile/0/00',
        'tile/0/0000',
        'tile/0/x000/000',
        'tile/0/001/000',
        'tile/0/x001',
        'tile/0/x001/x000',
      ],
      ...[
        'tile/0/x01/000',
        'tile/0/X001/000',
        'tile/0/x001000',
        'tile/0/1e3',
        'tile/0/x009/x007/x199/x254/x740/992',
      ],
      ...['tile/0/x001/x000/x000/x000/x000/x000/000', 'tile/0/000.p', 'tile/0/000.p/', 'tile/0/000.p/0'],
      ...['tile/0/000.p/01', 'tile/0/000.p/256', 'tile/0/000.p/257', 'tile/0/000.p/1000', 'tile/0/000.p/-1'],
      ...[
        'tile/0/000.p/1/',
        'tile/0/000\n',
        '\ntile/0/000',
        'tile/0/000.p/1\n',
        'tile/0/../000',
        'tile/0/٠٠٠',
      ],
    ];
    for (const path of none) expect(parseTilePath(path), path).toBeUndefined();
    const good = 'tile/0/x001/x234/067.p/12';
    for (let i = 0; i <= good.length; i++) {
      if (i < good.length - 1)
        expect(parseTilePath(good.slice(0, i)), good.slice(0, i)).toSatisfy(isOther(i));
      expect(parseTilePath(`${good.slice(0, i)} ${good.slice(i)}`)).toBeUndefined();
    }
  });

  /** What is left of the path may be that of another tile. */
  const isOther = (length: number) => (place: unknown) =>
    length === 'tile/0/x001/x234/067'.length || length === 'tile/0/x001/x234/067.p/1'.length
      ? place !== undefined
      : place === undefined;

  it('is not made for what is no tile', () => {
    for (const level of [-1, 64, 0.5, Number.NaN]) expect(() => tilePath(level, 0)).toThrow(RangeError);
    for (const index of [-1, 0.5, 2 ** 53, Number.NaN]) expect(() => tilePath(0, index)).toThrow(RangeError);
    for (const width of [-1, 0, 257, 0.5, Number.NaN])
      expect(() => tilePath(0, 0, width)).toThrow(RangeError);
  });
});

describe('a bundle of entries', () => {
  const leaf = fc.uint8Array({ maxLength: 20 });

  it('gives the entries back', () => {
    fc.assert(
      fc.property(fc.array(leaf, { minLength: 1, maxLength: 256 }), (leaves) => {
        expect(decodeBundle(encodeBundle(leaves), leaves.length)).toEqual(leaves);
      }),
    );
    const long = [new Uint8Array(65_535).fill(1), new Uint8Array(256).fill(2), new Uint8Array(0)];
    const bundle = encodeBundle(long);
    expect([...bundle.subarray(0, 3)]).toEqual([0xff, 0xff, 1]);
    expect([...bundle.subarray(65_537, 65_540)]).toEqual([1, 0, 2]);
    expect(decodeBundle(bundle, 3)).toEqual(long);
  });

  it('has 1 to 256 entries of at most 65,535 bytes', () => {
    const none = new Uint8Array(0);
    expect(() => encodeBundle([])).toThrow(RangeError);
    expect(() => encodeBundle(Array(257).fill(none))).toThrow(RangeError);
    expect(encodeBundle(Array(256).fill(none))).toHaveLength(512);
    expect(() => encodeBundle([new Uint8Array(65_536)])).toThrow(RangeError);
  });

  it('that is cut, too long or of another width is refused', async () => {
    const leaves = [Uint8Array.of(1, 2, 3), Uint8Array.of(), Uint8Array.of(4)];
    const bundle = encodeBundle(leaves);
    for (let end = 0; end < bundle.length; end++) {
      await refusedAs('audit_log_corrupt', () => decodeBundle(bundle.subarray(0, end), 3));
    }
    for (const width of [1, 2, 4]) await refusedAs('audit_log_corrupt', () => decodeBundle(bundle, width));
    await refusedAs('audit_log_corrupt', () => decodeBundle(Buffer.concat([bundle, Uint8Array.of(0)]), 3));
    expect((await refusedAs('audit_log_corrupt', () => decodeBundle(bundle, 4))).message).toContain(
      '3 entries, not 4',
    );
  });
});

/** Sizes at which something changes: around powers of two, and of tiles. */
const sizes = [
  0, 1, 2, 3, 7, 8, 9, 127, 128, 129, 254, 255, 256, 257, 258, 511, 512, 513, 767, 768, 1_000, 65_535,
];
const LARGEST = 66_000;
const leaves = leavesOf(LARGEST);
sizes.push(65_535, 65_536, 65_793, LARGEST);

const shown = ({ level, index, width, bytes }: LogTile) =>
  `${tilePath(level, index, width)} ${Buffer.from(bytes).toString('base64')}`;

/** A log that publishes at each of the sizes, with the roots that it had. */
function growingLog() {
  const tiles = new MemoryTiles();
  const edge = new TreeEdge();
  const roots = new Map<number, Uint8Array>();
  const published: (readonly LogTile[])[] = [];
  for (const size of sizes) {
    while (edge.size < size) edge.add(leaves[edge.size] as Uint8Array);
    published.push(edge.newTiles());
    tiles.put(edge.newTiles());
    edge.markPublished();
    roots.set(size, edge.root());
  }
  return { tiles, roots, published };
}

const { tiles, roots, published } = growingLog();
const rootOf = (size: number) => roots.get(size) as Uint8Array;

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
    edge.markPublished();
    grow(65_536);
    const more = names();
    expect(more).toHaveLength(255);
    expect(more.slice(0, 2)).toEqual(['tile/0/003', 'tile/0/004']);
    expect(more.slice(-3)).toEqual(['tile/0/255', 'tile/1/000', 'tile/2/000.p/1']);
    edge.markPublished();
    // The example of the specification.
    grow(66_000);
    expect(names()).toEqual(['tile/0/256', 'tile/0/257.p/208', 'tile/1/001.p/1']);
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
    expect([...tiles.tiles.keys()].filter((name) => name.startsWith('2/'))).toEqual(['2/0']);
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
    const { tiles } = growingLog();
    const reader = new TreeReader(tiles);
    tiles.reads = 0;
    await reader.inclusion(30_000, 66_000);
    // Two tiles above the leaf, and the partial ones at the edge.
    expect(tiles.reads).toBeLessThanOrEqual(6);
    const first = tiles.reads;
    for (let i = 0; i < 256; i++) await reader.inclusion(29_952 + i, 66_000);
    expect(tiles.reads).toBe(first);
  });

  it('forgets the tiles that were not used for longest', async () => {
    const { tiles } = growingLog();
    const reader = new TreeReader(tiles, { maxTiles: 2 });
    const node = (index: number) => reader.node({ level: 0, index: index * 256 }, 66_000);
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
    const hash = await reader.node(node, 66_000);
    const kept = hash.slice();
    hash.fill(0);
    expect(await reader.node(node, 66_000)).toEqual(kept);
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
      await expect(reader.consistency(size1, size2), `${size1} to ${size2}`).rejects.toThrow(RangeError);
    }
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
