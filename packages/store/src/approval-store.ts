import type { ApprovalDocument, ApprovalRequest } from '@stele/core';
import type { StoreError } from './errors.js';

/** `open`: it waits for signatures, and to be used. `used`, `denied`, `void`: it is over, for ever. */
export type ApprovalState = 'open' | 'used' | 'denied' | 'void';

/** A request, what became of it, and what was signed. */
export interface ApprovalRecord {
  readonly request: ApprovalRequest;
  readonly state: ApprovalState;
  /** The approvals of this request, with the proofs of all who gave one. */
  readonly approval?: ApprovalDocument;
  /** The same of its denials. That there is one does not settle it: whether who signed it may deny, the store does not know. */
  readonly denial?: ApprovalDocument;
}

/** Which requests: those that have every member given here. Nothing given means all. */
export interface ApprovalListOptions {
  readonly audience?: string | undefined;
  readonly agent?: string | undefined;
  /** The id of one of the covenants that govern the call. */
  readonly covenant?: string | undefined;
  readonly state?: ApprovalState | undefined;
  /** How many at most, 1 to 1,000; 100 when not given. */
  readonly limit?: number | undefined;
  /** The `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
  /** Called for every record that cannot be read, and the listing goes on. Not given: such a record ends it. */
  readonly onCorrupt?: ((error: StoreError) => void) | undefined;
}

/** One page of requests. */
export interface ApprovalPage {
  readonly items: ApprovalRecord[];
  /** Present as long as there is more to look at. A page with a cursor may hold fewer items than asked for, even none. */
  readonly nextCursor?: string;
}

/**
 * Requests for approval, beside the covenants that ask for it. The store keeps what was signed and lets one of many settle a
 * request. It knows neither the time nor who may approve: whoever acts on what it holds verifies that first.
 *
 * Every method rejects with `StoreError` as those of `CovenantStore` do. Wrong arguments are a TypeError or RangeError.
 */
export interface ApprovalStore {
  /**
   * Stores a new request, in the state `open`.
   * @throws StoreError `approval_refused` for what is no request, or one whose id is not that of its content; `approval_exists` when the
   *   id is taken, by whatever
   */
  open(request: ApprovalRequest): Promise<void>;

  /**
   * The request with what became of it, or undefined. Its content hashes to the id asked for; its proofs are not checked again.
   * Deep-frozen.
   * @throws StoreError `record_corrupt` for a record that is anything else than what was stored under this id
   */
  get(id: string): Promise<ApprovalRecord | undefined>;

  /**
   * A page of requests in order of their ids, which is no order of time. By audience, agent, covenant and state they are found by an
   * index, by audience and state together, with or without an agent, by one index of its own.
   * @throws StoreError `record_corrupt` (`id` names the record) for a bad record unless `onCorrupt` is given; `invalid_cursor`
   */
  list(options?: ApprovalListOptions): Promise<ApprovalPage>;

  /**
   * Keeps the signatures of an approval or of a denial beside those that are there: they are united, by key, and of two by one key the
   * stored one stays. The state does not change. What adds nothing changes nothing.
   * @returns the record as it is then
   * @throws StoreError `approval_refused` for what does not verify by itself, and when there would be more than 16 proofs of one
   *   verdict; `approval_unknown`; `approval_closed` when the request is not open; `record_corrupt`
   */
  sign(document: ApprovalDocument): Promise<ApprovalRecord>;

  /**
   * Brings an open request into another state. Of many that try at once, in whatever processes, exactly one does it.
   * @param seen the record that this rests on: what was signed since, a denial say, keeps it from happening
   * @returns whether this call did; false when the request was not open, is not there, or is no longer as it was seen
   * @throws StoreError `record_corrupt`
   */
  settle(id: string, state: 'used' | 'denied' | 'void', seen?: ApprovalRecord): Promise<boolean>;

  /**
   * Removes a record, readable or not. Only for what has expired: a request that was used and is removed before could be opened
   * again with the signatures that somebody kept.
   * @returns whether there was one
   */
  delete(id: string): Promise<boolean>;
}
