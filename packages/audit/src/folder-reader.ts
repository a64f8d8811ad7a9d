/** A log in a folder, as C2SP tlog-tiles lays it out. */
import type { LogReader } from './backend.js';
import { AuditError } from './errors.js';
import { LeafCursor } from './lib/leaf-cursor.js';
import { HASH_BYTES } from './lib/merkle.js';
import { MAX_NOTE_BYTES } from './lib/note.js';
import { PlainFiles } from './lib/plain-files.js';
import { MAX_LEAF_BYTES, TILE_WIDTH, tilePath } from './lib/tiles.js';

/** The most bytes that a bundle of entries can have. */
export const MAX_BUNDLE_BYTES = TILE_WIDTH * (2 + MAX_LEAF_BYTES);
/** Tile indexes have up to sixteen digits, three for each folder. */
const MAX_DEPTH = 6;
const LOOKS = 3;

interface Found {
  readonly bytes: Uint8Array;
  readonly path: string;
  readonly width: number;
}

/**
 * Reads a log from the folder that a static file server would serve. Nothing in it is believed: links are refused, and so are
 * files of a size that none of a log has.
 */
export class FolderLogReader implements LogReader {
  readonly name: string;
  readonly #files: PlainFiles;

  /**
   * @param path of the folder that holds `checkpoint` and `tile/`
   * @throws TypeError for a path that is no string or empty
   */
  constructor(path: string) {
    this.#files = new PlainFiles(path);
    this.name = path;
  }

  /** @throws AuditError `audit_log_unavailable` if there is no such folder, `audit_log_corrupt` */
  async checkpoint(): Promise<string | undefined> {
    const bytes = await this.#files.read('checkpoint', MAX_NOTE_BYTES);
    if (bytes !== undefined) return utf8(bytes, `${this.name}/checkpoint`);
    if ((await this.#files.list('.')).isThere) return undefined;
    throw new AuditError('audit_log_unavailable', `there is no folder ${this.name}`, {
      hint: 'Name the folder that holds the file “checkpoint”.',
    });
  }

  /** @throws AuditError `audit_log_corrupt` for a file that has not the length that its name says */
  async tile(level: number, index: number, width: number): Promise<Uint8Array | undefined> {
    const found = await this.#widest(level, index, width, TILE_WIDTH * HASH_BYTES);
    if (found === undefined) return undefined;
    const { bytes, path } = found;
    if (bytes.length === found.width * HASH_BYTES) return bytes.subarray(0, width * HASH_BYTES);
    throw new AuditError(
      'audit_log_corrupt',
      `${this.name}/${path} has ${bytes.length} bytes, not ${found.width * HASH_BYTES}`,
      {
        hint: 'Take the tile from a copy of the log.',
      },
    );
  }

  /**
   * A bundle that breaks off is given as far as it goes, so that whoever verifies it can say where.
   * @throws AuditError `audit_log_corrupt` for a file that is longer than a bundle can be
   */
  async entries(index: number, width: number): Promise<Uint8Array | undefined> {
    const found = await this.#widest('entries', index, width, MAX_BUNDLE_BYTES);
    if (found === undefined || found.width === width) return found?.bytes;
    return found.bytes.subarray(0, lengthOf(found.bytes, width));
  }

  /** Found by looking for the first bundle: no file of a log says it. */
  async first(): Promise<number> {
    let folders = ['tile/entries'];
    for (let depth = 0; depth < MAX_DEPTH && folders.length > 0; depth++) {
      const deeper: string[] = [];
      for (const folder of folders) {
        const { files, folders: below } = await this.#files.list(folder);
        const [lowest] = [...files, ...below].filter((name) => /^\d{3}(?:\.p)?$/.test(name)).sort();
        if (lowest !== undefined) return indexOf(`${folder}/${lowest}`) * TILE_WIDTH;
        deeper.push(...below.filter((name) => /^x\d{3}$/.test(name)).map((name) => `${folder}/${name}`));
      }
      // Empty folders are left where everything below was pruned.
      folders = deeper.sort();
    }
    return 0;
  }

  /** A log that is written meanwhile may replace a partial tile by a wider one between two looks. */
  async #widest(level: number | 'entries', index: number, width: number, most: number) {
    let found: Found | undefined;
    for (let look = 0; found === undefined && look < LOOKS; look++) {
      found = await this.#look(level, index, width, most);
    }
    return found;
  }

  /** The tile of that width; else the full one, or else a partial one that is wider. */
  async #look(
    level: number | 'entries',
    index: number,
    width: number,
    most: number,
  ): Promise<Found | undefined> {
    for (const each of new Set([width, TILE_WIDTH])) {
      const path = tilePath(level, index, each);
      const bytes = await this.#files.read(path, most);
      if (bytes !== undefined) return { bytes, path, width: each };
    }
    const folder = `${tilePath(level, index)}.p`;
    const { files } = await this.#files.list(folder);
    const wider = files.filter((name) => /^[1-9]\d{0,2}$/.test(name)).map(Number);
    const next = Math.min(...wider.filter((each) => each > width && each < TILE_WIDTH));
    const path = `${folder}/${next}`;
    const bytes = await this.#files.read(path, most);
    return bytes && { bytes, path, width: next };
  }
}

/** Where the first entries of a bundle end, or all that there is of it. */
function lengthOf(bundle: Uint8Array, width: number): number {
  const cursor = new LeafCursor(bundle);
  for (let i = 0; i < width; i++) if (cursor.next() === undefined) return bundle.length;
  return cursor.at;
}

function indexOf(path: string): number {
  return Number(path.replaceAll(/\D/g, ''));
}

/** @throws AuditError `audit_log_corrupt` */
function utf8(bytes: Uint8Array, where: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new AuditError('audit_log_corrupt', `${where} is no text in UTF-8`, { cause });
  }
}
