/** What a caller of a backend must not hand in, whichever backend it is. */
import type { LogRecord } from '../backend.js';

/** The length of an entry in a bundle has two bytes. */
const MOST_LEAF = 65_535;
/** C2SP tlog-tiles names levels from 0 to 63. */
const MOST_LEVEL = 63;
export const TILE = 256;

/** @throws RangeError */
export function checkTile(level: number | 'entries', index: number, width: number): void {
  if (level !== 'entries') wholeNumber(level, MOST_LEVEL, 'level');
  wholeNumber(index, Number.MAX_SAFE_INTEGER, 'index');
  if (wholeNumber(width, TILE, 'width') === 0) throw new RangeError('width must not be 0');
}

/** @throws RangeError */
export function checkIndex(index: number): void {
  wholeNumber(index, Number.MAX_SAFE_INTEGER, 'index');
}

/** @throws RangeError */
export function checkRecords(at: number, records: readonly LogRecord[]): void {
  wholeNumber(at, Number.MAX_SAFE_INTEGER - records.length, 'at');
  for (const { leaf, closes } of records) {
    if (leaf.length > MOST_LEAF) throw new RangeError(`a leaf must be no longer than ${MOST_LEAF} bytes`);
    if (closes !== undefined) wholeNumber(closes, Number.MAX_SAFE_INTEGER, 'closes');
  }
}

/** @throws RangeError */
export function checkSizes(size: number, published: number, durable: number): void {
  if (size >= published && size <= durable) return;
  throw new RangeError(`the size of a checkpoint must be from ${published} to ${durable} here, not ${size}`);
}

/** @throws RangeError */
export function checkPrune(before: number, published: number): void {
  if (wholeNumber(before, Number.MAX_SAFE_INTEGER, 'index') % TILE !== 0) {
    throw new RangeError(`a log is pruned up to a multiple of ${TILE}`);
  }
  if (before > published) throw new RangeError(`only ${published} entries are published and can be pruned`);
}

function wholeNumber(value: number, most: number, name: string): number {
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw new RangeError(`${name} must be an integer from 0 to ${most}`);
}
