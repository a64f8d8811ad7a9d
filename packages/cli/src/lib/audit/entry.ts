/** Entries for a person and for a program. */
import { hashLeaf } from '@stele/audit';
import { isRecord } from '../input.js';
import { cut, printable } from '../output.js';
import type { IndexedLeaf } from './leaves.js';

/** The members of a leaf; none of one that cannot be read. */
export type Members = Readonly<Record<string, unknown>>;

/** An entry of a log. Nothing in it can be relied on but its bytes. */
export interface Entry extends IndexedLeaf {
  readonly members: Members;
}

export function entryOf({ index, bytes }: IndexedLeaf): Entry {
  return { index, bytes, members: membersOf(bytes) };
}

function membersOf(bytes: Uint8Array): Members {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

/** One line: index, time, what it is, code, action, pattern, covenant. */
export function lineOf({ index, members }: Entry): string {
  const { time, covenant, pattern, action, of } = members;
  const text = (value: unknown, limit: number) => (typeof value === 'string' ? printable(value, limit) : '');
  const subject = text(action, 64) || (typeof of === 'number' ? `of ${of}` : '');
  return [
    String(index).padStart(8),
    text(time, 30).padEnd(24),
    printable(whatOf(members), 64).padEnd(8),
    printable(codeOf(members), 64).padEnd(20),
    subject.padEnd(20),
    text(pattern, 64).padEnd(16),
    text(covenant, 12),
  ]
    .join('  ')
    .trimEnd();
}

/** What a decision was, or the kind of what is none. */
function whatOf({ kind, decision }: Members): string {
  const what = kind === 'decision' ? decision : kind;
  return typeof what === 'string' ? what : 'unreadable';
}

/** The code of a decision, or what became of an action. */
export function codeOf({ kind, code, outcome }: Members): string {
  const found = kind === 'outcome' ? outcome : code;
  return typeof found === 'string' ? found : '';
}

/** For JSON: the leaf as it is, or its text where it is no object. */
export function jsonOf({ index, bytes, members }: Entry): object {
  const leafHash = Buffer.from(hashLeaf(bytes)).toString('hex');
  return Object.keys(members).length > 0
    ? { index, leafHash, entry: members }
    : { index, leafHash, text: cut(Buffer.from(bytes).toString('utf8'), 1_000) };
}
