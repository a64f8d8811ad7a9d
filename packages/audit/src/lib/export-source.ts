/** Opens exports, as what a stranger may have made of them. */
import { stat } from 'node:fs/promises';
import { AuditError } from '../errors.js';
import { checkMember, type ExportSource, extra, longest } from './export-parts.js';
import { PlainFiles } from './plain-files.js';
import { TarFile } from './tar-file.js';

/**
 * Opens an export.
 * @throws AuditError `audit_log_unavailable` where nothing is there or it cannot be read, `export_malformed`, `audit_log_corrupt`
 */
export async function openExport(path: string): Promise<ExportSource> {
  const found = await stat(path).catch((cause: Error) => {
    throw new AuditError('audit_log_unavailable', `${path} cannot be read: ${cause.message}`, {
      cause,
      hint: 'Name the folder or the file of an export.',
    });
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
    return this.#files.read(path, longest(path) as number);
  }

  pieces(path: string): AsyncIterable<Uint8Array> {
    return this.#files.pieces(path);
  }

  async close(): Promise<void> {}

  /** No name of an export is deeper than its tiles', so that there is nothing to get lost in. */
  async #list(folder: string): Promise<void> {
    const { files, folders } = await this.#files.list(folder);
    for (const name of files) {
      const path = folder === '.' ? name : `${folder}/${name}`;
      const size = await this.#files.size(path);
      checkMember(path, size, this.names);
      this.names.set(path, size);
    }
    if (files.length + folders.length === 0) throw extra(folder, 'is an empty folder');
    for (const name of folders) {
      const path = folder === '.' ? name : `${folder}/${name}`;
      if (!/^tile(?:\/(?:entries|\d{1,2})(?:\/x\d{3}){0,5}(?:\/\d{3}\.p)?)?$/.test(path))
        throw extra(path, 'is no part of an export');
      await this.#list(path);
    }
  }
}
