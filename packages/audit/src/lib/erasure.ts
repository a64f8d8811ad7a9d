/** The values of entries of a log that is open: reading them, and erasing those of a subject. */
import { canonicalizeJson, toHex } from '@stele/crypto';
import type { LogBackend } from '../backend.js';
import type { EventRecord, Receipt } from '../entry.js';
import { AuditError } from '../errors.js';
import { type Prepared, prepareEntry } from './leaf.js';
import type { Leaf } from './leaf-types.js';
import { hashLeaf } from './merkle.js';
import type { EntryValues, ValueSealer } from './values.js';

/** What `eraseSubject` did. */
export interface Erasure {
  /** Whether there was a key to destroy. */
  readonly erased: boolean;
  /** Where the log says so, as an event `log.erased`. */
  readonly receipt: Receipt;
  /**
   * The salt of that event's commitment to the subject, 64 hex digits. It is kept nowhere else: with it, and the
   * subject's name, you can show that the event is about this subject.
   */
  readonly salt: string;
}

/**
 * The values of an entry; undefined where none are kept.
 * @throws AuditError `values_erased`, `values_unreadable`, `subject_keys_unavailable`
 */
export async function readValues(
  backend: LogBackend,
  sealer: ValueSealer | undefined,
  index: number,
  leaf: Leaf,
): Promise<EntryValues | undefined> {
  const opener = asked(sealer);
  const sealed = await backend.sealed?.(index);
  return sealed && opener.open(index, hashLeaf(Buffer.from(canonicalizeJson(leaf))), leaf, sealed);
}

/**
 * Destroys the key of a subject and says so in the log. After a failure it is to be called again.
 * @param time RFC 3339
 * @throws AuditError `entry_refused`, `subject_keys_unavailable`, and what an append throws
 */
export async function eraseSubject(
  sealer: ValueSealer | undefined,
  subject: string,
  time: string,
  append: (prepared: Prepared) => Promise<Receipt>,
): Promise<Erasure> {
  if (typeof subject !== 'string' || subject === '')
    throw new TypeError('a subject is a text that is not empty');
  const keys = asked(sealer);
  const event: EventRecord = { v: 1, kind: 'log.erased', time, agent: subject };
  const prepared = prepareEntry(event, { own: true });
  const erased = await keys.destroy(subject);
  const receipt = await append(prepared);
  // What was waiting to be appended may have been sealed under another key meanwhile. It came before the event.
  await keys.destroy(subject);
  return { erased, receipt, salt: toHex(prepared.committed?.salt as Uint8Array) };
}

function asked(sealer: ValueSealer | undefined): ValueSealer {
  if (sealer !== undefined) return sealer;
  throw new AuditError('subject_keys_unavailable', 'the log was opened without the keys of subjects', {
    hint: 'Open it with the option `values`.',
  });
}
