/** Hashes and proofs against the public vectors, and against the definitions of RFC 6962. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { haveVectors, vectorJson, vectorLines } from '../../../test/support/vectors.js';
import {
  consistencyNodes,
  EMPTY_ROOT,
  foldSubtrees,
  hashLeaf,
  hashNode,
  inclusionNodes,
  type Subtree,
  sameHash,
  subtreesOf,
  verifyConsistency,
  verifyInclusion,
} from '../src/lib/merkle.js';
import { leafHash, leavesOf, nodeHash, path, proof, root, split } from './support/reference.js';

const base64 = (text: string | null) => new Uint8Array(Buffer.from(text ?? '', 'base64'));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const fromHex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe.skipIf(!haveVectors)('the public vectors', () => {
  it('of hashes and roots', () => {
    const tree = vectorJson<{
      leaf_inputs_hex: string[];
      node_hashes_hex_in_order: string[];
      root_hashes_hex_by_tree_size: string[];
    }>('merkle/reference-tree.json');
    let level = tree.leaf_inputs_hex.map((leaf) => hashLeaf(fromHex(leaf)));
    const nodes: Uint8Array[] = [...level];
    const leaves = level;
    while (level.length > 1) {
      level = level
        .filter((_, i) => i % 2 === 0)
        .map((left, i) => hashNode(left, level[2 * i + 1] as Uint8Array));
      nodes.push(...level);
    }
    expect(nodes.map(hex)).toEqual(tree.node_hashes_hex_in_order);
    for (const [size, expected] of tree.root_hashes_hex_by_tree_size.entries()) {
      expect(hex(root(leaves.slice(0, size)))).toBe(expected);
      const folded = size === 0 ? EMPTY_ROOT : foldSubtrees(subtreesOf(0, size).map(nodeIn(leaves)));
      expect(hex(folded)).toBe(expected);
    }
    expect(tree.root_hashes_hex_by_tree_size).toHaveLength(9);
  });

  it('of inclusion proofs', () => {
    type Row = { file: string; leafIdx: number; treeSize: number; root: string; leafHash: string } & Proof;
    const rows = vectorLines<Row>('merkle/inclusion.jsonl');
    for (const { file, leafIdx, treeSize, root, leafHash, proof, wantErr } of rows) {
      const hashes = (proof ?? []).map(base64);
      const inclusion = {
        index: leafIdx,
        size: treeSize,
        root: base64(root),
        leafHash: base64(leafHash),
        hashes,
      };
      expect(verifyInclusion(inclusion), file).toBe(!wantErr);
    }
    expect(rows).toHaveLength(60);
  });

  it('of consistency proofs', () => {
    type Row = { file: string; size1: number; root1: string; size2: number; root2: string } & Proof;
    const rows = vectorLines<Row>('merkle/consistency.jsonl');
    for (const { file, size1, size2, root1, root2, proof, wantErr } of rows) {
      const hashes = (proof ?? []).map(base64);
      const consistency = { size1, size2, root1: base64(root1), root2: base64(root2), hashes };
      expect(verifyConsistency(consistency), file).toBe(!wantErr);
    }
    expect(rows).toHaveLength(60);
  });
});

interface Proof {
  proof: string[] | null;
  wantErr: boolean;
}

/** Looks a complete subtree up by its definition. */
function nodeIn(leaves: readonly Uint8Array[]) {
  return ({ level, index }: Subtree) => {
    const range = leaves.slice(index * 2 ** level, (index + 1) * 2 ** level);
    expect(range, 'the subtree is complete').toHaveLength(2 ** level);
    return root(range);
  };
}

describe('hashes', () => {
  it('of leaves and nodes are those of the definition, for every length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), hash, hash, (leaf, left, right) => {
        expect(hashLeaf(leaf)).toEqual(leafHash(leaf));
        expect(hashNode(left, right)).toEqual(nodeHash(left, right));
      }),
    );
    for (const length of [0, 65_534, 65_535, 65_536, 200_000]) {
      const leaf = new Uint8Array(length).fill(7);
      expect(hashLeaf(leaf), `${length} bytes`).toEqual(leafHash(leaf));
    }
  });

  it('do not share memory with each other or with what is hashed', () => {
    const first = hashLeaf(Uint8Array.of(1));
    const kept = first.slice();
    hashLeaf(Uint8Array.of(2));
    hashNode(first, first);
    expect(first).toEqual(kept);
    expect(first.buffer.byteLength).toBe(32);
  });

  it('are compared whole', () => {
    const a = leafHash(Uint8Array.of(1));
    for (let i = 0; i < 32; i++) {
      const b = a.slice();
      b[i] = (b[i] as number) ^ 1;
      expect(sameHash(a, b), `byte ${i}`).toBe(false);
    }
    expect(sameHash(a, a.slice())).toBe(true);
    expect(sameHash(a, a.slice(0, 31))).toBe(false);
    expect(sameHash(a.slice(0, 31), a)).toBe(false);
  });
});

describe('proofs', () => {
  const MAX = 21;
  const leaves = leavesOf(MAX);
  const build = (nodes: Subtree[][]) => nodes.map((subtrees) => foldSubtrees(subtrees.map(nodeIn(leaves))));

  it('of inclusion are those of the definition, and verify for their index and size alone', () => {
    for (let size = 1; size <= MAX; size++) {
      const tree = leaves.slice(0, size);
      for (let index = 0; index < size; index++) {
        const hashes = build(inclusionNodes(index, size));
        expect(hashes).toEqual(path(index, tree));
        const good = { index, size, root: root(tree), leafHash: leaves[index] as Uint8Array, hashes };
        expect(verifyInclusion(good)).toBe(true);
        for (let other = 0; other < size; other++) {
          if (other !== index) expect(verifyInclusion({ ...good, index: other })).toBe(false);
        }
        for (const [i] of hashes.entries()) {
          expect(verifyInclusion({ ...good, hashes: hashes.filter((_, j) => j !== i) })).toBe(false);
        }
      }
    }
  });

  it('of consistency are those of the definition, and verify for their sizes alone', () => {
    for (let size2 = 1; size2 <= MAX; size2++) {
      const root2 = root(leaves.slice(0, size2));
      for (let size1 = 1; size1 <= size2; size1++) {
        const root1 = root(leaves.slice(0, size1));
        const hashes = build(consistencyNodes(size1, size2));
        expect(hashes).toEqual(proof(size1, leaves.slice(0, size2)));
        const good = { size1, root1, size2, root2, hashes };
        expect(verifyConsistency(good)).toBe(true);
        for (let other = 0; other <= size2; other++) {
          if (other !== size1) expect(verifyConsistency({ ...good, size1: other })).toBe(false);
        }
        for (const [i] of hashes.entries()) {
          expect(verifyConsistency({ ...good, hashes: hashes.filter((_, j) => j !== i) })).toBe(false);
        }
      }
      expect(consistencyNodes(0, size2)).toEqual([]);
    }
  });

  it('with one bit changed anywhere prove nothing', () => {
    const size = fc.integer({ min: 2, max: MAX });
    const change = fc.record({ at: fc.nat(), byte: fc.nat({ max: 31 }), bit: fc.nat({ max: 7 }) });
    const changed = (hashes: Uint8Array[], { at, byte, bit }: { at: number; byte: number; bit: number }) => {
      const copies = hashes.map((each) => each.slice());
      const one = copies[at % copies.length] as Uint8Array;
      one[byte] = (one[byte] as number) ^ (1 << bit);
      return copies;
    };
    fc.assert(
      fc.property(size, fc.nat(), change, (size, seed, change) => {
        const tree = leaves.slice(0, size);
        const index = seed % size;
        const [leaf, top, ...hashes] = changed(
          [leaves[index] as Uint8Array, root(tree), ...path(index, tree)],
          change,
        );
        expect(
          verifyInclusion({ index, size, leafHash: leaf as Uint8Array, root: top as Uint8Array, hashes }),
        ).toBe(false);
        const size1 = 1 + (seed % (size - 1));
        const old = root(leaves.slice(0, size1));
        const [root1, root2, ...between] = changed([old, root(tree), ...proof(size1, tree)], change);
        expect(
          verifyConsistency({
            size1,
            size2: size,
            root1: root1 as Uint8Array,
            root2: root2 as Uint8Array,
            hashes: between,
          }),
        ).toBe(false);
      }),
    );
  });

  it('with hashes to spare, of a wrong length, or for sizes that are none prove nothing', () => {
    const tree = leaves.slice(0, 5);
    const inclusion = {
      index: 4,
      size: 5,
      root: root(tree),
      leafHash: leaves[4] as Uint8Array,
      hashes: path(4, tree),
    };
    const consistency = {
      size1: 3,
      size2: 5,
      root1: root(leaves.slice(0, 3)),
      root2: root(tree),
      hashes: proof(3, tree),
    };
    expect(verifyInclusion(inclusion)).toBe(true);
    expect(verifyConsistency(consistency)).toBe(true);
    for (const extra of [...leaves, new Uint8Array(0), new Uint8Array(32)]) {
      expect(verifyInclusion({ ...inclusion, hashes: [...inclusion.hashes, extra] })).toBe(false);
      expect(verifyInclusion({ ...inclusion, hashes: [extra, ...inclusion.hashes] })).toBe(false);
      expect(verifyConsistency({ ...consistency, hashes: [...consistency.hashes, extra] })).toBe(false);
      expect(verifyConsistency({ ...consistency, hashes: [extra, ...consistency.hashes] })).toBe(false);
    }
    for (const wrong of [-1, 5, 6, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(verifyInclusion({ ...inclusion, index: wrong }), `index ${wrong}`).toBe(false);
    }
    for (const wrong of [-1, 0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(verifyInclusion({ ...inclusion, size: wrong }), `size ${wrong}`).toBe(false);
      expect(verifyConsistency({ ...consistency, size1: wrong }), `size1 ${wrong}`).toBe(false);
      expect(verifyConsistency({ ...consistency, size2: wrong }), `size2 ${wrong}`).toBe(false);
      expect(
        verifyConsistency({ ...consistency, size1: wrong, size2: wrong, hashes: [] }),
        `both ${wrong}`,
      ).toBe(false);
    }
    const short = new Uint8Array(31);
    expect(verifyInclusion({ ...inclusion, leafHash: short })).toBe(false);
    expect(verifyConsistency({ ...consistency, root1: short })).toBe(false);
    expect(verifyConsistency({ ...consistency, root2: short })).toBe(false);
    // 32 bytes as two hashes of 16 would hash to the same node.
    const single = leaves[0] as Uint8Array;
    const halves = { index: 0, size: 2, root: hashNode(single, single), leafHash: single.slice(0, 16) };
    expect(verifyInclusion({ ...halves, hashes: [Buffer.concat([single.slice(16), single])] })).toBe(false);
  });

  it('are not led astray by numbers that would count like others', () => {
    const [one, two, three] = leaves as [Uint8Array, Uint8Array, Uint8Array];
    const pair = root([one, two]);
    // Each of these would pass if its numbers were only compared, halved and asked whether they are odd.
    expect(verifyInclusion({ index: 0, size: 2, root: pair, leafHash: one, hashes: [two] })).toBe(true);
    for (const index of [-1, -2, 0.5, Number.NaN, Number.NEGATIVE_INFINITY]) {
      const claim = { index, size: 2, root: pair, leafHash: one, hashes: [two] };
      expect(verifyInclusion(claim), `index ${index}`).toBe(false);
    }
    const triple = { index: 0, root: root([one, two, three]), leafHash: one, hashes: [two, three] };
    expect(verifyInclusion({ ...triple, size: 3 })).toBe(true);
    for (const size of [2.5, 3.5]) expect(verifyInclusion({ ...triple, size }), `size ${size}`).toBe(false);
    expect(verifyInclusion({ index: 1, size: 1, root: one, leafHash: one, hashes: [] })).toBe(false);
    const same = { root1: one, root2: one, hashes: [] };
    for (const size of [-1, 0.5, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(verifyConsistency({ ...same, size1: size, size2: size }), `both ${size}`).toBe(false);
    }
    const grown = { root1: one, root2: pair, hashes: [two] };
    expect(verifyConsistency({ ...grown, size1: 1, size2: 2 })).toBe(true);
    expect(verifyConsistency({ ...grown, size1: 1.5, size2: 2 })).toBe(false);
    expect(verifyConsistency({ ...grown, size1: 1, size2: 2.5 })).toBe(false);
    for (const size1 of [-1, 0, 3, 5]) {
      const claim = { size1, root1: one, size2: 2, root2: pair, hashes: [one, two] };
      expect(verifyConsistency(claim), `size1 ${size1}`).toBe(false);
    }
  });

  it('with a hash that is a byte short prove nothing, though the byte was just there', () => {
    const [one, two] = leaves as [Uint8Array, Uint8Array];
    const pair = { index: 0, size: 2, root: root([one, two]), leafHash: one };
    expect(verifyInclusion({ ...pair, hashes: [two] })).toBe(true);
    expect(verifyInclusion({ ...pair, hashes: [two.slice(0, 31)] })).toBe(false);
    const tree = leaves.slice(0, 7);
    const inclusion = { index: 2, size: 7, root: root(tree), leafHash: leaves[2] as Uint8Array };
    const consistency = { size1: 3, root1: root(leaves.slice(0, 3)), size2: 7, root2: root(tree) };
    const cut = (hashes: Uint8Array[], at: number) =>
      hashes.map((each, i) => (i === at ? each.slice(0, 31) : each));
    for (const [at] of path(2, tree).entries()) {
      expect(verifyInclusion({ ...inclusion, hashes: path(2, tree) })).toBe(true);
      expect(verifyInclusion({ ...inclusion, hashes: cut(path(2, tree), at) })).toBe(false);
    }
    for (const [at] of proof(3, tree).entries()) {
      expect(verifyConsistency({ ...consistency, hashes: proof(3, tree) })).toBe(true);
      expect(verifyConsistency({ ...consistency, hashes: cut(proof(3, tree), at) })).toBe(false);
    }
  });

  it('of the empty tree are none, but it is the same as itself', () => {
    const empty = { size1: 0, root1: EMPTY_ROOT, size2: 0, root2: EMPTY_ROOT, hashes: [] };
    expect(verifyConsistency(empty)).toBe(true);
    expect(verifyConsistency({ ...empty, size2: 1, root2: leaves[0] as Uint8Array })).toBe(false);
  });
});

describe('proofs of trees that nobody could hold', () => {
  const size = fc.oneof(
    fc.maxSafeNat(),
    fc
      .integer({ min: 0, max: 53 })
      .chain((power) =>
        fc.integer({ min: -2, max: 2 }).map((by) => Math.min(Math.max(2 ** power + by, 0), 2 ** 53 - 1)),
      ),
  );
  /** A size, and one that is at least as large. */
  const sizes = fc
    .tuple(size, size)
    .map(([a, b]) => (a < b ? ([a, b] as const) : ([b, a] as const)))
    .filter(([, large]) => large > 0);

  /** The ranges of leaves under each hash, by the definition and in integers that do not round. */
  function ranges(m: bigint, from: bigint, to: bigint): [bigint, bigint][] {
    if (to - from === 1n) return [];
    const middle = from + split(to - from);
    return m < middle
      ? [...ranges(m, from, middle), [middle, to]]
      : [...ranges(m, middle, to), [from, middle]];
  }

  const rangeOf = ({ level, index }: Subtree): [bigint, bigint] => [
    BigInt(index) << BigInt(level),
    (BigInt(index) + 1n) << BigInt(level),
  ];

  /** Subtrees that follow each other, each complete and smaller than the one before, as one range. */
  function joined(subtrees: readonly Subtree[]): [bigint, bigint] {
    const parts = subtrees.map(rangeOf);
    for (const [i, [from]] of parts.entries()) {
      if (i > 0) expect(from).toBe(parts[i - 1]?.[1]);
      if (i > 0) expect(subtrees[i]?.level).toBeLessThan(subtrees[i - 1]?.level as number);
      expect(Number.isSafeInteger(subtrees[i]?.index)).toBe(true);
    }
    return [parts[0]?.[0] as bigint, parts.at(-1)?.[1] as bigint];
  }

  it('are made of the right subtrees, and verify', () => {
    fc.assert(
      fc.property(sizes, hash, ([small, size], seed) => {
        const index = Math.min(small, size - 1);
        const nodes = inclusionNodes(index, size);
        expect(nodes.map(joined)).toEqual(ranges(BigInt(index), 0n, BigInt(size)));
        // Any hashes do: what is proved is that they are joined as the tree is.
        const hashes = nodes.map((_, i) => leafHash(Uint8Array.of(...seed, i)));
        const top = climb(BigInt(index), BigInt(size), seed, hashes);
        expect(verifyInclusion({ index, size, root: top, leafHash: seed, hashes })).toBe(true);
        // A tree of one leaf has no hashes that could be left out.
        for (const others of [[...hashes, seed], ...(size > 1 ? [hashes.slice(1)] : [])])
          expect(verifyInclusion({ index, size, root: top, leafHash: seed, hashes: others })).toBe(false);
      }),
    );
  });

  function climb(m: bigint, n: bigint, leaf: Uint8Array, hashes: Uint8Array[]): Uint8Array {
    if (n === 1n) return leaf;
    const k = split(n);
    const sibling = hashes.at(-1) as Uint8Array;
    const rest = hashes.slice(0, -1);
    return m < k
      ? nodeHash(climb(m, k, leaf, rest), sibling)
      : nodeHash(sibling, climb(m - k, n - k, leaf, rest));
  }

  it('of consistency are made of subtrees that give both trees, and verify', () => {
    fc.assert(
      fc.property(
        sizes.filter(([small]) => small > 0),
        ([size1, size2]) => {
          const nodes = consistencyNodes(size1, size2);
          const parts = nodes.map(joined).sort(([a], [b]) => (a < b ? -1 : 1));
          if (nodes.length > 0) {
            const first = parts[0]?.[0] as bigint;
            // Whole from the first leaf, or from where the old tree ends if that is itself a node.
            expect(first === 0n || first === BigInt(size1)).toBe(true);
            for (const [i, [from]] of parts.entries()) if (i > 0) expect(from).toBe(parts[i - 1]?.[1]);
            expect(parts.at(-1)?.[1]).toBe(BigInt(size2));
          }
          const label = ([from, to]: [bigint, bigint]) => leafHash(Buffer.from(`${from} ${to}`));
          const known = new Map<string, Uint8Array>(
            nodes.map((subtrees) => [joined(subtrees).join(), label(joined(subtrees))]),
          );
          if (!known.has(`0,${size1}`)) known.set(`0,${size1}`, label([0n, BigInt(size1)]));
          const join = (from: bigint, to: bigint): Uint8Array => {
            const middle = from + split(to - from);
            return known.get(`${from},${to}`) ?? nodeHash(join(from, middle), join(middle, to));
          };
          const old = nodes.some((subtrees) => joined(subtrees)[0] === 0n)
            ? oldRoot(0n, BigInt(size1), known)
            : label([0n, BigInt(size1)]);
          known.set(`0,${size1}`, old);
          const hashes = nodes.map((subtrees) => label(joined(subtrees)));
          const consistency = { size1, root1: old, size2, root2: join(0n, BigInt(size2)), hashes };
          expect(verifyConsistency(consistency)).toBe(true);
          expect(verifyConsistency({ ...consistency, hashes: [...hashes, old] })).toBe(false);
        },
      ),
    );
  });

  /** The root of the old tree from the nodes within it. */
  function oldRoot(from: bigint, to: bigint, known: ReadonlyMap<string, Uint8Array>): Uint8Array {
    const whole = from === 0n ? undefined : known.get(`${from},${to}`);
    if (whole !== undefined) return whole;
    const middle = from + split(to - from);
    const left = known.get(`${from},${middle}`) ?? oldRoot(from, middle, known);
    return nodeHash(left, known.get(`${middle},${to}`) ?? oldRoot(middle, to, known));
  }
});
