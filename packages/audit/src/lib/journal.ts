/** The records of a log of files that no published checkpoint covers yet. */
import { join } from 'node:path';
import type { LogRecord } from '../backend.js';
import { AuditError } from '../errors.js';
import type { DiskRoom } from './disk-room.js';
import { isFull, namesIn, removeFile, syncFolder } from './files.js';
import { batchBytes, encodeBatch, type JournalRecord, SECTOR } from './journal-batch.js';
import { type BatchPlace, type Scanned, Segment, scanSegment } from './journal-segment.js';

const FIRST_BYTES = 256 * 1024;
const MOST_BYTES = 4 * 1024 * 1024;
/** So much is read at a time. */
const READ_BYTES = 256 * 1024;

const NAME = /^\d{10}$/;

/**
 * Segments, one after the other. A life of the log never writes into a segment of an earlier one. The next segment is
 * made beside the appends that fill the one before, so that none of them waits for it.
 */
export class Journal {
  readonly #folder: string;
  readonly #room: DiskRoom;
  readonly #segments: Segment[] = [];
  #number = 0;
  #nextBytes = FIRST_BYTES;
  #spare: Promise<Segment | undefined> | undefined;
  #buffer = Buffer.allocUnsafe(FIRST_BYTES);
  #size = 0;

  /** @param folder which is there */
  constructor(folder: string, room: DiskRoom) {
    this.#folder = folder;
    this.#room = room;
  }

  /** The index after the last record. */
  get size(): number {
    return this.#size;
  }

  /**
   * Reads what is there, in order.
   * @param published the size that is covered by the published checkpoint
   * @param visit is told of each batch: the index of its first record, and its records
   * @returns how many bytes of an interrupted write were cleared away
   */
  async open(
    published: number,
    visit: (at: number, records: readonly JournalRecord[]) => Promise<void>,
  ): Promise<number> {
    try {
      return await this.#open(published, visit);
    } catch (error) {
      await this.abandon();
      throw error;
    }
  }

  async #open(
    published: number,
    visit: (at: number, records: readonly JournalRecord[]) => Promise<void>,
  ): Promise<number> {
    let end: number | undefined;
    let torn: Scanned | undefined;
    for (const name of (await namesIn(this.#folder)).filter((found) => NAME.test(found))) {
      const path = join(this.#folder, name);
      this.#number = Number(name);
      const scanned = await scanSegment(path, async ({ at, count }, records) => {
        if (torn !== undefined) throw gap(path, 'it goes on after a batch that is incomplete');
        if (end === undefined ? at > published : at !== end)
          throw gap(path, `records before ${at} are missing`);
        end = at + count;
        await visit(at, records);
      });
      if (scanned === undefined) await removeFile(path);
      else this.#segments.push(scanned.segment);
      if (scanned !== undefined && scanned.tornBytes > 0) torn = scanned;
    }
    this.#size = Math.max(end ?? 0, published);
    await torn?.segment.clearRest(torn.tornBytes);
    this.#segments.push(await this.#room.give(() => this.#create(FIRST_BYTES)));
    return torn?.tornBytes ?? 0;
  }

  /**
   * Writes records. Durable when it resolves.
   * @throws AuditError `audit_disk_low` when there is no room; then nothing was written
   */
  async append(records: readonly LogRecord[]): Promise<void> {
    const bytes = batchBytes(records);
    const isVital = records.every(({ vital }) => vital === true);
    if (this.#room.isLow && !isVital) throw diskLow();
    const segment = await this.#segmentFor(bytes, isVital);
    if (this.#buffer.length < bytes) this.#buffer = Buffer.allocUnsafe(bytes);
    const batch = encodeBatch(this.#size, records, this.#buffer);
    // Only file systems that never write in place come to need space here.
    await this.#room.give(() => segment.write(batch));
    const hasSealed = records.some(({ sealed }) => sealed !== undefined);
    segment.add({ at: this.#size, count: records.length, bytes, hasSealed });
    this.#size += records.length;
    if (segment.isHalfFull) this.#spare ??= this.#makeSpare();
  }

  /** The records from an index to before another, in portions. */
  async *records(from: number, to: number): AsyncGenerator<JournalRecord[]> {
    for (const [segment, places] of this.#portions(from, to)) {
      const records = await segment.read(places);
      const { at } = places[0] as BatchPlace;
      yield records.slice(Math.max(0, from - at), to - at);
    }
  }

  /** Whether any record of a range has sealed values. */
  hasSealed(from: number, to: number): boolean {
    return this.#portions(from, to).some(([, places]) => places.some(({ hasSealed }) => hasSealed));
  }

  /** The segments, of earlier lives and full ones of this, that hold nothing from an index on. */
  hasRetired(published: number): boolean {
    return this.#retired(published) > 0;
  }

  /** Removes them, the first ones first, so that no machine that fails leaves a gap. */
  async retire(published: number): Promise<void> {
    for (let left = this.#retired(published); left > 0; left--) await this.#removeFirst();
  }

  async #removeFirst(): Promise<void> {
    const segment = this.#segments.shift() as Segment;
    await segment.close();
    await removeFile(segment.path);
    await syncFolder(this.#folder);
  }

  /** Removes everything, the first segment first: all of it is public. */
  async remove(): Promise<void> {
    const spare = await this.#spare;
    this.#spare = undefined;
    if (spare !== undefined) this.#segments.push(spare);
    while (this.#segments.length > 0) await this.#removeFirst();
  }

  /** Lets go of everything, and leaves it to the next life. */
  async abandon(): Promise<void> {
    const spare = await this.#spare;
    this.#spare = undefined;
    if (spare !== undefined) this.#segments.push(spare);
    for (const segment of this.#segments.splice(0)) await segment.close();
  }

  /** How many of the first segments hold nothing that is not public. */
  #retired(published: number): number {
    const needed = this.#segments.findIndex(({ end = 0 }) => end > published);
    // The last one is written to.
    return Math.min(needed < 0 ? this.#segments.length : needed, this.#segments.length - 1);
  }

  /** What has to be read for a range, neighbouring batches together, as one list because segments come and go. */
  #portions(from: number, to: number): [Segment, BatchPlace[]][] {
    const portions: [Segment, BatchPlace[]][] = [];
    if (from >= to) return portions;
    for (const segment of this.#segments) {
      let [portion, bytes]: [BatchPlace[], number] = [[], 0];
      for (const place of segment.batches.slice(firstAfter(segment.batches, from))) {
        if (place.at >= to) break;
        if (portion.length === 0 || bytes + place.bytes > READ_BYTES) {
          [portion, bytes] = [[], 0];
          portions.push([segment, portion]);
        }
        portion.push(place);
        bytes += place.bytes;
      }
    }
    return portions;
  }

  async #segmentFor(bytes: number, isVital: boolean): Promise<Segment> {
    const current = this.#segments.at(-1) as Segment;
    if (current.room >= bytes) return current;
    const spare = await this.#spare;
    this.#spare = undefined;
    if (spare !== undefined) {
      this.#segments.push(spare);
      if (spare.room >= bytes) return spare;
    }
    const segment = await this.#createNow(bytes + SECTOR, isVital);
    this.#segments.push(segment);
    return segment;
  }

  async #createNow(bytes: number, isVital: boolean): Promise<Segment> {
    try {
      if (isVital) return await this.#room.give(() => this.#create(Math.max(FIRST_BYTES, bytes)));
      return await this.#create(Math.max(this.#nextBytes, bytes));
    } catch (cause) {
      if (!isFull(cause)) throw cause;
      this.#room.noteFull();
      throw diskLow(cause);
    }
  }

  /** Never fails: where there is no room, the append that needs the segment finds out. */
  async #makeSpare(): Promise<Segment | undefined> {
    try {
      this.#nextBytes = Math.min(this.#nextBytes * 2, MOST_BYTES);
      if (await this.#room.fits(this.#nextBytes)) return await this.#create(this.#nextBytes);
      await this.#room.look();
    } catch (error) {
      if (isFull(error)) this.#room.noteFull();
    }
    return undefined;
  }

  async #create(bytes: number): Promise<Segment> {
    this.#number++;
    const segment = await Segment.create(join(this.#folder, String(this.#number).padStart(10, '0')), bytes);
    await syncFolder(this.#folder);
    return segment;
  }
}

/** The place in a list of batches of the first that ends after an index. */
function firstAfter(batches: readonly BatchPlace[], index: number): number {
  let [low, high] = [0, batches.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const { at, count } = batches[middle] as BatchPlace;
    if (at + count <= index) low = middle + 1;
    else high = middle;
  }
  return low;
}

function diskLow(cause?: unknown): AuditError {
  return new AuditError('audit_disk_low', 'what disk is left is kept for permits and outcomes', {
    cause,
    hint: 'Free space on the disk of the log.',
  });
}

function gap(path: string, what: string): AuditError {
  return new AuditError('audit_log_corrupt', `${path}: ${what}`, {
    hint: 'Keep the folder as evidence. Restore the disk from a copy, or begin a new log that names this one.',
  });
}
