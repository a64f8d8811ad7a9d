/** Offline proofs (C2SP tlog-proof@v1): a checkpoint with the inclusion of one entry, as a text. */
import { AuditError } from '../errors.js';
import { readCheckpoint } from './checkpoint.js';
import { HASH_BYTES } from './merkle.js';
import { MAX_NOTE_BYTES } from './note.js';
import { boundedText, parseBase64, parseCount } from './strict-text.js';
import { MAX_LEAF_BYTES } from './tile-format.js';

/** The parts of a proof. */
export interface LogProof {
  readonly index: number;
  /** From the leaf's sibling up. */
  readonly hashes: readonly Uint8Array[];
  /** The whole note. */
  readonly checkpoint: string;
  /** Here the leaf itself. It proves nothing until its hash was verified. */
  readonly extra?: Uint8Array | undefined;
}

const HEADER = 'c2sp.org/tlog-proof@v1';
/** No tree has more levels. */
const MAX_HASHES = 63;
const MAX_PROOF_BYTES = MAX_NOTE_BYTES + 100_000;

/**
 * Writes a proof.
 * @throws AuditError `note_malformed` if it could not be parsed again
 */
export function formatProof({ index, hashes, checkpoint, extra }: LogProof): string {
  const lines = [
    HEADER,
    ...(extra === undefined ? [] : [`extra ${base64(extra)}`]),
    `index ${index}`,
    ...hashes.map(base64),
  ];
  const text = `${lines.join('\n')}\n\n${checkpoint}`;
  parseProof(text);
  return text;
}

/**
 * Parses a proof, verifying nothing.
 * @throws AuditError `note_malformed` for whatever is not exactly a proof
 */
export function parseProof(proof: string | Uint8Array): LogProof {
  const text = boundedText(proof, MAX_PROOF_BYTES, proofError);
  const end = text.indexOf('\n\n');
  if (end < 0) throw proofError('it has no checkpoint after an empty line');
  const [header, ...lines] = text.slice(0, end).split('\n');
  if (header !== HEADER) throw proofError(`its first line is not ${HEADER}`);
  const extra = lines[0]?.startsWith('extra ') ? lines.shift() : undefined;
  const first = lines.shift() ?? '';
  const index = first.startsWith('index ') ? parseCount(first.slice('index '.length)) : undefined;
  if (index === undefined) throw proofError('it does not say the index');
  if (lines.length > MAX_HASHES) throw proofError(`it has more than ${MAX_HASHES} hashes`);
  const checkpoint = text.slice(end + 2);
  readCheckpoint(checkpoint);
  return {
    index,
    hashes: lines.map((line) => fromBase64(line, (length) => length === HASH_BYTES)),
    checkpoint,
    ...(extra === undefined
      ? {}
      : { extra: fromBase64(extra.slice('extra '.length), (length) => length <= MAX_LEAF_BYTES) }),
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

/** Bytes in their one spelling. */
function fromBase64(text: string, fits: (length: number) => boolean): Uint8Array {
  const bytes = parseBase64(text);
  if (bytes !== undefined && fits(bytes.length)) return bytes;
  throw proofError('a line of it is no base64 of the right length');
}

function proofError(what: string, cause?: unknown): AuditError {
  return new AuditError('note_malformed', `this is no proof of a log: ${what}`, {
    hint: 'See c2sp.org/tlog-proof for its form.',
    cause,
  });
}
