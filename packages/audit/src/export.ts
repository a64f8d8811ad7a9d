/** Exports: what an auditor takes home, to be verified offline with nothing but a public key. */
import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, link, lstat, mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { LogReader } from './backend.js';
import { AuditError } from './errors.js';
import { readCheckpoint } from './lib/checkpoint.js';
import {
  CHECKPOINT,
  ENTRIES,
  formatManifest,
  MANIFEST,
  type Manifest,
  NEWLINE,
  type Part,
  pathsOf,
  type Range,
  tilesOf,
} from './lib/export-format.js';
import { attempt, syncFolder, writeAll, writeSynced } from './lib/files.js';
import { writeTar } from './lib/tar-writer.js';
import { decodeBundle, readTile, TILE_WIDTH, TreeReader } from './lib/tiles.js';

/** Options of {@link exportLog}. */
export interface ExportOptions {
  /** Only the entries before this index, a multiple of 256: an archive of what will be pruned. All unless given. */
  readonly to?: number | undefined;
  /** Called for every bundle of up to 256 entries. */
  readonly onProgress?: ((done: { readonly entries: number; readonly size: number }) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What was exported. */
export interface Exported {
  readonly origin: string;
  /** Of the tree that the checkpoint signs. */
  readonly size: number;
  readonly from: number;
  readonly to: number;
  /** SHA-256 of `manifest.json`, 64 hex digits: it stands for the whole export. */
  readonly manifest: string;
}

/**
 * Exports what the newest checkpoint covers: entries as NDJSON, tiles, checkpoint and a manifest. Sealed values and keys are never
 * in it. It is written beside, and appears whole or not at all.
 * @param path of what is made: a single file if it ends with `.tar`, else a folder
 * @throws AuditError `export_exists` if something is there; `entry_not_found` if there is no checkpoint yet; `audit_log_corrupt` where
 *   the log has gaps; `audit_log_unavailable`; `export_malformed` for a log that is too large for one file
 * @throws RangeError for a `to` that is no multiple of 256 within the log; what `signal` was aborted with
 */
export async function exportLog(
  reader: LogReader,
  path: string,
  options: ExportOptions = {},
): Promise<Exported> {
  if (typeof path !== 'string' || path === '') throw new TypeError('the path of an export is a string');
  const target = resolve(path);
  const note = await reader.checkpoint();
  if (note === undefined) {
    throw new AuditError('entry_not_found', `${reader.name} has no checkpoint yet`, {
      hint: 'Sign a checkpoint first: log.checkpoint().',
    });
  }
  const { origin, size, root } = readCheckpoint(note);
  const from = await reader.first();
  const to = endOf(options.to, from, size);
  if (await isThere(target)) throw exists(path);
  const draft = join(dirname(target), `.${basename(target)}.${randomUUID()}`);
  const consistency = to < size ? await new TreeReader(reader).consistency(to, size) : [];
  const head = { origin, size, root: Buffer.from(root).toString('hex'), from, to, consistency };
  try {
    const manifest = await attempt(path, () => new Draft(reader, draft, options).write(note, head));
    await attempt(path, () => putInPlace(draft, target, head));
    return { origin, size, from, to, manifest };
  } finally {
    await rm(draft, { recursive: true, force: true });
    await rm(`${draft}.tar`, { force: true });
  }
}

function endOf(to: number | undefined, from: number, size: number): number {
  if (to === undefined) return size;
  if (Number.isSafeInteger(to) && to > from && to <= size && to % TILE_WIDTH === 0) return to;
  throw new RangeError(
    `to must be a multiple of ${TILE_WIDTH} above ${from} and within the ${size} entries that are signed`,
  );
}

class Draft {
  readonly #reader: LogReader;
  readonly #folder: string;
  readonly #options: ExportOptions;
  readonly #folders = new Set<string>();
  readonly #parts: Part[] = [];

  constructor(reader: LogReader, folder: string, options: ExportOptions) {
    this.#reader = reader;
    this.#folder = folder;
    this.#options = options;
  }

  /** @returns the hash of the manifest */
  async write(note: string, head: Omit<Manifest, 'parts'>): Promise<string> {
    await mkdir(this.#folder, { mode: 0o700 });
    this.#folders.add(this.#folder);
    await this.#put(CHECKPOINT, Buffer.from(note));
    const entries = await open(join(this.#folder, ENTRIES), 'wx', 0o600);
    try {
      await this.#putTiles(head, new Lines(entries));
    } finally {
      await entries.close();
    }
    const text = Buffer.from(formatManifest({ ...head, parts: this.#parts }));
    await writeSynced(join(this.#folder, MANIFEST), text);
    // The deepest first: a folder's own name is durable with the one above it.
    for (const folder of [...this.#folders].reverse()) await syncFolder(folder);
    return sha256(text);
  }

  async #putTiles(head: Omit<Manifest, 'parts'>, lines: Lines): Promise<void> {
    const { signal, onProgress } = this.#options;
    const place = this.#parts.length;
    for (const { level, index, width, path } of tilesOf(head)) {
      signal?.throwIfAborted();
      if (level !== 'entries') {
        await this.#put(path, await readTile(this.#reader, level, index, width));
        continue;
      }
      const bundle = await this.#bundle(index, width, path);
      await lines.add(decodeBundle(bundle, width));
      await this.#put(path, bundle);
      onProgress?.({ entries: index * TILE_WIDTH + width - head.from, size: head.to });
    }
    this.#parts.splice(place, 0, await lines.end());
  }

  async #bundle(index: number, width: number, path: string): Promise<Uint8Array> {
    const bundle = await this.#reader.entries(index, width);
    if (bundle !== undefined) return bundle;
    throw new AuditError('audit_log_corrupt', `${this.#reader.name}: ${path} is missing`, {
      hint: 'Verify the log: the report names what is missing.',
    });
  }

  async #put(path: string, bytes: Uint8Array): Promise<void> {
    const file = join(this.#folder, path);
    await this.#makeFolder(dirname(file));
    await writeSynced(file, bytes);
    this.#parts.push({ path, bytes: bytes.length, sha256: sha256(bytes) });
  }

  async #makeFolder(folder: string): Promise<void> {
    if (this.#folders.has(folder)) return;
    await this.#makeFolder(dirname(folder));
    await mkdir(folder, { mode: 0o700 });
    this.#folders.add(folder);
  }
}

/** `entries.ndjson` as it grows. */
class Lines {
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');
  #bytes = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async add(leaves: readonly Uint8Array[]): Promise<void> {
    const lines = Buffer.concat(leaves.flatMap((leaf) => [leaf, NEWLINE]));
    await writeAll(this.#file, lines, this.#bytes);
    this.#hash.update(lines);
    this.#bytes += lines.length;
  }

  async end(): Promise<Part> {
    await this.#file.sync();
    return { path: ENTRIES, bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

async function putInPlace(draft: string, target: string, head: Range): Promise<void> {
  if (target.endsWith('.tar')) {
    await writeTar(`${draft}.tar`, draft, [MANIFEST, CHECKPOINT, ENTRIES, ...pathsOf(head)]);
    await link(`${draft}.tar`, target);
  } else {
    await rename(draft, target);
  }
  await syncFolder(dirname(target));
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function exists(path: string): AuditError {
  return new AuditError('export_exists', `${path} is there already`, {
    hint: 'Choose another name: an export never replaces anything.',
  });
}
