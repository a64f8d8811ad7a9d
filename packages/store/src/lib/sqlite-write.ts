/** Changes within one SQLite transaction. */
import { type Change, type Content, FEED_LENGTH } from '../record-backend.js';
import type { Statements } from './sqlite-records.js';

/** What is left of records is cut back to the length of the feed once in so many changes. */
const CUT_EVERY = 256;
/**
 * So many changes are entered into the index of tokens together: each by itself would write as many pages as it has tokens. A search
 * looks through those that are not in it yet, so they must be few, and not long.
 */
const INDEX_EVERY = 256;
const LONG = 65_536;

interface Row {
  readonly number: number | bigint;
  /** The record's tokens with spaces in between; null in a record of an older version. */
  readonly tokens: string | null;
}

/** @returns false when an expectation does not hold; what was changed before must then be rolled back */
export function makeChanges(statements: Statements, changes: readonly Change[]): boolean {
  return changes.every((change) => makeChange(statements, change));
}

function makeChange(statements: Statements, change: Change): boolean {
  const { kind, id, expected, next } = change;
  if (expected === undefined && typeof next === 'object') return insert(statements, change, next);
  const row = (
    expected instanceof Uint8Array
      ? statements.findVersion.get(kind, id, expected)
      : statements.find.get(kind, id)
  ) as Row | undefined;
  if ((row === undefined) !== (expected === undefined)) return false;
  if (row === undefined || next === 'same') return true;
  retire(statements, id, row);
  if (next !== undefined) return insert(statements, change, next);
  tidy(statements, statements.bury.run(kind, id).lastInsertRowid, 0);
  return true;
}

function insert(statements: Statements, { kind, id }: Change, { bytes, tokens }: Content): boolean {
  const { changes, lastInsertRowid } = statements.insert.run(kind, id, bytes, tokens.join(' '));
  if (Number(changes) === 0) return false;
  tidy(statements, lastInsertRowid, bytes.length);
  return true;
}

/** Leaves of a record what the feed tells: that it was written. */
function retire(statements: Statements, id: string, { number, tokens }: Row): void {
  // Those of a record that is not in the index yet are not there.
  for (const token of tokens?.split(' ') ?? []) statements.deleteToken.run(token, id);
  statements.retire.run(number);
}

/** What a change leaves to do now and then. */
function tidy(statements: Statements, number: number | bigint, length: number): void {
  const latest = Number(number);
  if (latest % INDEX_EVERY === 0 || length > LONG) {
    statements.enterTokens.run();
    statements.indexed.run(latest);
  }
  if (latest % CUT_EVERY === 0) statements.drop.run(latest - FEED_LENGTH);
}
