import { createHash } from 'node:crypto';
import type { LogRecord, LogTile, Publication } from '../../backend.js';

/** A backend knows nothing of RFC 9162. What is here is true to it nevertheless, and as plain as can be. */
const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
};
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** The records of these indexes, in order. */
export function sampleRecords(
  from: number,
  to: number,
  more: (index: number) => Partial<LogRecord> = () => ({}),
): LogRecord[] {
  return Array.from({ length: to - from }, (_, i) => sampleRecord(from + i, more(from + i)));
}

/** A record, with what is given instead of its own. */
export function sampleRecord(index: number, more: Partial<LogRecord> = {}): LogRecord {
  const leaf = more.leaf ?? new TextEncoder().encode(`{"kind":"déjà.vu","seq":${index},"v":1}`);
  return { leaf, hash: sha256(LEAF, leaf), ...more };
}

/** A leaf of so many bytes, all values of a byte among them. */
export function leafOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + length) % 256);
}

/** C2SP tlog-tiles: each entry with its length before it. */
export function bundleOf(records: readonly Pick<LogRecord, 'leaf'>[]): Uint8Array {
  return concat(records.flatMap(({ leaf }) => [Uint8Array.of(leaf.length >> 8, leaf.length & 0xff), leaf]));
}

/** The first of these records, made public. */
export function publicationOf(
  records: readonly LogRecord[],
  size: number,
  before?: Publication,
): Publication {
  const root = Buffer.from(treeHash(records.slice(0, size).map(({ hash }) => hash))).toString('base64');
  const signature = Buffer.alloc(68, size % 256).toString('base64');
  return {
    before: before?.checkpoint,
    checkpoint: `example.org/log\n${size}\n${root}\n\n— example.org/log ${signature}\n`,
    size,
    tiles: tilesBetween(records, before?.size ?? 0, size),
  };
}

/** Every tile that a tree of one size has and the tree of a smaller size has not, the widest of each index. */
export function tilesBetween(records: readonly LogRecord[], before: number, size: number): LogTile[] {
  const tiles: LogTile[] = [];
  let hashes = records.slice(0, size).map(({ hash }) => hash);
  for (let level = 0, old = before; hashes.length > 0; level++, old = Math.floor(old / 256)) {
    for (let index = Math.floor(old / 256); index * 256 < hashes.length; index++) {
      const range = [index * 256, Math.min((index + 1) * 256, hashes.length)] as const;
      const width = range[1] - range[0];
      if (hashes.length === old) continue;
      tiles.push({ level, index, width, bytes: concat(hashes.slice(...range)) });
      if (level === 0) {
        tiles.push({ level: 'entries', index, width, bytes: bundleOf(records.slice(...range)) });
      }
    }
    hashes = Array.from({ length: Math.floor(hashes.length / 256) }, (_, i) =>
      treeHash(hashes.slice(i * 256, (i + 1) * 256)),
    );
  }
  return tiles;
}

/** RFC 9162, 2.1.1, of one leaf or more. */
function treeHash(hashes: readonly Uint8Array[]): Uint8Array {
  if (hashes.length === 1) return hashes[0] as Uint8Array;
  let split = 1;
  while (split * 2 < hashes.length) split *= 2;
  return sha256(NODE, treeHash(hashes.slice(0, split)), treeHash(hashes.slice(split)));
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
