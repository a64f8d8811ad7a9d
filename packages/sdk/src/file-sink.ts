import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import {
  canonicalizeJson,
  parseJson,
  randomBytes,
  sha256,
  sha256Bytes,
  snapshotJson,
  toBase64Url,
  toHex,
} from '@stele/crypto';
import { SinkError } from './errors.js';
import { readLines } from './lib/lines.js';
import { lockFile } from './lib/lock.js';
import type { DecisionEntry, DecisionSink } from './sink.js';

/** Where a record of decisions stands: how many entries it has, and the hash of the last. */
export interface Head {
  readonly entries: number;
  readonly hash: string;
}

export interface FileSinkOptions {
  /**
   * Keeps agent, resource and context in clear in `<path>.values`, beside the record that holds only commitments to them.
   * Not given: they are not kept.
   */
  values?: boolean;
}

const EMPTY: Head = Object.freeze({ entries: 0, hash: '0'.repeat(64) });
const MAX_QUEUE = 10_000;
/** Written together at most; with 1 MiB of values each this is as much as should be in one string. */
const MAX_BATCH = 256;
/** An entry has at most 1 MiB and is 64 deep (the limits of `snapshotJson`); its line is a little more. */
const READ_LIMITS = { maxBytes: 2 * 1024 * 1024, maxDepth: 65 };

interface Waiting {
  readonly entry: DecisionEntry;
  readonly resolve: (receipt: { seq: number; hash: string }) => void;
  readonly reject: (error: unknown) => void;
}

/** An entry as it is to be written. */
interface Chained {
  readonly line: string;
  readonly head: Head;
  /** The line with its values; empty where they are not kept. */
  readonly kept: string;
}

/**
 * Records decisions in a file of JSON lines, each `{"entry":{…,"seq","prev"},"hash"}` with the SHA-256 of the canonical
 * entry, which names the hash of the one before. Appends that come together share one write and one fsync. Agent,
 * resource and context stand in it as SHA-256(salt ‖ canonical value), with a fresh salt of 32 bytes per entry.
 *
 * `verifyDecisionFile` finds any change to a line. That lines were cut off the end it finds only against a head that
 * was kept elsewhere.
 */
export class FileSink implements DecisionSink {
  readonly path: string;
  /** True when the last line was incomplete on opening, as after a crash, and was cut off. */
  readonly recovered: boolean;
  readonly #file: FileHandle;
  readonly #values: FileHandle | undefined;
  readonly #unlock: () => void;
  #head: Head;
  #size: number;
  #valuesSize: number;
  #queue: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #closed = false;
  /** True once something half-written may stand at the end of the file. */
  #broken = false;

  private constructor(
    path: string,
    state: Scan,
    file: FileHandle,
    values: Values | undefined,
    unlock: () => void,
  ) {
    this.path = path;
    this.recovered = state.torn;
    this.#head = state.head;
    this.#size = state.bytes;
    this.#file = file;
    this.#values = values?.file;
    this.#valuesSize = values?.bytes ?? 0;
    this.#unlock = unlock;
  }

  /**
   * Opens a record, or begins one (mode 0600), and verifies what is there.
   * @throws SinkError `sink_locked` when another process writes to it, `sink_corrupt` when a line was changed,
   *   `sink_unavailable` when the file cannot be opened or is a symbolic link
   */
  static async open(path: string, options: FileSinkOptions = {}): Promise<FileSink> {
    const unlock = lockFile(path);
    const opened: FileHandle[] = [];
    try {
      const file = await openFile(path, opened);
      const state = await scan(path);
      if (state.problem !== undefined) {
        throw new SinkError('sink_corrupt', `${path}, line ${state.problem.line}: ${state.problem.reason}`, {
          hint: 'keep the file as evidence and begin a new one',
        });
      }
      if (state.torn) await file.truncate(state.bytes);
      const values = options.values === true ? await openValues(`${path}.values`, opened) : undefined;
      return new FileSink(path, state, file, values, unlock);
    } catch (error) {
      for (const file of opened) await file.close();
      unlock();
      throw error;
    }
  }

  /** Where the record stands. Kept elsewhere, it lets `verifyDecisionFile` find a cut tail. */
  get head(): Head {
    return { ...this.#head };
  }

  /**
   * Resolves once the entry is on disk.
   * @throws SinkError `entry_refused` for one that is no plain I-JSON of at most 1 MiB, `sink_full` when 10,000 entries
   *   wait, `sink_unavailable` when it cannot be written
   */
  append(entry: DecisionEntry): Promise<{ seq: number; hash: string }> {
    return new Promise((resolve, reject) => {
      if (this.#closed || this.#broken)
        return reject(new SinkError('sink_unavailable', 'the record of decisions is closed'));
      if (this.#queue.length >= MAX_QUEUE) return reject(new SinkError('sink_full', 'too many entries wait'));
      this.#queue.push({ entry, resolve, reject });
      this.#writing ??= this.#write();
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writing;
    await this.#file.close();
    await this.#values?.close();
    this.#unlock();
  }

  async #write(): Promise<void> {
    // Let everything that was appended in this turn come along.
    await Promise.resolve();
    while (this.#queue.length > 0) await this.#writeBatch(this.#queue.splice(0, MAX_BATCH));
    this.#writing = undefined;
  }

  async #writeBatch(batch: readonly Waiting[]): Promise<void> {
    const { accepted, head } = this.#chain(batch);
    const lines = accepted.map(({ line }) => line).join('');
    let values = '';
    try {
      values = accepted.map(({ kept }) => kept).join('');
      // What follows something half-written would be lost with it.
      if (this.#broken) throw new Error('an earlier failure could not be undone');
      await this.#values?.appendFile(values);
      await this.#values?.datasync();
      await this.#file.appendFile(lines);
      await this.#file.datasync();
    } catch (cause) {
      await this.#undo();
      const error = new SinkError('sink_unavailable', `${this.path} cannot be written`, { cause });
      for (const { waiting } of accepted) waiting.reject(error);
      return;
    }
    this.#head = head;
    this.#size += Buffer.byteLength(lines);
    this.#valuesSize += Buffer.byteLength(values);
    for (const { waiting, head: own } of accepted) waiting.resolve({ seq: own.entries - 1, hash: own.hash });
  }

  /** An entry that cannot be recorded is refused alone: those that came with it are not its fault. */
  #chain(batch: readonly Waiting[]): { accepted: (Chained & { waiting: Waiting })[]; head: Head } {
    const accepted: (Chained & { waiting: Waiting })[] = [];
    let head = this.#head;
    for (const waiting of batch) {
      try {
        const next = chained(waiting.entry, head, this.#values !== undefined);
        accepted.push({ ...next, waiting });
        head = next.head;
      } catch (cause) {
        waiting.reject(new SinkError('entry_refused', 'the entry cannot be recorded', { cause }));
      }
    }
    return { accepted, head };
  }

  /** Nothing half-written stays; should even that fail, opening the file cuts an incomplete line. */
  async #undo(): Promise<void> {
    try {
      await this.#file.truncate(this.#size);
      await this.#values?.truncate(this.#valuesSize);
    } catch {
      this.#broken = true;
    }
  }
}

/** What `verifyDecisionFile` found. */
export interface DecisionFileReport {
  readonly valid: boolean;
  readonly head: Head;
  /** The first line that is not as it was written, from 1. */
  readonly problem?: { readonly line: number; readonly reason: string };
}

/**
 * Recomputes a record of decisions, in constant memory.
 * @param expected a head that was kept elsewhere: the record must contain it, else its tail was cut or replaced
 */
export async function verifyDecisionFile(path: string, expected?: Head): Promise<DecisionFileReport> {
  const { head, problem, torn, passed } = await scan(path, expected);
  const first = problem ?? (torn ? { line: head.entries + 1, reason: 'the line is incomplete' } : undefined);
  if (first !== undefined) return { valid: false, head, problem: first };
  if (expected === undefined || passed) return { valid: true, head };
  const line = Math.min(head.entries, expected.entries) + 1;
  return {
    valid: false,
    head,
    problem: { line, reason: 'it does not contain the head that was kept: cut or replaced' },
  };
}

// ---- lines

function chained(entry: DecisionEntry, head: Head, keeps: boolean): Chained {
  const { committed, kept } =
    entry.kind === 'decision' ? commit(entry, head.entries, keeps) : { committed: entry, kept: '' };
  // A snapshot, because it takes only what can be read again.
  const text = canonicalizeJson(snapshotJson({ ...committed, seq: head.entries, prev: head.hash }));
  const hash = sha256(text);
  return {
    line: `{"entry":${text},"hash":"${hash}"}\n`,
    head: { entries: head.entries + 1, hash },
    kept,
  };
}

/** Request data stands in the record only as salted commitments: values of low entropy would be guessed otherwise. */
function commit(entry: Extract<DecisionEntry, { kind: 'decision' }>, seq: number, keeps: boolean) {
  const salt = randomBytes(32);
  const { agent, resource, context } = entry;
  const of = (value: unknown) =>
    toHex(sha256Bytes(joined(salt, new TextEncoder().encode(canonicalizeJson(value)))));
  const committed = { ...entry, agent: of(agent), resource: of(resource), context: of(context) };
  const values = { seq, salt: toBase64Url(salt), agent, resource, context };
  return { committed, kept: keeps ? `${canonicalizeJson(values)}\n` : '' };
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}

interface Scan {
  head: Head;
  /** Bytes up to the end of the last complete line. */
  bytes: number;
  torn: boolean;
  /** True when the expected head was met on the way. */
  passed: boolean;
  problem?: { line: number; reason: string };
}

async function scan(path: string, expected?: Head): Promise<Scan> {
  const passed = expected?.entries === 0 && expected.hash === EMPTY.hash;
  const state: Scan = { head: EMPTY, bytes: 0, torn: false, passed };
  for await (const { bytes, complete } of readLines(path, READ_LIMITS.maxBytes)) {
    if (!complete) return { ...state, torn: true };
    const next = nextHead(bytes, state.head);
    if (typeof next === 'string')
      return { ...state, problem: { line: state.head.entries + 1, reason: next } };
    state.head = next;
    state.bytes += bytes.length + 1;
    if (expected !== undefined && next.entries === expected.entries)
      state.passed = next.hash === expected.hash;
  }
  return state;
}

function nextHead(bytes: Uint8Array, head: Head): Head | string {
  try {
    const { entry, hash } = parseJson(bytes, READ_LIMITS) as {
      entry: { seq: unknown; prev: unknown };
      hash: string;
    };
    const text = canonicalizeJson(entry);
    if (Buffer.from(bytes).toString('utf8') !== `{"entry":${text},"hash":"${hash}"}`)
      return 'it is not in canonical form';
    if (sha256(text) !== hash) return 'its content does not match its hash';
    if (entry.prev !== head.hash) return 'it does not follow the line before it';
    return entry.seq === head.entries ? { entries: head.entries + 1, hash } : 'its number is out of order';
  } catch {
    return 'it cannot be read';
  }
}

interface Values {
  readonly file: FileHandle;
  readonly bytes: number;
}

/** The values are no evidence, so an incomplete line that a crash left is closed and stays. */
async function openValues(path: string, opened: FileHandle[]): Promise<Values> {
  const file = await openFile(path, opened);
  const { size } = await file.stat();
  if (size === 0) return { file, bytes: 0 };
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  if (buffer[0] === 10) return { file, bytes: size };
  await file.appendFile('\n');
  return { file, bytes: size + 1 };
}

async function openFile(path: string, opened: FileHandle[]): Promise<FileHandle> {
  try {
    // Not through a link: by two names one file would have two locks, and so two writers.
    const { O_CREAT, O_RDWR, O_APPEND, O_NOFOLLOW = 0 } = constants;
    const file = await open(path, O_CREAT | O_RDWR | O_APPEND | O_NOFOLLOW, 0o600);
    opened.push(file);
    return file;
  } catch (cause) {
    throw new SinkError('sink_unavailable', `${path} cannot be opened`, { cause });
  }
}
