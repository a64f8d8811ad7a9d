/**
 * The Merkle tree of RFC 6962 and RFC 9162, section 2.1, over SHA-256. Sizes and indexes are safe integers, at most
 * 2^53 - 1, so no bit operation of 32 bits is used on them.
 */
import { hash } from 'node:crypto';

/** The length of every hash, in bytes. */
export const HASH_BYTES = 32;

/** The root of the tree without leaves: SHA-256 of nothing. */
export const EMPTY_ROOT: Uint8Array = digest(new Uint8Array(0));

// One buffer each for what is hashed: an allocation costs more than the hash.
const leafInput = new Uint8Array(1 + 65_535);
const nodeInput = new Uint8Array(1 + 2 * HASH_BYTES);
nodeInput[0] = 1;

/**
 * The hash of a leaf, SHA-256(0x00 ‖ leaf).
 * @param leaf the bytes of an entry
 */
export function hashLeaf(leaf: Uint8Array): Uint8Array {
  const length = 1 + leaf.length;
  const input = length <= leafInput.length ? leafInput : new Uint8Array(length);
  input.set(leaf, 1);
  return digest(input.subarray(0, length));
}

/**
 * The hash of an inner node, SHA-256(0x01 ‖ left ‖ right).
 * @param left 32 bytes
 * @param right 32 bytes
 */
export function hashNode(left: Uint8Array, right: Uint8Array): Uint8Array {
  nodeInput.set(left, 1);
  nodeInput.set(right, 1 + HASH_BYTES);
  return digest(nodeInput);
}

/** SHA-256. As a string of one character for each byte, because making a Buffer of the answer takes twice as long. */
function digest(input: Uint8Array): Uint8Array {
  const text = hash('sha256', input, 'binary');
  const bytes = new Uint8Array(HASH_BYTES);
  for (let i = 0; i < HASH_BYTES; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** True if two hashes are the same bytes. They are public: there is nothing to hide from a clock. */
export function sameHash(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** What an inclusion proof is judged by. */
export interface InclusionProof {
  /** The index of the leaf, from 0. */
  readonly index: number;
  /** How many leaves the tree has. */
  readonly size: number;
  /** The root of that tree, trusted. */
  readonly root: Uint8Array;
  readonly leafHash: Uint8Array;
  /** From the leaf's sibling up. */
  readonly hashes: readonly Uint8Array[];
}

/**
 * Verifies an inclusion proof (RFC 9162, section 2.1.3.2).
 * @returns false for whatever does not prove it; never throws for hashes of a wrong length
 */
export function verifyInclusion({ index, size, root, leafHash, hashes }: InclusionProof): boolean {
  if (!isCount(index) || !isCount(size) || index >= size || !areHashes([leafHash, ...hashes])) return false;
  let at = index;
  let last = size - 1;
  let computed = leafHash;
  for (const sibling of hashes) {
    if (last === 0) return false; // more hashes than the tree has levels
    if (isOdd(at) || at === last) {
      computed = hashNode(sibling, computed);
      while (!isOdd(at)) [at, last] = [half(at), half(last)]; // a last node has no sibling there
    } else {
      computed = hashNode(computed, sibling);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && sameHash(computed, root);
}

/** What a consistency proof is judged by. */
export interface ConsistencyProof {
  /** At least 1: every tree begins like the empty one, and there is nothing to prove. */
  readonly size1: number;
  readonly root1: Uint8Array;
  readonly size2: number;
  readonly root2: Uint8Array;
  readonly hashes: readonly Uint8Array[];
}

/**
 * Verifies that the tree of `size2` begins with the tree of `size1` (RFC 9162, section 2.1.4.2).
 * @returns false for whatever does not prove it, the empty tree against a larger one included
 */
export function verifyConsistency({ size1, root1, size2, root2, hashes }: ConsistencyProof): boolean {
  if (!isCount(size1) || !isCount(size2)) return false;
  if (size1 === size2) return hashes.length === 0 && sameHash(root1, root2);
  if (size1 === 0 || size1 > size2 || !areHashes(hashes)) return false;
  let at = size1 - 1;
  let last = size2 - 1;
  while (isOdd(at)) [at, last] = [half(at), half(last)];
  // A tree whose size is a power of two is itself the first node of the proof.
  const path = at === 0 ? [root1, ...hashes] : hashes;
  let [old, now] = [path[0] as Uint8Array, path[0] as Uint8Array];
  for (const sibling of path.slice(1)) {
    if (last === 0) return false; // more hashes than the tree has levels
    if (isOdd(at) || at === last) {
      [old, now] = [hashNode(sibling, old), hashNode(sibling, now)];
      while (!isOdd(at)) [at, last] = [half(at), half(last)];
    } else {
      now = hashNode(now, sibling);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && sameHash(old, root1) && sameHash(now, root2);
}

/** A complete subtree: the leaves from `index * 2^level` to before `(index + 1) * 2^level`. */
export interface Subtree {
  readonly level: number;
  readonly index: number;
}

/**
 * The complete subtrees that make a range of leaves, the largest and leftmost first. Their hashes, given to
 * {@link foldSubtrees}, give the Merkle tree hash of the range.
 * @param from a multiple of the largest power of two that is not above `to - from`, as in every range of a proof
 */
export function subtreesOf(from: number, to: number): Subtree[] {
  const subtrees: Subtree[] = [];
  for (let at = from; at < to; ) {
    const level = log2(to - at);
    subtrees.push({ level, index: at / 2 ** level });
    at += 2 ** level;
  }
  return subtrees;
}

/**
 * Joins the hashes of neighbouring subtrees, each smaller than the one before.
 * @param hashes at least one
 */
export function foldSubtrees(hashes: readonly Uint8Array[]): Uint8Array {
  return hashes.reduceRight((right, left) => hashNode(left, right));
}

/**
 * The nodes that an inclusion proof is made of (RFC 9162, section 2.1.3.1): for each of its hashes, from the leaf's
 * sibling up, the complete subtrees to fold.
 * @param index below `size`
 */
export function inclusionNodes(index: number, size: number): Subtree[][] {
  const nodes: Subtree[][] = [];
  for (let [from, to] = [0, size]; to - from > 1; ) {
    const middle = from + splitOf(to - from);
    if (index < middle) {
      nodes.push(subtreesOf(middle, to));
      to = middle;
    } else {
      nodes.push(subtreesOf(from, middle));
      from = middle;
    }
  }
  return nodes.reverse();
}

/**
 * The nodes that a consistency proof is made of (RFC 9162, section 2.1.4.1), as for {@link inclusionNodes}.
 * @param size1 from 0 to `size2`; there is nothing to prove from either
 */
export function consistencyNodes(size1: number, size2: number): Subtree[][] {
  if (size1 === 0) return [];
  const nodes: Subtree[][] = [];
  let [from, to] = [0, size2];
  while (to !== size1) {
    const middle = from + splitOf(to - from);
    if (size1 <= middle) {
      nodes.push(subtreesOf(middle, to));
      to = middle;
    } else {
      nodes.push(subtreesOf(from, middle));
      from = middle;
    }
  }
  // What is left is the end of the old tree; where it is all of it the verifier knows its hash.
  if (from > 0) nodes.push(subtreesOf(from, to));
  return nodes.reverse();
}

/** The largest power of two below a number of leaves, at least 2. */
function splitOf(count: number): number {
  return 2 ** log2(count - 1);
}

/** The largest whole `n` with `2^n <= value`. Not Math.log2, which rounds up close to a power of two. */
function log2(value: number): number {
  const high = Math.floor(value / 2 ** 32);
  return high > 0 ? 63 - Math.clz32(high) : 31 - Math.clz32(value);
}

function half(value: number): number {
  return Math.floor(value / 2);
}

function isOdd(value: number): boolean {
  return value % 2 === 1;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function areHashes(hashes: readonly Uint8Array[]): boolean {
  return hashes.every((each) => each.length === HASH_BYTES);
}
