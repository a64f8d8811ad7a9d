import type { CovenantDocument, RevocationDocument } from '@stele/core';
import type { ApprovalStore } from './approval-store.js';
import type { StoreError } from './errors.js';
import type { Support } from './record-backend.js';

/** Which covenants: those that have every member given here. Nothing given means all. */
export interface CovenantFilter {
  /** did:key of the issuer. */
  readonly issuer?: string | undefined;
  /** Id of the beneficiary, the agent. */
  readonly beneficiary?: string | undefined;
  /** Id of the parent covenant. */
  readonly parent?: string | undefined;
  /** One of `metadata.tags`, where that is an array of at most 16 strings of at most 128 characters; else there are no tags. */
  readonly tag?: string | undefined;
  /** Created at this time or later. */
  readonly createdAfter?: Date | undefined;
  /** Created before this time. */
  readonly createdBefore?: Date | undefined;
  /** In force at this time by its own dates: `activatesAt` (or `createdAt`) ≤ it < `expiresAt`. No skew; revocations are not looked at. */
  readonly activeAt?: Date | undefined;
}

/** A filter, and what becomes of records that cannot be read. */
export interface IterateOptions extends CovenantFilter {
  /**
   * Called for every record that cannot be read (`record_corrupt`, `id` names it), and the listing goes on. Not given: such a
   * record ends the listing.
   */
  readonly onCorrupt?: ((error: StoreError) => void) | undefined;
}

/** A filter and which page of it. */
export interface ListOptions extends IterateOptions {
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

export interface WatchOptions {
  /** The `token` of an event, or of `latestToken`: begins after it. Not given: with what happens from now on. */
  readonly after?: string | undefined;
  /** Ends the watch. */
  readonly signal?: AbortSignal | undefined;
}

/** Something that became of a covenant. */
export interface StoreEvent {
  /** `put`: it or its proofs changed; `delete`: it was removed; `revoke`: a revocation of it was stored, by whomever. */
  readonly type: 'put' | 'delete' | 'revoke';
  /** The id of the covenant. */
  readonly id: string;
  /** Where to go on: `watch({ after: token })`. */
  readonly token: string;
}

/** What a transaction may do; each method as in the store. It reads what it has written itself. */
export interface StoreTransaction {
  get(id: string): Promise<CovenantDocument | undefined>;
  has(id: string): Promise<boolean>;
  put(document: CovenantDocument): Promise<void>;
  delete(id: string): Promise<boolean>;
  putRevocation(revocation: RevocationDocument): Promise<void>;
}

/**
 * Where covenants and their revocations live. What a store holds is not trusted for being there: verify a covenant that
 * comes out of it before you rely on it.
 *
 * Every method rejects with `StoreError`: `store_closed` after `close()`, `store_unavailable` when the medium fails (what was
 * being written is stored as a whole or not at all), `store_corrupt` when it is damaged as a whole; further codes are named
 * with the methods. Wrong arguments are a TypeError or RangeError. Nothing is held back: when a writing method has
 * resolved, every later read sees its effect, and it survives a crash on every medium that survives one.
 */
export interface CovenantStore {
  /** What this store can do; where something is false, its methods reject with `unsupported`. */
  readonly supports: Support;

  /** Requests for approval and what became of them. Every store of this package has it. */
  readonly approvals?: ApprovalStore;

  /**
   * Stores a covenant that verifies by itself (structure, id, issuer_signature, countersignatures, constraints). An
   * object that `verifyCovenant` returned is not verified again.
   *
   * Two documents with one id are the same promise, so a second put replaces the first and only the proofs can differ:
   * they are united, by key, and of two proofs by one key the stored one stays. Countersignatures that are stored are
   * thus never lost, whoever puts the document without them and however many do so at once. A put that adds nothing
   * changes nothing.
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
   * Stores 1 to 100 covenants as `put` does, all or none.
   * @throws StoreError `document_refused`, `record_corrupt` (`id` names the covenant) and nothing is stored; `unsupported`
   */
  putBatch(documents: readonly CovenantDocument[]): Promise<void>;

  /**
   * The covenants of 1 to 100 ids, in their order, undefined where there is none; all as they were at one moment.
   * @throws StoreError `record_corrupt` if any of them cannot be read; `unsupported`
   */
  getBatch(ids: readonly string[]): Promise<(CovenantDocument | undefined)[]>;

  /** Removes the covenants of 1 to 100 ids, all or none. @returns how many there were. @throws StoreError `unsupported` */
  deleteBatch(ids: readonly string[]): Promise<number>;

  /**
   * Runs a function whose reads and writes happen as if at one moment: serialisable for the at most 100 records it touches.
   * Nothing is written before it returns, and nothing at all if it throws. If others changed meanwhile what it has read,
   * it runs again from the start, so it must have no other effects; each run may see such a change half-way.
   *
   * Only `tx` belongs to the transaction, and only until the function has returned. There are none within one another:
   * using the store itself in the function is another matter, not part of it.
   * @returns what the function returned
   * @throws what the function throws; StoreError `transaction_conflict` after 64 runs, `unsupported`; RangeError for the
   *   hundred-and-first record
   */
  transaction<T>(run: (tx: StoreTransaction) => Promise<T>): Promise<T>;

  /**
   * A page of covenants in order of their ids. A covenant that is put or deleted between two pages may or may not be
   * seen; every other one is seen exactly once. By issuer, beneficiary, parent and tag they are found by an index; only
   * those found there are opened, and judged by their content.
   * @throws StoreError `record_corrupt` (`id` names the record) for a bad record unless `onCorrupt` is given: it is never
   *   skipped in silence; `invalid_cursor`
   */
  list(options?: ListOptions): Promise<CovenantPage>;

  /** All covenants in order of their ids, a few in memory at a time; otherwise like `list`. */
  iterate(options?: IterateOptions): AsyncIterable<CovenantDocument>;

  /**
   * How many there are. Without a filter, and with one by issuer, beneficiary, parent or tag alone, records are counted and
   * not opened; otherwise it is as slow as `iterate`, and a bad record ends it.
   */
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

  /**
   * What becomes of the covenants, in the order in which it was made durable, by whichever process: every change once, none
   * left out. It ends when the signal aborts, and when the store is closed. Events hold no documents: read them. To mirror a
   * store take `latestToken()`, list everything, then watch from that token.
   * @throws StoreError `watch_expired` when the feed does not reach back to the token (it keeps 10,000 changes at least) or it is
   *   another feed's; `unsupported`; all from the first step of the iteration
   */
  watch(options?: WatchOptions): AsyncIterable<StoreEvent>;

  /** The token after which is what happens from now on. @throws StoreError `unsupported` */
  latestToken(): Promise<string>;

  /** Writes something, reads it back and removes it: what a readiness probe asks. Rejects if the store could not take a put. */
  probe(): Promise<void>;

  /** Frees files and connections. May be called twice. What goes on using the store is rejected with `store_closed`. */
  close(): Promise<void>;
}
