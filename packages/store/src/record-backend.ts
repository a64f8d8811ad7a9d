import type { StoreError } from './errors.js';

/** What records there are. Ids of different kinds never meet. */
export const RECORD_KINDS = ['covenant', 'revocation', 'approval'] as const;

export type RecordKind = (typeof RECORD_KINDS)[number];

/** No record is longer: a document of 1 MiB and what framing, encryption and padding add. */
export const MAX_RECORD_BYTES = 1024 * 1024 + 64 * 1024;
/** So many changes make up one `write` at most, and so many ids one `getMany`. */
export const MAX_CHANGES = 100;
/** A feed reaches back at least so many changes. */
export const FEED_LENGTH = 10_000;

/** What `get` found: the bytes, and what `write` must be given as `expected` to replace exactly them. */
export interface Found {
  readonly bytes: Uint8Array;
  /** Opaque. A backend that keeps the bytes as they are returns the bytes themselves. */
  readonly version: Uint8Array;
}

/** What is written under an id. */
export interface Content {
  readonly bytes: Uint8Array;
  /**
   * What `list` and `count` find the record by; at most 64, each 1 to 96 characters of `[A-Za-z0-9_:.-]`. They belong to the
   * record: what they were before is gone.
   */
  readonly tokens: readonly string[];
}

/** One change of a write, or one condition for it. */
export interface Change {
  readonly kind: RecordKind;
  /** `urn:stele:covenant:<64 hex>`, followed by `/<64 hex>` for a revocation; `urn:stele:approval:<64 hex>` for an approval. */
  readonly id: string;
  /** What must be there: the record of this version, any record (`present`), or none (undefined). */
  readonly expected: Uint8Array | 'present' | undefined;
  /** What is there afterwards: this content, no record (undefined), or what was there (`same`): then only the expectation counts. */
  readonly next: Content | 'same' | undefined;
}

/** One record as a listing comes across it: its bytes, or why it has none. */
export type ListedRecord =
  | { readonly id: string; readonly bytes: Uint8Array; readonly error?: undefined }
  | { readonly id: string; readonly bytes?: undefined; readonly error: StoreError };

/** Which records: those whose id begins with a prefix, and those that carry an index token. */
export interface RecordFilter {
  readonly prefix?: string | undefined;
  readonly token?: string | undefined;
}

/** A filter, where to begin (after an id), and how many at most. */
export interface RecordRange extends RecordFilter {
  readonly after?: string | undefined;
  readonly limit: number;
}

/** One change that was made, as the feed tells it. */
export interface RecordChange {
  /** Where in the feed it is: what follows it is had by `changes(token)`. At most 128 characters. */
  readonly token: string;
  readonly kind: RecordKind;
  readonly id: string;
  readonly deleted: boolean;
}

/** What a medium can do beyond single records. */
export interface Support {
  /** Whether `write` takes more than one change. */
  readonly transaction: boolean;
  /** Whether there is a feed: `latestChange` and `changes`. */
  readonly watch: boolean;
}

/**
 * Bytes in, bytes out: the part of a store that differs between media. It knows nothing of documents, signatures or
 * keys; `BackedStore` does all of that, the same way over every backend.
 *
 * Every method may reject with `StoreError`: `store_unavailable` (the medium failed; a write has happened as a whole or
 * not at all), `store_corrupt`, `store_closed`, and `record_corrupt` where the backend itself sees that a record is damaged.
 * An id that is not of its kind's form is never found and never touches the medium; a `write` of one is a RangeError.
 */
export interface RecordBackend {
  readonly supports: Support;
  /** The record, or undefined. The caller owns the bytes: changing them changes nothing that is stored. */
  get(kind: RecordKind, id: string): Promise<Found | undefined>;
  /** The records of up to 100 ids in their order, all as they were at one moment (where `supports.transaction`). */
  getMany(kind: RecordKind, ids: readonly string[]): Promise<(Found | undefined)[]>;
  /**
   * Makes 1 to 100 changes, of different records: all or none, atomic against every other writer. That of the state of a store
   * that has an anchor comes on top of the 100.
   * @returns false, with nothing changed, when any expectation does not hold. After true all of it survives a crash of the
   *   process, and of the machine where the medium can promise that.
   * @throws StoreError `unsupported` for more than one change where not `supports.transaction`
   */
  write(changes: readonly Change[]): Promise<boolean>;
  has(kind: RecordKind, id: string): Promise<boolean>;
  /**
   * In order of the ids' bytes. A record that is written or deleted meanwhile may or may not be seen; others are seen once.
   * With a token: every record that carries it, and possibly others. What cannot be read is listed with its error.
   */
  list(kind: RecordKind, range: RecordRange): Promise<ListedRecord[]>;
  /** How many records there are. Undefined: with this token that cannot be told without opening records. */
  count(kind: RecordKind, filter?: RecordFilter): Promise<number | undefined>;
  /** The token of the latest change: what follows it is what happens from now on. Only where `supports.watch`. */
  latestChange?(): Promise<string>;
  /**
   * The changes after a token, in the order in which they were made, of all processes, each once; then those to come. It
   * ends when `signal` aborts and when the backend is closed. Only where `supports.watch`.
   * @throws StoreError `watch_expired` when the feed does not reach back so far (it keeps 10,000 changes at least), or when the
   *   token is another feed's
   */
  changes?(after: string, signal: AbortSignal): AsyncIterable<RecordChange>;
  /** Writes something, reads it back, and leaves no trace: whether a put would succeed now. Rejects if not. */
  probe(): Promise<void>;
  /** Frees what is held. May be called twice. */
  close(): Promise<void>;
}
