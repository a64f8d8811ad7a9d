/**
 * A tar of exactly the form that exports have, and of no other: not one byte of it may be otherwise, so that nothing can be
 * hidden in it and no reader of tars can see in it what another does not.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { AuditError } from '../errors.js';
import { checkMember, type ExportSource } from './export-parts.js';
import { readAll } from './files.js';
import { BLOCK, readTarHeader, TAR_END, tarHeader, tarPadding } from './tar-header.js';

const PIECE = 1024 * 1024;

interface Member {
  readonly start: number;
  readonly size: number;
}

export class TarFile implements ExportSource {
  readonly names = new Map<string, number>();
  readonly #members = new Map<string, Member>();
  readonly #file: FileHandle;
  readonly #size: number;

  private constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.#size = size;
  }

  /** @throws AuditError `export_malformed`, `audit_log_unavailable` */
  static async open(path: string): Promise<TarFile> {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((cause: Error) => {
      throw new AuditError('audit_log_unavailable', `${path} cannot be read: ${cause.message}`, { cause });
    });
    try {
      const found = await file.stat();
      if (!found.isFile()) throw malformed(0, 'this is neither a folder nor a plain file');
      const tar = new TarFile(file, found.size);
      await tar.#scan();
      return tar;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  async read(path: string): Promise<Uint8Array | undefined> {
    const member = this.#members.get(path);
    return member && this.#bytes(member.start, member.size);
  }

  async *pieces(path: string): AsyncGenerator<Uint8Array> {
    const { start, size } = this.#members.get(path) as Member;
    for (let at = 0; at < size; at += PIECE) yield this.#bytes(start + at, Math.min(PIECE, size - at));
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  /** Finds every member. */
  async #scan(): Promise<void> {
    let at = 0;
    for (;;) {
      const header = await this.#bytes(at, BLOCK);
      if (header.every((byte) => byte === 0)) break;
      const { name, size } = readTarHeader(header);
      if (!Buffer.from(tarHeader(name, size)).equals(header))
        throw malformed(at, 'here is no header that an export has');
      checkMember(name, size, this.names);
      const start = at + BLOCK;
      const padding = await this.#bytes(start + size, tarPadding(size));
      if (padding.some((byte) => byte !== 0))
        throw malformed(start + size, 'there is something behind a member');
      this.names.set(name, size);
      this.#members.set(name, { start, size });
      at = start + size + padding.length;
    }
    const end = await this.#bytes(at, TAR_END);
    if (end.some((byte) => byte !== 0) || at + TAR_END !== this.#size)
      throw malformed(at, 'it does not end where its members end');
  }

  async #bytes(at: number, length: number): Promise<Uint8Array> {
    if (at + length > this.#size) throw malformed(this.#size, 'it is cut off');
    const bytes = new Uint8Array(length);
    if ((await readAll(this.#file, bytes, at)) < length) throw malformed(at, 'it has become shorter');
    return bytes;
  }
}

function malformed(at: number, what: string): AuditError {
  return new AuditError('export_malformed', `the tar is not one of an export: at byte ${at}, ${what}`);
}
