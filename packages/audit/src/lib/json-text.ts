/** Canonical JSON (RFC 8785), written by hand where every entry needs it. */
import { CryptoError, canonicalizeJson, snapshotJson } from '@stele/crypto';

/** Everything from the space on that JSON takes as it is; surrogates are left out, which need a second look. */
const PLAIN = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/;
const LONE_SURROGATE = /\p{Surrogate}/u;
const DIGEST = /^[0-9a-f]{64}$/;
/** An integer beyond ±(2^53 - 1) has at least so many digits. */
const MANY_DIGITS = /\d{16}/;
/** As much as a request may be. */
const MAX_VALUE_BYTES = 1024 * 1024;

/** A text in quotes; undefined for one with a lone surrogate, which has no UTF-8 form. */
export function quoted(text: string): string | undefined {
  if (PLAIN.test(text)) return `"${text}"`;
  return LONE_SURROGATE.test(text) ? undefined : JSON.stringify(text);
}

/** True for a whole number from 0 up that I-JSON takes. */
export const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

/** True for 64 lower-case hex digits. */
export const isDigest = (value: unknown): value is string => typeof value === 'string' && DIGEST.test(value);

/**
 * The canonical form of a value of the host's: plain I-JSON of at most 1 MiB, 64 deep, as `snapshotJson` takes it.
 * @throws CryptoError `not_json`, `too_large`, `too_deep`
 */
export function canonicalValue(value: unknown): string {
  const text = canonicalizeJson(value);
  // That takes any number; a copy, which takes I-JSON only, is as dear again, and hardly ever needed.
  const exact = MANY_DIGITS.test(text) ? canonicalizeJson(snapshotJson(value)) : text;
  if (exact.length > MAX_VALUE_BYTES / 3 && Buffer.byteLength(exact) > MAX_VALUE_BYTES) {
    throw new CryptoError('too_large', `the value is larger than ${MAX_VALUE_BYTES} bytes`, { path: '$' });
  }
  return exact;
}
