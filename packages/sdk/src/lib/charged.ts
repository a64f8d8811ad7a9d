import type { LimitLedger } from '@stele/ccl';
import { type Charge, charge, type Judged } from './charging.js';
import type { Governing } from './governing.js';
import { decidedBy, denied, isOpen, type Verdict } from './verdict.js';

/**
 * Charges every limit that applies, or says which of them is used up.
 * @returns the charge, or the denial
 */
export async function chargeOrDeny(
  judged: readonly Judged[],
  governing: Governing,
  ledger: LimitLedger,
): Promise<Extract<Charge, { ok: true }> | Verdict> {
  try {
    const charged = await charge(judged, ledger);
    if (charged.ok) return charged;
    const { limit, limits, retryAfterMs } = charged;
    const { covenant, line } = limit;
    const whose = isOpen(covenant, governing) ? `the limit of line ${line}` : 'a limit of a covenant above';
    return {
      ...denied('limit_exceeded', `${whose} is used up`, { retryable: retryAfterMs !== undefined }),
      ...decidedBy({ covenant, line, kind: 'limit' }, governing),
      limits,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
  } catch {
    return denied('limit_unavailable', 'the limits cannot be counted at present');
  }
}
