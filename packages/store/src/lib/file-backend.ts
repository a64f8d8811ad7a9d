import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError } from '../errors.js';
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
import { checkChanges, checkIds, unreadable } from './changes.js';
import { attempt, fileError } from './file-errors.js';
import { FileFeed } from './file-feed.js';
import { openFormat } from './file-format.js';
import { FileIndex } from './file-index.js';
import { FileLock } from './file-lock.js';
import { FileRecords } from './file-records.js';
import { FileWriter } from './file-writer.js';
import { removeFile, unlessUnwritable, writeSynced } from './files.js';

/** How often a watch looks for what other processes have written. */
const POLL_MS = 50;
/** So many ids are taken from the index at a time. */
const PAGE = 64;

/**
 * Records in a folder:
 *
 *   format                      names the layout and its version
 *   covenants/, revocations/,
 *   approvals/                  a file for each record
 *   tmp/                        files that are being written
 *   lock                        there while somebody writes
 *   journal                     the last write
 *   feed/                       the changes that were made
 *   index                       by what records are found; made anew when it is missing
 */
export class FileBackend implements RecordBackend {
  readonly supports = { transaction: true, watch: true };
  readonly #path: string;
  readonly #lock: FileLock;
  readonly #records: FileRecords;
  readonly #feed: FileFeed;
  readonly #index: FileIndex;
  readonly #writer: FileWriter;
  readonly #bell = new Bell();
  #open = true;

  constructor(path: string) {
    this.#path = path;
    this.#lock = new FileLock(path);
    this.#records = new FileRecords(path);
    this.#feed = new FileFeed(path, () => this.#open);
    this.#index = new FileIndex(path, this.#records, this.#feed);
    this.#writer = new FileWriter(path, this.#lock, this.#records, this.#feed);
    attempt(() => {
      openFormat(path);
      unlessUnwritable(() =>
        this.#lock.runIfFree(() => {
          this.#writer.recover();
          this.#writer.removeDrafts();
        }),
      );
    });
  }

  async get(kind: RecordKind, id: string): Promise<Found | undefined> {
    this.#assertOpen();
    return this.#found(kind, id);
  }

  async getMany(kind: RecordKind, ids: readonly string[]): Promise<(Found | undefined)[]> {
    checkIds(ids);
    this.#assertOpen();
    if (ids.length < 2) return attempt(() => ids.map((id) => this.#found(kind, id)));
    return this.#alone(() => ids.map((id) => this.#found(kind, id)));
  }

  async write(changes: readonly Change[]): Promise<boolean> {
    checkChanges(changes);
    const done = await this.#alone(() => this.#writer.write(changes));
    if (done) this.#bell.ring();
    return done;
  }

  async has(kind: RecordKind, id: string): Promise<boolean> {
    this.#assertOpen();
    return attempt(() => this.#records.has(kind, id));
  }

  async list(kind: RecordKind, range: RecordRange): Promise<ListedRecord[]> {
    this.#assertOpen();
    return attempt(() => {
      const found: ListedRecord[] = [];
      for (const id of this.#ids(kind, range)) {
        if (found.length === range.limit) break;
        const record = this.#listed(kind, id);
        if (record !== undefined) found.push(record);
      }
      return found;
    });
  }

  async count(kind: RecordKind, filter: RecordFilter = {}): Promise<number | undefined> {
    this.#assertOpen();
    const { token, prefix = '' } = filter;
    // The records of one covenant are in one folder, so they are counted without the index.
    return attempt(() =>
      token === undefined && prefix !== ''
        ? [...this.#records.ids(kind, prefix)].length
        : this.#index.count(kind, filter),
    );
  }

  async latestChange(): Promise<string> {
    this.#assertOpen();
    if (!attempt(() => this.#feed.isCurrent())) await this.#alone(() => undefined);
    return attempt(() => changeToken(this.#feed, this.#feed.latest()));
  }

  async *changes(after: string, signal: AbortSignal): AsyncGenerator<RecordChange, void, undefined> {
    try {
      yield* readChanges(this.#feed, after, { bell: this.#bell, signal, pollMs: POLL_MS });
    } catch (cause) {
      throw fileError(cause);
    }
  }

  async probe(): Promise<void> {
    const draft = join(this.#path, 'tmp', 'probe.tmp');
    const value = Buffer.from('probe');
    await this.#alone(() => {
      try {
        writeSynced(draft, value);
        if (readFileSync(draft).equals(value)) return;
        throw new StoreError('store_unavailable', 'the disk does not keep what is written');
      } finally {
        removeFile(draft);
      }
    });
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#bell.ring();
    try {
      this.#lock.runIfFree(() => this.#index.save());
    } catch {
      // The index will be made anew.
    }
  }

  /** Runs a step alone among all who write, after everything that was begun before is finished. */
  async #alone<T>(step: () => T): Promise<T> {
    this.#assertOpen();
    try {
      return await this.#lock.run(() => {
        this.#assertOpen();
        this.#writer.recover();
        return step();
      });
    } catch (cause) {
      throw fileError(cause);
    }
  }

  #found(kind: RecordKind, id: string): Found | undefined {
    const bytes = attempt(() => this.#records.read(kind, id));
    return bytes && { bytes, version: bytes };
  }

  #listed(kind: RecordKind, id: string): ListedRecord | undefined {
    try {
      const bytes = this.#records.read(kind, id);
      return bytes && { id, bytes };
    } catch (error) {
      return { id, error: unreadable(error) };
    }
  }

  *#ids(kind: RecordKind, range: RecordRange): Generator<string> {
    if (range.token === undefined) return yield* this.#records.ids(kind, range.prefix, range.after);
    for (let after = range.after; ; ) {
      const ids = this.#index.list(kind, { ...range, after, limit: PAGE });
      yield* ids;
      after = ids.at(-1);
      if (ids.length < PAGE) return;
    }
  }

  #assertOpen(): void {
    if (!this.#open) throw new StoreError('store_closed', 'the store is closed');
  }
}
