/** Why a key should not sign an answer to a request: the monitor would not count it, or it could not be used. */
import type { ApprovalRecord } from '@stele/store';
import { isExpired } from './request.js';
import type { Standing } from './standing.js';

export interface Refusal {
  readonly code:
    | 'closed'
    | 'expired'
    | 'covenant_invalid'
    | 'own_call'
    | 'not_an_approver'
    | 'denied'
    | 'already_signed';
  readonly message: string;
}

export interface Answer {
  readonly verdict: 'approve' | 'deny';
  /** did:key of who is about to sign. */
  readonly did: string;
  /** The person at the command line says that the host names this key. */
  readonly isHostApprover: boolean;
}

/** Every reason there is; none where it may be signed. */
export function refusalsOf(record: ApprovalRecord, standing: Standing, answer: Answer): Refusal[] {
  const { did, verdict } = answer;
  const signed = verdict === 'approve' ? standing.approvals : standing.denials;
  const found: (Refusal | undefined)[] = [
    record.state === 'open'
      ? undefined
      : { code: 'closed', message: `it is ${record.state}: the call needs a new request` },
    isExpired(record) ? { code: 'expired', message: `it expired at ${record.request.expiresAt}` } : undefined,
    ...standing.covenants.map(({ id, problem }): Refusal | undefined =>
      problem === undefined ? undefined : { code: 'covenant_invalid', message: `${id}: ${problem}` },
    ),
    standing.beneficiaries.includes(did)
      ? { code: 'own_call', message: `the call is made for ${did}, who cannot approve it` }
      : strangeness(standing, answer),
    verdict === 'approve' ? denial(standing) : undefined,
    signed.includes(did) ? { code: 'already_signed', message: `${did} has signed this already` } : undefined,
  ];
  return found.filter((refusal) => refusal !== undefined);
}

function strangeness({ obligations }: Standing, { did, isHostApprover }: Answer): Refusal | undefined {
  if (obligations.some(({ approvers }) => approvers?.keys.includes(did))) return undefined;
  const isLeftToHost = obligations.some(({ approvers }) => approvers === undefined);
  if (isLeftToHost && isHostApprover) return undefined;
  const why = isLeftToHost
    ? `no covenant names ${did}; add --host-approver if the host of the agent does`
    : `${did} is not among the approvers of the covenants, and its signature would count for nothing`;
  return { code: 'not_an_approver', message: why };
}

/** One denial by one who may approve is enough. */
function denial({ obligations, denials, beneficiaries }: Standing): Refusal | undefined {
  const who = denials.find(
    (did) =>
      !beneficiaries.includes(did) && obligations.some(({ approvers }) => approvers?.keys.includes(did)),
  );
  return who === undefined ? undefined : { code: 'denied', message: `${who} has denied it` };
}
