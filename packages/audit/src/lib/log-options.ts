/** What a log is opened with, checked. */
import { realpathSync } from 'node:fs';
import { basename, dirname, join, sep } from 'node:path';
import { type KeyPair, type Signer, toSigner } from '@stele/crypto';
import type { HeadKeeper, LogBackend } from '../backend.js';
import { FileLogBackend } from '../file-log.js';
import type { WitnessClient } from '../witness-client.js';
import { personalFields } from './leaf.js';
import { isKeyName, type NamedKey, toVerifierKey, type VerifierKey, verifierKey } from './note.js';
import { ValueSealer, type ValuesOptions } from './values.js';

/** Options of `AuditLog.open`. */
export interface AuditLogOptions {
  /** Signs the checkpoints. Its key is for this use alone. */
  readonly signer: KeyPair | Signer;
  /** Names the log, once and for all: a name without white space and plus signs, such as `audit.example.com/agents`. */
  readonly origin: string;
  /** Keys that signed before, the newest first; at most 64. */
  readonly previousKeys?: readonly NamedKey[] | undefined;
  /** Where the highest checkpoint is kept; not given: where the backend says. */
  readonly heads?: HeadKeeper | undefined;
  /** The longest time between two checkpoints of a log that grows, in milliseconds: 1,000 unless given, 10 to 60,000. */
  readonly checkpointIntervalMs?: number | undefined;
  readonly clock?: (() => Date) | undefined;
  /** Further fields that are committed instead of written in clear. */
  readonly personal?: readonly string[] | undefined;
  /** Keeps the values of what is committed, sealed beside the log; not given: they are not kept. */
  readonly values?: ValuesOptions | undefined;
  /** Asked for their cosignatures after each checkpoint. */
  readonly witnesses?: readonly WitnessClient[] | undefined;
  /**
   * Is told what failed in the background: a checkpoint that could not be made (the next second tries again), a witness
   * that did not sign.
   */
  readonly onProblem?: ((error: unknown) => void) | undefined;
  /** The last checkpoint, a whole note, of the log that this one goes on from under another origin. Only where a log begins. */
  readonly predecessor?: string | undefined;
}

export interface CheckedOptions {
  readonly backend: LogBackend;
  readonly signer: Signer;
  readonly origin: string;
  readonly key: VerifierKey;
  /** The log's own key first. */
  readonly keys: readonly VerifierKey[];
  readonly heads: HeadKeeper | undefined;
  readonly intervalMs: number;
  readonly clock: () => Date;
  readonly personal: ReadonlySet<string>;
  readonly values: ValueSealer | undefined;
  readonly witnesses: readonly WitnessClient[];
  readonly onProblem: (error: unknown) => void;
  readonly predecessor: string | undefined;
}

const MAX_KEYS = 64;

/** @throws TypeError, RangeError, CryptoError `key_use_wrong` */
export function checkOptions(backend: LogBackend | string, options: AuditLogOptions): CheckedOptions {
  const { origin, previousKeys = [], heads, checkpointIntervalMs = 1_000, personal, predecessor } = options;
  if (!isKeyName(origin)) throw new RangeError('an origin is a name without white space and plus signs');
  if (previousKeys.length > MAX_KEYS) throw new RangeError(`previousKeys can be ${MAX_KEYS} at most`);
  if (!(checkpointIntervalMs >= 10 && checkpointIntervalMs <= 60_000)) {
    throw new RangeError('checkpointIntervalMs must be 10 to 60,000');
  }
  if (predecessor !== undefined && typeof predecessor !== 'string') {
    throw new TypeError('predecessor must be the text of a checkpoint');
  }
  const signer = toSigner(options.signer, 'log');
  const key = verifierKey(origin, signer.publicKey);
  const kept = typeof backend === 'string' ? new FileLogBackend(backend) : backend;
  if (kept instanceof FileLogBackend) checkApart(options.values, kept.name);
  return {
    backend: kept,
    signer,
    origin,
    key,
    keys: [key, ...previousKeys.map((previous) => toVerifierKey(previous, origin))],
    heads,
    intervalMs: checkpointIntervalMs,
    clock: options.clock ?? (() => new Date()),
    personal: personalFields(personal),
    values: options.values && new ValueSealer(origin, options.values),
    witnesses: options.witnesses ?? [],
    onProblem: harmless(options.onProblem),
    predecessor,
  };
}

/** Whatever a host's function does, the work that tells it of a problem goes on. */
function harmless(told: AuditLogOptions['onProblem']): (error: unknown) => void {
  return (error) =>
    void Promise.resolve()
      .then(() => told?.(error))
      .catch(() => undefined);
}

/** The folder of a log is served, copied and backed up: no place for keys whose only copy must be destroyed. */
function checkApart(values: ValuesOptions | undefined, folder: string): void {
  const { path } = (values?.keys ?? {}) as { path?: unknown };
  if (typeof path !== 'string') return;
  const [keys, log] = [realOf(path), realOf(folder)];
  const within = [log, `${log}.private`].some((each) => `${keys}${sep}`.startsWith(`${each}${sep}`));
  if (within) throw new RangeError('the keys of subjects must not be in the folders of the log');
}

/** A path without symbolic links, as far as it is there: two names of one folder are one place. */
function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    const above = dirname(path);
    /* v8 ignore next -- a drive that is not there, on Windows */
    return above === path ? path : join(realOf(above), basename(path));
  }
}
