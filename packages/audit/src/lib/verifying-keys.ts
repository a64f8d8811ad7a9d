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
import { verifyQuorum, type WitnessPolicy } from './quorum.js';
import type { Problem, ProblemCode } from './report.js';
import { unlessRefused } from './unless.js';

/** Whom an auditor believes. */
export interface TrustOptions {
  /**
   * The keys of the log, at least one: each as a verifier key (`name+hash+base64`), a did:key, 64 hex digits, 32 bytes, or
   * anything with a `publicKey`. Keys that the log has retired count for what was signed before; leave out one that was stolen.
   */
  readonly keys: readonly NamedKey[];
  /** The log that is meant, where the keys do not say it: only verifier keys carry a name. */
  readonly origin?: string | undefined;
  /** Witnesses (C2SP tlog-cosignature), and how many of them must have signed: all unless given. */
  readonly witnesses?:
    | { readonly keys: readonly NamedKey[]; readonly quorum?: number | undefined }
    | undefined;
}

/** A checkpoint of which it is known who signed it, or what is wrong with it. */
export type SignedCheckpoint = {
  /** The keys of the log that have signed it. */
  readonly signers: readonly VerifierKey[];
  /** The names of the witnesses that have signed it. */
  readonly witnesses: readonly string[];
} & (
  | { readonly checkpoint: Checkpoint; readonly problem?: undefined }
  // Without a checkpoint where the note is none.
  | { readonly checkpoint?: Checkpoint | undefined; readonly problem: Problem }
);

const MAX_KEYS = 1_000;

/** The checked form of {@link TrustOptions}. */
export class Trust {
  readonly #keys: readonly NamedKey[];
  readonly #origin: string | undefined;
  readonly #witnesses: WitnessPolicy | undefined;
  /** All keys of the log, whichever of them has signed: none of them is a witness of it. */
  readonly #own: readonly Uint8Array[];

  /**
   * @throws TypeError, RangeError for no key, too many, or a quorum that cannot be reached
   * @throws AuditError `note_malformed`, CryptoError for a text that is no key
   */
  constructor({ keys, origin, witnesses }: TrustOptions) {
    this.#own = checkedKeys('keys', keys, ED25519).map(({ publicKey }) => publicKey);
    if (origin !== undefined && !isKeyName(origin)) {
      throw new RangeError('the origin of a log has neither white space nor plus signs in it');
    }
    this.#keys = [...keys];
    this.#origin = origin;
    this.#witnesses = witnesses && policyOf(witnesses, this.#own.map(hexOf));
  }

  /**
   * Opens a checkpoint: the signatures of the log, not those of witnesses. Never throws for what stands in it.
   * @param what it is called in messages
   */
  async open(note: string | Uint8Array, what: string): Promise<SignedCheckpoint> {
    const read = await unlessRefused(async () => parseCheckpoint(parseNote(note).text, this.#origin));
    if (read instanceof AuditError) {
      const code: ProblemCode =
        read.code === 'audit_log_foreign' ? 'checkpoint_foreign' : 'checkpoint_malformed';
      return failed(code, `${what} cannot be used: ${read.message}`);
    }
    const { origin } = read;
    if (!isKeyName(origin))
      return failed('checkpoint_malformed', `${what} has an origin that no key can have as its name`);
    // A key by another name is another log's, whatever it signs.
    const keys = this.#keys.map((key) => toVerifierKey(key, origin)).filter(({ name }) => name === origin);
    const opened = await unlessRefused(() => openNote(note, keys));
    if (opened instanceof AuditError)
      return failed('checkpoint_unsigned', `${what} cannot be used: ${opened.message}`, read);
    return { checkpoint: read, signers: opened.verified.map(({ key }) => key), witnesses: [] };
  }

  /** As `open`, with the witnesses that were asked for. */
  async openWitnessed(note: string | Uint8Array, what: string): Promise<SignedCheckpoint> {
    const opened = await this.open(note, what);
    const policy = this.#witnesses;
    if (policy === undefined || opened.problem !== undefined) return opened;
    const found = await unlessRefused(() => verifyQuorum(note, policy, this.#own));
    if (!(found instanceof AuditError)) return { ...opened, witnesses: found.map(({ name }) => name) };
    return {
      ...opened,
      problem: { code: 'witnesses_missing', message: `${what} cannot be used: ${found.message}` },
    };
  }
}

function checkedKeys(name: string, keys: readonly NamedKey[], type: number): VerifierKey[] {
  if (!Array.isArray(keys)) throw new TypeError(`${name} must be a list of public keys`);
  if (keys.length === 0 || keys.length > MAX_KEYS)
    throw new RangeError(`${name} must be 1 to ${MAX_KEYS} public keys`);
  return keys.map((key: NamedKey) => {
    const parsed = toVerifierKey(key, 'any');
    if (typeof key !== 'string' || !key.includes('+') || parsed.type === type) return parsed;
    throw new RangeError('a log signs with a key of type 0x01, a witness with one of type 0x04');
  });
}

function policyOf(
  { keys, quorum }: NonNullable<TrustOptions['witnesses']>,
  own: readonly string[],
): WitnessPolicy {
  const all = checkedKeys('witnesses.keys', keys, COSIGNATURE).map(({ publicKey }) => hexOf(publicKey));
  const possible = new Set(all.filter((key) => !own.includes(key))).size;
  const needed = quorum ?? possible;
  if (Number.isSafeInteger(needed) && needed >= 1 && needed <= possible)
    return { keys: [...keys], quorum: needed };
  throw new RangeError(
    `quorum must be 1 to the number of different witnesses that are not the log, of which there are ${possible}`,
  );
}

function failed(code: ProblemCode, message: string, checkpoint?: Checkpoint): SignedCheckpoint {
  return { checkpoint, signers: [], witnesses: [], problem: { code, message } };
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
