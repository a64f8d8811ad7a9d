/** Sealed records come in steps of this many bytes, so that a length tells little about what is inside. */
export const STEP = 1024;
const LENGTH_BYTES = 4;

/** The length of all parts in 4 bytes (big-endian), the parts one after the other, and zeros up to the next whole step. */
export function pad(...parts: Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const padded = new Uint8Array(Math.ceil((LENGTH_BYTES + length) / STEP) * STEP);
  new DataView(padded.buffer).setUint32(0, length);
  let offset = LENGTH_BYTES;
  for (const part of parts) {
    padded.set(part, offset);
    offset += part.length;
  }
  return padded;
}

/** What {@link pad} was given, in one piece, or undefined for anything that it does not make. */
export function unpad(padded: Uint8Array): Uint8Array | undefined {
  if (padded.length === 0 || padded.length % STEP !== 0) return undefined;
  const length = new DataView(padded.buffer, padded.byteOffset).getUint32(0);
  const end = LENGTH_BYTES + length;
  if (end > padded.length || padded.length - end >= STEP) return undefined;
  return isZero(padded, end) ? padded.subarray(LENGTH_BYTES, end) : undefined;
}

/** Whether there are only zeros from there on. Padding is up to a kilobyte, so it is read by four bytes at a time. */
function isZero(padded: Uint8Array, end: number): boolean {
  const aligned = padded.byteOffset % 4 === 0 ? padded : padded.slice();
  const words = new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length / 4);
  let rest = 0;
  let at = end;
  for (; at % 4 !== 0; at++) rest |= aligned[at] as number;
  for (at /= 4; at < words.length; at++) rest |= words[at] as number;
  return rest === 0;
}
