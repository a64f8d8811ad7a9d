/** What an export consists of, and the text of its manifest. */
import { type JsonValue, parseJson } from '@stele/crypto';
import { AuditError } from '../errors.js';
import { TILE_WIDTH, tilePath, tileWidth } from './tiles.js';

export const FORMAT = 'stele-audit-export@v1';
export const MANIFEST = 'manifest.json';
export const CHECKPOINT = 'checkpoint';
export const ENTRIES = 'entries.ndjson';
/** Ends each line of entries. */
export const NEWLINE: Uint8Array = Uint8Array.of(0x0a);
/** Enough for the parts of a log of fifty million entries. */
export const MAX_MANIFEST_BYTES = 128 * 1024 * 1024;
/** A manifest has no more beside its parts, and for each of them. */
const HEAD_BYTES = 64 * 1024;
const PART_BYTES = 256;
/** How many parts are looked at. */
export const MAX_PARTS = 1_000_000;

/** A proof between trees of up to 2^53 entries has fewer. */
const MAX_HASHES = 64;

/** A file of an export, but for the manifest. */
export interface Part {
  readonly path: string;
  readonly bytes: number;
  /** 64 hex digits. */
  readonly sha256: string;
}

/** Which entries there are. */
export interface Range {
  /** The first entry, a multiple of 256. */
  readonly from: number;
  /** Where it ends: the size of the checkpoint's tree, but for an archive of what was pruned. */
  readonly to: number;
}

/** What a manifest says. */
export interface Manifest extends Range {
  readonly origin: string;
  /** Of the tree that the checkpoint signs. */
  readonly size: number;
  /** Its root, 64 hex digits. */
  readonly root: string;
  /** That the tree of `to` entries begins the checkpoint's; only where `to` is below `size`. */
  readonly consistency: readonly Uint8Array[];
  /** In the order in which they are written. */
  readonly parts: readonly Part[];
}

/** Where the tiles of a range stand: of each level from the lowest, then the bundles of entries. */
export function* tilesOf({
  from,
  to,
}: Range): Generator<{ level: number | 'entries'; index: number; width: number; path: string }> {
  for (let level = 0; TILE_WIDTH ** level <= to; level++)
    yield* levelOf(level, from, to, TILE_WIDTH ** (level + 1));
  yield* levelOf('entries', from, to, TILE_WIDTH);
}

/** The paths of the tiles of a range, in the order of {@link tilesOf}. */
export function* pathsOf(range: Range): Generator<string> {
  for (const { path } of tilesOf(range)) yield path;
}

function* levelOf(level: number | 'entries', from: number, to: number, span: number) {
  for (let index = Math.floor(from / span); ; index++) {
    const width = tileWidth(level === 'entries' ? 0 : level, index, to);
    if (width === 0) return;
    yield { level, index, width, path: tilePath(level, index, width) };
  }
}

/**
 * The text of a manifest. It follows from the rest of the export, so that not one byte of it can be changed unnoticed: the sentences
 * belong to the format, and other words need another version of it.
 */
export function formatManifest({ origin, size, root, from, to, consistency, parts }: Manifest): string {
  const manifest = {
    format: FORMAT,
    ...{ origin, size, root, from, to },
    ...(to < size && { consistency: consistency.map((hash) => Buffer.from(hash).toString('base64')) }),
    proves: [
      `That these are the entries from ${from} to before ${to} of the log “${origin}”, unchanged, complete and in order, as the holder of its key signed them with the checkpoint of ${size} entries. Verify it: until then it proves nothing.`,
    ],
    doesNotProve: [
      'That every action was recorded, or that what an entry says is true.',
      'Without witnesses, anything against the operator before the checkpoint that you held yourself.',
      ...(from > 0 ? [`What the entries before ${from} say: they were pruned.`] : []),
      ...(to < size ? [`What the entries from ${to} on say: they are in the log, not in this archive.`] : []),
    ],
    parts,
  };
  return `${JSON.stringify(manifest, null, 1)}\n`;
}

/**
 * Parsed JSON takes many times the room of its text: a manifest is not read that is too long for what it is about.
 * @param parts how many there are
 * @throws AuditError `export_malformed`
 */
export function checkManifestSize(bytes: number, parts: number): void {
  const most = HEAD_BYTES + parts * PART_BYTES;
  if (bytes > most) throw malformed(`it has ${bytes} bytes, and for ${parts} parts ${most} are the most`);
}

/**
 * What can be used of a manifest before its parts were looked at.
 * @throws AuditError `export_malformed`
 */
export function parseManifest(
  bytes: Uint8Array,
): Range & Pick<Manifest, 'consistency'> & { readonly parts: ReadonlyMap<string, string> } {
  const manifest = objectOf(bytes);
  const { format, from, to, consistency = [], parts } = manifest;
  if (format !== FORMAT)
    throw malformed(
      `its format is ${JSON.stringify(format ?? null).slice(0, 100)}, and only ${FORMAT} is known here`,
    );
  if (!isCount(from) || !isCount(to) || from > to || from % TILE_WIDTH !== 0)
    throw malformed('it does not say which entries there are');
  if (!isList(consistency) || consistency.length > MAX_HASHES)
    throw malformed('its consistency proof is none');
  const hashes = new Map<string, string>();
  for (const part of isList(parts) ? parts : []) {
    const { path, sha256 } = (isObject(part) ? part : {}) as { path?: unknown; sha256?: unknown };
    if (typeof path === 'string' && typeof sha256 === 'string') hashes.set(path, sha256);
  }
  // In whatever spelling: the text of the manifest is compared as a whole.
  return {
    from,
    to,
    consistency: consistency.map((each) => Buffer.from(String(each), 'base64')),
    parts: hashes,
  };
}

function objectOf(bytes: Uint8Array): { readonly [name: string]: JsonValue } {
  try {
    const value = parseJson(bytes, { maxBytes: MAX_MANIFEST_BYTES });
    if (isObject(value)) return value;
  } catch (cause) {
    throw malformed((cause as Error).message, cause);
  }
  throw malformed('it is no object');
}

const isObject = (value: JsonValue): value is { readonly [name: string]: JsonValue } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isList = (value: JsonValue | undefined): value is readonly JsonValue[] => Array.isArray(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function malformed(what: string, cause?: unknown): AuditError {
  return new AuditError('export_malformed', `${MANIFEST} cannot be used: ${what}`, { cause });
}
