import { createHash, hash } from 'node:crypto';
import {
  consistencyProof,
  formatCheckpoint,
  hashLeaf,
  hashNode,
  inclusionProof,
  signNote,
  verifyLog,
} from '@stele/audit';
import { generateKeyPair, toSigner } from '@stele/crypto';
import { within } from '../lib/bars.mjs';

export const title = 'Audit log, verified';

const TILE = 256;
const ORIGIN = 'bench.example/audit';
const HUGE = 10_000_000;

export async function* tables({ smoke }) {
  const key = await generateKeyPair();
  yield await verifying(key, smoke ? TILE : 10 * TILE);
  yield await proving(key);
}

/** What a whole verification costs for each entry: a million of them may take 30 seconds. */
async function verifying(key, size) {
  const leaves = Array.from({ length: size }, (_, seq) => leafOf(seq));
  const reader = await readerOf(leaves, key);
  const options = { keys: [key.publicKey], origin: ORIGIN };
  const { valid, problem } = await verifyLog(reader, options);
  if (!valid) throw new Error(problem.message);
  const text = leaves.map(String);
  return {
    title: `Verify a log of ${size.toLocaleString('en-US')} entries of ${leaves[0].length} bytes`,
    note: 'From memory. Every entry is parsed, checked for its canonical form and hashed, every tile is computed anew and compared. The first row is the least that any verifier must do: the hashes.',
    candidates: [
      { name: 'node:crypto, SHA-256 of each entry and each node', run: () => bare(leaves) },
      {
        name: 'JSON.parse and JSON.stringify of each entry',
        run: () => text.map((each) => JSON.stringify(JSON.parse(each))),
      },
      { name: 'verifyLog', run: () => verifyLog(reader, options), bar: within(30 * size) },
    ].map((candidate) => ({ ...candidate, operations: 2 })),
  };
}

/** Proofs from a log of ten million entries, any of them, out of tiles in memory. */
async function proving(key) {
  const reader = await repeated(key);
  const index = (i) => (i * 7_654_321) % HUGE;
  return {
    title: `Prove, from a log of ${HUGE.toLocaleString('en-US')} entries`,
    note: 'An entry or a size anywhere in it; most need tiles that are not in the cache.',
    candidates: [
      { name: 'inclusionProof', run: (i) => inclusionProof(reader, index(i)), bar: within(1_000) },
      { name: 'consistencyProof', run: (i) => consistencyProof(reader, index(i) + 1), bar: within(1_000) },
    ],
  };
}

const hex = (text) => createHash('sha256').update(text).digest('hex');

function leafOf(seq) {
  const [agent, covenant, resource] = ['agent', 'covenant', 'resource'].map(hex);
  return Buffer.from(
    `{"action":"orders.refund","agent":"${agent}","chain":[],"code":"permitted","context":"${hex(`${seq}`)}","covenant":"${covenant}","decision":"permit","kind":"decision","mode":"enforce","obligations":[],"policy":"${covenant}","resource":"${resource}","seq":${seq},"statements":[3],"time":"2026-11-30T08:00:00.123Z","v":1}`,
  );
}

function bare(leaves) {
  for (let i = 0; i < 2 * leaves.length; i++)
    hash('sha256', leaves[i % leaves.length].subarray(0, i < leaves.length ? undefined : 65), 'hex');
}

/** The root of a full tile. */
function fold(hashes) {
  let row = hashes;
  while (row.length > 1)
    row = Array.from({ length: row.length / 2 }, (_, i) => hashNode(row[2 * i], row[2 * i + 1]));
  return row[0];
}

/** A log of full tiles, fewer than 256 of them, a power of two in all or the sum of two. */
async function readerOf(leaves, key) {
  const parts = Array.from({ length: leaves.length / TILE }, (_, n) =>
    leaves.slice(n * TILE, (n + 1) * TILE),
  );
  const tiles = parts.map((part) => part.map(hashLeaf));
  const upper = tiles.map(fold);
  const bundles = parts.map((part) =>
    Buffer.concat(part.flatMap((leaf) => [Uint8Array.of(leaf.length >> 8, leaf.length), leaf])),
  );
  const note = await checkpointOf(leaves.length, rootOf(upper), key);
  return {
    name: 'a log in memory',
    checkpoint: async () => note,
    tile: async (level, index, width) => Buffer.concat((level === 0 ? tiles[index] : upper).slice(0, width)),
    entries: async (index) => bundles[index],
    first: async () => 0,
  };
}

function rootOf(hashes) {
  if (hashes.length === 1) return hashes[0];
  const split = 2 ** Math.floor(Math.log2(hashes.length - 1));
  return hashNode(rootOf(hashes.slice(0, split)), rootOf(hashes.slice(split)));
}

const checkpointOf = (size, root, key) =>
  signNote(formatCheckpoint({ origin: ORIGIN, size, root }), ORIGIN, toSigner(key));

/** A log all of whose bundles are the same: its tree is a real one, and each of its tiles is known at once. */
async function repeated(key) {
  const levels = [Array.from({ length: TILE }, (_, i) => hashLeaf(leafOf(i)))];
  while (levels.length < 4) levels.push(Array(TILE).fill(fold(levels.at(-1))));
  const tiles = levels.map((level) => Buffer.concat(level));
  const note = await checkpointOf(HUGE, new Uint8Array(32), key);
  return {
    name: 'a log of ten million entries',
    checkpoint: async () => note,
    tile: async (level, _, width) => tiles[level].subarray(0, width * 32),
    entries: async () => undefined,
    first: async () => 0,
  };
}
