/** Canonical JSON (RFC 8785) of texts and whole numbers, for the fields that every entry has. */

/** Everything from the space on that JSON takes as it is; surrogates are left out, which need a second look. */
const PLAIN = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** A text in quotes; undefined for one with a lone surrogate, which has no UTF-8 form. */
export function quoted(text: string): string | undefined {
  if (PLAIN.test(text)) return `"${text}"`;
  return LONE_SURROGATE.test(text) ? undefined : JSON.stringify(text);
}

/** True for a whole number from 0 up that I-JSON takes. */
export const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0);

/** True for 64 lower-case hex digits. */
export const isDigest = (value: unknown): value is string => typeof value === 'string' && DIGEST.test(value);

const DIGEST = /^[0-9a-f]{64}$/;
