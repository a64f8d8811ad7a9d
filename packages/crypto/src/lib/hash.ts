import { provider } from '#provider';
import { bytesArgument, wellFormed } from './bytes.js';

/**
 * SHA-256 (FIPS 180-4).
 * @param data bytes, or a string that stands for its UTF-8 bytes
 * @returns 64 lower-case hex characters
 * @throws {CryptoError} `lone_surrogate` for a string without a UTF-8 form
 * @throws {TypeError} for anything else
 */
export function sha256(data: Uint8Array | string): string {
  return provider.sha256Hex(input(data));
}

/** Like {@link sha256}, but gives the 32 bytes. */
export function sha256Bytes(data: Uint8Array | string): Uint8Array {
  return provider.sha256(input(data));
}

/**
 * HMAC with SHA-256 (RFC 2104).
 * @returns 32 bytes
 * @throws {TypeError} if an argument is no Uint8Array
 */
export function hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array {
  return provider.hmacSha256(bytesArgument(key, 'key'), bytesArgument(data, 'data'));
}

function input(data: Uint8Array | string): Uint8Array | string {
  return typeof data === 'string' ? wellFormed(data) : bytesArgument(data, 'data');
}
