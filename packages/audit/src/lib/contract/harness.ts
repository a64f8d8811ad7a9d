import assert from 'node:assert/strict';
import type { LogBackend, LogRecord } from '../../backend.js';

/** Where one log is kept. */
export interface LogPlace {
  /** A writer of that log, not opened yet; each call gives another, as another process would make it. */
  backend(): LogBackend;
}

/** Registers one test, which gets a place of its own that is empty. */
export type Case = (title: string, body: (place: TestPlace) => Promise<void>) => void;

/** A place that remembers whom it has let in. */
export class TestPlace {
  readonly #place: LogPlace;
  readonly #made: LogBackend[] = [];

  constructor(place: LogPlace) {
    this.#place = place;
  }

  /** A writer that is not opened. */
  backend(): LogBackend {
    const backend = this.#place.backend();
    this.#made.push(backend);
    return backend;
  }

  async open(): Promise<LogBackend> {
    const backend = this.backend();
    await backend.open();
    return backend;
  }

  async close(): Promise<void> {
    for (const backend of this.#made.reverse()) await backend.close();
  }
}

/** Asserts that a promise is rejected with an AuditError of this code. */
export async function rejectsWith(promise: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(promise, (error) => {
    const { name, code: found, message } = error as { name?: unknown; code?: unknown; message?: unknown };
    assert.deepEqual([name, found], ['AuditError', code], String(message));
    return true;
  });
}

/** Asserts that a promise is rejected with a RangeError. */
export async function refusesArgument(promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, RangeError);
}

/** Asserts that nothing is appended at an index that is not the next. */
export async function doesNotAppend(
  log: LogBackend,
  at: number,
  records: readonly LogRecord[],
): Promise<void> {
  const size = await log.size();
  const answer = await log.append(at, records).catch((error: unknown) => {
    // Whoever has the log alone and does not know its size has made a mistake; of a shared log others may have made it longer.
    if (log.shared && at < size) throw error;
    return undefined;
  });
  if (answer !== undefined) assert.deepEqual(answer, { appended: false, size });
  assert.equal(await log.size(), size);
}

/** What is there, without what tells a Buffer from an array of bytes. */
export function bytesOf(found: Uint8Array | undefined): Uint8Array {
  assert.ok(found !== undefined, 'it is there');
  return new Uint8Array(found);
}

/** The sealed values of an entry. */
export async function sealedOf(log: LogBackend, index: number): Promise<Uint8Array | undefined> {
  assert.ok(log.sealed !== undefined, 'it keeps sealed values');
  return log.sealed(index);
}

/** Everything that was appended in a range. */
export async function recordsOf(
  log: LogBackend,
  from: number,
  to: number,
): Promise<Pick<LogRecord, 'leaf' | 'hash'>[]> {
  const all: Pick<LogRecord, 'leaf' | 'hash'>[] = [];
  for await (const batch of log.records(from, to)) {
    assert.ok(batch.length > 0, 'a batch holds something');
    for (const record of batch) all.push(record);
  }
  return all;
}

/** Appends records after what is there. */
export async function append(log: LogBackend, records: readonly LogRecord[], together = 4096): Promise<void> {
  let at = await log.size();
  for (let i = 0; i < records.length; i += together) {
    const batch = records.slice(i, i + together);
    at += batch.length;
    assert.deepEqual(await log.append(at - batch.length, batch), { appended: true, size: at });
  }
}
