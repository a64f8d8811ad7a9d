import { AuditError } from '../errors.js';

// https://www.postgresql.org/docs/current/errcodes-appendix.html
/** The last two: a row of ours is missing, or there are two. */
const DAMAGED = ['XX001', 'XX002', 'P0002', 'P0003'];
const IN_THE_WAY = ['40001', '40P01'];

/** How our functions say what a caller must not ask for. */
export const REFUSED = 'SA001';

/** The SQLSTATE with which the server answered; undefined where it did not answer. */
export function sqlState(error: unknown): string | undefined {
  const { code, severity } = (error ?? {}) as { code?: unknown; severity?: unknown };
  return typeof severity === 'string' && typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)
    ? code
    : undefined;
}

/** Whether the connection is of no use after this: the server has not answered, or has said goodbye. */
export function isLost(error: unknown): boolean {
  if (error instanceof AuditError || error instanceof RangeError) return false;
  return sqlState(error) === undefined || (error as { severity?: unknown }).severity !== 'ERROR';
}

/** Whether another transaction was in the way, so that nothing was done and the same may succeed now. */
export function isInTheWay(error: unknown): boolean {
  return IN_THE_WAY.includes(sqlState(error) ?? '');
}

/** Gives what `pg` throws a code of ours. */
export function toAuditError(cause: unknown): Error {
  if (cause instanceof AuditError || cause instanceof RangeError) return cause;
  const state = sqlState(cause);
  if (state === REFUSED) return new RangeError((cause as Error).message);
  if (state !== undefined && DAMAGED.includes(state)) {
    return new AuditError('audit_log_corrupt', `the database is damaged: SQLSTATE ${state}`, {
      cause,
      hint: 'restore it from a backup, and go on under a new origin',
    });
  }
  const why =
    state === undefined
      ? String((cause as { code?: unknown } | null)?.code ?? 'the connection failed')
      : `SQLSTATE ${state}`;
  return new AuditError('audit_log_unavailable', `PostgreSQL did not do what was asked: ${why}`, {
    cause,
    hint: 'look at the database, its rights, and the network',
  });
}

/** The server has not answered in time. */
export function tooLate(timeoutMs: number): AuditError {
  return new AuditError('audit_log_unavailable', `PostgreSQL has not answered within ${timeoutMs} ms`, {
    hint: 'look at the database and the network; what was asked may or may not have been done',
  });
}
