import { isSteleError } from '@stele/types/errors';

const MAX_DETAIL = 200;

/** What may be said of an error to whoever asks: its code where it is one of Stele's, whose codes are stable. */
export function codeOf(error: unknown): string {
  return isSteleError(error) && /^[a-z][a-z0-9_]{0,63}$/.test(error.code) ? error.code : 'check_failed';
}

/** What may be said to the operator: the message, which can name hosts and paths, on one line and cut. */
export function detailOf(error: unknown): string {
  try {
    const { message } = error as { message?: unknown };
    const text = typeof message === 'string' ? message : 'no message';
    return text.slice(0, MAX_DETAIL).replace(/[^\x20-\x7e]/g, '?');
  } catch {
    return 'no message';
  }
}
