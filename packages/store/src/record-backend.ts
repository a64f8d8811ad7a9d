/** What a record is. Ids of different kinds never meet. */
export type RecordKind = 'covenant' | 'revocation';

/** No record is longer: a document of 1 MiB and what framing, encryption and padding add. */
export const MAX_RECORD_BYTES = 1024 * 1024 + 64 * 1024;

/** One record as a backend keeps it. */
export interface StoredRecord {
  readonly kind: RecordKind;
  /** `urn:stele:covenant:<64 hex>`, followed by `/<64 hex>` for a revocation. */
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** What `get` found: the bytes, and what `put` must be given to replace exactly them. */
export interface Found {
  readonly bytes: Uint8Array;
  /** Opaque. A backend that keeps the bytes as they are returns the bytes themselves. */
  readonly version: Uint8Array;
}

/** Which records `list` returns: those after an id, those that begin with a prefix, at most so many. */
export interface RecordRange {
  readonly after?: string | undefined;
  readonly prefix?: string | undefined;
  readonly limit: number;
}

/**
 * Bytes in, bytes out: the part of a store that differs between media. It knows nothing of documents, signatures or
 * keys; `BackedStore` does all of that, the same way over every backend.
 *
 * Every method may throw `StoreError`: `store_unavailable` (the medium failed; nothing half-written is left),
 * `store_corrupt`, `store_closed`, and `record_corrupt` where the backend itself sees that a record is damaged.
 * An id that is not of the form above is never found and never touches the medium; `put` of one is a RangeError.
 */
export interface RecordBackend {
  /** The record, or undefined. The caller owns the bytes: changing them changes nothing that is stored. */
  get(kind: RecordKind, id: string): Promise<Found | undefined>;
  /**
   * Compare and set, atomic against every other writer: replaces the record whose version is `expected`, or, with
   * `expected` undefined, creates a record that must not exist.
   * @returns false, with nothing changed, when the record is another by now. After true the record survives a crash of the
   * process, and of the machine where the medium can promise that.
   */
  put(record: StoredRecord, expected: Uint8Array | undefined): Promise<boolean>;
  /** @returns whether there was such a record. */
  delete(kind: RecordKind, id: string): Promise<boolean>;
  has(kind: RecordKind, id: string): Promise<boolean>;
  /** In order of the ids' bytes. A record that is written or deleted meanwhile may or may not be seen; others are seen once. */
  list(kind: RecordKind, range: RecordRange): Promise<StoredRecord[]>;
  /** How many records of a kind there are, optionally of those whose id begins with a prefix. */
  count(kind: RecordKind, prefix?: string): Promise<number>;
  /** Frees what is held. May be called twice. */
  close(): Promise<void>;
}
