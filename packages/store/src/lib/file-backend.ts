import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError } from '../errors.js';
import {
  type Change,
  type Found,
  type ListedRecord,
  MAX_RECORD_BYTES,
  type RecordBackend,
  type RecordFilter,
  type RecordKind,
  type RecordRange,
} from '../record-backend.js';
import { checkChanges, checkIds, holds } from './changes.js';
import { isMissing, makeFolder, removeOldFiles, syncFolder, writeAtomically } from './files.js';
import { ID_PREFIX, isRecordId } from './ids.js';
import { unsupported } from './watching.js';

const FORMAT = 'stele-store 1\n';
const ABANDONED_AFTER_MS = 10 * 60 * 1000;
const SHARD = /^[0-9a-f]{2}$/;

/**
 * One file per record:
 *
 *   <path>/format                           names the layout and its version
 *   <path>/covenants/ab/ab…                 the hex of the covenant's id, in a folder of its first two digits
 *   <path>/revocations/ab/ab…-<hex>         the hex of the covenant's id and of the revocation
 *   <path>/tmp/                             files that are being written
 *
 * Names are made of checked hex only, and their order is the order of the ids.
 */
export class FileBackend implements RecordBackend {
  readonly supports = { transaction: false, watch: false };
  readonly #path: string;
  readonly #temporary: string;

  constructor(path: string) {
    this.#path = path;
    this.#temporary = join(path, 'tmp');
    attempt(() => {
      makeFolder(this.#temporary);
      this.#checkFormat();
      removeOldFiles(this.#temporary, ABANDONED_AFTER_MS);
    });
  }

  async get(kind: RecordKind, id: string): Promise<Found | undefined> {
    const bytes = this.#read(kind, id);
    return bytes && { bytes, version: bytes };
  }

  async getMany(kind: RecordKind, ids: readonly string[]): Promise<(Found | undefined)[]> {
    checkIds(ids);
    return Promise.all(ids.map((id) => this.get(kind, id)));
  }

  async write(changes: readonly Change[]): Promise<boolean> {
    checkChanges(changes);
    if (changes.length > 1) throw unsupported('has no transactions');
    const [{ kind, id, next }] = changes as readonly [Change];
    if (!holds(changes[0] as Change, this.#read(kind, id))) return false;
    if (next === undefined) this.#delete(kind, id);
    else if (next !== 'same') {
      attempt(() => {
        const name = nameOf(id);
        makeFolder(this.#shard(kind, name));
        writeAtomically(join(this.#shard(kind, name), name), next.bytes, this.#temporary);
      });
    }
    return true;
  }

  #delete(kind: RecordKind, id: string): boolean {
    const name = nameOf(id);
    return attempt(() => {
      try {
        rmSync(join(this.#shard(kind, name), name));
      } catch (error) {
        if (isMissing(error)) return false;
        throw error;
      }
      syncFolder(this.#shard(kind, name));
      return true;
    });
  }

  async has(kind: RecordKind, id: string): Promise<boolean> {
    if (!isRecordId(kind, id)) return false;
    const name = nameOf(id);
    return attempt(
      () => statSync(join(this.#shard(kind, name), name), { throwIfNoEntry: false }) !== undefined,
    );
  }

  async list(kind: RecordKind, { after = '', prefix = '', limit }: RecordRange): Promise<ListedRecord[]> {
    const records: ListedRecord[] = [];
    for (const id of this.#ids(kind, prefix, after)) {
      if (records.length === limit) break;
      const bytes = this.#read(kind, id);
      if (bytes !== undefined) records.push({ id, bytes });
    }
    return records;
  }

  async count(kind: RecordKind, { token, prefix = '' }: RecordFilter = {}): Promise<number | undefined> {
    if (token !== undefined) return undefined;
    let count = 0;
    for (const _ of this.#ids(kind, prefix, '')) count++;
    return count;
  }

  async probe(): Promise<void> {}

  async close(): Promise<void> {}

  #checkFormat(): void {
    const path = join(this.#path, 'format');
    const found = contentOf(path)?.toString('latin1');
    if (found === FORMAT) return;
    // A store without its marker may be of any version; only a folder that holds no records yet is made one.
    if (found !== undefined || statSync(join(this.#path, 'covenants'), { throwIfNoEntry: false })) {
      throw new StoreError('store_version', 'the folder holds no store of a version that is known here', {
        hint: 'upgrade Stele, or restore the file `format` of the folder',
      });
    }
    writeAtomically(path, Buffer.from(FORMAT), this.#temporary);
  }

  #shard(kind: RecordKind, name: string): string {
    return join(this.#path, `${kind}s`, name.slice(0, 2));
  }

  #read(kind: RecordKind, id: string): Uint8Array | undefined {
    if (!isRecordId(kind, id)) return undefined;
    const name = nameOf(id);
    const path = join(this.#shard(kind, name), name);
    return attempt(() => {
      const size = statSync(path, { throwIfNoEntry: false })?.size;
      if (size === undefined) return undefined;
      if (size > MAX_RECORD_BYTES)
        throw new StoreError('record_corrupt', `the file of ${id} is too long`, { id });
      return contentOf(path);
    });
  }

  /** The ids of a kind in order, one folder of names in memory at a time. */
  *#ids(kind: RecordKind, prefix: string, after: string): Generator<string> {
    const first = nameOf(after > prefix ? after : prefix);
    const last = nameOf(prefix).slice(0, 2);
    for (const shard of namesIn(join(this.#path, `${kind}s`)).filter((name) => SHARD.test(name))) {
      if (shard < first.slice(0, 2)) continue;
      if (last !== '' && shard > last) return;
      for (const name of namesIn(join(this.#path, `${kind}s`, shard))) {
        const id = idOf(name);
        if (isRecordId(kind, id) && name.startsWith(shard) && id > after && id.startsWith(prefix)) yield id;
      }
    }
  }
}

const nameOf = (id: string): string => id.slice(ID_PREFIX.length).replace('/', '-');
const idOf = (name: string): string => ID_PREFIX + name.replace('-', '/');

function namesIn(folder: string): string[] {
  return attempt(() => {
    try {
      return readdirSync(folder).sort();
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  });
}

function contentOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Runs a step and gives what the file system throws a code of ours. */
function attempt<T>(step: () => T): T {
  try {
    return step();
  } catch (cause) {
    if (cause instanceof StoreError) throw cause;
    const why = (cause as { code?: unknown }).code ?? 'unknown error';
    throw new StoreError('store_unavailable', `the file system refused: ${String(why)}`, {
      cause,
      hint: 'look at the free space, the permissions and the health of the disk',
    });
  }
}
