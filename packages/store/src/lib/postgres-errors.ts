import { StoreError } from '../errors.js';

// https://www.postgresql.org/docs/current/errcodes-appendix.html
const DAMAGED = ['XX001', 'XX002'];
/** How our functions say that a session's isolation is not the one that they need. */
export const ISOLATION = 'SL020';
const IN_THE_WAY = ['40001', '40P01'];

/** The SQLSTATE with which the server answered; undefined where it did not answer. */
export function sqlState(error: unknown): string | undefined {
  const { code, severity } = (error ?? {}) as { code?: unknown; severity?: unknown };
  return typeof severity === 'string' && typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)
    ? code
    : undefined;
}

/** Whether the connection is of no use after this: the server has not answered, or has said goodbye. */
export function isLost(error: unknown): boolean {
  if (error instanceof StoreError) return false;
  return sqlState(error) === undefined || (error as { severity?: unknown }).severity !== 'ERROR';
}

/** Whether another transaction was in the way, so that nothing was done and the same may succeed now. */
export function isInTheWay(error: unknown): boolean {
  return IN_THE_WAY.includes(sqlState(error instanceof StoreError ? error.cause : error) ?? '');
}

/** Gives what `pg` throws a code of ours. */
export function toStoreError(cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause;
  const state = sqlState(cause);
  if (state !== undefined && DAMAGED.includes(state)) {
    return new StoreError('store_corrupt', `the database is damaged: SQLSTATE ${state}`, {
      cause,
      hint: 'restore it from a backup',
    });
  }
  const why =
    state === undefined
      ? String((cause as { code?: unknown })?.code ?? 'the connection failed')
      : `SQLSTATE ${state}`;
  return new StoreError('store_unavailable', `PostgreSQL did not do what was asked: ${why}`, {
    cause,
    hint: 'look at the database, its rights, and the network',
  });
}
