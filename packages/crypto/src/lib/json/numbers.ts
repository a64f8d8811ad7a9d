/**
 * True for a finite number whose canonical text I-JSON takes (RFC 7493, section 2.2): integers beyond ±(2^53 - 1)
 * are not. From 1e21 on a number is written with an exponent, so that no integer literal comes of it.
 */
export function isInteroperable(value: number): boolean {
  const size = Math.abs(value);
  return size <= Number.MAX_SAFE_INTEGER || (size >= 1e21 && size < Number.POSITIVE_INFINITY);
}
