import { AuditError } from './errors.js';
import { parseCheckpoint } from './lib/checkpoint.js';
import { openNote, parseNote, parseSignature } from './lib/note.js';
import { parseCount } from './lib/strict-text.js';
import { COSIGNATURE, parseVerifierKey, type VerifierKey } from './lib/verifier-key.js';
import { ADD_CHECKPOINT, formatAddCheckpoint, MAX_ANSWER_BYTES, SIZE_TYPE } from './lib/witness-protocol.js';

export interface WitnessClientOptions {
  /** The submission prefix of the witness. */
  url: string | URL;
  /** Its verifier key (type 0x04). */
  key: string;
  /** How long it may take to cosign a checkpoint in all, in milliseconds; 5,000 unless given. */
  timeoutMs?: number;
}

/** What a witness is shown. */
export interface CheckpointToCosign {
  /** The whole note, signed by the log. */
  readonly checkpoint: string;
  /** The hashes of a consistency proof between two sizes, the second that of the checkpoint. */
  consistencyProof(from: number, to: number): Promise<readonly Uint8Array[]>;
}

/** The size is guessed, told, and may grow once more while we answer. */
const MAX_ATTEMPTS = 3;
const MAX_TIMEOUT_MS = 600_000;

/** Asks a witness for cosignatures (C2SP tlog-witness). What it has seen is learned from it, and kept in memory alone. */
export class WitnessClient {
  /** How it is called in its cosignatures. */
  readonly name: string;
  readonly #endpoint: URL;
  readonly #key: VerifierKey;
  readonly #timeoutMs: number;
  /** The size that it has cosigned last, as far as we know. */
  #size = 0;
  #busy = false;

  /**
   * @throws AuditError `note_malformed` if the key is no verifier key
   * @throws TypeError, RangeError for a wrong URL, time-out or type of key
   */
  constructor({ url, key, timeoutMs = 5_000 }: WitnessClientOptions) {
    this.#endpoint = new URL(url);
    if (!/^https?:$/.test(this.#endpoint.protocol))
      throw new RangeError('the URL of a witness is http or https');
    this.#endpoint.pathname = this.#endpoint.pathname.replace(/\/$/, '') + ADD_CHECKPOINT;
    this.#key = parseVerifierKey(key);
    if (this.#key.type !== COSIGNATURE) throw new RangeError('the key of a witness is of type 0x04');
    if (!(timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS))
      throw new RangeError('timeoutMs must be 1 to 600,000');
    this.name = this.#key.name;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Has a checkpoint cosigned.
   * @returns the signature line, verified, without its newline
   * @throws AuditError `witnesses_missing` if it does not come in time, for whatever reason, or is not good; also while
   *   an earlier request is under way
   */
  async cosign(request: CheckpointToCosign): Promise<string> {
    if (this.#busy) throw this.#missing('is still busy with an earlier checkpoint');
    this.#busy = true;
    const signal = AbortSignal.timeout(this.#timeoutMs);
    try {
      return await this.#ask(request, signal);
    } catch (error) {
      if (error instanceof AuditError && error.code === 'witnesses_missing') throw error;
      throw this.#missing(signal.aborted ? 'did not answer in time' : 'gave no usable answer', error);
    } finally {
      this.#busy = false;
    }
  }

  async #ask({ checkpoint, consistencyProof }: CheckpointToCosign, signal: AbortSignal): Promise<string> {
    const { text } = parseNote(checkpoint);
    const { size } = parseCheckpoint(text);
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const old = this.#size;
      if (old > size)
        throw this.#missing(`has cosigned ${old} entries already, and the checkpoint has ${size}`);
      const hashes = old === 0 || old === size ? [] : await orAborted(consistencyProof(old, size), signal);
      const body = formatAddCheckpoint({ old, hashes, checkpoint });
      const response = await fetch(this.#endpoint, { method: 'POST', body, signal, redirect: 'error' });
      const answer = await textOf(response);
      if (response.status === 200) {
        const line = await this.#verified(answer, text);
        this.#size = size;
        return line;
      }
      this.#learn(response, answer, old, size);
    }
    throw this.#missing('names another size each time');
  }

  /** Takes the size from a conflict, and fails for anything else. */
  #learn(response: Response, answer: string, old: number, size: number): void {
    const isSize = response.status === 409 && response.headers.get('content-type') === SIZE_TYPE;
    const seen = isSize && answer.endsWith('\n') ? parseCount(answer.slice(0, -1)) : undefined;
    if (seen === undefined) throw this.#missing(`answered with status ${response.status}`);
    if (seen === old) throw this.#missing(`has seen another tree of ${old} entries`);
    // Not kept: if it is no lie, another process has had a newer checkpoint cosigned.
    if (seen > size)
      throw this.#missing(`has cosigned ${seen} entries already, and the checkpoint has ${size}`);
    this.#size = seen;
  }

  async #verified(answer: string, text: string): Promise<string> {
    const lines = answer.split('\n').filter((line) => line !== '');
    const ours = lines
      .map(parseSignature)
      .find(({ name, id }) => name === this.#key.name && id === this.#key.id);
    if (ours === undefined) throw this.#missing('sent no cosignature of its key');
    await openNote(`${text}\n${ours.line}\n`, [this.#key]);
    return ours.line;
  }

  #missing(what: string, cause?: unknown): AuditError {
    return new AuditError('witnesses_missing', `the witness “${this.name}” ${what}`, {
      hint: 'The log goes on without it; the next checkpoint is sent to it again.',
      cause,
    });
  }
}

/** What a promise gives, or a rejection when the time is over. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    promise.then(resolve, reject);
  });
}

/** The body as text, at most as long as an answer may be. */
async function textOf(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > MAX_ANSWER_BYTES)
      throw new RangeError(`the answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

/**
 * Asks several witnesses at once, each within its own time-out. Never rejects: a witness that fails is missing from
 * what is returned.
 * @param onFailure told of each that failed
 * @returns the signature lines, in the order of the clients
 */
export async function collectCosignatures(
  clients: readonly WitnessClient[],
  request: CheckpointToCosign,
  onFailure: (error: unknown, client: WitnessClient) => void = () => undefined,
): Promise<string[]> {
  const lines = await Promise.all(
    clients.map((client) =>
      client.cosign(request).catch((error: unknown) => {
        onFailure(error, client);
        return undefined;
      }),
    ),
  );
  return lines.filter((line) => line !== undefined);
}
