/** What an export may consist of, wherever it is kept. */
import { AuditError } from '../errors.js';
import { MAX_BUNDLE_BYTES } from '../folder-reader.js';
import { CHECKPOINT, ENTRIES, MANIFEST, MAX_MANIFEST_BYTES, MAX_PARTS } from './export-format.js';
import { HASH_BYTES } from './merkle.js';
import { MAX_NOTE_BYTES } from './note.js';
import { parseTilePath } from './tiles.js';

/** The files of an export. */
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

/** @throws AuditError `export_malformed` for a name or length that no part has, or one part too many */
export function checkMember(path: string, size: number, names: ReadonlyMap<string, number>): void {
  const most = longest(path);
  if (most === undefined) throw extra(path, 'is no part of an export');
  if (size > most) throw extra(path, `has ${size} bytes; ${most} is the most`);
  if (names.has(path)) throw extra(path, 'is there twice');
  if (names.size >= MAX_PARTS) throw extra(path, `is one too many; ${MAX_PARTS} parts are the most`);
}

export function extra(path: string, what: string): AuditError {
  return new AuditError('export_malformed', `${JSON.stringify(path.slice(0, 200))} ${what}`);
}
