/** Text forms of bytes, each with exactly one spelling: what decodes is what encoding gives back. */
import { base58, base64urlnopad, hex } from '@scure/base';
import { byteLength, bytesArgument } from './bytes.js';
import { CryptoError } from './errors.js';

/** Bounds of {@link fromBase58btc} and {@link toBase58btc}. */
export interface Base58Options {
  /** Characters accepted at most; 1,024 unless given, because the work grows with the square. */
  maxLength?: number;
}

const BASE58_MAX_LENGTH = 1_024;
/** A base58 character carries at least this many bytes (log 58 / log 256). */
const BYTES_PER_BASE58_CHARACTER = 0.732;

/** Lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  return hex.encode(bytesArgument(bytes, 'bytes'));
}

/**
 * @param text lower-case hex digits, an even number
 * @throws {CryptoError} `encoding_malformed`
 */
export function fromHex(text: string): Uint8Array {
  return strictly('hex', text, /^(?:[0-9a-f]{2})*$/, hex.decode, hex.encode);
}

/** base64url without padding (RFC 4648, section 5). */
export function toBase64Url(bytes: Uint8Array): string {
  return base64urlnopad.encode(bytesArgument(bytes, 'bytes'));
}

/**
 * @param text base64url without padding, its unused trailing bits zero
 * @throws {CryptoError} `encoding_malformed`
 */
export function fromBase64Url(text: string): Uint8Array {
  return strictly('base64url', text, /^[A-Za-z0-9_-]*$/, base64urlnopad.decode, base64urlnopad.encode);
}

/**
 * base58 in Bitcoin's alphabet, without a multibase prefix.
 * @throws {CryptoError} `too_large` if the text could be longer than `maxLength`
 */
export function toBase58btc(bytes: Uint8Array, options: Base58Options = {}): string {
  const data = bytesArgument(bytes, 'bytes');
  const { maxLength = BASE58_MAX_LENGTH } = options;
  if (byteLength(data) > maxLength * BYTES_PER_BASE58_CHARACTER) throw tooLong('base58btc', maxLength);
  return base58.encode(data);
}

/**
 * @param text base58 in Bitcoin's alphabet, without a multibase prefix
 * @throws {CryptoError} `encoding_malformed`, or `too_large` beyond `maxLength` characters
 */
export function fromBase58btc(text: string, options: Base58Options = {}): Uint8Array {
  const { maxLength = BASE58_MAX_LENGTH } = options;
  if (typeof text === 'string' && text.length > maxLength) throw tooLong('base58btc', maxLength);
  // Each text over the alphabet is the one spelling of some bytes, so there is nothing to compare with.
  return strictly('base58btc', text, /^[1-9A-HJ-NP-Za-km-z]*$/, base58.decode);
}

function strictly(
  name: string,
  text: string,
  alphabet: RegExp,
  decode: (text: string) => Uint8Array,
  encode?: (bytes: Uint8Array) => string,
): Uint8Array {
  if (typeof text !== 'string') throw new TypeError(`${name} text must be a string`);
  if (!alphabet.test(text)) throw malformed(name);
  let bytes: Uint8Array;
  try {
    bytes = decode(text);
  } catch (cause) {
    throw malformed(name, cause);
  }
  if (encode !== undefined && encode(bytes) !== text) throw malformed(name);
  return bytes;
}

function malformed(name: string, cause?: unknown): CryptoError {
  return new CryptoError('encoding_malformed', `the text is not canonical ${name}`, { cause });
}

function tooLong(name: string, maxLength: number): CryptoError {
  return new CryptoError('too_large', `${name} text may be ${maxLength} characters long`);
}
