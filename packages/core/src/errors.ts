import { SteleError } from '@stele/types/errors';

export type CovenantErrorCode =
  | 'covenant_malformed'
  | 'constraints_invalid'
  | 'span_invalid'
  | 'not_delegable'
  | 'wider_than_parent'
  | 'already_signed'
  | 'continuity_malformed'
  | 'list_malformed'
  | 'not_reissuable'
  | 'approval_malformed'
  | 'approval_expired'
  | 'signing_failed';

/** A covenant that cannot be read, built or signed. Whether one that can be read is genuine is told by `verifyCovenant`. */
export class CovenantError extends SteleError<CovenantErrorCode> {}
