import type {
  Change,
  Found,
  ListedRecord,
  RecordBackend,
  RecordChange,
  RecordFilter,
  RecordKind,
  RecordRange,
} from '../record-backend.js';
import { Bell } from './bell.js';
import { changeToken, readChanges } from './change-feed.js';
import { checkChanges, checkIds, holds } from './changes.js';
import { MemoryFeed } from './memory-feed.js';
import { RecordIndex } from './record-index.js';

/** Records in a Map. Bytes are copied on the way in and out. */
export class MemoryBackend implements RecordBackend {
  readonly supports = { transaction: true, watch: true };
  readonly #records: Record<RecordKind, Map<string, Uint8Array>> = {
    covenant: new Map(),
    revocation: new Map(),
    approval: new Map(),
  };
  readonly #index: Record<RecordKind, RecordIndex> = {
    covenant: new RecordIndex(),
    revocation: new RecordIndex(),
    approval: new RecordIndex(),
  };
  readonly #feed = new MemoryFeed();
  readonly #bell = new Bell();

  async get(kind: RecordKind, id: string): Promise<Found | undefined> {
    return this.#found(kind, id);
  }

  async getMany(kind: RecordKind, ids: readonly string[]): Promise<(Found | undefined)[]> {
    checkIds(ids);
    return ids.map((id) => this.#found(kind, id));
  }

  async write(changes: readonly Change[]): Promise<boolean> {
    checkChanges(changes);
    if (!changes.every((change) => holds(change, this.#records[change.kind].get(change.id)))) return false;
    for (const change of changes) this.#make(change);
    this.#bell.ring();
    return true;
  }

  async has(kind: RecordKind, id: string): Promise<boolean> {
    return this.#records[kind].has(id);
  }

  async list(kind: RecordKind, range: RecordRange): Promise<ListedRecord[]> {
    const ids = this.#index[kind].list(range);
    return ids.map((id) => ({ id, bytes: (this.#records[kind].get(id) as Uint8Array).slice() }));
  }

  async count(kind: RecordKind, filter: RecordFilter = {}): Promise<number> {
    return this.#index[kind].count(filter);
  }

  async latestChange(): Promise<string> {
    return changeToken(this.#feed, this.#feed.latest());
  }

  changes(after: string, signal: AbortSignal): AsyncIterable<RecordChange> {
    return readChanges(this.#feed, after, { bell: this.#bell, signal });
  }

  async probe(): Promise<void> {}

  async close(): Promise<void> {
    this.#feed.close();
    this.#bell.ring();
  }

  #found(kind: RecordKind, id: string): Found | undefined {
    const bytes = this.#records[kind].get(id)?.slice();
    return bytes && { bytes, version: bytes };
  }

  #make({ kind, id, next }: Change): void {
    if (next === 'same') return;
    if (next === undefined) {
      if (!this.#records[kind].delete(id)) return;
      this.#index[kind].delete(id);
    } else {
      this.#records[kind].set(id, next.bytes.slice());
      this.#index[kind].set(id, [...next.tokens]);
    }
    this.#feed.append({ kind, id, deleted: next === undefined });
  }
}
