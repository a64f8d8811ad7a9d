/** The public part of a log of files: tiles and a checkpoint, as C2SP tlog-tiles lays them out. */
import { rename, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { LogTile } from '../backend.js';
import { AuditError } from '../errors.js';
import { readCheckpoint } from './checkpoint.js';
import type { DiskRoom } from './disk-room.js';
import {
  contentOf,
  makeFolder,
  namesIn,
  removeFile,
  replaceFile,
  syncFolder,
  withFile,
  writeAll,
} from './files.js';
import { HASH_BYTES } from './merkle.js';
import { MAX_NOTE_BYTES } from './note.js';
import { MAX_LEAF_BYTES, TILE_WIDTH, tilePath } from './tile-format.js';

const MAX_BUNDLE_BYTES = TILE_WIDTH * (2 + MAX_LEAF_BYTES);
/** So many files are written at a time, and so many synced: a thread must be left that writes what is appended. */
const WRITTEN_TOGETHER = 8;
const SYNCED_TOGETHER = 2;
/** Whoever serves the folder may be another user than the one who writes it, as far as the umask says so. */
const FOLDER_MODE = 0o755;
const FILE_MODE = 0o644;
const MAX_KNOWN = 1_000;

type Level = number | 'entries';

export class TileFiles {
  readonly #folder: string;
  readonly #room: DiskRoom;
  /** Folders that are there, and stay there. */
  readonly #known = new Set<string>();
  readonly #syncs = new Turns(SYNCED_TOGETHER);

  constructor(folder: string, room: DiskRoom) {
    this.#folder = folder;
    this.#room = room;
  }

  /** @returns the published checkpoint and the size that it says; nobody has verified it */
  async checkpoint(): Promise<{ checkpoint: string | undefined; size: number }> {
    const path = join(this.#folder, 'checkpoint');
    const bytes = await contentOf(path, MAX_NOTE_BYTES);
    if (bytes === undefined) return { checkpoint: undefined, size: 0 };
    try {
      return { checkpoint: bytes.toString('utf8'), size: readCheckpoint(bytes).size };
    } catch (cause) {
      throw new AuditError('audit_log_corrupt', `${path} is no checkpoint`, {
        cause,
        hint: 'Put back the newest checkpoint from a copy.',
      });
    }
  }

  /** Replaces the checkpoint as a whole, durably. */
  writeCheckpoint(checkpoint: string): Promise<void> {
    const path = join(this.#folder, 'checkpoint');
    return this.#room.give(() => replaceFile(path, Buffer.from(checkpoint), FILE_MODE));
  }

  /** A tile or bundle as it is in its file; undefined where there is none. */
  async read(level: Level, index: number, width: number): Promise<Buffer | undefined> {
    return contentOf(join(this.#folder, tilePath(level, index, width)), MAX_BUNDLE_BYTES);
  }

  /** Writes tiles, durably. A file is there as a whole or not at all: whoever serves it may never ask again. */
  async write(tiles: readonly LogTile[]): Promise<void> {
    const waiting = [...tiles];
    const folders = new Set<string>();
    if (this.#known.size > MAX_KNOWN) this.#known.clear();
    const worker = async () => {
      for (let tile = waiting.shift(); tile !== undefined; tile = waiting.shift()) {
        const path = join(this.#folder, tilePath(tile.level, tile.index, tile.width));
        const { bytes } = tile;
        await this.#room.give(() => this.#writeWhole(path, bytes));
        folders.add(dirname(path));
      }
    };
    await allSettled(Array.from({ length: WRITTEN_TOGETHER }, worker));
    for (const folder of folders) await syncFolder(folder);
  }

  async #writeWhole(path: string, bytes: Uint8Array): Promise<void> {
    const folder = dirname(path);
    if (!this.#known.has(folder)) await makeFolder(folder, FOLDER_MODE, this.#folder);
    this.#known.add(folder);
    await withFile(
      `${path}.new`,
      'w',
      async (file) => {
        await writeAll(file, bytes, 0);
        await this.#syncs.run(() => file.sync());
      },
      FILE_MODE,
    );
    await rename(`${path}.new`, path);
  }

  /** Removes the partial forms of tiles that became full between two sizes. */
  async removePartials(from: number, to: number): Promise<void> {
    for (let level = 0; TILE_WIDTH ** level <= to; level++) {
      const index = Math.floor(from / TILE_WIDTH ** (level + 1));
      if ((index + 1) * TILE_WIDTH ** (level + 1) > to) continue;
      await this.#removePartial(level, index);
      if (level === 0) await this.#removePartial('entries', index);
    }
  }

  async #removePartial(level: Level, index: number): Promise<void> {
    const folder = join(this.#folder, `${tilePath(level, index)}.p`);
    const names = await namesIn(folder);
    for (const name of names) await removeFile(join(folder, name));
    if (names.length === 0) return;
    await rmdir(folder);
    this.#known.delete(folder);
  }

  /** The index of the first entry that is there, found from the files, of a log of some size. */
  async first(size: number): Promise<number> {
    // Bundles are removed from the first on, so that those which are there are the last ones.
    let [low, high] = [0, Math.floor(size / TILE_WIDTH)];
    while (low < high) {
      const middle = (low + high) >> 1;
      const found = await namesIn(dirname(join(this.#folder, tilePath('entries', middle))));
      const name = tilePath('entries', middle).slice(-3);
      if (found.includes(name)) high = middle;
      else low = middle + 1;
    }
    return low * TILE_WIDTH;
  }

  /** Removes full tiles and bundles of entries below an index, the first ones first. */
  async prune(from: number, before: number): Promise<void> {
    const last = before / TILE_WIDTH;
    // A removal that was interrupted has left at most the tile of the bundle that it removed last.
    for (let index = Math.max(0, from / TILE_WIDTH - 1); index < last; index++) {
      await this.#remove('entries', index);
      for (let level = 0, i = index; ; level++) {
        await this.#remove(level, i);
        if ((i + 1) % TILE_WIDTH !== 0) break;
        i = Math.floor(i / TILE_WIDTH);
      }
    }
  }

  async #remove(level: Level, index: number): Promise<void> {
    await removeFile(join(this.#folder, tilePath(level, index)));
    await this.#removePartial(level, index);
  }
}

/** Lets so many through at a time. */
class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async run<T>(step: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await step();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}

/** The first entries of a bundle. */
export function bundleStart(bundle: Buffer, width: number): Buffer {
  let end = 0;
  for (let i = 0; i < width && end + 2 <= bundle.length; i++) end += 2 + bundle.readUInt16BE(end);
  return bundle.subarray(0, end);
}

export const tileStart = (tile: Buffer, width: number): Buffer => tile.subarray(0, width * HASH_BYTES);

/** Waits for all, even if one fails, so that none goes on behind the back of the caller. */
async function allSettled(steps: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(steps)) if (result.status === 'rejected') throw result.reason;
}
