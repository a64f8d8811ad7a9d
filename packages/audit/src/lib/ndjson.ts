/** Entries as lines of JSON, compared with the bundles of the log. */
import type { LogReader } from '../backend.js';
import { NEWLINE, type Range } from './export-format.js';
import { decodeBundle, TILE_WIDTH, tileWidth } from './tiles.js';

/**
 * Finds the first line that is not the one of its entry.
 * @param pieces of the lines
 * @param reader of a log in which the entries are sound
 * @returns the index of its entry; `to` where there are more lines than entries
 */
export async function firstOtherLine(
  pieces: AsyncIterable<Uint8Array>,
  reader: LogReader,
  { from, to }: Range,
): Promise<number> {
  const lines = new ByteStream(pieces);
  for (let bundle = from / TILE_WIDTH; bundle * TILE_WIDTH < to; bundle++) {
    const width = tileWidth(0, bundle, to);
    const leaves = decodeBundle((await reader.entries(bundle, width)) as Uint8Array, width);
    for (const [i, leaf] of leaves.entries()) {
      const line = Buffer.concat([leaf, NEWLINE]);
      if (!line.equals(await lines.take(line.length))) return bundle * TILE_WIDTH + i;
    }
  }
  return to;
}

class ByteStream {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #rest = Buffer.alloc(0);

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** So many bytes, or fewer at the end. */
  async take(count: number): Promise<Buffer> {
    while (this.#rest.length < count) {
      const { done, value } = await this.#pieces.next();
      if (done === true) break;
      this.#rest = Buffer.concat([this.#rest, value]);
    }
    const taken = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(count);
    return taken;
  }
}
