/** One file of the journal: filled with zeroes before it is used, then with batches from its beginning. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { AuditError } from '../errors.js';
import { contentOf, readAll, removeFile, withFile, writeAll } from './files.js';
import {
  type BatchHeader,
  decodeBatch,
  decodeHeader,
  type JournalRecord,
  SECTOR,
  sizeOfBatch,
} from './journal-batch.js';

const FORMAT = 'stele-audit-journal/';
const HEADER = Buffer.alloc(SECTOR);
HEADER.write(`${FORMAT}1\n`);
const CHUNK = Buffer.alloc(1024 * 1024);
/** No segment is ever this long; what is, is none. */
const MAX_BYTES = 256 * 1024 * 1024;
/** With it a write that has returned is on the disk: one call instead of a write and an fdatasync. */
const WRITES_THROUGH = process.platform === 'linux';

/** Where a batch stands. */
export interface BatchPlace {
  readonly at: number;
  readonly count: number;
  readonly offset: number;
  readonly bytes: number;
  readonly hasSealed: boolean;
}

export class Segment {
  readonly path: string;
  readonly bytes: number;
  readonly batches: BatchPlace[] = [];
  readonly #file: FileHandle;
  #end: number = SECTOR;

  private constructor(path: string, bytes: number, file: FileHandle) {
    this.path = path;
    this.bytes = bytes;
    this.#file = file;
  }

  /** Makes a file whose blocks are all there, so that a write into it needs nothing else of the disk. */
  static async create(path: string, bytes: number): Promise<Segment> {
    try {
      await withFile(path, 'w', async (file) => {
        for (let at = SECTOR; at < bytes; at += CHUNK.length) {
          await writeAll(file, CHUNK.subarray(0, Math.min(CHUNK.length, bytes - at)), at);
        }
        await writeAll(file, HEADER, 0);
        await file.sync();
      });
      return await Segment.open(path, bytes);
    } catch (error) {
      await removeFile(path).catch(() => undefined);
      throw error;
    }
  }

  static async open(path: string, bytes: number): Promise<Segment> {
    /* v8 ignore next -- one of the two for each system */
    const flags = constants.O_RDWR | (WRITES_THROUGH ? constants.O_DSYNC : 0);
    return new Segment(path, bytes, await open(path, flags));
  }

  /** The index after the last record; undefined while it is empty. */
  get end(): number | undefined {
    const last = this.batches.at(-1);
    return last && last.at + last.count;
  }

  /** How many bytes are left. */
  get room(): number {
    return this.bytes - this.#end;
  }

  /** True when so much of it is used that the next one ought to be made. */
  get isHalfFull(): boolean {
    return this.#end > this.bytes / 2;
  }

  /** Writes the bytes of a batch behind the others. Durable when it resolves. Writing the same again does no harm. */
  async write(bytes: Uint8Array): Promise<void> {
    await writeAll(this.#file, bytes, this.#end);
    /* v8 ignore next -- on other systems than Linux */
    if (!WRITES_THROUGH) await this.#file.datasync();
  }

  /** Counts a batch that was written, or found. */
  add(place: Omit<BatchPlace, 'offset'>): void {
    this.batches.push({ ...place, offset: this.#end });
    this.#end += place.bytes;
  }

  /** The records of neighbouring batches, at least one. */
  async read(places: readonly BatchPlace[]): Promise<JournalRecord[]> {
    const [first, last] = [places[0] as BatchPlace, places.at(-1) as BatchPlace];
    const bytes = Buffer.allocUnsafe(last.offset + last.bytes - first.offset);
    await readAll(this.#file, bytes, first.offset);
    return places.flatMap(({ offset, bytes: length }) => {
      const batch = bytes.subarray(offset - first.offset, offset - first.offset + length);
      const header = decodeHeader(batch);
      const records = header && decodeBatch(header, batch);
      if (records === undefined) throw corrupt(this.path, offset, 'a batch is not as it was written');
      return records;
    });
  }

  /** Overwrites what stands behind the last batch with zeroes, durably. */
  async clearRest(bytes: number): Promise<void> {
    await writeAll(this.#file, Buffer.alloc(bytes), this.#end);
    await this.#file.datasync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** What was found in a file of the journal. */
export interface Scanned {
  readonly segment: Segment;
  /** The bytes, whole sectors, from the end of the last batch to the end of an incomplete one; 0 where there is none. */
  readonly tornBytes: number;
}

/**
 * Reads a file of the journal. The caller owns the segment that is returned.
 * @param visit is told of each batch
 * @returns undefined for one that a crash left unfinished while it was made
 * @throws AuditError `audit_log_corrupt` for anything that an interrupted write does not explain, `audit_log_version`
 */
export async function scanSegment(
  path: string,
  visit: (header: BatchHeader, records: readonly JournalRecord[]) => Promise<void>,
): Promise<Scanned | undefined> {
  const bytes = (await contentOf(path, MAX_BYTES)) ?? Buffer.alloc(0);
  if (!checkHeader(path, bytes)) return undefined;
  const segment = await Segment.open(path, bytes.length);
  try {
    let offset = SECTOR;
    for (;;) {
      const header = decodeHeader(bytes.subarray(offset));
      const batch = header && bytes.subarray(offset, offset + sizeOfBatch(header));
      const records = header && batch && decodeBatch(header, batch);
      if (records === undefined) return { segment, tornBytes: tornBytes(path, bytes, offset, header) };
      await visit(header as BatchHeader, records);
      const hasSealed = records.some(({ sealed }) => sealed !== undefined);
      const { at, count } = header as BatchHeader;
      segment.add({ at, count, bytes: sizeOfBatch(header as BatchHeader), hasSealed });
      offset += sizeOfBatch(header as BatchHeader);
    }
  } catch (error) {
    await segment.close();
    throw error;
  }
}

/** @returns false for a file that was never finished: its header is written last */
function checkHeader(path: string, bytes: Buffer): boolean {
  const header = bytes.subarray(0, SECTOR);
  if (header.equals(HEADER)) return true;
  if (isZero(bytes)) return false;
  const isOther = header.subarray(0, FORMAT.length).equals(Buffer.from(FORMAT));
  if (!isOther) throw corrupt(path, 0, 'its header is damaged');
  throw new AuditError('audit_log_version', `${path} was written by another version of this software`, {
    hint: 'Open it with that version, and close it there: a log that was closed has no journal.',
  });
}

/**
 * Tells an interrupted write from damage. A sector is written as a whole or not at all, in any order with others, and
 * until it is written it has the zeroes that the file was made with. So a batch is incomplete if, and only if, one of
 * its sectors is zero, and nothing stands behind it.
 */
function tornBytes(path: string, bytes: Buffer, offset: number, header: BatchHeader | undefined): number {
  const rest = bytes.subarray(offset);
  let used = rest.length;
  while (used > 0 && rest[used - 1] === 0) used--;
  if (used === 0) return 0;
  const damaged = () =>
    corrupt(path, offset, 'what stands there is no batch, and no interrupted write explains it');
  if (header === undefined) {
    // The first sector holds the header: it must be missing altogether, and no whole batch may follow.
    if (rest.length > SECTOR && !isZero(rest.subarray(0, SECTOR))) throw damaged();
    for (let at = SECTOR; at < used; at += SECTOR) if (decodeHeader(rest.subarray(at))) throw damaged();
    return Math.ceil(used / SECTOR) * SECTOR;
  }
  const extent = sizeOfBatch(header);
  if (used > extent || !hasMissingSector(rest, extent)) throw damaged();
  return Math.min(extent, rest.length);
}

function hasMissingSector(rest: Buffer, extent: number): boolean {
  if (rest.length < extent) return true;
  for (let at = 0; at < extent; at += SECTOR) if (isZero(rest.subarray(at, at + SECTOR))) return true;
  return false;
}

const ZEROES = Buffer.alloc(64 * 1024);

function isZero(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += ZEROES.length) {
    const part = bytes.subarray(at, at + ZEROES.length);
    if (!part.equals(ZEROES.subarray(0, part.length))) return false;
  }
  return true;
}

function corrupt(path: string, offset: number, what: string): AuditError {
  return new AuditError('audit_log_corrupt', `${path}, byte ${offset}: ${what}`, {
    hint: 'Keep the folder as evidence. Restore the disk from a copy, or begin a new log that names this one.',
  });
}
