/**
 * What of an entry stands in the log: its leaf, the RFC 8785 form of the entry with its `seq`, in which `agent`,
 * `resource`, `context` and what else the host names personal are salted commitments.
 */
import { CryptoError } from '@stele/crypto';
import type { LogRecord } from '../backend.js';
import type { LogEntry } from '../entry.js';
import { sha256Of } from './hashing.js';
import { DECISION_FIELDS, NEVER_PERSONAL, OUTCOME_FIELDS } from './leaf-fields.js';
import { type EncodeOptions, MAX_LEAF_BYTES, prepareEvent, prepareKnown } from './leaf-prepare.js';
import { type Prepared, refused } from './leaf-text.js';

export { type EncodeOptions, MAX_LEAF_BYTES } from './leaf-prepare.js';
export type { Prepared } from './leaf-text.js';
export { parseLeaf } from './parse-leaf.js';

/** An entry as it is appended: a record, but for the sealing of its values. */
export type Encoded = LogRecord & Omit<Prepared, 'before' | 'after'>;

const MAX_PERSONAL = 64;

/**
 * The names of fields that a host calls personal, checked.
 * @throws RangeError for one that the log itself must read, such as `time`, or for more than 64
 */
export function personalFields(names: readonly string[] = []): ReadonlySet<string> {
  if (names.length > MAX_PERSONAL)
    throw new RangeError(`there can be ${MAX_PERSONAL} personal fields at most`);
  for (const name of names) {
    if (typeof name !== 'string') throw new TypeError('personal must be a list of field names');
    if (NEVER_PERSONAL.has(name)) throw new RangeError(`${name} cannot be personal: the log itself reads it`);
  }
  return new Set(names);
}

/**
 * The record of an entry. Its salt, and so its leaf, is another one each time.
 * @param seq its index
 * @throws AuditError `entry_refused`
 */
export function encodeEntry(entry: LogEntry, seq: number, options: EncodeOptions = {}): Encoded {
  return numbered(prepareEntry(entry, options), seq);
}

/**
 * Checks an entry, copies it and commits to its personal values: all that can be done before its index is known.
 * @throws AuditError `entry_refused`
 */
export function prepareEntry(entry: LogEntry, options: EncodeOptions = {}): Prepared {
  try {
    const kind: unknown = (entry as LogEntry | null | undefined)?.kind;
    if (kind === 'decision') return prepareKnown(entry, DECISION_FIELDS, options);
    if (kind === 'outcome') return prepareKnown(entry, OUTCOME_FIELDS, options);
    return prepareEvent(entry, options);
  } catch (cause) {
    if (!(cause instanceof CryptoError)) throw cause;
    throw refused(`it is no plain I-JSON within bounds (${cause.code} at ${cause.path})`, { cause });
  }
}

/**
 * Gives a prepared entry its index. Where the log has grown meanwhile, the same entry gets another.
 * @throws AuditError `entry_refused` for a leaf that is too long, or the outcome of what does not come before it
 */
export function numbered(prepared: Prepared, seq: number): Encoded {
  const { before, after, kind, time, opens, closes, vital, committed, subject } = prepared;
  if (closes !== undefined && closes >= seq) {
    throw refused(`entry ${closes}, of which it is the outcome, does not come before it`);
  }
  const text = `${before}${seq}${after}`;
  const length = Buffer.byteLength(text);
  if (length > MAX_LEAF_BYTES) {
    throw refused(`its leaf would have ${length} bytes, and ${MAX_LEAF_BYTES} is the most`, {
      hint: 'Shorten what stands in clear; a context may be longer.',
    });
  }
  // RFC 9162, section 2.1.1: a leaf is hashed behind a zero byte.
  const hashed = Buffer.allocUnsafe(1 + length);
  hashed[0] = 0;
  hashed.write(text, 1);
  return {
    leaf: hashed.subarray(1),
    hash: sha256Of(hashed),
    kind,
    time,
    opens,
    closes,
    vital,
    committed,
    subject,
  };
}
