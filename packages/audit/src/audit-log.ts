import { sha256 } from '@stele/crypto';
import type { LogBackend, LogReader } from './backend.js';
import type { EventRecord, LogEntry, Receipt } from './entry.js';
import { AuditError } from './errors.js';
import { type Exported, type ExportOptions, exportLog } from './export.js';
import { AppendQueue } from './lib/append-queue.js';
import { readCheckpoint } from './lib/checkpoint.js';
import { Checkpointing } from './lib/checkpointing.js';
import { Cosigning } from './lib/cosigning.js';
import { type Erasure, eraseSubject, readValues } from './lib/erasure.js';
import { mustTell } from './lib/key-turns.js';
import { parseLeaf, prepareEntry } from './lib/leaf.js';
import type { Leaf } from './lib/leaf-types.js';
import { type AuditLogOptions, type CheckedOptions, checkOptions } from './lib/log-options.js';
import { sameHash } from './lib/merkle.js';
import { formatVerifierKey, type VerifierKey } from './lib/note.js';
import { openTree } from './lib/opening.js';
import { latestTime, leafOf, leavesOf } from './lib/reading.js';
import type { EntryValues } from './lib/values.js';
import { consistencyProof, type EntryProof, inclusionProof, proveEntry } from './proofs.js';
import { type Pruned, type PruneOptions, pruneLog } from './prune.js';

export type { AuditLogOptions } from './lib/log-options.js';

/** How many outcomes of permits that an earlier life left are appended at a time. */
const TOGETHER = 1_024;

/**
 * The transparency log of decisions. One process writes it at a time (several, where the backend is shared).
 *
 * What is appended is durable when `append` resolves. Beside that, the Merkle tree grows, and is signed at least every
 * second.
 */
export class AuditLog {
  /** It takes decisions and events. */
  readonly takesEvents = true;
  readonly origin: string;
  /** How many bytes of an incomplete last record were cut when it was opened, as after a crash; 0 when none. */
  readonly cutBytes: number;
  readonly #options: CheckedOptions;
  readonly #queue: AppendQueue;
  readonly #checkpointing: Checkpointing;
  readonly #cosigning: Cosigning;
  #lastTime: number | undefined;
  #closing: Promise<void> | undefined;

  private constructor(opened: Opened) {
    const { options, size, cutBytes, lastTime } = opened;
    this.#options = options;
    this.origin = options.origin;
    this.cutBytes = cutBytes;
    this.#lastTime = lastTime;
    this.#checkpointing = opened.checkpointing;
    this.#cosigning = opened.cosigning;
    this.#queue = new AppendQueue({
      backend: options.backend,
      origin: options.origin,
      size,
      values: options.values,
      onAppended: (at, records) => {
        for (const { time } of records) this.#noteTime(time);
        this.#checkpointing.note(at, records);
      },
    });
  }

  /**
   * Opens a log, or begins one.
   * @param backend a backend, which the log opens and closes; or the path of a folder
   * @throws AuditError `audit_log_locked`, `audit_log_corrupt`, `audit_log_version`, `audit_log_unavailable`;
   *   `audit_log_foreign` if it has another origin, was signed by a key that was not named, or has retired the signer's;
   *   `audit_log_rolled_back` if it is smaller than, or inconsistent with, the highest checkpoint that was signed
   * @throws TypeError, RangeError for options that are none; CryptoError `key_use_wrong`
   */
  static async open(backend: LogBackend | string, options: AuditLogOptions): Promise<AuditLog> {
    const checked = checkOptions(backend, options);
    hold(checked.backend);
    let opened: Opened | undefined;
    try {
      opened = await openParts(checked);
      const log = new AuditLog(opened);
      await log.#begin(opened);
      return log;
    } catch (error) {
      opened?.checkpointing.abandon();
      checked.values?.close();
      held.delete(checked.backend);
      await checked.backend.close().catch(() => undefined);
      throw error;
    }
  }

  /** What of it is published, to verify it and to make proofs. */
  get reader(): LogReader {
    return this.#options.backend;
  }

  /**
   * Appends an entry. It is durable when the promise resolves.
   * @throws AuditError `entry_refused`, `audit_log_full` when 10,000 wait or 64 MiB, `audit_disk_low`,
   *   `audit_log_unavailable`, `audit_log_closed`
   */
  append(entry: LogEntry): Promise<Receipt> {
    return this.#append(entry, false);
  }

  /**
   * Signs and publishes now.
   * @returns a checkpoint that covers everything that was acknowledged
   * @throws AuditError `audit_log_unavailable`, `audit_log_closed`; whatever the signer throws
   */
  async checkpoint(): Promise<string> {
    this.#assertOpen();
    return this.#checkpointing.checkpoint();
  }

  /**
   * The leaf of an entry, as it stands in the log, published or not.
   * @throws AuditError `entry_not_found`, `audit_log_corrupt`, `audit_log_closed`
   */
  async entry(index: number): Promise<Leaf> {
    this.#assertOpen();
    const published = () => this.#checkpointing.published?.size ?? 0;
    return parseLeaf(await leafOf(this.#options.backend, published, index), index);
  }

  /**
   * The values that an entry commits to, in clear, with the salt; undefined where none are kept.
   * @throws AuditError `values_erased` when the subject's key was destroyed; `values_unreadable` for what was changed or
   *   is not what the entry commits to; `subject_keys_unavailable`, `entry_not_found`, `audit_log_corrupt`
   */
  async values(index: number): Promise<EntryValues | undefined> {
    return readValues(this.#options.backend, this.#options.values, index, await this.entry(index));
  }

  /**
   * Erases the values of a subject: destroys the key under which they are sealed, and says so in an entry `log.erased`
   * that commits to the subject. Proofs stay as they are. What is appended of the subject while it runs is erased as well.
   * What was interrupted is finished by calling it again.
   * @throws AuditError `subject_keys_unavailable`, and what `append` throws
   */
  async eraseSubject(subject: string): Promise<Erasure> {
    this.#assertOpen();
    return eraseSubject(this.#options.values, subject, this.#now(), (entry) => this.#queue.append(entry));
  }

  /**
   * Proves that an entry is in the log, up to the newest checkpoint unless a size is given.
   * @throws AuditError `entry_not_found` for what no published checkpoint covers yet; RangeError
   */
  async inclusionProof(index: number, size?: number): Promise<EntryProof> {
    this.#assertOpen();
    return inclusionProof(this.reader, index, size);
  }

  /**
   * Proves that the log has only grown between two sizes; up to the newest checkpoint unless `to` is given.
   * @throws AuditError `entry_not_found` for what no published checkpoint covers yet; RangeError
   */
  async consistencyProof(from: number, to?: number): Promise<Uint8Array[]> {
    this.#assertOpen();
    return consistencyProof(this.reader, from, to);
  }

  /**
   * A proof of one entry that verifies offline: the text of a `.tlog-proof` file. Signs first, so that what was acknowledged is covered.
   * @throws AuditError `entry_not_found`, `audit_log_corrupt`; RangeError
   */
  async prove(index: number): Promise<string> {
    await this.checkpoint();
    return proveEntry(this.reader, index);
  }

  /**
   * Signs, and exports what is signed: to a single file if the path ends with `.tar`, else to a folder. See {@link exportLog}.
   * @throws AuditError `export_exists`, `export_malformed`, `audit_log_corrupt`, `audit_log_unavailable`
   */
  async exportTo(path: string, options: ExportOptions = {}): Promise<Exported> {
    await this.checkpoint();
    return exportLog(this.reader, path, options);
  }

  /**
   * Removes the entries before an index, by a written policy, after exporting them if `archiveTo` is given. The log verifies from
   * there on, and says from where; auditors with an older checkpoint are told.
   * @param before a multiple of 256 within what is signed
   * @throws AuditError `export_exists`, `audit_log_corrupt` if the archive would not verify; `audit_log_unavailable`
   * @throws TypeError without a policy; RangeError
   */
  async prune(before: number, options: PruneOptions): Promise<Pruned> {
    this.#assertOpen();
    const { backend, keys } = this.#options;
    return pruneLog(
      {
        ...{ backend, keys },
        now: () => this.#now(),
        checkpoint: () => this.checkpoint(),
        append: (entry) => this.#append(entry, true),
      },
      before,
      options,
    );
  }

  /** How many entries no published checkpoint covers, and since when the oldest of them waits for one. */
  lag(): { entries: number; ageMs: number } {
    return this.#checkpointing.lag();
  }

  /** The latest time that a durable entry has, in milliseconds since 1970; undefined for an empty log. */
  get lastTime(): number | undefined {
    return this.#lastTime;
  }

  /** Appends what waits, publishes a last checkpoint and gives the log back. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#queue.close();
      await this.#checkpointing.close();
      await this.#cosigning.settled();
    } finally {
      this.#options.values?.close();
      held.delete(this.#options.backend);
      await this.#options.backend.close();
    }
  }

  /** At once, so that what is changed in the entry later has no effect. */
  #append(entry: LogEntry, own: boolean): Promise<Receipt> {
    try {
      const { personal, values } = this.#options;
      const subjectOf = values && ((given: LogEntry) => values.subjectOf(given));
      // What the log says of itself is for everybody to read, whatever the host calls its own fields.
      return this.#queue.append(prepareEntry(entry, { own, subjectOf, ...(!own && { personal }) }));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** What a log says of itself before anybody else says something. */
  async #begin({ size, previous }: Opened): Promise<void> {
    const { key, predecessor } = this.#options;
    if (predecessor !== undefined) await this.#goOnFrom(predecessor, size);
    if (previous !== undefined) {
      const keys = { key: formatVerifierKey(key), previous: formatVerifierKey(previous) };
      await this.#append({ v: 1, kind: 'log.key', time: this.#now(), ...keys }, true);
    }
    await this.#settle();
    if (this.lag().entries > 0) await this.#checkpointing.checkpoint();
  }

  /** Says of the permits of an earlier life that their outcome is unknown. */
  async #settle(): Promise<void> {
    const { backend } = this.#options;
    for (let left = await backend.unsettled(); left.length > 0; left = await backend.unsettled()) {
      for (let i = 0; i < left.length; i += TOGETHER) {
        const outcomes = left.slice(i, i + TOGETHER).map((of) => this.#append(this.#unknown(of), true));
        await Promise.all(outcomes);
      }
    }
  }

  /** A log that was begun with a predecessor may be opened with it again. */
  async #goOnFrom(note: string, size: number): Promise<void> {
    const entry = predecessorEntry(note, this.origin, this.#now());
    if (size === 0) {
      await this.#append(entry, true);
      return;
    }
    if ((await this.reader.first()) > 0) return; // nobody can tell any more
    const first = await this.entry(0);
    if (first.kind === entry.kind && (first as { checkpoint?: unknown }).checkpoint === entry.checkpoint)
      return;
    throw new AuditError('audit_log_foreign', `${this.reader.name} does not begin with this predecessor`, {
      hint: 'A predecessor can be named only where a log begins: take an empty place.',
    });
  }

  #unknown(of: number): LogEntry {
    return { v: 1, kind: 'outcome', time: this.#now(), of, outcome: 'unknown' };
  }

  #now(): string {
    return this.#options.clock().toISOString();
  }

  #noteTime(time: number): void {
    if (this.#lastTime === undefined || time > this.#lastTime) this.#lastTime = time;
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new AuditError('audit_log_closed', 'the log is closed');
  }
}

/** Backends that a log has: whoever hands one in twice must not close the log that has it. */
const held = new WeakSet<LogBackend>();

function hold(backend: LogBackend): void {
  if (held.has(backend)) {
    throw new AuditError('audit_log_locked', `${backend.name} was opened already, with this very backend`, {
      hint: 'Use the log that has it. After it is closed, make a new backend.',
    });
  }
  held.add(backend);
}

interface Opened {
  readonly options: CheckedOptions;
  readonly checkpointing: Checkpointing;
  readonly cosigning: Cosigning;
  readonly size: number;
  readonly cutBytes: number;
  readonly lastTime: number | undefined;
  /** The key that signed last, where another is to sign and the log does not say so yet. */
  readonly previous: VerifierKey | undefined;
}

async function openParts(options: CheckedOptions): Promise<Opened> {
  const { backend, origin, keys, signer, intervalMs, onProblem } = options;
  const { size: came, cutBytes } = await backend.open();
  const heads = options.heads ?? backend.heads;
  const {
    tree,
    size,
    published,
    unpublished,
    key: signedBy,
  } = await openTree({ backend, heads, origin, keys, size: came });
  const cosigning = new Cosigning({
    ...options,
    reader: backend,
    onSigned: (note, lines) => checkpointing.cosigned(note, lines),
  });
  const checkpointing = new Checkpointing({
    backend,
    heads,
    origin,
    signer,
    keys,
    intervalMs,
    published,
    tree,
    size,
    onProblem,
    onPublished: (note) => cosigning.ask(note),
  });
  if (unpublished !== undefined) await checkpointing.publishAgain(unpublished);
  const covered = checkpointing.published?.size ?? 0;
  const lastTime = await latestTime(backend, covered, size);
  const isOther = signedBy !== undefined && !sameHash(signedBy.publicKey, signer.publicKey);
  // Only then is the whole log read: a key that it has retired would make it worthless.
  const tells = isOther && (await mustTell(options.key, leavesOf(backend, covered, size)));
  const previous = tells ? signedBy : undefined;
  return { options, checkpointing, cosigning, size, cutBytes, lastTime, previous };
}

/** The entry of a log that goes on from another. */
function predecessorEntry(note: string, origin: string, time: string): EventRecord {
  const old = readCheckpoint(note);
  if (old.origin === origin) throw new RangeError('a log goes on from another only under a new origin');
  return {
    v: 1,
    kind: 'log.predecessor',
    time,
    origin: old.origin,
    size: old.size,
    root: Buffer.from(old.root).toString('hex'),
    checkpoint: sha256(note),
  };
}
