/**
 * The port between a log and what keeps it. A backend keeps records in order and tiles as they are; it knows nothing of
 * hashes, keys or JSON.
 */

/**
 * What can be read of a log, in the terms of C2SP tlog-tiles. A folder behind a static file server, a database and an
 * export all read like this, and everything that is verified is verified through it.
 */
export interface LogReader {
  /** How to call it in messages, such as its path. */
  readonly name: string;
  /** The newest checkpoint, a signed note; undefined when nothing was signed yet. */
  checkpoint(): Promise<string | undefined>;
  /**
   * A tile of hashes, 32 bytes each.
   * @param width how many hashes are wanted, 1 to 256: a backend may hold a wider tile of the same index and then gives
   *   its beginning. Undefined when it is not there, or shorter.
   */
  tile(level: number, index: number, width: number): Promise<Uint8Array | undefined>;
  /**
   * A bundle of entries: each two bytes of length, big-endian, and the leaf.
   * @param width as for `tile`
   */
  entries(index: number, width: number): Promise<Uint8Array | undefined>;
  /** The first index that is still there: a multiple of 256, 0 when nothing was pruned. */
  first(): Promise<number>;
  /** The sealed values of an entry; undefined when there are none. Readers of exports never have any. */
  sealed?(index: number): Promise<Uint8Array | undefined>;
}

/** One entry as it is kept. */
export interface LogRecord {
  /** The RFC 8785 form, at most 65,535 bytes. */
  readonly leaf: Uint8Array;
  /** The RFC 9162 leaf hash, 32 bytes. */
  readonly hash: Uint8Array;
  /** Values and salt, sealed. Kept beside the log, never in a tile, an entry bundle or an export. */
  readonly sealed?: Uint8Array | undefined;
  /** True for a permit whose outcome is awaited. */
  readonly opens?: boolean | undefined;
  /** The index of the permit of which this is the outcome. */
  readonly closes?: number | undefined;
  /** True for a record that the reserve is kept for: permits, outcomes and what the log writes of itself. */
  readonly vital?: boolean | undefined;
}

/** A tile or bundle that has become known. Full ones (width 256) are written once and never change. */
export interface LogTile {
  readonly level: number | 'entries';
  readonly index: number;
  readonly width: number;
  readonly bytes: Uint8Array;
}

/** What is made public in one step: first the tiles, durably, then the checkpoint that covers them. */
export interface Publication {
  /** The checkpoint that is replaced; undefined for the first. */
  readonly before: string | undefined;
  readonly checkpoint: string;
  /** The size of its tree. */
  readonly size: number;
  /**
   * Every tile that is new since `before`, the widest of its index, hash tiles and entry bundles; but for those that were
   * staged.
   */
  readonly tiles: readonly LogTile[];
}

/** The highest checkpoint that was ever signed, kept where restoring the log does not restore it. */
export interface HeadKeeper {
  read(): Promise<string | undefined>;
  /** Durable when it resolves. */
  write(checkpoint: string): Promise<void>;
}

/** What became of an append. */
export interface Appended {
  /** False when the log has grown past the index meanwhile (only where it is shared): then nothing was written. */
  readonly appended: boolean;
  /** The size of the log now. It alone would not tell: others may have appended just as many. */
  readonly size: number;
}

/** Where a log lives. One object stands for one writer; it is of no use before `open` and after `close`. */
export interface LogBackend extends LogReader {
  /** Whether other processes may append to the same log at the same time. */
  readonly shared: boolean;
  /** Where the head is kept unless the host says otherwise; undefined where there is no place outside of the log. */
  readonly heads?: HeadKeeper | undefined;
  /**
   * Takes the log for writing, or makes it. Cuts an incomplete last record, and nothing else.
   * @returns how many records are durable, and how many bytes of an incomplete one were cut
   * @throws AuditError `audit_log_locked`, `audit_log_corrupt`, `audit_log_version`, `audit_log_unavailable`
   */
  open(): Promise<{ readonly size: number; readonly cutBytes: number }>;
  /**
   * Appends records, all or none, durably when it resolves.
   * @param at the index that the first of them must get
   * @throws AuditError `audit_log_unavailable`, `audit_disk_low`. After the first it is not known whether the records
   *   are there: the backend must be opened again, or say so itself at the next call.
   */
  append(at: number, records: readonly LogRecord[]): Promise<Appended>;
  /** How many records are durable. */
  size(): Promise<number>;
  /**
   * The durable records from an index to before another, in order, in batches of bounded size. Only what is not yet
   * covered by a published checkpoint has to be had from here; the rest may be had from entry bundles.
   */
  records(from: number, to: number): AsyncIterable<readonly Pick<LogRecord, 'leaf' | 'hash'>[]>;
  /**
   * Makes tiles durable before the checkpoint that will cover them is signed, where they can be written ahead of it.
   * Nobody is shown them yet. Doing it twice does no harm.
   */
  stage?(tiles: readonly LogTile[]): Promise<void>;
  /**
   * Publishes, if the checkpoint that is published is still `before`. Tiles are durable before the checkpoint appears.
   * @returns false when another process has published meanwhile (only where it is shared); then nothing has changed
   */
  publish(publication: Publication): Promise<boolean>;
  /**
   * Permits of writers that are gone (this one's earlier life included) without an outcome, at most 65,536, lowest first. Where
   * the log is shared they are this writer's to settle from then on: while it lives no other is told of them.
   */
  unsettled(): Promise<readonly number[]>;
  /** Removes full tiles and bundles of entries below an index, a multiple of 256, with their sealed values. */
  prune(before: number): Promise<void>;
  /** Gives the log back. */
  close(): Promise<void>;
}
