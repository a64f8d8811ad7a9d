import type { CovenantDocument, RevocationDocument } from '@stele/core';

/** Which covenants: those that have every member given here. Nothing given means all. */
export interface CovenantFilter {
  /** did:key of the issuer. */
  readonly issuer?: string | undefined;
  /** Id of the beneficiary, the agent. */
  readonly beneficiary?: string | undefined;
  /** Id of the parent covenant. */
  readonly parent?: string | undefined;
}

/** A filter and which page of it. */
export interface ListOptions extends CovenantFilter {
  /** How many covenants at most, 1 to 1,000; 100 when not given. */
  readonly limit?: number | undefined;
  /** The `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}

/** One page of covenants. */
export interface CovenantPage {
  readonly items: CovenantDocument[];
  /** Present as long as there is more to look at. A page with a cursor may hold fewer items than asked for, even none. */
  readonly nextCursor?: string;
}

/**
 * Where covenants and their revocations live. What a store holds is not trusted for being there: verify a covenant that
 * comes out of it before you rely on it.
 *
 * Every method rejects with `StoreError`: `store_closed` after `close()`, `store_unavailable` when the medium fails,
 * `store_corrupt` when it is damaged as a whole; further codes are named with the methods. Wrong arguments are a
 * TypeError or RangeError. Nothing is held back: when a writing method has resolved, every later read sees its effect,
 * and it survives a crash on every medium that survives one.
 */
export interface CovenantStore {
  /**
   * Stores a covenant that verifies by itself (structure, id, issuer_signature, countersignatures, constraints). An
   * object that `verifyCovenant` returned is not verified again.
   *
   * Two documents with one id are the same promise, so a second put replaces the first and only the proofs can differ:
   * they are united, by key, and of two proofs by one key the stored one stays. Countersignatures that are stored are
   * thus never lost, whoever puts the document without them and however many do so at once.
   * @throws StoreError `document_refused` (`check` names the failed one; more than 16 proofs in all: `structure`),
   *   `record_corrupt` when the id is taken by a record that cannot be read: delete it first
   */
  put(document: CovenantDocument): Promise<void>;

  /**
   * The covenant, or undefined. Its content hashes to the id asked for; its proofs are not checked again. Deep-frozen.
   * @throws StoreError `record_corrupt` for a record that is anything else than what was put under this id
   */
  get(id: string): Promise<CovenantDocument | undefined>;

  /** Whether a record is there under this id. It is not opened, so `get` may still find it corrupt. */
  has(id: string): Promise<boolean>;

  /** Removes a covenant, readable or not. Its revocations stay. @returns whether there was one. */
  delete(id: string): Promise<boolean>;

  /**
   * A page of covenants in order of their ids. A covenant that is put or deleted between two pages may or may not be
   * seen; every other one is seen exactly once.
   * @throws StoreError `record_corrupt` (`id` names the record): a bad record ends the listing, it is never skipped;
   *   `invalid_cursor`
   */
  list(options?: ListOptions): Promise<CovenantPage>;

  /** All covenants in order of their ids, a few in memory at a time; otherwise like `list`. */
  iterate(filter?: CovenantFilter): AsyncIterable<CovenantDocument>;

  /** How many there are. Without a filter records are counted, not opened; with one it is as slow as `iterate`. */
  count(filter?: CovenantFilter): Promise<number>;

  /**
   * Stores a revocation whose structure holds and whose proofs verify. Whether its signer has the right to revoke is judged at
   * verification, not here. The same revocation twice is stored once. Revocations are never removed.
   * @throws StoreError `revocation_refused`; `revocation_limit` when the covenant has more than 1,000 already, which
   *   `getRevocations` treats as unreadable; `record_corrupt`
   */
  putRevocation(revocation: RevocationDocument): Promise<void>;

  /**
   * Every revocation stored for a covenant, in no meaningful order; none is an empty list, and proves nothing.
   * @throws StoreError `record_corrupt` if any of them cannot be read, `revocation_limit` if there are more than 1,000.
   *   In both cases the covenant must not be relied on.
   */
  getRevocations(covenantId: string): Promise<RevocationDocument[]>;

  /** Frees files and connections. May be called twice. What goes on using the store is rejected with `store_closed`. */
  close(): Promise<void>;
}
