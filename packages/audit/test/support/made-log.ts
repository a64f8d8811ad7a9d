/** Logs that are made in one go, with whatever in them a test wants: the engine would refuse most of it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { canonicalizeJson, type KeyPair, keyPairFromPrivateKey, toSigner } from '@stele/crypto';
import type { LogReader } from '../../src/backend.js';
import { formatCheckpoint } from '../../src/lib/checkpoint.js';
import { EMPTY_ROOT, hashLeaf, hashNode } from '../../src/lib/merkle.js';
import { COSIGNATURE, formatVerifierKey, signNote, verifierKey } from '../../src/lib/note.js';
import { encodeBundle, tilePath } from '../../src/lib/tiles.js';

export const ORIGIN = 'acme.example/audit';

export const keyOf = (seed: number): Promise<KeyPair> => keyPairFromPrivateKey(new Uint8Array(32).fill(seed));

export const vkey = ({ publicKey }: KeyPair, name = ORIGIN): string =>
  formatVerifierKey(verifierKey(name, publicKey));

/** An event of the form that a log may hold. */
export function leaf(seq: number, more: Record<string, unknown> = {}): Uint8Array {
  const entry = {
    v: 1,
    kind: 'covenant.put',
    time: '2026-01-02T03:04:05Z',
    covenant: `c${seq}`,
    seq,
    ...more,
  };
  return Buffer.from(canonicalizeJson(entry));
}

export const leaves = (count: number): Uint8Array[] => Array.from({ length: count }, (_, seq) => leaf(seq));

/** RFC 9162, section 2.1.1, to the letter: the reference for whatever is cleverer. */
export function naiveRoot(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 0) return EMPTY_ROOT;
  if (hashes.length === 1) return hashes[0] as Uint8Array;
  const split = 2 ** Math.floor(Math.log2(hashes.length - 1));
  return hashNode(naiveRoot(hashes.slice(0, split)), naiveRoot(hashes.slice(split)));
}

/** The files of a log, by path. */
export type Files = Map<string, Uint8Array>;

/** Signs a checkpoint over entries. */
export async function signed(entries: readonly Uint8Array[], key: KeyPair, origin = ORIGIN): Promise<string> {
  const root = naiveRoot(entries.map(hashLeaf));
  return signNote(formatCheckpoint({ origin, size: entries.length, root }), origin, toSigner(key));
}

/** The tiles and bundles of entries, without a checkpoint. */
export function tilesOf(entries: readonly Uint8Array[]): Files {
  const files: Files = new Map();
  for (let at = 0; at < entries.length; at += 256) {
    const part = entries.slice(at, at + 256);
    files.set(tilePath('entries', at / 256, part.length), encodeBundle(part));
  }
  let hashes = entries.map(hashLeaf);
  for (let level = 0; hashes.length > 0; level++) {
    const above: Uint8Array[] = [];
    for (let at = 0; at < hashes.length; at += 256) {
      const part = hashes.slice(at, at + 256);
      files.set(tilePath(level, at / 256, part.length), new Uint8Array(Buffer.concat(part)));
      if (part.length === 256) above.push(naiveRoot(part));
    }
    hashes = above;
  }
  return files;
}

/** A whole log. */
export async function madeLog(entries: readonly Uint8Array[], key: KeyPair, origin = ORIGIN): Promise<Files> {
  const files = tilesOf(entries);
  return files.set('checkpoint', Buffer.from(await signed(entries, key, origin)));
}

export function writeLog(files: Files, folder: string): void {
  for (const [path, bytes] of files) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
}

/** A reader as a database gives one: it answers with what is there, and knows nothing of paths. */
export function readerOf(files: Files, first = 0): LogReader {
  const wide = (level: number | 'entries', index: number, width: number) => {
    for (let wider = width; wider <= 256; wider++) {
      const found = files.get(tilePath(level, index, wider));
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return {
    name: 'the log of a test',
    checkpoint: async () => {
      const note = files.get('checkpoint');
      return note && Buffer.from(note).toString();
    },
    tile: async (level, index, width) => {
      const found = wide(level, index, width);
      return found && (found.length < width * 32 ? undefined : found.subarray(0, width * 32));
    },
    entries: async (index, width) => wide('entries', index, width),
    first: async () => first,
  };
}

export const cosignerKey = ({ publicKey }: KeyPair, name: string): string =>
  formatVerifierKey(verifierKey(name, publicKey, COSIGNATURE));
