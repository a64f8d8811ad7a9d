/**
 * The text of bytes that somebody sent.
 * @param input bytes in UTF-8, or the string that they are
 * @param refuse makes the error for what is too long or no UTF-8
 */
export function boundedText(
  input: string | Uint8Array,
  maxBytes: number,
  refuse: (what: string, cause?: unknown) => Error,
): string {
  if (Buffer.byteLength(input) > maxBytes) throw refuse(`it is longer than ${maxBytes} bytes`);
  if (typeof input === 'string') return input;
  try {
    // A byte order mark is a character like any other.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(input);
  } catch (cause) {
    throw refuse('it is no valid UTF-8', cause);
  }
}

/** A whole number from 0 to 2^53 - 1 in decimal, without leading zeroes; undefined for any other text. */
export function parseCount(text: string): number | undefined {
  const count = /^(?:0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : undefined;
  return Number.isSafeInteger(count) ? count : undefined;
}

/** The bytes of base64 (RFC 4648, section 4) in its one spelling; undefined for any other text. */
export function parseBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? new Uint8Array(bytes) : undefined;
}
