import { type Entry, jsonOf } from './entry.js';

/** So much is in one JSON object; all are counted. */
const MOST = 10_000;
const MOST_BYTES = 64 * 1024 * 1024;

/** Entries for one JSON object. */
export class Collected {
  readonly entries: object[] = [];
  /** How many were left out. */
  unlisted = 0;
  #bytes = 0;

  add(entry: Entry): void {
    this.#bytes += entry.bytes.length;
    if (this.entries.length < MOST && this.#bytes <= MOST_BYTES) this.entries.push(jsonOf(entry));
    else this.unlisted++;
  }
}
