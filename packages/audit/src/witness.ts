import type { RequestListener } from 'node:http';
import { type KeyPair, type Signer, toSigner } from '@stele/crypto';
import { AuditError, type AuditErrorCode } from './errors.js';
import { type OpenedCheckpoint, openCheckpoint, readCheckpoint } from './lib/checkpoint.js';
import { cosignatureBytes, cosignedMessage } from './lib/cosignature.js';
import { EMPTY_ROOT, sameHash, verifyConsistency } from './lib/merkle.js';
import { formatSignature } from './lib/note.js';
import {
  COSIGNATURE,
  formatVerifierKey,
  type NamedKey,
  toVerifierKey,
  type VerifierKey,
  verifierKey,
} from './lib/verifier-key.js';
import { type AddCheckpoint, parseAddCheckpoint, SIZE_TYPE } from './lib/witness-protocol.js';
import { type Listening, type ListenOptions, listen, requestListener } from './lib/witness-server.js';
import { type Seen, WitnessState } from './lib/witness-state.js';

/** A log that a witness watches. */
export interface WitnessedLog {
  readonly origin: string;
  /** Its keys, old ones too while it may still use them. */
  readonly keys: readonly NamedKey[];
}

export interface WitnessOptions {
  /** How the witness is called in its cosignatures: a URL without its scheme, such as `witness.example/w1`. */
  name: string;
  /** Its key, which signs nothing else. */
  signer: KeyPair | Signer;
  logs: readonly WitnessedLog[];
  /** The time, in milliseconds since 1970. */
  clock?: () => number;
  /** Told of what kept the witness from answering. */
  onError?: (error: unknown) => void;
}

/** An answer in the terms of HTTP. */
export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422;
  readonly type: string;
  readonly body: string;
}

/**
 * A witness (C2SP tlog-witness): cosigns the checkpoints of logs as long as each one continues the one before, so that
 * a log that shows different trees to different people is found out. It remembers one checkpoint of each log, durably
 * before it signs, and refuses forks and rollbacks however often it is restarted.
 */
export class Witness {
  /** Its verifier key, to be given to those who trust it. */
  readonly key: string;
  /** For a server of the host's own; see {@link Witness.listen} for the limits that such a server should have. */
  readonly handler: RequestListener;
  readonly #state: WitnessState;
  readonly #signer: Signer;
  readonly #key: VerifierKey;
  readonly #logs: ReadonlyMap<string, readonly VerifierKey[]>;
  readonly #clock: () => number;

  private constructor(state: WitnessState, signer: Signer, options: WitnessOptions) {
    this.#state = state;
    this.#signer = signer;
    this.#key = verifierKey(options.name, signer.publicKey, COSIGNATURE);
    this.key = formatVerifierKey(this.#key);
    this.#logs = new Map(
      options.logs.map(({ origin, keys }) => [origin, keys.map((key) => toVerifierKey(key, origin))]),
    );
    this.#clock = options.clock ?? Date.now;
    this.handler = requestListener((body) => this.addCheckpoint(body), options.onError);
  }

  /**
   * @param folder what it remembers. Losing it, or putting back an older one, lets a log fork unseen.
   * @throws AuditError `note_malformed` for a key that is none; an error of the file system
   */
  static async open(folder: string, options: WitnessOptions): Promise<Witness> {
    const state = new WitnessState(folder);
    const witness = new Witness(state, toSigner(options.signer, 'witness'), options);
    for (const origin of witness.#logs.keys()) await state.prepare(origin);
    return witness;
  }

  /** Answers a request to add a checkpoint. Rejects where the state cannot be read or written, or the key not used. */
  async addCheckpoint(body: Uint8Array): Promise<WitnessAnswer> {
    try {
      return await this.#answer(parseAddCheckpoint(body));
    } catch (error) {
      const status = error instanceof AuditError ? refusals[error.code] : undefined;
      if (status === undefined) throw error;
      return refusal(status, (error as AuditError).message);
    }
  }

  /**
   * Serves on an address of its own, with limits on time, size and connections.
   * @returns where, and how to stop
   */
  listen(options: ListenOptions = {}): Promise<Listening> {
    return listen(this.handler, options);
  }

  async #answer({ old, hashes, checkpoint: note }: AddCheckpoint): Promise<WitnessAnswer> {
    const { origin } = readCheckpoint(note);
    const keys = this.#logs.get(origin);
    if (keys === undefined) return refusal(404, 'this witness does not know the log');
    const checkpoint = await openCheckpoint(note, keys, origin);
    if (old > checkpoint.size) return refusal(400, 'the old size is above the size of the checkpoint');
    const seen = await this.#state.read(origin);
    if (old !== (seen?.size ?? 0)) return conflict(seen);
    if (seen?.size === checkpoint.size && !sameHash(seen.root, checkpoint.root)) return conflict(seen);
    if (!continues(seen, checkpoint, hashes)) return refusal(422, 'the proof does not prove the checkpoint');
    // The time before it is remembered: as of then nothing larger was seen.
    const time = Math.floor(this.#clock() / 1_000);
    if (!(await this.#remember(checkpoint, seen))) return conflict(await this.#state.read(origin));
    const body = `${await this.#cosign(checkpoint.text, time)}\n`;
    return { status: 200, type: 'text/plain; charset=utf-8', body };
  }

  /** @returns false if another checkpoint was remembered meanwhile */
  async #remember(checkpoint: OpenedCheckpoint, seen: Seen | undefined): Promise<boolean> {
    const { origin, size } = checkpoint;
    if (seen?.size !== size) return this.#state.replace(origin, seen, onlyVerified(checkpoint));
    await this.#state.keep(origin);
    return true;
  }

  async #cosign(text: string, time: number): Promise<string> {
    const signature = await this.#signer.sign(cosignedMessage(text, time));
    return formatSignature(this.#key, cosignatureBytes(time, signature));
  }
}

/** What is wrong with a request, by the code of the error that says so. */
const refusals: Partial<Record<AuditErrorCode, 400 | 403>> = { note_malformed: 400, note_unsigned: 403 };

/** True if the checkpoint continues what was seen. The size it starts from is that of what was seen. */
function continues(
  seen: Seen | undefined,
  checkpoint: OpenedCheckpoint,
  hashes: readonly Uint8Array[],
): boolean {
  const { size, root } = checkpoint;
  if (size === 0 && !sameHash(root, EMPTY_ROOT)) return false;
  if (seen === undefined || seen.size === 0) return hashes.length === 0;
  return verifyConsistency({ size1: seen.size, root1: seen.root, size2: size, root2: root, hashes });
}

/** The note without signatures that nobody has verified: they could be anything, and are kept. */
function onlyVerified({ text, verified }: OpenedCheckpoint): string {
  return `${text}\n${verified.map(({ line }) => `${line}\n`).join('')}`;
}

function conflict(seen: Seen | undefined): WitnessAnswer {
  return { status: 409, type: SIZE_TYPE, body: `${seen?.size ?? 0}\n` };
}

function refusal(status: 400 | 403 | 404 | 422, why: string): WitnessAnswer {
  return { status, type: 'text/plain; charset=utf-8', body: `${why}\n` };
}
