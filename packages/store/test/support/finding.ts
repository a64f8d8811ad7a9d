/** Looks for many pieces in many bytes at once: one after the other would take as long as there are pieces. */

/** So many bytes of a piece lead to it; it has no fewer. */
const HEAD_BYTES = 4;

/** @returns one of the pieces that is in the bytes; undefined when none is */
export function anyWithin(bytes: Buffer, pieces: readonly Buffer[]): Buffer | undefined {
  const byHead = new Map<number, Buffer[]>();
  const begins = new Uint8Array(0x1_0000);
  for (const piece of pieces) {
    const head = piece.readUInt32BE(0);
    byHead.set(head, [...(byHead.get(head) ?? []), piece]);
    begins[head >>> 16] = 1;
  }
  for (let at = 0; at + HEAD_BYTES <= bytes.length; at++) {
    const two = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
    if (begins[two] === 0) continue;
    const found = byHead
      .get(bytes.readUInt32BE(at))
      ?.find((piece) => bytes.subarray(at, at + piece.length).equals(piece));
    if (found !== undefined) return found;
  }
  return undefined;
}
