/** Logs as folders, made by the simplest program that could: whatever their entries are, the tree over them is signed. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  formatCheckpoint,
  formatVerifierKey,
  hashLeaf,
  hashNode,
  type LogEntry,
  signNote,
  TILE_WIDTH,
  tilePath,
  verifierKey,
} from '@stele/audit';
import { canonicalizeJson, generateKeyPair, type KeyPair, sha256, toSigner } from '@stele/crypto';

export const ORIGIN = 'audit.example/refunds';

export interface MadeLog {
  readonly path: string;
  readonly vkey: string;
  readonly did: string;
  readonly pair: KeyPair;
  readonly checkpoint: string;
  readonly root: string;
}

const text = new TextEncoder();

/** An entry as it stands in a log, with commitments that stand for nothing. */
export function leafOf(entry: LogEntry, seq: number): Uint8Array {
  const committed = Object.fromEntries(
    ['agent', 'context', 'resource']
      .filter((name) => Object.hasOwn(entry, name))
      .map((name) => [name, sha256(text.encode(`${seq} ${name}`))]),
  );
  return text.encode(canonicalizeJson({ ...entry, ...committed, seq } as never));
}

export async function writeLog(
  path: string,
  leaves: readonly Uint8Array[],
  { origin = ORIGIN, pair }: { origin?: string; pair?: KeyPair } = {},
): Promise<MadeLog> {
  const key = pair ?? (await generateKeyPair());
  const put = (name: string, content: string | Uint8Array) => {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), content);
  };
  for (const [index, bundle] of chunksOf(leaves).entries())
    put(tilePath('entries', index, bundle.length), bundleOf(bundle));
  for (let [level, hashes] = [0, leaves.map(hashLeaf)]; hashes.length > 0; level++) {
    for (const [index, tile] of chunksOf(hashes).entries())
      put(tilePath(level, index, tile.length), Buffer.concat(tile));
    hashes = chunksOf(hashes)
      .filter(({ length }) => length === TILE_WIDTH)
      .map(rootOf);
  }
  const root = rootOf(leaves.map(hashLeaf));
  const head = formatCheckpoint({ origin, size: leaves.length, root });
  const checkpoint = await signNote(head, origin, toSigner(key));
  put('checkpoint', checkpoint);
  const vkey = formatVerifierKey(verifierKey(origin, key.publicKey));
  return { path, vkey, did: key.did, pair: key, checkpoint, root: Buffer.from(root).toString('hex') };
}

function chunksOf<T>(items: readonly T[]): T[][] {
  const chunks: T[][] = [];
  for (let i = 0; i < items.length; i += TILE_WIDTH) chunks.push(items.slice(i, i + TILE_WIDTH));
  return chunks;
}

const bundleOf = (leaves: readonly Uint8Array[]) =>
  Buffer.concat(leaves.flatMap((leaf) => [Uint8Array.of(leaf.length >> 8, leaf.length & 0xff), leaf]));

/** RFC 9162, section 2.1.1, word by word. */
export function rootOf(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 0) return Buffer.from(sha256(new Uint8Array(0)), 'hex');
  if (hashes.length === 1) return hashes[0] as Uint8Array;
  let split = 1;
  while (split * 2 < hashes.length) split *= 2;
  return hashNode(rootOf(hashes.slice(0, split)), rootOf(hashes.slice(split)));
}
