/** Changes within one SQLite transaction. */
import { type Change, type Content, FEED_LENGTH } from '../record-backend.js';
import type { Statements } from './sqlite-records.js';

/** The feed is cut back once in so many changes. */
const CUT_EVERY = 256;

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
  if (next === undefined) {
    deleteTokens(statements, id, row);
    statements.delete.run(row.number);
  } else {
    update(statements, id, row, next);
  }
  append(statements, change);
  return true;
}

function insert(statements: Statements, change: Change, { bytes, tokens }: Content): boolean {
  const { changes, lastInsertRowid } = statements.insert.run(change.kind, change.id, bytes, tokens.join(' '));
  if (Number(changes) === 0) return false;
  for (const token of tokens) statements.insertToken.run(token, change.id, lastInsertRowid);
  append(statements, change);
  return true;
}

function update(statements: Statements, id: string, row: Row, { bytes, tokens }: Content): void {
  const text = tokens.join(' ');
  statements.update.run(bytes, text, row.number);
  if (text === row.tokens) return;
  deleteTokens(statements, id, row);
  for (const token of tokens) statements.insertToken.run(token, id, row.number);
}

function deleteTokens(statements: Statements, id: string, { tokens }: Row): void {
  for (const token of tokens?.split(' ') ?? []) statements.deleteToken.run(token, id);
}

function append(statements: Statements, { kind, id, next }: Change): void {
  const place = Number(statements.append.run(kind, id, Number(next === undefined)).lastInsertRowid);
  if (place % CUT_EVERY === 0) statements.drop.run(place - FEED_LENGTH);
}
