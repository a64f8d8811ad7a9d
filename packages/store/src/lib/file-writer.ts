import { randomUUID } from 'node:crypto';
import { renameSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Change, Content } from '../record-backend.js';
import { holds } from './changes.js';
import type { FileFeed } from './file-feed.js';
import { type Entry, FileJournal, type Move } from './file-journal.js';
import type { FileLock } from './file-lock.js';
import { type FileRecords, fileContent } from './file-records.js';
import { makeFolder, namesIn, removeFile, syncFolder, unlessMissing, writeSynced } from './files.js';

/**
 * Makes changes of records, whatever happens in between:
 *
 *   1. drafts      new files are written into `tmp` and synced; a full disk is noticed here
 *   2. journal     says which draft becomes which record, and what goes; from here on the write will happen
 *   3. moves       drafts are renamed, files removed, folders synced
 *   4. feed        the changes are told
 *
 * Whoever writes next finishes what a writer that died has left between 2 and 4. A write of one record is one rename, atomic and
 * durable without the journal; for it the journal keeps the feed complete and need not be synced.
 *
 * Every method is called under the lock.
 */
export class FileWriter {
  readonly #temporary: string;
  readonly #lock: FileLock;
  readonly #records: FileRecords;
  readonly #feed: FileFeed;
  readonly #journal: FileJournal;

  constructor(path: string, lock: FileLock, records: FileRecords, feed: FileFeed) {
    this.#temporary = join(path, 'tmp');
    this.#lock = lock;
    this.#records = records;
    this.#feed = feed;
    this.#journal = new FileJournal(path);
  }

  /** @returns false, with nothing changed, if an expectation does not hold */
  write(changes: readonly Change[]): boolean {
    if (!changes.every((change) => this.#holds(change))) return false;
    // A record that is not there need not be removed.
    const real = changes.filter(({ expected, next }) => next !== 'same' && (expected ?? next) !== undefined);
    if (real.length > 0) this.#commit(this.#prepare(real));
    return true;
  }

  /** Finishes what a writer before has begun. */
  recover(): void {
    this.#feed.mend();
    const entry = this.#journal.read();
    if (!this.#feed.isCurrent()) this.#restart(entry);
    else if (entry?.epoch !== this.#feed.epoch) return;
    else if (this.#feed.latest() < entry.first + entry.moves.length - 1) this.#finish(entry);
    else if (entry.synced) this.#journal.clear(true);
  }

  /** Removes what writers left who died before they had written the journal. After `recover`. */
  removeDrafts(): void {
    for (const name of namesIn(this.#temporary)) removeFile(join(this.#temporary, name));
  }

  #holds(change: Change): boolean {
    const { kind, id, expected } = change;
    if (expected instanceof Uint8Array) return holds(change, this.#records.read(kind, id));
    return this.#records.has(kind, id) === (expected === 'present');
  }

  #prepare(changes: readonly Change[]): Entry {
    const moves: Move[] = [];
    try {
      for (const { kind, id, next } of changes) {
        const draft = `${randomUUID()}.tmp`;
        moves.push({ kind, id, ...(next === undefined ? {} : { draft }), tokens: tokensOf(next) });
        if (next === undefined) continue;
        makeFolder(this.#records.folderOf(kind, id));
        writeSynced(join(this.#temporary, draft), fileContent(next as Content));
      }
      if (moves.length > 1) syncFolder(this.#temporary);
    } catch (error) {
      this.#discard(moves);
      throw error;
    }
    return { epoch: this.#feed.epoch, first: this.#feed.latest() + 1, synced: moves.length > 1, moves };
  }

  #commit(entry: Entry): void {
    try {
      this.#lock.assertHeld();
      this.#journal.write(entry);
      this.#move(entry.moves.slice(0, 1));
    } catch (error) {
      // If even this fails, the write stays as it is: the next writer finishes it.
      this.#journal.clear(entry.synced);
      this.#discard(entry.moves);
      throw error;
    }
    this.#finish(entry);
  }

  /** All of it may have been done before. */
  #finish(entry: Entry): void {
    this.#move(entry.moves);
    this.#sync(entry);
    const told = Math.max(0, this.#feed.latest() + 1 - entry.first);
    this.#feed.append(
      entry.moves
        .slice(told)
        .map(({ kind, id, draft, tokens }) => ({ kind, id, deleted: draft === undefined, tokens })),
    );
    if (entry.synced) this.#journal.clear(true);
  }

  /**
   * Begins a new feed. After a failure of the machine the journal is the last one that was synced: it is finished once more, since
   * nothing was written after it before it was cleared.
   */
  #restart(entry: Entry | undefined): void {
    if (entry?.synced) {
      this.#move(entry.moves);
      this.#sync(entry);
    }
    this.#journal.clear(true);
    this.#feed.renew();
  }

  #move(moves: readonly Move[]): void {
    for (const { kind, id, draft } of moves) {
      const path = this.#records.pathOf(kind, id);
      unlessMissing(() =>
        draft === undefined ? unlinkSync(path) : renameSync(join(this.#temporary, draft), path),
      );
    }
  }

  #sync({ moves }: Entry): void {
    const folders = new Set(moves.map(({ kind, id }) => this.#records.folderOf(kind, id)));
    for (const folder of folders) unlessMissing(() => syncFolder(folder));
  }

  #discard(moves: readonly Move[]): void {
    for (const { draft } of moves) if (draft !== undefined) removeFile(join(this.#temporary, draft));
  }
}

const tokensOf = (next: Change['next']): readonly string[] => (typeof next === 'object' ? next.tokens : []);
