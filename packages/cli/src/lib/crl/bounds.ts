/** Bytes that a revocation list has at most. */
export const MAX_LIST_BYTES = 4 * 1024 * 1024;
