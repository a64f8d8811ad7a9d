/** The names and bytes of C2SP tlog-tiles. */
import { AuditError } from '../errors.js';

/** How many hashes or entries a full tile or bundle has. */
export const TILE_WIDTH = 256;
/** The longest entry that a bundle can carry, in bytes. */
export const MAX_LEAF_BYTES = 65_535;

/** Where a tile or bundle stands. */
export interface TilePlace {
  readonly level: number | 'entries';
  readonly index: number;
  /** 1 to 256; below that it is partial. */
  readonly width: number;
}

/**
 * The path of a tile below the prefix of its log, such as `tile/0/x001/067.p/8`.
 * @throws RangeError for a level, index or width that no tile has
 */
export function tilePath(level: number | 'entries', index: number, width: number = TILE_WIDTH): string {
  if (level !== 'entries' && !isWithin(level, 0, 63))
    throw new RangeError('a level is 0 to 63, or “entries”');
  if (!isWithin(index, 0, Number.MAX_SAFE_INTEGER)) throw new RangeError('an index is a whole number from 0');
  if (!isWithin(width, 1, TILE_WIDTH)) throw new RangeError('a width is 1 to 256');
  const partial = width === TILE_WIDTH ? '' : `.p/${width}`;
  return `tile/${level}/${indexPath(index)}${partial}`;
}

/** An index as path elements of three digits, all but the last with an `x` before them. */
function indexPath(index: number): string {
  const digits = String(index);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  return padded.replace(/\d{3}(?=\d)/g, 'x$&/');
}

const TILE_PATH = /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;

/** The inverse of {@link tilePath}; undefined for every other text. */
export function parseTilePath(path: string): TilePlace | undefined {
  const match = TILE_PATH.exec(path);
  if (match === null) return undefined;
  const [, level, digits, width] = match as unknown as [string, string, string, string | undefined];
  const place: TilePlace = {
    level: level === 'entries' ? 'entries' : Number(level),
    index: Number(digits.replaceAll(/[x/]/g, '')),
    width: width === undefined ? TILE_WIDTH : Number(width),
  };
  try {
    // One path for each tile: what has leading zeroes or is out of bounds is spelled otherwise.
    return tilePath(place.level, place.index, place.width) === path ? place : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A bundle of entries: before each its length, two bytes, big-endian.
 * @param leaves 1 to 256, each at most 65,535 bytes
 * @throws RangeError for any other number or length
 */
export function encodeBundle(leaves: readonly Uint8Array[]): Uint8Array {
  if (!isWithin(leaves.length, 1, TILE_WIDTH)) throw new RangeError('a bundle has 1 to 256 entries');
  const bundle = new Uint8Array(leaves.reduce((sum, leaf) => sum + 2 + leaf.length, 0));
  let at = 0;
  for (const leaf of leaves) {
    if (leaf.length > MAX_LEAF_BYTES) throw new RangeError('an entry has at most 65,535 bytes');
    bundle.set([leaf.length >> 8, leaf.length & 0xff], at);
    bundle.set(leaf, at + 2);
    at += 2 + leaf.length;
  }
  return bundle;
}

/**
 * The entries of a bundle, as views of it.
 * @param width how many entries it must have
 * @throws AuditError `audit_log_corrupt` for more, fewer, or bytes that are not of one
 */
export function decodeBundle(bundle: Uint8Array, width: number): Uint8Array[] {
  const view = new DataView(bundle.buffer, bundle.byteOffset, bundle.byteLength);
  const leaves: Uint8Array[] = [];
  let at = 0;
  while (at < bundle.length && leaves.length < width) {
    const start = at + 2;
    const end = start > bundle.length ? start : start + view.getUint16(at);
    if (end > bundle.length) throw bundleError(`entry ${leaves.length} of it is cut off`);
    leaves.push(bundle.subarray(start, end));
    at = end;
  }
  if (leaves.length < width) throw bundleError(`it has ${leaves.length} entries, not ${width}`);
  if (at < bundle.length) throw bundleError(`it goes on after its ${width} entries`);
  return leaves;
}

function bundleError(what: string): AuditError {
  return new AuditError('audit_log_corrupt', `a bundle of entries is damaged: ${what}`, {
    hint: 'Take the bundle from a copy of the log; its entries are checked against the tree.',
  });
}

function isWithin(value: number, low: number, high: number): boolean {
  return Number.isSafeInteger(value) && value >= low && value <= high;
}
