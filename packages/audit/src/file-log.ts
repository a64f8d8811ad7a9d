import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Appended, HeadKeeper, LogBackend, LogRecord, LogTile, Publication } from './backend.js';
import { AuditError } from './errors.js';
import { FileHeadKeeper } from './head-keeper.js';
import { DiskRoom } from './lib/disk-room.js';
import { attempt, contentOf, makeFolder, replaceFile } from './lib/files.js';
import { Journal } from './lib/journal.js';
import type { JournalRecord } from './lib/journal-batch.js';
import { takeLock } from './lib/lock.js';
import { checkIndex, checkPrune, checkRecords, checkSizes, checkTile } from './lib/log-arguments.js';
import { HASH_BYTES } from './lib/merkle.js';
import { OpenPermits } from './lib/open-permits.js';
import { type SealedEntry, SealedFiles } from './lib/sealed-files.js';
import { bundleStart, TileFiles, tileStart } from './lib/tile-files.js';
import { TILE_WIDTH, tileWidth } from './lib/tiles.js';

const FORMAT = 'stele-audit/1\n';
/** So many sealed bytes are held at a time. */
const SEALED_BYTES = 8 * 1024 * 1024;

/** What is there while the log is open. */
interface Parts {
  readonly unlock: () => void;
  readonly room: DiskRoom;
  readonly journal: Journal;
  readonly tiles: TileFiles;
  readonly sealed: SealedFiles;
  readonly permits: OpenPermits;
  checkpoint: string | undefined;
  published: number;
  first: number;
}

/**
 * A log in a folder, which a static file server can serve as it is (C2SP tlog-tiles). Beside it are
 *
 *   <folder>.private/   lock, journal of records that no checkpoint covers yet, sealed values, permits without an outcome,
 *                       and a reserve of disk; for the owner alone
 *   <folder>.head       the highest checkpoint that was signed, unless another keeper is given to the log
 *
 * It needs a local POSIX file system with hard links.
 */
export class FileLogBackend implements LogBackend {
  readonly shared = false;
  readonly #path: string;
  #heads: HeadKeeper | undefined;
  #parts: Parts | undefined;
  #state: 'new' | 'open' | 'closed' = 'new';
  /** Set once it is not known any more what is durable. */
  #broken: unknown;

  /** @throws TypeError for a path that is no string or empty */
  constructor(folder: string) {
    if (typeof folder !== 'string' || folder === '' || folder.includes('\0')) {
      throw new TypeError('the path of a log is a string that is not empty');
    }
    this.#path = resolve(folder);
  }

  get name(): string {
    return this.#path;
  }

  /** Known once the log is open. */
  get heads(): HeadKeeper | undefined {
    return this.#heads;
  }

  async open(): Promise<{ size: number; cutBytes: number }> {
    if (this.#state !== 'new') throw closed();
    this.#state = 'open';
    try {
      return await attempt(this.#path, () => this.#open());
    } catch (error) {
      this.#state = 'new';
      throw error;
    }
  }

  async append(at: number, records: readonly LogRecord[]): Promise<Appended> {
    const parts = this.#usable();
    checkRecords(at, records);
    const { journal, permits } = parts;
    if (at !== journal.size) return { appended: false, size: journal.size };
    await this.#unlessBroken(() => journal.append(records));
    permits.note(at, records);
    return { appended: true, size: journal.size };
  }

  async size(): Promise<number> {
    return this.#usable().journal.size;
  }

  async *records(from: number, to: number): AsyncGenerator<Pick<LogRecord, 'leaf' | 'hash'>[]> {
    const { journal } = this.#usable();
    for await (const records of journal.records(from, to)) yield records;
  }

  async stage(tiles: readonly LogTile[]): Promise<void> {
    const parts = this.#usable();
    await attempt(this.#path, () => parts.tiles.write(tiles));
  }

  async publish({ before, checkpoint, size, tiles }: Publication): Promise<boolean> {
    const parts = this.#usable();
    if (before !== parts.checkpoint) return false;
    checkSizes(size, parts.published, parts.journal.size);
    return attempt(this.#path, async () => {
      const from = parts.published;
      await this.#moveSealed(parts, size);
      await parts.tiles.write(tiles);
      try {
        await parts.tiles.writeCheckpoint(checkpoint);
      } finally {
        // Had the last sync failed, either of the two may be there.
        Object.assign(parts, await published(parts.tiles));
      }
      await parts.tiles.removePartials(from, size);
      await parts.room.look();
      await retire(parts);
      return true;
    });
  }

  async checkpoint(): Promise<string | undefined> {
    return this.#opened().checkpoint;
  }

  async tile(level: number, index: number, width: number): Promise<Uint8Array | undefined> {
    checkTile(level, index, width);
    const bytes = await this.#readTile(level, index, width);
    return bytes && tileStart(bytes, width);
  }

  async entries(index: number, width: number): Promise<Uint8Array | undefined> {
    checkTile('entries', index, width);
    const bytes = await this.#readTile('entries', index, width);
    return bytes && bundleStart(bytes, width);
  }

  async first(): Promise<number> {
    return this.#opened().first;
  }

  async sealed(index: number): Promise<Uint8Array | undefined> {
    checkIndex(index);
    const { journal, sealed, published: covered, first } = this.#opened();
    if (index < first) return undefined;
    return attempt(this.#path, async () => {
      if (index < covered) return sealed.read(index);
      try {
        for await (const [record] of journal.records(index, index + 1)) return record?.sealed;
      } catch (error) {
        if (index >= this.#opened().published) throw error;
      }
      // It was published meanwhile, and is elsewhere now.
      return index < this.#opened().published ? sealed.read(index) : undefined;
    });
  }

  async unsettled(): Promise<number[]> {
    return this.#opened().permits.earlier();
  }

  async prune(before: number): Promise<void> {
    const parts = this.#usable();
    checkPrune(before, parts.published);
    const from = parts.first;
    if (before <= from) return;
    parts.first = before;
    try {
      await attempt(this.#path, async () => {
        // The values first: it can be done again as long as a bundle of entries is there.
        for (let i = from / TILE_WIDTH; i < before / TILE_WIDTH; i++) await parts.sealed.remove(i);
        await parts.tiles.prune(from, before);
      });
    } catch (error) {
      parts.first = await attempt(this.#path, () => parts.tiles.first(parts.published));
      throw error;
    }
  }

  async close(): Promise<void> {
    const parts = this.#parts;
    this.#parts = undefined;
    this.#state = 'closed';
    if (parts === undefined) return;
    try {
      await attempt(this.#path, () => this.#end(parts));
    } finally {
      await attempt(this.#path, async () => parts.unlock());
    }
  }

  /** Leaves the journal as it is unless all of it is public, and what it says of permits is written down. */
  async #end({ journal, permits, room, published: size }: Parts): Promise<void> {
    try {
      if (this.#broken === undefined && size >= journal.size) {
        await room.give(() => permits.save());
        await journal.remove();
      }
    } finally {
      await journal.abandon();
    }
  }

  async #open(): Promise<{ size: number; cutBytes: number }> {
    await makeFolder(this.#path, 0o755);
    // By two names one log would have two locks, and so two writers.
    const folder = await realpath(this.#path);
    const beside = `${folder}.private`;
    await makeFolder(beside, 0o700);
    await makeFolder(join(beside, 'journal'), 0o700, beside);
    const unlock = takeLock(join(beside, 'lock'), folder);
    try {
      await checkFormat(join(beside, 'format'));
      const parts = await this.#load(folder, beside, unlock);
      const cutBytes = await parts.journal.open(parts.published, (at, records) =>
        recover(parts, at, records),
      );
      this.#parts = parts;
      await retire(parts);
      parts.permits.begin();
      this.#heads = new FileHeadKeeper(`${folder}.head`);
      return { size: parts.journal.size, cutBytes };
    } catch (error) {
      await this.#parts?.journal.abandon();
      this.#parts = undefined;
      // Why it cannot be opened is what matters; a lock that stays is one of a process that is gone, sooner or later.
      await attempt(folder, async () => unlock()).catch(() => undefined);
      throw error;
    }
  }

  async #load(folder: string, beside: string, unlock: () => void): Promise<Parts> {
    const room = new DiskRoom(join(beside, 'reserve'), beside);
    await room.open();
    const permits = new OpenPermits(join(beside, 'permits'));
    await permits.load();
    const tiles = new TileFiles(folder, room);
    const found = await published(tiles);
    return {
      ...found,
      unlock,
      room,
      permits,
      tiles,
      journal: new Journal(join(beside, 'journal'), room),
      sealed: new SealedFiles(join(beside, 'values'), room),
      first: await tiles.first(found.published),
    };
  }

  async #moveSealed({ journal, sealed, published: from }: Parts, to: number): Promise<void> {
    if (!journal.hasSealed(from, to)) return;
    let entries: SealedEntry[] = [];
    let [index, bytes] = [from, 0];
    for await (const records of journal.records(from, to)) {
      for (const record of records) {
        if (record.sealed !== undefined) {
          entries.push({ index, sealed: record.sealed });
          bytes += record.sealed.length;
        }
        index++;
      }
      if (bytes < SEALED_BYTES) continue;
      await sealed.add(entries);
      entries = [];
      bytes = 0;
    }
    await sealed.add(entries);
  }

  async #readTile(level: number | 'entries', index: number, width: number): Promise<Buffer | undefined> {
    const parts = this.#opened();
    const row = level === 'entries' ? 0 : level;
    for (;;) {
      const size = parts.published;
      const isPruned = (index + 1) * TILE_WIDTH ** (row + 1) <= parts.first;
      const has = isPruned ? 0 : tileWidth(row, index, size);
      if (width > has) return undefined;
      const bytes = await attempt(this.#path, () => parts.tiles.read(level, index, has));
      // It has grown meanwhile, and gone from where it was.
      if (bytes !== undefined || size === parts.published) return bytes;
    }
  }

  #opened(): Parts {
    if (this.#parts === undefined) throw closed();
    return this.#parts;
  }

  #usable(): Parts {
    const parts = this.#opened();
    if (this.#broken === undefined) return parts;
    throw new AuditError(
      'audit_log_unavailable',
      `${this.#path}: a write has failed, and what of it is durable is not known`,
      {
        cause: this.#broken,
        hint: 'Look at the health of the disk, then open the log again.',
      },
    );
  }

  async #unlessBroken(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      if ((error as { code?: unknown }).code === 'audit_disk_low') throw error;
      this.#broken = error;
      this.#usable();
    }
  }
}

/** Removes what of the journal is public, after what it says of permits was written down. */
async function retire({ journal, permits, room, published: size }: Parts): Promise<void> {
  if (!journal.hasRetired(size)) return;
  await room.give(() => permits.save());
  await journal.retire(size);
}

async function published(tiles: TileFiles): Promise<{ checkpoint: string | undefined; published: number }> {
  const { checkpoint, size } = await tiles.checkpoint();
  return { checkpoint, published: size };
}

/** Takes account of what the journal holds, and compares what of it is public already. */
async function recover(parts: Parts, at: number, records: readonly JournalRecord[]): Promise<void> {
  parts.permits.note(at, records);
  for (let i = 0; i < records.length && at + i < parts.published; ) {
    const index = Math.floor((at + i) / TILE_WIDTH);
    const width = tileWidth(0, index, parts.published);
    const tile = await parts.tiles.read(0, index, width);
    const end = Math.min(records.length, index * TILE_WIDTH + width - at);
    for (; i < end; i++) {
      const offset = ((at + i) % TILE_WIDTH) * HASH_BYTES;
      // A tile that is missing or pruned is for others to miss.
      if (
        tile === undefined ||
        tile.subarray(offset, offset + HASH_BYTES).equals(records[i]?.hash as Uint8Array)
      )
        continue;
      throw new AuditError(
        'audit_log_corrupt',
        `entry ${at + i} is another one in the journal than in the tiles`,
        {
          hint: 'The folder and the one beside it are of different logs, or of different times. Restore both from one copy.',
        },
      );
    }
  }
}

async function checkFormat(path: string): Promise<void> {
  const found = await contentOf(path, 4096);
  if (found === undefined) return replaceFile(path, Buffer.from(FORMAT));
  if (found.toString('utf8') === FORMAT) return;
  throw new AuditError('audit_log_version', `${path} names a format that is not known here`, {
    hint: 'It was written by a newer version of this software: use that one.',
  });
}

function closed(): AuditError {
  return new AuditError('audit_log_closed', 'the log is not open');
}
