/**
 * The part of the signature rule that can be read off the bytes (the other part is the cofactorless equation):
 * S < L, y < p in the encodings of A and R, and neither of them of small order. A "negative zero" x needs y = 1 or
 * y = -1, which are of small order, so that it is refused as well.
 */

/** The order L of the base point, little-endian (RFC 8032, section 5.1). */
const ORDER = littleEndian('1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed');
/** The prime p = 2^255 - 19, little-endian. */
const PRIME = littleEndian('7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed');

/** The y coordinates of the eight points whose order divides 8; the sign bit of x does not matter. */
const SMALL_ORDER_Y = [
  '0000000000000000000000000000000000000000000000000000000000000000', // order 4
  '0000000000000000000000000000000000000000000000000000000000000001', // the identity
  '7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffec', // order 2
  '7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7', // order 8
  '05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826', // order 8
].map(littleEndian);

/** True if both points and S of a signature are encoded as the rule demands. Lengths (64 and 32) are the caller's. */
export function wellEncoded(signature: Uint8Array, publicKey: Uint8Array): boolean {
  return pointAllowed(publicKey, 0) && pointAllowed(signature, 0) && lessThan(signature, 32, ORDER, 0xff);
}

/** True if the 32 bytes at `offset` are a canonical y coordinate and not that of a small-order point. */
export function pointAllowed(bytes: Uint8Array, offset: number): boolean {
  if (!lessThan(bytes, offset, PRIME, 0x7f)) return false;
  return !SMALL_ORDER_Y.some((y) => sameY(bytes, offset, y));
}

/** Little-endian comparison of 32 bytes; `topMask` clears the sign bit of an encoded point. */
function lessThan(bytes: Uint8Array, offset: number, bound: Uint8Array, topMask: number): boolean {
  for (let i = 31; i >= 0; i--) {
    const byte = (bytes[offset + i] as number) & (i === 31 ? topMask : 0xff);
    const limit = bound[i] as number;
    if (byte !== limit) return byte < limit;
  }
  return false;
}

function sameY(bytes: Uint8Array, offset: number, y: Uint8Array): boolean {
  for (let i = 0; i < 31; i++) if (bytes[offset + i] !== y[i]) return false;
  return ((bytes[offset + 31] as number) & 0x7f) === y[31];
}

function littleEndian(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)).reverse();
}
