/** What every backend checks before it writes. */
import { StoreError } from '../errors.js';
import { type Change, MAX_CHANGES, type RecordKind } from '../record-backend.js';
import { STATE_ID } from './anchor-state.js';
import { equalBytes } from './bytes.js';
import { isRecordId } from './ids.js';

const MAX_TOKENS = 64;
const TOKEN = /^[A-Za-z0-9_:.-]{1,96}$/;

/** @throws RangeError for what is no write: none or too many changes, one id twice, a strange id or token */
export function checkChanges(changes: readonly Change[]): void {
  const ownState = changes.some(({ id }) => id === STATE_ID) ? 1 : 0;
  if (changes.length < 1 || changes.length > MAX_CHANGES + ownState) {
    throw new RangeError(`a write has 1 to ${MAX_CHANGES} changes`);
  }
  for (const { kind, id, next } of changes) {
    if (!isRecordId(kind, id)) throw new RangeError('id is not the id of a record');
    if (typeof next === 'object') checkTokens(next.tokens);
  }
  if (changes.length > 1 && new Set(changes.map(({ id }) => id)).size < changes.length)
    throw new RangeError('a write changes a record once');
}

function checkTokens(tokens: readonly string[]): void {
  if (tokens.length > MAX_TOKENS) throw new RangeError(`a record has at most ${MAX_TOKENS} tokens`);
  if (new Set(tokens).size < tokens.length) throw new RangeError('a record carries a token once');
  if (!tokens.every((token) => TOKEN.test(token)))
    throw new RangeError('a token has a character that it cannot');
}

/** @throws RangeError for too many ids */
export function checkIds(ids: readonly string[]): void {
  if (ids.length > MAX_CHANGES) throw new RangeError(`at most ${MAX_CHANGES} records are read at once`);
}

/** Whether what is there is what a change expects. */
export function holds({ expected }: Change, stored: Uint8Array | undefined): boolean {
  if (expected === undefined || stored === undefined) return expected === stored;
  return expected === 'present' || equalBytes(expected, stored);
}

/** The error of a record that cannot be read, for a listing; anything else is thrown. */
export function unreadable(error: unknown): StoreError {
  if (error instanceof StoreError && error.code === 'record_corrupt') return error;
  throw error;
}

/** What a record is known by among those of all kinds. */
export const keyOf = (kind: RecordKind, id: string): string => `${kind} ${id}`;
