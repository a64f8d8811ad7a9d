/** What waits to be appended, and its way into the log in batches. */
import type { LogBackend } from '../backend.js';
import type { Receipt } from '../entry.js';
import { AuditError } from '../errors.js';
import { type Encoded, numbered, type Prepared } from './leaf.js';
import type { ValueSealer } from './values.js';

const MAX_WAITING = 10_000;
/** All that wait may take so much memory, and one batch so much of the disk's time. */
const MAX_WAITING_BYTES = 64 * 1024 * 1024;
/** How much of both denials may take: the rest is kept for permits and outcomes, which no flood of denials may keep out. */
const MINOR_SHARE = 1 / 2;
const MAX_BATCH = 512;
const MAX_BATCH_BYTES = 1024 * 1024;
/** So many that wait go at once, so that the next are prepared while they are written. */
const ENOUGH = 32;
/** How often a batch is tried where other processes append as well, and for how long it may wait between. */
const MAX_TRIES = 64;
const MAX_PAUSE_MS = 50;

interface Waiting {
  readonly prepared: Prepared;
  readonly bytes: number;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: unknown) => void;
}

/** One that has its number. */
interface Numbered {
  readonly waiting: Waiting;
  readonly record: Encoded;
}

export interface AppendQueueOptions {
  readonly backend: Pick<LogBackend, 'append' | 'size'>;
  readonly origin: string;
  /** How many records are durable. */
  readonly size: number;
  /** Seals the values of records; not given: they are not kept. */
  readonly values?: Pick<ValueSealer, 'seal'> | undefined;
  /** Is told of durable records, from the index of the first. */
  readonly onAppended: (at: number, records: readonly Encoded[]) => void;
}

/**
 * Appends entries in the order in which they came, many by one write. One that is refused does no harm to its neighbours.
 * While a batch is written the next is prepared.
 */
export class AppendQueue {
  readonly #options: AppendQueueOptions;
  readonly #waiting: Waiting[] = [];
  #bytes = 0;
  /** Where the next batch goes; undefined once that is not known. */
  #at: number | undefined;
  #running: Promise<void> | undefined;
  #isScheduled = false;
  #isClosed = false;

  constructor(options: AppendQueueOptions) {
    this.#options = options;
    this.#at = options.size;
  }

  /** Resolves once the entry is durable. */
  append(prepared: Prepared): Promise<Receipt> {
    if (this.#isClosed) return Promise.reject(new AuditError('audit_log_closed', 'the log is closed'));
    const bytes = sizeOf(prepared);
    const share = prepared.vital ? 1 : MINOR_SHARE;
    if (this.#waiting.length >= MAX_WAITING * share || this.#bytes + bytes > MAX_WAITING_BYTES * share) {
      return Promise.reject(
        new AuditError(
          'audit_log_full',
          `${this.#waiting.length} entries wait to be appended, and no more can`,
          {
            hint: 'Append them more slowly, or look why the log takes them so slowly.',
          },
        ),
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ prepared, bytes, resolve, reject });
      this.#bytes += bytes;
      this.#schedule();
    });
  }

  /** Resolves when everything that waits now has been appended or refused. Nothing else is taken from then on. */
  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#waiting.length > 0 || this.#running !== undefined) {
      this.#start();
      await this.#running;
    }
  }

  #schedule(): void {
    if (this.#running !== undefined) return;
    if (this.#waiting.length >= ENOUGH) this.#start();
    if (this.#running !== undefined || this.#isScheduled) return;
    this.#isScheduled = true;
    // Everything that is appended in this turn comes along.
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.#start();
    });
  }

  #start(): void {
    if (this.#waiting.length > 0) this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    let tell: () => void = () => undefined;
    while (this.#waiting.length > 0) {
      const writing = this.#write(this.#take());
      // Those who wait for the batch before come back with more while this one is written.
      tell();
      tell = await writing;
      if (this.#waiting.length > 0) continue;
      tell();
      tell = () => undefined;
      await Promise.resolve();
    }
    this.#running = undefined;
    tell();
  }

  #take(): Waiting[] {
    let [count, bytes] = [0, 0];
    for (const each of this.#waiting) {
      if (count > 0 && (count === MAX_BATCH || bytes + each.bytes > MAX_BATCH_BYTES)) break;
      count++;
      bytes += each.bytes;
    }
    this.#bytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  /** Never fails. @returns tells the callers what became of their entries */
  async #write(batch: readonly Waiting[]): Promise<() => void> {
    try {
      return await this.#append(batch);
    } catch (error) {
      if (batch.some(isMinor) && (error as { code?: unknown }).code === 'audit_disk_low') {
        for (const { reject } of batch.filter(isMinor)) reject(error);
        return this.#write(batch.filter((each) => !isMinor(each)));
      }
      if ((error as { code?: unknown }).code !== 'audit_disk_low') this.#at = undefined;
      return () => {
        for (const { reject } of batch) reject(error);
      };
    }
  }

  async #append(batch: readonly Waiting[]): Promise<() => void> {
    const { backend, onAppended } = this.#options;
    let left = batch;
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      const at = this.#at ?? (await backend.size());
      const numbers = await this.#ready(left, at);
      if (numbers.length === 0) return () => undefined;
      const { appended, size } = await backend.append(
        at,
        numbers.map(({ record }) => record),
      );
      this.#at = size;
      if (appended) {
        onAppended(
          at,
          numbers.map(({ record }) => record),
        );
        return () => this.#tell(at, numbers);
      }
      left = numbers.map(({ waiting }) => waiting);
      // A backend may keep the end of the log for whoever was overtaken, so the first time nobody waits. After that each waits
      // another time, so that none is overtaken for ever.
      if (tries > 1) await pause(Math.random() * Math.min(MAX_PAUSE_MS, tries));
    }
    throw new AuditError('audit_log_unavailable', `other processes were faster ${MAX_TRIES} times`, {
      hint: 'Append with fewer processes, or in larger batches.',
    });
  }

  #tell(at: number, numbers: readonly Numbered[]): void {
    const { origin } = this.#options;
    for (const [i, { waiting, record }] of numbers.entries()) {
      waiting.resolve(receipt(origin, at + i, record));
    }
  }

  /** Gives each its number, and seals its values. One that cannot be recorded is refused alone. */
  async #ready(batch: readonly Waiting[], at: number): Promise<Numbered[]> {
    const { values } = this.#options;
    const numbers = numberAll(batch, at);
    if (values === undefined) return numbers;
    const sealed = await Promise.allSettled(
      numbers.map(async ({ waiting, record }, i) => ({
        waiting,
        record: { ...record, sealed: await values.seal(at + i, record) },
      })),
    );
    const good = sealed.filter((result) => result.status === 'fulfilled').map(({ value }) => value);
    if (good.length === numbers.length) return good;
    for (const [i, result] of sealed.entries()) {
      if (result.status === 'rejected') numbers[i]?.waiting.reject(result.reason);
    }
    // Those behind them have other numbers now.
    return this.#ready(
      good.map(({ waiting }) => waiting),
      at,
    );
  }
}

const isMinor = ({ prepared }: Waiting): boolean => !prepared.vital;

/** Gives each its number; one that cannot be recorded is refused alone. */
function numberAll(batch: readonly Waiting[], at: number): Numbered[] {
  const numbers: Numbered[] = [];
  for (const waiting of batch) {
    try {
      numbers.push({ waiting, record: numbered(waiting.prepared, at + numbers.length) });
    } catch (error) {
      waiting.reject(error);
    }
  }
  return numbers;
}

function receipt(origin: string, index: number, { hash }: Encoded): Receipt {
  return {
    origin,
    index,
    leafHash: Buffer.from(hash.buffer, hash.byteOffset, 32).toString('hex'),
    seq: index,
  };
}

/** About what a prepared entry takes. */
function sizeOf({ before, after, committed }: Prepared): number {
  let bytes = before.length + after.length + 256;
  for (const [, text] of committed?.values ?? []) bytes += text.length;
  return bytes;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
