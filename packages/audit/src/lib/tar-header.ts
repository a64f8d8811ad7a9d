/** Headers of the one kind that a tar of ours has: POSIX.1-1988 ustar, a plain file, without owner or time. */

export const BLOCK = 512;
/** Two blocks of zeros end a tar. */
export const TAR_END = 2 * BLOCK;
/** Eleven octal digits. */
export const MAX_TAR_MEMBER = 8 ** 11 - 1;
export const MAX_TAR_NAME = 100;
const CHECKSUM = 148;

/**
 * The header of a member, the same bytes always.
 * @param name ASCII, at most 100 characters
 * @param size in bytes, below 8 GiB
 */
export function tarHeader(name: string, size: number): Uint8Array {
  const header = Buffer.alloc(BLOCK);
  const write = (text: string, at: number) => header.write(text, at, 'latin1');
  write(name, 0);
  for (const [value, at, digits] of [
    [0o644, 100, 6], // mode
    [0, 108, 6], // owner
    [0, 116, 6], // group
    [size, 124, 11],
    [0, 136, 11], // time
    [0, 329, 6], // device
    [0, 337, 6],
  ] as const) {
    write(`${value.toString(8).padStart(digits, '0')} `, at);
  }
  write('0', 156); // a plain file
  write('ustar\x0000', 257);
  // Counted as if the checksum were eight spaces.
  write(
    `${sumOf(header, 8 * 0x20)
      .toString(8)
      .padStart(6, '0')} `,
    CHECKSUM,
  );
  return header;
}

/** What a header claims of itself. Only a header that is exactly {@link tarHeader} of it says the truth. */
export function readTarHeader(header: Uint8Array): { readonly name: string; readonly size: number } {
  const text = Buffer.from(header.buffer, header.byteOffset, header.length).toString('latin1');
  const name = text.slice(0, MAX_TAR_NAME).replace(/\0.*$/s, '');
  const size = Number.parseInt(text.slice(124, 135), 8);
  return { name, size: Number.isSafeInteger(size) && size >= 0 ? size : 0 };
}

/** How many zeros follow a member. */
export const tarPadding = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;

function sumOf(bytes: Uint8Array, start: number): number {
  return bytes.reduce((sum, byte) => sum + byte, start);
}
