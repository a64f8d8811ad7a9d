import { SteleError, type SteleErrorOptions } from '@stele/types/errors';

/**
 * Every code a store throws.
 *
 * | code | meaning | what to do |
 * |---|---|---|
 * | `document_refused` | `put` of a covenant that does not verify; `check` names the failed check | mend the document |
 * | `revocation_refused` | `putRevocation` of something that is no verifiable revocation | mend the document |
 * | `revocation_limit` | a covenant has more than 1,000 revocations | treat the covenant as revoked |
 * | `approval_refused` | a request or an approval that does not verify, or one signature too many | mend the document |
 * | `approval_exists` | `open` of a request whose id is taken | ask again, under another nonce |
 * | `approval_unknown` | `sign` for a request that is not there | look at the id, and at which store it is |
 * | `approval_closed` | `sign` for a request that was used, denied or voided | have the call made again |
 * | `record_corrupt` | a stored record is not what was put under its id, or the key is not its key | restore it, or delete it |
 * | `store_corrupt` | the database file itself is damaged, or an encrypted store has lost its own record | restore it |
 * | `store_rolled_back` | the store is not as its anchor last saw it: brought back, deleted from, planted into, or written without the anchor | restore the newest copy, or accept what is there |
 * | `store_unavailable` | the medium failed: full, busy, read-only, away; `cause` says more | retry later |
 * | `store_version` | the store was written by a newer version, or is not a Stele store | upgrade, or choose another path |
 * | `store_closed` | used after `close()` | open a new one |
 * | `key_unavailable` | an encrypted store gets no key: the provider failed, was late, or lacks one; `cause` says more | retry, or give it the key |
 * | `sqlite_unavailable` | no SQLite driver loads | install better-sqlite3, or use Node 22 |
 * | `invalid_cursor` | a `cursor` that no `list` ever returned | start again without one |
 * | `unsupported` | this store has no transactions, or no feed; `supports` says so | choose another store |
 * | `transaction_conflict` | others changed what a transaction had read, again and again | try again later |
 * | `watch_expired` | the feed does not reach back to this token | read everything again, and watch from `latestToken()` |
 */
export type StoreErrorCode =
  | 'document_refused'
  | 'revocation_refused'
  | 'revocation_limit'
  | 'approval_refused'
  | 'approval_exists'
  | 'approval_unknown'
  | 'approval_closed'
  | 'record_corrupt'
  | 'store_corrupt'
  | 'store_rolled_back'
  | 'store_unavailable'
  | 'store_version'
  | 'store_closed'
  | 'key_unavailable'
  | 'sqlite_unavailable'
  | 'invalid_cursor'
  | 'unsupported'
  | 'transaction_conflict'
  | 'watch_expired';

export interface StoreErrorOptions extends SteleErrorOptions {
  /** The name of the check that a refused document failed. */
  check?: string | undefined;
  /** The id of the record concerned. */
  id?: string | undefined;
}

/** What every store of this package throws on purpose. Test `code`, never the message. */
export class StoreError extends SteleError<StoreErrorCode> {
  /** Present on `document_refused`: the name of the failed check. */
  readonly check?: string;
  /** The id of the record concerned, where there is one. */
  readonly id?: string;

  constructor(code: StoreErrorCode, message: string, options: StoreErrorOptions = {}) {
    super(code, message, options);
    if (options.check !== undefined) this.check = options.check;
    if (options.id !== undefined) this.id = options.id;
  }
}
