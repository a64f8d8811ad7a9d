import { readFileSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '@stele/crypto';
import { type Content, MAX_RECORD_BYTES, type RecordKind } from '../record-backend.js';
import { corrupt } from './documents.js';
import { NO_FILE, namesIn, withFile } from './files.js';
import { ID_PREFIXES, isRecordId } from './ids.js';

const HEADER = 'stele-file/1 ';
/** The longest header: 64 tokens of 96 characters. */
const MAX_HEADER_BYTES = 8 * 1024;
const SHARD = /^[0-9a-f]{2}$/;
const LINE_FEED = 0x0a;
/** What opening says of a folder or a pipe, and of a socket: nothing here has made them. */
const STRANGE: readonly unknown[] = [NO_FILE, 'ENXIO'];

/**
 * The files of records: `<path>/covenants/ab/ab…`, `<path>/revocations/ab/ab…-<hex>` and `<path>/approvals/ab/ab…`, named after the hex
 * of the id (of a revocation: of the covenant's id, and its own), in a folder of its first two digits. Names are made of checked
 * hex only, and their order is the order of the ids.
 *
 * The first line is `stele-file/1 <sha256 of the tokens> <tokens>`, the record follows. What version 1 of the store wrote has no
 * such line, and nobody knows its tokens.
 */
export class FileRecords {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  folderOf(kind: RecordKind, id: string): string {
    return join(this.#path, `${kind}s`, nameOf(kind, id).slice(0, 2));
  }

  pathOf(kind: RecordKind, id: string): string {
    return join(this.folderOf(kind, id), nameOf(kind, id));
  }

  has(kind: RecordKind, id: string): boolean {
    return isRecordId(kind, id) && statSync(this.pathOf(kind, id), { throwIfNoEntry: false }) !== undefined;
  }

  /** @throws StoreError `record_corrupt` for what nothing here has written */
  read(kind: RecordKind, id: string): Uint8Array | undefined {
    if (!isRecordId(kind, id)) return undefined;
    const bytes = this.#withRecord(kind, id, (file, size) => {
      if (size > MAX_RECORD_BYTES + MAX_HEADER_BYTES) throw corrupt(id);
      return readFileSync(file);
    });
    return bytes && split(id, bytes).bytes;
  }

  /** The tokens of a record; undefined where nobody knows them. @throws StoreError `record_corrupt` */
  tokensOf(kind: RecordKind, id: string): readonly string[] | undefined {
    const start = this.#withRecord(kind, id, startOf);
    return start && split(id, start).tokens;
  }

  #withRecord<T>(kind: RecordKind, id: string, step: (file: number, size: number) => T): T | undefined {
    try {
      return withFile(this.pathOf(kind, id), step);
    } catch (cause) {
      if (!STRANGE.includes((cause as { code?: unknown }).code)) throw cause;
      throw corrupt(id, cause);
    }
  }

  /** The ids of a kind in order, one folder of names in memory at a time. */
  *ids(kind: RecordKind, prefix = '', after = ''): Generator<string> {
    const first = nameOf(kind, after > prefix ? after : prefix);
    const last = nameOf(kind, prefix).slice(0, 2);
    for (const shard of namesIn(join(this.#path, `${kind}s`)).filter((name) => SHARD.test(name))) {
      if (shard < first.slice(0, 2)) continue;
      if (last !== '' && shard > last) return;
      for (const name of namesIn(join(this.#path, `${kind}s`, shard))) {
        const id = idOf(kind, name);
        if (isRecordId(kind, id) && name.startsWith(shard) && id > after && id.startsWith(prefix)) yield id;
      }
    }
  }
}

/** The bytes of a record's file. */
export function fileContent({ bytes, tokens }: Content): Uint8Array {
  const text = tokens.join(' ');
  return Buffer.concat([Buffer.from(`${HEADER}${sha256(text)} ${text}\n`, 'latin1'), bytes]);
}

function split(id: string, file: Buffer): { tokens: readonly string[] | undefined; bytes: Uint8Array } {
  if (!file.subarray(0, HEADER.length).equals(Buffer.from(HEADER))) return { tokens: undefined, bytes: file };
  const end = file.indexOf(LINE_FEED);
  const [checksum, ...tokens] = file.toString('latin1', HEADER.length, Math.max(end, 0)).split(' ');
  if (checksum !== sha256(tokens.join(' '))) throw corrupt(id);
  return { tokens: tokens.filter((token) => token !== ''), bytes: file.subarray(end + 1) };
}

function startOf(file: number): Buffer {
  const start = Buffer.alloc(MAX_HEADER_BYTES);
  return start.subarray(0, readSync(file, start, 0, start.length, 0));
}

const nameOf = (kind: RecordKind, id: string): string => id.slice(ID_PREFIXES[kind].length).replace('/', '-');
const idOf = (kind: RecordKind, name: string): string => ID_PREFIXES[kind] + name.replace('-', '/');
