/** Whose signatures an auditor believes, and opening checkpoints with them. */
import { AuditError } from '../errors.js';
import { type Checkpoint, parseCheckpoint } from './checkpoint.js';
import {
  COSIGNATURE,
  ED25519,
  isKeyName,
  type NamedKey,
  openNote,
  parseNote,
  toVerifierKey,
  type VerifierKey,
} from './note.js';
import type { Problem, ProblemCode } from './report.js';

/** Whom an auditor believes. */
export interface TrustOptions {
  /**
   * The keys of the log, at least one: each as a verifier key (`name+hash+base64`), a did:key, 64 hex digits, 32 bytes, or
   * anything with a `publicKey`. Keys that the log has retired count for what was signed before; leave out one that was stolen.
   */
  readonly keys: readonly NamedKey[];
  /** The log that is meant, where the keys do not say it: only verifier keys carry a name. */
  readonly origin?: string | undefined;
  /** Witnesses (C2SP tlog-cosignature), as verifier keys, and how many of them must have signed: all unless given. */
  readonly witnesses?: { readonly keys: readonly string[]; readonly quorum?: number | undefined } | undefined;
}

/** A checkpoint of which it is known who signed it. */
export interface SignedCheckpoint {
  /** Undefined where the note is none. */
  readonly checkpoint?: Checkpoint;
  /** The keys of the log that have signed it. */
  readonly signers: readonly VerifierKey[];
  /** The names of the witnesses that have signed it. */
  readonly witnesses: readonly string[];
  readonly problem?: Problem;
}

const MAX_KEYS = 1_000;

/** The checked form of {@link TrustOptions}. */
export class Trust {
  readonly #keys: readonly NamedKey[];
  readonly #origin: string | undefined;
  readonly #witnesses: readonly VerifierKey[];
  readonly #quorum: number;

  /**
   * @throws TypeError, RangeError for no key, too many, or a quorum that cannot be reached
   * @throws AuditError `note_malformed`, CryptoError for a text that is no key
   */
  constructor({ keys, origin, witnesses }: TrustOptions) {
    if (!Array.isArray(keys)) throw new TypeError('keys must be a list of public keys');
    if (keys.length === 0 || keys.length > MAX_KEYS)
      throw new RangeError(`keys must be 1 to ${MAX_KEYS} public keys`);
    if (origin !== undefined && !isKeyName(origin))
      throw new RangeError('the origin of a log has neither white space nor plus signs in it');
    for (const key of keys) {
      if (toVerifierKey(key, 'any').type !== ED25519)
        throw new RangeError('keys are those of the log; witnesses are named apart');
    }
    this.#keys = [...keys];
    this.#origin = origin;
    this.#witnesses = distinct((witnesses?.keys ?? []).map(witnessKey));
    this.#quorum = witnesses?.quorum ?? this.#witnesses.length;
    if (!Number.isSafeInteger(this.#quorum) || this.#quorum < 0 || this.#quorum > this.#witnesses.length) {
      throw new RangeError(`quorum must be 0 to ${this.#witnesses.length}, the number of witnesses`);
    }
  }

  /**
   * Opens a checkpoint. Never throws for what stands in it.
   * @param what it is called in messages
   */
  async open(note: string | Uint8Array, what: string): Promise<SignedCheckpoint> {
    const read = readHead(note, this.#origin);
    if (read instanceof AuditError)
      return failed(codeOf(read), `${what} is no checkpoint of this log: ${read.message}`);
    const { origin } = read;
    if (!isKeyName(origin))
      return failed('checkpoint_malformed', `${what} has an origin that no key can have as its name`);
    // A key by another name is another log's, whatever it signs.
    const keys = this.#keys.map((key) => toVerifierKey(key, origin)).filter(({ name }) => name === origin);
    const opened = await openNote(note, [...keys, ...this.#witnesses]).catch(auditError);
    if (opened instanceof AuditError)
      return failed('checkpoint_unsigned', `${what}: ${opened.message}`, read);
    const known = opened.verified.map(({ key }) => key);
    const signers = known.filter(({ type }) => type === ED25519);
    const witnesses = known.filter(({ type }) => type === COSIGNATURE).map(({ name }) => name);
    if (signers.length > 0) return { checkpoint: read, signers, witnesses };
    return failed('checkpoint_unsigned', `${what} is signed by none of the keys that were named`, read);
  }

  /** What is wrong where too few witnesses have signed. */
  quorum({ witnesses }: SignedCheckpoint): Problem | undefined {
    if (witnesses.length >= this.#quorum) return undefined;
    const message = `the checkpoint is signed by ${witnesses.length} of the ${this.#witnesses.length} witnesses that were named; ${this.#quorum} are asked for`;
    return { code: 'witnesses_missing', message };
  }
}

function readHead(note: string | Uint8Array, origin: string | undefined): Checkpoint | AuditError {
  try {
    return parseCheckpoint(parseNote(note).text, origin);
  } catch (cause) {
    return auditError(cause);
  }
}

function auditError(cause: unknown): AuditError {
  if (cause instanceof AuditError) return cause;
  throw cause;
}

const codeOf = ({ code }: AuditError): ProblemCode =>
  code === 'audit_log_foreign' ? 'checkpoint_foreign' : 'checkpoint_malformed';

function failed(code: ProblemCode, message: string, checkpoint?: Checkpoint): SignedCheckpoint {
  return { ...(checkpoint && { checkpoint }), signers: [], witnesses: [], problem: { code, message } };
}

function witnessKey(text: string): VerifierKey {
  const key = toVerifierKey(text, 'any');
  if (key.type === COSIGNATURE) return key;
  throw new RangeError('the key of a witness is a verifier key of type 0x04');
}

/** Whoever is named twice signs once. By the key itself: one key may have several names. */
function distinct(keys: readonly VerifierKey[]): VerifierKey[] {
  return [...new Map(keys.map((key) => [Buffer.from(key.publicKey).toString('hex'), key])).values()];
}
