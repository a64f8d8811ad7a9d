/**
 * A hash of a set of records that can be kept up to date: LtHash (Bellare and Micciancio 1997; Lewi et al. 2019). Each record
 * is hashed to 1,024 lanes of 16 bits, and the set is the sum of its records, lane by lane. To find another set of the same
 * sum is as hard as a short-integer problem of about 200 bits; it takes no key, so whoever has the records can check it.
 */
import { sha256Bytes } from '@stele/crypto';
import type { RecordKind } from '../record-backend.js';

const LANES = 1_024;
/** The length of a sum. */
export const SUM_BYTES = 2 * LANES;
const HASH_BYTES = 32;
const encoder = new TextEncoder();

/** One record of a set. */
export interface Element {
  readonly kind: RecordKind;
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** A sum that records are added to and taken from. */
export class SetHash {
  readonly #lanes: Uint16Array;

  /** @param sum from {@link bytes}; of no records unless given */
  constructor(sum: Uint8Array = new Uint8Array(SUM_BYTES)) {
    if (sum.length !== SUM_BYTES) throw new RangeError(`a sum has ${SUM_BYTES} bytes`);
    this.#lanes = Uint16Array.from({ length: LANES }, (_, i) => laneAt(sum, i));
  }

  add(element: Element): void {
    const wide = expanded(element);
    for (let i = 0; i < LANES; i++) this.#lanes[i] = (this.#lanes[i] as number) + laneAt(wide, i);
  }

  remove(element: Element): void {
    const wide = expanded(element);
    for (let i = 0; i < LANES; i++) this.#lanes[i] = (this.#lanes[i] as number) - laneAt(wide, i);
  }

  /** Little-endian, the same on every machine. */
  bytes(): Uint8Array {
    const sum = new Uint8Array(SUM_BYTES);
    for (const [i, lane] of this.#lanes.entries()) {
      sum[2 * i] = lane & 0xff;
      sum[2 * i + 1] = lane >> 8;
    }
    return sum;
  }
}

function laneAt(bytes: Uint8Array, i: number): number {
  return (bytes[2 * i] as number) | ((bytes[2 * i + 1] as number) << 8);
}

/**
 * SHA-256 of the record, and of that with a counter behind it. The length tells where the id ends: a medium that others write to may
 * list one with a line feed in it, and with what was the beginning of the bytes.
 */
function expanded({ kind, id, bytes }: Element): Uint8Array {
  const name = encoder.encode(`stele-store/1 record ${kind} ${id.length} ${id}\n`);
  const input = new Uint8Array(name.length + bytes.length);
  input.set(name);
  input.set(bytes, name.length);
  const seed = new Uint8Array(HASH_BYTES + 1);
  seed.set(sha256Bytes(input));
  const wide = new Uint8Array(SUM_BYTES);
  for (let block = 0; block < SUM_BYTES / HASH_BYTES; block++) {
    seed[HASH_BYTES] = block;
    wide.set(sha256Bytes(seed), block * HASH_BYTES);
  }
  return wide;
}
