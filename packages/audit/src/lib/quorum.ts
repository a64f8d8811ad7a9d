/** How many witnesses have seen a checkpoint. */
import { AuditError } from '../errors.js';
import { type NoteSignature, openNote, parseNote, type VerifiedSignature } from './note.js';
import {
  COSIGNATURE,
  type NamedKey,
  parseVerifierKey,
  toVerifierKey,
  type VerifierKey,
  verifierKey,
} from './verifier-key.js';

/** The witnesses that somebody trusts, and how many of them must have signed. */
export interface WitnessPolicy {
  /** Verifier keys of cosignatures (type 0x04). A bare public key stands for its witness whatever that is called. */
  readonly keys: readonly NamedKey[];
  /** 1 to the number of keys. */
  readonly quorum: number;
}

/** A trusted key, with the name that goes with it if it has one. */
interface Trusted {
  readonly name?: string;
  readonly publicKey: Uint8Array;
}

/**
 * Verifies that enough witnesses have cosigned a checkpoint. Keys are counted, not names or lines.
 * @param note the checkpoint with its signatures
 * @param logKeys the log's own keys, 32 bytes each: none of them is a witness of it
 * @returns the cosignatures, one for each key
 * @throws AuditError `witnesses_missing` if there are fewer; `note_malformed`, also for a verifier key that is none or
 *   of no witness; `note_unsigned` for a cosignature that is not of the key that it claims
 * @throws RangeError if so many could never sign
 */
export async function verifyQuorum(
  note: string | Uint8Array,
  { keys, quorum }: WitnessPolicy,
  logKeys: readonly Uint8Array[] = [],
): Promise<VerifiedSignature[]> {
  const own = new Set(logKeys.map(hexOf));
  const trusted = keys.map(trustedKey).filter(({ publicKey }) => !own.has(hexOf(publicKey)));
  const possible = new Set(trusted.map(({ publicKey }) => hexOf(publicKey))).size;
  if (!Number.isSafeInteger(quorum) || quorum < 1 || quorum > possible) {
    throw new RangeError(
      `a quorum is 1 to the number of different witnesses, of which there are ${possible}`,
    );
  }
  const claimed = claimedKeys(parseNote(note).signatures, trusted);
  // Without a line that claims to be of one of them there is nothing to open.
  const { verified } = claimed.length === 0 ? { verified: [] } : await openNote(note, claimed);
  const byKey = new Map(verified.map((signature) => [hexOf(signature.key.publicKey), signature]));
  if (byKey.size >= quorum) return [...byKey.values()];
  throw new AuditError(
    'witnesses_missing',
    `${byKey.size} of the ${quorum} witnesses that must sign have signed`,
    {
      hint: 'Ask the log for a checkpoint with more cosignatures. Until then it may show others another log.',
    },
  );
}

function trustedKey(key: NamedKey): Trusted {
  if (typeof key !== 'string' || !key.includes('+'))
    return { publicKey: toVerifierKey(key, 'witness').publicKey };
  const { name, type, publicKey } = parseVerifierKey(key);
  if (type === COSIGNATURE) return { name, publicKey };
  throw new AuditError('note_malformed', `the key of “${name}” is not one that cosigns checkpoints`, {
    hint: 'Name the witness by its verifier key of type 0x04, not by the key of a log.',
  });
}

/** For each line the trusted keys that it can be of. */
function claimedKeys(signatures: readonly NoteSignature[], trusted: readonly Trusted[]): VerifierKey[] {
  return signatures.flatMap(({ name, id }) =>
    trusted
      .filter((key) => key.name === undefined || key.name === name)
      .map((key) => verifierKey(name, key.publicKey, COSIGNATURE))
      .filter((key) => key.id === id),
  );
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
