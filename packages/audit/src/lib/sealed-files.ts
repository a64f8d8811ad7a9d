/** The sealed values of entries that a checkpoint covers: a file for each 256 of them. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { AuditError } from '../errors.js';
import type { DiskRoom } from './disk-room.js';
import { makeFolder, readAll, removeFile, syncFolder, unlessMissing, withFile, writeAll } from './files.js';
import { TILE_WIDTH, tilePath } from './tile-format.js';

/** Before each: its place among the 256, the length, and the CRC of both and of the bytes. */
const HEADER = 2 + 4 + 4;
const MAX_BYTES = 64 * 1024 * 1024;

export interface SealedEntry {
  readonly index: number;
  readonly sealed: Uint8Array;
}

export class SealedFiles {
  readonly #folder: string;
  readonly #room: DiskRoom;

  constructor(folder: string, room: DiskRoom) {
    this.#folder = folder;
    this.#room = room;
  }

  /** Adds values of entries in the order of their indexes, durably. What stands there of them or of later ones is replaced. */
  async add(entries: readonly SealedEntry[]): Promise<void> {
    for (let i = 0; i < entries.length; ) {
      const bundle = bundleOf((entries[i] as SealedEntry).index);
      let end = i;
      while (end < entries.length && bundleOf((entries[end] as SealedEntry).index) === bundle) end++;
      await this.#addTo(bundle, entries.slice(i, end));
      i = end;
    }
  }

  /** @throws AuditError `audit_log_corrupt` where they are not as they were written */
  async read(index: number): Promise<Uint8Array | undefined> {
    const path = this.#path(bundleOf(index));
    return unlessMissing(() =>
      withFile(path, 'r', async (file) => {
        for (let at = 0; ; ) {
          const header = Buffer.alloc(HEADER);
          if ((await readAll(file, header, at)) < HEADER) return undefined;
          const length = header.readUInt32BE(2);
          at += HEADER;
          if (header.readUInt16BE(0) === index % TILE_WIDTH) {
            const bytes = Buffer.alloc(Math.min(length, MAX_BYTES));
            await readAll(file, bytes, at);
            if (header.readUInt32BE(6) === crcOf(header, bytes)) return bytes;
            throw new AuditError('audit_log_corrupt', `${path}: the values of entry ${index} are damaged`, {
              hint: 'Take the file from a copy. The log itself verifies without it.',
            });
          }
          at += length;
        }
      }),
    );
  }

  /** Removes the values of 256 entries. */
  remove(bundle: number): Promise<void> {
    return removeFile(this.#path(bundle));
  }

  async #addTo(bundle: number, entries: readonly SealedEntry[]): Promise<void> {
    const path = this.#path(bundle);
    await makeFolder(dirname(path), 0o700, this.#folder);
    const bytes = Buffer.concat(entries.flatMap(({ index, sealed }) => [headerOf(index, sealed), sealed]));
    const first = (entries[0] as SealedEntry).index % TILE_WIDTH;
    const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    try {
      const at = await endBefore(file, first);
      await file.truncate(at);
      await this.#room.give(() => writeAll(file, bytes, at));
      await file.sync();
      if (at === 0) await syncFolder(dirname(path));
    } finally {
      await file.close();
    }
  }

  #path(bundle: number): string {
    return join(this.#folder, tilePath('entries', bundle).slice('tile/entries/'.length));
  }
}

const bundleOf = (index: number): number => Math.floor(index / TILE_WIDTH);

function headerOf(index: number, sealed: Uint8Array): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeUInt16BE(index % TILE_WIDTH, 0);
  header.writeUInt32BE(sealed.length, 2);
  header.writeUInt32BE(crcOf(header, sealed), 6);
  return header;
}

const crcOf = (header: Buffer, bytes: Uint8Array): number => crc32(bytes, crc32(header.subarray(0, 6)));

/** Where the values of a place and of those after it begin: the end of the file, unless a publication was interrupted. */
async function endBefore(file: FileHandle, place: number): Promise<number> {
  const header = Buffer.alloc(HEADER);
  const { size } = await file.stat();
  for (let at = 0; ; ) {
    if ((await readAll(file, header, at)) < HEADER || header.readUInt16BE(0) >= place) return at;
    const next = at + HEADER + header.readUInt32BE(2);
    if (next > size) return at;
    at = next;
  }
}
