import { createReadStream } from 'node:fs';

/** One line of a file, without its newline. `complete` is false for a last line that has none. */
export interface Line {
  readonly bytes: Uint8Array;
  readonly complete: boolean;
}

/**
 * Reads a file line by line in constant memory.
 * @param maxBytes a longer line is given up to this length, with the rest as further lines
 */
export async function* readLines(path: string, maxBytes: number): AsyncGenerator<Line> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let end = buffer.indexOf(10); end !== -1; end = buffer.indexOf(10)) {
      yield { bytes: buffer.subarray(0, end), complete: true };
      buffer = buffer.subarray(end + 1);
    }
    while (buffer.length > maxBytes) {
      yield { bytes: buffer.subarray(0, maxBytes), complete: true };
      buffer = buffer.subarray(maxBytes);
    }
    rest = buffer;
  }
  if (rest.length > 0) yield { bytes: rest, complete: false };
}
