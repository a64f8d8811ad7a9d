/** The files of an export, in a folder or in a tar, read as what a stranger may have made of them. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MAX_BUNDLE_BYTES } from '../folder-reader.js';
import { AuditError } from '../errors.js';
import { CHECKPOINT, ENTRIES, MANIFEST, MAX_MANIFEST_BYTES, MAX_PARTS } from './export-format.js';
import { HASH_BYTES } from './merkle.js';
import { MAX_NOTE_BYTES } from './note.js';
import { PlainFiles } from './plain-files.js';
import { TarFile } from './tar-file.js';
import { parseTilePath } from './tiles.js';

export interface ExportSource {
  /** Every file, with its length. */
  readonly names: ReadonlyMap<string, number>;
  /** Undefined where there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** A file in pieces. */
  pieces(path: string): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** The longest that a file of an export can be; undefined for a name that none has. */
export function longest(path: string): number | undefined {
  if (path === MANIFEST) return MAX_MANIFEST_BYTES;
  if (path === CHECKPOINT) return MAX_NOTE_BYTES;
  if (path === ENTRIES) return Number.MAX_SAFE_INTEGER;
  const place = parseTilePath(path);
  if (place === undefined) return undefined;
  return place.level === 'entries' ? MAX_BUNDLE_BYTES : place.width * HASH_BYTES;
}

/**
 * Opens an export.
 * @throws AuditError `audit_log_unavailable` where nothing is there or it cannot be read, `export_malformed`, `audit_log_corrupt`
 */
export async function openExport(path: string): Promise<ExportSource> {
  const found = await stat(path).catch((cause: Error) => {
    throw new AuditError('audit_log_unavailable', `${path} cannot be read: ${cause.message}`, { cause, hint: 'Name the folder or the file of an export.' });
  });
  return found.isDirectory() ? FolderSource.open(path) : TarFile.open(path);
}

class FolderSource implements ExportSource {
  readonly names = new Map<string, number>();
  readonly #files: PlainFiles;

  private constructor(files: PlainFiles) {
    this.#files = files;
  }

  static async open(path: string): Promise<FolderSource> {
    const source = new FolderSource(new PlainFiles(path));
    await source.#list('.');
    return source;
  }

  read(path: string): Promise<Uint8Array | undefined> {
    return this.#files.read(path, longest(path) ?? 0);
  }

  pieces(path: string): AsyncIterable<Uint8Array> {
    return this.#files.pieces(path);
  }

  async close(): Promise<void> {}

  /** No name of an export is deeper than its tiles', so that there is nothing to get lost in. */
  async #list(folder: string): Promise<void> {
    const { files, folders } = (await this.#files.list(folder)) ?? { files: [], folders: [] };
    for (const name of files) {
      const path = folder === '.' ? name : `${folder}/${name}`;
      const size = await this.#files.size(path);
      checkMember(path, size, this.names);
      this.names.set(path, size);
    }
    if (files.length + folders.length === 0) throw extra(folder, 'is an empty folder');
    for (const name of folders) {
      const path = folder === '.' ? name : `${folder}/${name}`;
      if (!/^tile(?:\/(?:entries|\d{1,2})(?:\/x\d{3}){0,5}(?:\/\d{3}\.p)?)?$/.test(path)) throw extra(path, 'is no part of an export');
      await this.#list(path);
    }
  }
}

/** @throws AuditError `export_malformed` for a name or length that no part has, or one part too many */
export function checkMember(path: string, size: number, names: ReadonlyMap<string, number>): void {
  const most = longest(path);
  if (most === undefined) throw extra(path, 'is no part of an export');
  if (size > most) throw extra(path, `has ${size} bytes; ${most} is the most`);
  if (names.has(path)) throw extra(path, 'is there twice');
  if (names.size >= MAX_PARTS) throw extra(path, `is one too many; ${MAX_PARTS} parts are the most`);
}

function extra(path: string, what: string): AuditError {
  return new AuditError('export_malformed', `${JSON.stringify(path.slice(0, 200))} ${what}`);
}
