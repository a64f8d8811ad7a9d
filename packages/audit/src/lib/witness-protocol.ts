/** The messages between a log and a witness (C2SP tlog-witness, `add-checkpoint`). */
import { AuditError } from '../errors.js';
import { HASH_BYTES } from './merkle.js';
import { boundedText, parseBase64, parseCount } from './strict-text.js';

/** The longest request that a witness reads, in bytes: a proof, and a checkpoint with many signatures. */
export const MAX_REQUEST_BYTES = 262_144;
/** The longest answer that a log reads, in bytes. */
export const MAX_ANSWER_BYTES = 65_536;
/** The path below the submission prefix of a witness. */
export const ADD_CHECKPOINT = '/add-checkpoint';
/** The media type of a size, with which a witness says what it has seen. */
export const SIZE_TYPE = 'text/x.tlog.size';

/** How many hashes a consistency proof may have. */
const MAX_HASHES = 63;

/** What a log sends. */
export interface AddCheckpoint {
  /** The size that the witness has cosigned last, as far as the log knows; 0 for none. */
  readonly old: number;
  /** The consistency proof from there to the checkpoint. */
  readonly hashes: readonly Uint8Array[];
  /** The whole note. */
  readonly checkpoint: string;
}

/** Writes a request. */
export function formatAddCheckpoint({ old, hashes, checkpoint }: AddCheckpoint): string {
  const lines = [`old ${old}`, ...hashes.map((hash) => Buffer.from(hash).toString('base64'))];
  return `${lines.join('\n')}\n\n${checkpoint}`;
}

/**
 * Parses a request; its checkpoint is as it came.
 * @throws AuditError `note_malformed`
 */
export function parseAddCheckpoint(body: Uint8Array): AddCheckpoint {
  const text = boundedText(body, MAX_REQUEST_BYTES, requestError);
  const end = text.indexOf('\n\n');
  if (end < 0) throw requestError('it has no checkpoint after an empty line');
  const [first = '', ...lines] = text.slice(0, end).split('\n');
  if (lines.length > MAX_HASHES) throw requestError(`its proof has more than ${MAX_HASHES} hashes`);
  const old = first.startsWith('old ') ? parseCount(first.slice('old '.length)) : undefined;
  if (old === undefined) throw requestError('its first line is not the old size');
  return { old, hashes: lines.map(parseHash), checkpoint: text.slice(end + 2) };
}

function parseHash(line: string): Uint8Array {
  const hash = parseBase64(line);
  if (hash?.length === HASH_BYTES) return hash;
  throw requestError('a line of its proof is no hash in base64');
}

function requestError(what: string, cause?: unknown): AuditError {
  return new AuditError('note_malformed', `this is no request to add a checkpoint: ${what}`, {
    hint: 'See c2sp.org/tlog-witness for its form.',
    cause,
  });
}
