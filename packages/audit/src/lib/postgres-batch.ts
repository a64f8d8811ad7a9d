import type { LogRecord, LogTile } from '../backend.js';

/** Pieces of bytes as one parameter: where each begins, from 1, how long it is, and all of them. */
type Pieces = [starts: number[], lengths: number[], all: Buffer];

function pieces(parts: readonly Uint8Array[]): Pieces {
  const starts: number[] = [];
  const lengths: number[] = [];
  let next = 1;
  for (const { length } of parts) {
    starts.push(next);
    lengths.push(length);
    next += length;
  }
  return [starts, lengths, Buffer.concat(parts, next - 1)];
}

/** Records in the order of the parameters of `audit_append`, after the batch's own. Taken at once: a caller may change them later. */
export function appendColumns(at: number, records: readonly LogRecord[]): unknown[] {
  const opens: number[] = [];
  const closes: number[] = [];
  const sealedAt: number[] = [];
  const sealed: Uint8Array[] = [];
  records.forEach((record, i) => {
    if (record.opens === true) opens.push(at + i);
    if (record.closes !== undefined) closes.push(record.closes);
    if (record.sealed === undefined) return;
    sealedAt.push(at + i);
    sealed.push(record.sealed);
  });
  const settled = new Set(closes);
  const open = opens.filter((index) => !settled.has(index));
  return [...pieces(records.map(({ leaf }) => leaf)), open, closes, sealedAt, ...pieces(sealed)];
}

/** Tiles of hashes in the order of the parameters of `audit_publish`. */
export function tileColumns(tiles: readonly LogTile[]): unknown[] {
  const hashes = tiles.flatMap((tile) => (tile.level === 'entries' ? [] : [{ ...tile, level: tile.level }]));
  return [
    hashes.map(({ level }) => level),
    hashes.map(({ index }) => index),
    ...pieces(hashes.map(({ bytes }) => bytes)),
  ];
}
