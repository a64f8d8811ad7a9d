/** Sealed records come in steps of this many bytes, so that a length tells little about what is inside. */
export const STEP = 1024;
const LENGTH_BYTES = 4;

/** The length in 4 bytes (big-endian), the bytes, and zeros up to the next whole step. */
export function pad(bytes: Uint8Array): Uint8Array {
  const padded = new Uint8Array(Math.ceil((LENGTH_BYTES + bytes.length) / STEP) * STEP);
  new DataView(padded.buffer).setUint32(0, bytes.length);
  padded.set(bytes, LENGTH_BYTES);
  return padded;
}

/** What {@link pad} was given, or undefined for anything that it does not make. */
export function unpad(padded: Uint8Array): Uint8Array | undefined {
  if (padded.length === 0 || padded.length % STEP !== 0) return undefined;
  const length = new DataView(padded.buffer, padded.byteOffset).getUint32(0);
  const end = LENGTH_BYTES + length;
  if (end > padded.length || padded.length - end >= STEP) return undefined;
  for (let i = end; i < padded.length; i++) if (padded[i] !== 0) return undefined;
  return padded.subarray(LENGTH_BYTES, end);
}
