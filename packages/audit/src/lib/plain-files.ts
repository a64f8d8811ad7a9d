/** Files below one folder, read as what a stranger may have put there: no link is followed, and no file is read without end. */
import { constants } from 'node:fs';
import { type FileHandle, open, opendir, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AuditError } from '../errors.js';
import { readAll } from './files.js';

/** Above what any folder of a log or an export holds: 1,000 tiles, 1,000 folders of more, and a partial tile. */
const MAX_NAMES = 4_096;
/** How many folders are remembered as being where they seem to be. */
const MAX_FOLDERS = 64;
const PIECE = 1024 * 1024;
/** Neither through a link at its end, nor waiting for a pipe that nobody writes to. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** What is in a folder. */
export interface Listing {
  readonly isThere: boolean;
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

export class PlainFiles {
  readonly root: string;
  #realRoot: string | undefined;
  readonly #folders = new Set<string>();

  /** @param root may itself be reached through a link: whoever names it means what it points to */
  constructor(root: string) {
    if (typeof root !== 'string' || root === '') throw new TypeError('the path of a folder is a string');
    this.root = root;
  }

  /**
   * A file as a whole.
   * @param path relative, with `/` between its parts
   * @param most how many bytes it may have
   * @returns undefined where there is none
   * @throws AuditError `audit_log_corrupt` for a link, a folder, a device or a file that is longer; `audit_log_unavailable`
   */
  async read(path: string, most: number): Promise<Uint8Array | undefined> {
    return this.#with(path, async (file, size) => {
      if (size > most) throw this.#corrupt(path, `has ${size} bytes; ${most} is the most`);
      return readFrom(file, size);
    });
  }

  /** The length of a file that was listed, in bytes. */
  async size(path: string): Promise<number> {
    return (await this.#with(path, async (_, size) => size)) ?? 0;
  }

  /** A file in pieces of up to 1 MiB. */
  async *pieces(path: string): AsyncGenerator<Uint8Array> {
    for (let at = 0; ; at += PIECE) {
      const piece = await this.#with(path, (file, size) =>
        readFrom(file, Math.max(0, Math.min(PIECE, size - at)), at),
      );
      if (piece === undefined || piece.length === 0) return;
      yield piece;
    }
  }

  /**
   * Runs a step on a file that is open for reading.
   * @returns undefined where there is no such file
   */
  async #with<T>(path: string, step: (file: FileHandle, size: number) => Promise<T>): Promise<T | undefined> {
    return this.#unlessMissing(path, async () => {
      await this.#checkFolder(path, dirname(path));
      const file = await open(join(this.root, path), FLAGS);
      try {
        const found = await file.stat();
        if (!found.isFile()) throw this.#corrupt(path, 'is no plain file');
        return await step(file, found.size);
      } finally {
        await file.close();
      }
    });
  }

  /**
   * What is in a folder, in no order; nothing where there is no such folder.
   * @throws AuditError as for `read`, and `audit_log_corrupt` for what is neither file nor folder, or more than 4,096 names
   */
  async list(path: string): Promise<Listing> {
    const found = { isThere: false, files: [] as string[], folders: [] as string[] };
    await this.#unlessMissing(path, async () => {
      await this.#checkFolder(path, path);
      let left = MAX_NAMES;
      for await (const each of await opendir(join(this.root, path))) {
        if (left-- === 0) throw this.#corrupt(path, `holds more than ${MAX_NAMES} names`);
        if (each.isFile()) found.files.push(each.name);
        else if (each.isDirectory()) found.folders.push(each.name);
        else throw this.#corrupt(join(path, each.name), 'is neither a file nor a folder');
      }
      found.isThere = true;
    });
    return found;
  }

  /** A folder on the way that is a link would lead elsewhere. */
  async #checkFolder(path: string, folder: string): Promise<void> {
    if (this.#folders.has(folder)) return;
    this.#realRoot ??= await realpath(this.root);
    if ((await realpath(join(this.root, folder))) !== join(this.#realRoot, folder)) {
      throw this.#corrupt(path, 'is reached through a link');
    }
    if (this.#folders.size === MAX_FOLDERS) this.#folders.clear();
    this.#folders.add(folder);
  }

  async #unlessMissing<T>(path: string, step: () => Promise<T>): Promise<T | undefined> {
    try {
      return await step();
    } catch (cause) {
      const code = (cause as { code?: unknown }).code;
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      if (code === 'ELOOP' || code === 'EMLINK') throw this.#corrupt(path, 'is a link');
      if (cause instanceof AuditError) throw cause;
      throw new AuditError(
        'audit_log_unavailable',
        `${join(this.root, path)} cannot be read: ${(cause as Error).message}`,
        {
          cause,
          hint: 'Look whether the folder is there and yours to read.',
        },
      );
    }
  }

  #corrupt(path: string, what: string): AuditError {
    return new AuditError('audit_log_corrupt', `${join(this.root, path)} ${what}`, {
      hint: 'A log is a folder of plain files; put back the original from a copy.',
    });
  }
}

/** Fewer bytes where the file has become shorter meanwhile. */
async function readFrom(file: FileHandle, size: number, at = 0): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  return bytes.subarray(0, await readAll(file, bytes, at));
}
