import type { Chunks } from '../cli.js';

/** A line longer than this is not kept. */
export const MAX_LINE = 8 * 1024 * 1024;

const NEWLINE = 0x0a;

/** One line of a trace, with its number from 1; `bytes` is undefined where it is longer than `MAX_LINE`. */
export interface RawLine {
  readonly number: number;
  readonly bytes: Buffer | undefined;
}

/** The lines that ended in one chunk. */
export interface Batch {
  readonly lines: readonly RawLine[];
  /** Bytes read so far. */
  readonly bytesRead: number;
}

/**
 * Splits a stream into lines, a batch per chunk, so that what is kept in memory does not grow with the stream. The
 * last line need not end in a newline.
 */
export async function* readLines(source: Chunks): AsyncGenerator<Batch> {
  const splitter = new Splitter();
  let bytesRead = 0;
  for await (const chunk of source) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : asBuffer(chunk);
    bytesRead += bytes.length;
    yield { lines: splitter.take(bytes), bytesRead };
  }
  yield { lines: splitter.end(), bytesRead };
}

const asBuffer = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

class Splitter {
  #number = 0;
  /** The beginning of the line that has not ended yet. */
  #parts: Buffer[] = [];
  #length = 0;

  take(chunk: Buffer): RawLine[] {
    const lines: RawLine[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end));
      lines.push(this.#finish());
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
    return lines;
  }

  end(): RawLine[] {
    return this.#length === 0 ? [] : [this.#finish()];
  }

  #keep(part: Buffer): void {
    if (part.length === 0) return;
    this.#length += part.length;
    if (this.#length > MAX_LINE) this.#parts = [];
    else this.#parts.push(part);
  }

  #finish(): RawLine {
    const isTooLong = this.#length > MAX_LINE;
    const bytes = this.#parts.length === 1 ? (this.#parts[0] as Buffer) : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#length = 0;
    this.#number += 1;
    return { number: this.#number, bytes: isTooLong ? undefined : bytes };
  }
}
