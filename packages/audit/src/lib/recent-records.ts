import type { LogRecord } from '../backend.js';

/** What a tree needs of a record. */
export type TreeRecord = Pick<LogRecord, 'leaf' | 'hash'>;

/** So much is kept for a tree that does not grow for a while; the rest it reads back. */
const MAX_BYTES = 16 * 1024 * 1024;
/** What a record takes beside its leaf, about. */
const OVERHEAD = 256;

/**
 * What a writer has appended last, so that its tree need not read it back from the server that it was sent to: the run of records
 * up to the newest, without a gap.
 */
export class RecentRecords {
  #first = 0;
  #records: TreeRecord[] = [];
  #bytes = 0;

  /** The index of the first that is known, or the one behind all. */
  get first(): number {
    return this.#first;
  }

  /** Notes records that are durable. Where others have appended in between, the run begins anew. */
  add(at: number, records: readonly TreeRecord[]): void {
    if (at !== this.#first + this.#records.length) this.#drop(this.#records.length, at);
    for (const { leaf, hash } of records) {
      this.#records.push({ leaf, hash });
      this.#bytes += leaf.length + OVERHEAD;
    }
    // In halves: to take each from the front of a long list would cost more than to append it.
    while (this.#bytes > MAX_BYTES) this.#drop(Math.ceil(this.#records.length / 2));
  }

  /** The records from an index on, at most so many; none if the first of them is not known. They, and all before them, are forgotten. */
  take(at: number, most: number): readonly TreeRecord[] {
    const skipped = at - this.#first;
    if (skipped < 0 || skipped >= this.#records.length) return [];
    const taken = this.#records.slice(skipped, skipped + most);
    this.#drop(skipped + taken.length);
    return taken;
  }

  #drop(count: number, first = this.#first + count): void {
    for (const { leaf } of this.#records.splice(0, count)) this.#bytes -= leaf.length + OVERHEAD;
    this.#first = first;
  }
}
