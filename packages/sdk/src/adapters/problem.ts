/** A denial over HTTP: problem+json, RFC 9457. */
import type { Denial } from '../denial.js';

export interface Problem {
  readonly status: 403 | 429 | 503;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** 403, or 429 for a limit that is used up, or 503 where something must first be restored. */
export function problemOf({ reason, ...denial }: Denial): Problem {
  const status = statusOf(denial);
  const { retryAfterMs, ...rest } = denial;
  const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
  return {
    status,
    headers: {
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...(retryAfterMs === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfterMs / 1000)) }),
    },
    body: JSON.stringify({
      type: 'about:blank',
      title: 'Not permitted',
      status,
      detail: reason,
      ...rest,
      ...wait,
    }),
  };
}

function statusOf({ code, retryable }: Pick<Denial, 'code' | 'retryable'>): Problem['status'] {
  if (code === 'limit_exceeded') return 429;
  return retryable && code !== 'obligation_pending' ? 503 : 403;
}
