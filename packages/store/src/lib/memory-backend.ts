import type { Found, RecordBackend, RecordKind, RecordRange, StoredRecord } from '../record-backend.js';
import { equalBytes } from './bytes.js';
import { isRecordId } from './ids.js';

/** Records in a Map. Bytes are copied on the way in and out. */
export class MemoryBackend implements RecordBackend {
  readonly #records: Record<RecordKind, Map<string, Uint8Array>> = {
    covenant: new Map(),
    revocation: new Map(),
  };
  /** Sorted ids of a kind, made when a list first needs them and dropped when the set of ids changes. */
  readonly #sorted: Partial<Record<RecordKind, string[]>> = {};

  async get(kind: RecordKind, id: string): Promise<Found | undefined> {
    const bytes = this.#records[kind].get(id)?.slice();
    return bytes && { bytes, version: bytes };
  }

  async put({ kind, id, bytes }: StoredRecord, expected: Uint8Array | undefined): Promise<boolean> {
    if (!isRecordId(kind, id)) throw new RangeError('id is not the id of a record');
    const stored = this.#records[kind].get(id);
    if (stored === undefined ? expected !== undefined : !expected || !equalBytes(stored, expected))
      return false;
    if (stored === undefined) delete this.#sorted[kind];
    this.#records[kind].set(id, bytes.slice());
    return true;
  }

  async delete(kind: RecordKind, id: string): Promise<boolean> {
    const deleted = this.#records[kind].delete(id);
    if (deleted) delete this.#sorted[kind];
    return deleted;
  }

  async has(kind: RecordKind, id: string): Promise<boolean> {
    return this.#records[kind].has(id);
  }

  async list(kind: RecordKind, { after = '', prefix = '', limit }: RecordRange): Promise<StoredRecord[]> {
    const records: StoredRecord[] = [];
    const ids = this.#ids(kind);
    for (let i = firstAtLeast(ids, after > prefix ? after : prefix); i < ids.length; i++) {
      const id = ids[i] as string;
      if (!id.startsWith(prefix) || records.length === limit) break;
      if (id > after) records.push({ kind, id, bytes: (this.#records[kind].get(id) as Uint8Array).slice() });
    }
    return records;
  }

  async count(kind: RecordKind, prefix = ''): Promise<number> {
    if (prefix === '') return this.#records[kind].size;
    const ids = this.#ids(kind);
    return firstAtLeast(ids, `${prefix}\uffff`) - firstAtLeast(ids, prefix);
  }

  async close(): Promise<void> {}

  #ids(kind: RecordKind): string[] {
    this.#sorted[kind] ??= [...this.#records[kind].keys()].sort();
    return this.#sorted[kind];
  }
}

/** The index of the first string that is not less than `bound`. */
function firstAtLeast(sorted: readonly string[], bound: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] as string) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
