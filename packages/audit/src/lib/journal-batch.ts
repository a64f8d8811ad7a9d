/** The form in which records stand in the journal of a log of files. */
import { crc32 } from 'node:zlib';
import type { LogRecord } from '../backend.js';

/** Batches begin at multiples of this, so that no write touches a sector with what was acknowledged before. */
export const SECTOR = 512;

const MAGIC = 0x534a4231; // “SJB1”
const HEADER = 32;
/** Before each record: flags, length of the leaf, length of the sealed values, index of the permit that is closed. */
const RECORD_HEADER = 1 + 2 + 4 + 8;
const HASH = 32;
const OPENS = 1;
const CLOSES = 2;
const SEALED = 4;

export interface BatchHeader {
  /** The index of its first record. */
  readonly at: number;
  readonly count: number;
  /** The bytes behind the header. */
  readonly bodyBytes: number;
  readonly bodyCrc: number;
}

/** A record as it is read back. */
export type JournalRecord = Pick<LogRecord, 'leaf' | 'hash' | 'sealed' | 'opens' | 'closes'>;

/** How many bytes a batch takes, whole sectors. */
export function batchBytes(records: readonly LogRecord[]): number {
  let bytes = HEADER;
  for (const { leaf, sealed } of records) bytes += RECORD_HEADER + HASH + leaf.length + (sealed?.length ?? 0);
  return wholeSectors(bytes);
}

export const wholeSectors = (bytes: number): number => Math.ceil(bytes / SECTOR) * SECTOR;

/** The bytes that a batch takes, from its header. */
export const sizeOfBatch = ({ bodyBytes }: BatchHeader): number => wholeSectors(HEADER + bodyBytes);

/** Writes a batch into the beginning of a buffer. @returns the part of it that is to be written */
export function encodeBatch(at: number, records: readonly LogRecord[], buffer: Buffer): Buffer {
  let end = HEADER;
  for (const record of records) end = encodeRecord(record, buffer, end);
  const whole = wholeSectors(end);
  buffer.fill(0, end, whole);
  buffer.writeUInt32BE(MAGIC, 0);
  buffer.writeUInt32BE(end - HEADER, 4);
  writeIndex(buffer, at, 8);
  buffer.writeUInt32BE(records.length, 16);
  buffer.writeUInt32BE(crc32(buffer.subarray(HEADER, end)), 20);
  buffer.writeUInt32BE(0, 24);
  buffer.writeUInt32BE(crc32(buffer.subarray(0, 28)), 28);
  return buffer.subarray(0, whole);
}

function encodeRecord(record: LogRecord, buffer: Buffer, start: number): number {
  const { leaf, hash, sealed, opens, closes } = record;
  let at = start;
  buffer[at] =
    (opens === true ? OPENS : 0) | (closes !== undefined ? CLOSES : 0) | (sealed !== undefined ? SEALED : 0);
  buffer.writeUInt16BE(leaf.length, at + 1);
  buffer.writeUInt32BE(sealed?.length ?? 0, at + 3);
  writeIndex(buffer, closes ?? 0, at + 7);
  at += RECORD_HEADER;
  buffer.set(hash, at);
  at += HASH;
  buffer.set(leaf, at);
  at += leaf.length;
  if (sealed === undefined) return at;
  buffer.set(sealed, at);
  return at + sealed.length;
}

/** The header of a batch, or undefined for anything else. */
export function decodeHeader(bytes: Buffer): BatchHeader | undefined {
  if (bytes.length < HEADER || bytes.readUInt32BE(0) !== MAGIC) return undefined;
  if (bytes.readUInt32BE(28) !== crc32(bytes.subarray(0, 28))) return undefined;
  return {
    bodyBytes: bytes.readUInt32BE(4),
    at: readIndex(bytes, 8),
    count: bytes.readUInt32BE(16),
    bodyCrc: bytes.readUInt32BE(20),
  };
}

/** The records of a batch as views of its bytes, or undefined when they are not as they were written. */
export function decodeBatch(header: BatchHeader, batch: Buffer): JournalRecord[] | undefined {
  const end = HEADER + header.bodyBytes;
  if (end > batch.length || crc32(batch.subarray(HEADER, end)) !== header.bodyCrc) return undefined;
  const records: JournalRecord[] = [];
  let at = HEADER;
  while (at + RECORD_HEADER + HASH <= end) {
    const flags = batch.readUInt8(at);
    const leafEnd = at + RECORD_HEADER + HASH + batch.readUInt16BE(at + 1);
    const sealedEnd = leafEnd + batch.readUInt32BE(at + 3);
    if (sealedEnd > end) return undefined;
    records.push({
      hash: batch.subarray(at + RECORD_HEADER, at + RECORD_HEADER + HASH),
      leaf: batch.subarray(at + RECORD_HEADER + HASH, leafEnd),
      sealed: (flags & SEALED) === 0 ? undefined : batch.subarray(leafEnd, sealedEnd),
      opens: (flags & OPENS) !== 0,
      closes: (flags & CLOSES) === 0 ? undefined : readIndex(batch, at + 7),
    });
    at = sealedEnd;
  }
  return at === end && records.length === header.count ? records : undefined;
}

function writeIndex(buffer: Buffer, index: number, at: number): void {
  buffer.writeUInt32BE(Math.floor(index / 2 ** 32), at);
  buffer.writeUInt32BE(index % 2 ** 32, at + 4);
}

const readIndex = (buffer: Buffer, at: number): number =>
  buffer.readUInt32BE(at) * 2 ** 32 + buffer.readUInt32BE(at + 4);
