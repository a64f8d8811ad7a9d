/** Checkpoints (C2SP tlog-checkpoint): the head of a log's tree as the text of a signed note. */
import { AuditError } from '../errors.js';
import { HASH_BYTES } from './merkle.js';
import { type OpenedNote, openNote, parseNote, type VerifierKey } from './note.js';
import { parseBase64, parseCount } from './strict-text.js';

/** What a checkpoint says. */
export interface Checkpoint {
  /** Which log. */
  readonly origin: string;
  /** How many entries it has. */
  readonly size: number;
  /** The root of its tree, 32 bytes. */
  readonly root: Uint8Array;
  /** Further lines, none of them empty, which nobody audits. */
  readonly extensions?: readonly string[];
}

/** A checkpoint with the signatures that were verified. */
export interface OpenedCheckpoint extends Checkpoint, OpenedNote {
  readonly extensions: readonly string[];
}

/**
 * Writes the text of a checkpoint, to be signed.
 * @throws RangeError if it could not be parsed again
 */
export function formatCheckpoint({ origin, size, root, extensions = [] }: Checkpoint): string {
  const text = [origin, size, Buffer.from(root).toString('base64'), ...extensions, ''].join('\n');
  // A newline in one of them would make a line more.
  if (parseLines(text)?.extensions.length !== extensions.length) {
    throw new RangeError(
      'a checkpoint has an origin of one line, a size from 0, a root of 32 bytes and full lines',
    );
  }
  return text;
}

/**
 * Parses the text of a checkpoint.
 * @param text of a note
 * @param origin of the log that it must be of, if that is known
 * @throws AuditError `note_malformed` for whatever is not exactly a checkpoint; `audit_log_foreign` for one of another log
 */
export function parseCheckpoint(text: string, origin?: string): Required<Checkpoint> {
  const checkpoint = parseLines(text);
  if (checkpoint === undefined) {
    throw new AuditError('note_malformed', 'the text of the note is no checkpoint', {
      hint: 'A checkpoint is an origin, a size and a root, a line each. See c2sp.org/tlog-checkpoint.',
    });
  }
  if (origin !== undefined && checkpoint.origin !== origin) {
    throw new AuditError(
      'audit_log_foreign',
      `the checkpoint is of “${checkpoint.origin}”, not of “${origin}”`,
      {
        hint: 'Give the checkpoint of the log that is meant.',
      },
    );
  }
  return checkpoint;
}

function parseLines(text: string): Required<Checkpoint> | undefined {
  const [origin = '', decimal = '', encoded = '', ...extensions] = text.split('\n');
  const [size, root] = [parseCount(decimal), parseBase64(encoded)];
  const end = extensions.pop();
  if (end !== '' || origin === '' || extensions.includes('')) return undefined;
  if (size === undefined || root?.length !== HASH_BYTES) return undefined;
  return { origin, size, root, extensions };
}

/**
 * What a checkpoint says, without verifying who says it.
 * @param note the whole note
 * @throws AuditError `note_malformed`, `audit_log_foreign` as {@link parseCheckpoint}
 */
export function readCheckpoint(note: string | Uint8Array, origin?: string): Required<Checkpoint> {
  return parseCheckpoint(parseNote(note).text, origin);
}

/**
 * Opens a checkpoint: verifies the signatures of known keys, and that it is one of this log.
 * @throws AuditError `note_malformed`, `note_unsigned` as `openNote`; `audit_log_foreign` for one of another log
 */
export async function openCheckpoint(
  note: string | Uint8Array,
  keys: readonly VerifierKey[],
  origin?: string,
): Promise<OpenedCheckpoint> {
  const opened = await openNote(note, keys);
  return { ...parseCheckpoint(opened.text, origin), ...opened };
}
