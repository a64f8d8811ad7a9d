import type { Appended, LogBackend, LogReader, LogRecord, LogTile, Publication } from '../backend.js';
import { AuditError } from '../errors.js';
import { checkPrune, checkRecords } from './log-arguments.js';
import { hashLeaf } from './merkle.js';
import { tileColumns } from './postgres-batch.js';
import { PostgresConnections, type PostgresLogOptions, type PostgresPool } from './postgres-connections.js';
import { lostItself, PostgresReads } from './postgres-reads.js';
import { migrate } from './postgres-schema.js';
import { PostgresWriter } from './postgres-writer.js';
import { MAX_LEAF_BYTES, TILE_WIDTH } from './tile-format.js';

/** The most that one answer has of leaves: 8 MiB at their longest. */
const TOGETHER = 128;
const MOST_PERMITS = 65_536;
/** So many entries are removed in one transaction. */
const PRUNED_TOGETHER = 64 * TILE_WIDTH;

/**
 * A log in PostgreSQL, which any number of processes and machines may append to: one history, in which each batch is one round trip
 * and one commit. It is on the server's disk before it is acknowledged, and on its standbys' if `synchronous_commit` says so.
 */
export class PostgresLogBackend extends PostgresReads implements LogBackend {
  readonly name: string;
  readonly shared = true;
  readonly #connections: PostgresConnections;
  #writer: PostgresWriter | undefined;
  #closed = false;
  /** The most records that were known to be durable. */
  #most = 0;

  /**
   * Connects with `open`.
   * @param source a URL (`postgres://…`), or a pool of `pg` of at least two connections, which stays the caller's to close
   * @throws TypeError, RangeError for wrong arguments
   */
  constructor(source: string | PostgresPool, options: PostgresLogOptions = {}) {
    super();
    this.#connections = new PostgresConnections(source, options);
    this.name = nameOf(this.#connections);
  }

  async open(): Promise<{ size: number; cutBytes: number }> {
    if (this.#closed || this.#writer !== undefined) throw notOpen(this.name);
    await migrate(this.#connections, true);
    const writer = new PostgresWriter(this.#connections);
    try {
      await writer.open();
      this.#writer = writer;
      // Behind whatever a writer that was killed has still asked for, so that it counts as gone from here on.
      await this.ask('SELECT size FROM @.audit_head FOR UPDATE', []);
      return { size: await this.size(), cutBytes: 0 };
    } catch (error) {
      this.#writer = undefined;
      await writer.close();
      throw error;
    }
  }

  async append(at: number, records: readonly LogRecord[]): Promise<Appended> {
    checkRecords(at, records);
    const answer = await this.#open().append(at, records);
    this.#note(answer.size, answer.appended ? 0 : at);
    return answer;
  }

  async size(): Promise<number> {
    const least = this.#most;
    const [row] = await this.ask<{ size: string }>('SELECT size FROM @.audit_head', []);
    if (row === undefined) throw lostItself(this.name);
    return this.#note(Number(row.size), least);
  }

  async *records(from: number, to: number): AsyncGenerator<Pick<LogRecord, 'leaf' | 'hash'>[]> {
    for (let at = from; at < to; at += TOGETHER) {
      const end = Math.min(at + TOGETHER, to);
      // A row each: one long value costs the server five times as much to put together and to send, and all appends wait for it.
      const rows = await this.ask<{ leaf: Uint8Array }>(
        'SELECT leaf FROM @.audit_records WHERE idx >= $1 AND idx < $2 AND length(leaf) <= $3 ORDER BY idx',
        [at, end, MAX_LEAF_BYTES],
      );
      if (rows.length !== end - at) throw incomplete(this.name, at, end);
      yield rows.map(({ leaf }) => ({ leaf, hash: hashLeaf(leaf) }));
    }
  }

  async stage(tiles: readonly LogTile[]): Promise<void> {
    await this.ask('SELECT @.audit_stage($1, $2, $3, $4, $5)', tileColumns(tiles));
  }

  async publish({ before, checkpoint, size, tiles }: Publication): Promise<boolean> {
    const rows = await this.ask<{ done: boolean }>(
      'SELECT @.audit_publish($1, $2, $3, $4, $5, $6, $7, $8) AS done',
      [before ?? null, checkpoint, size, ...tileColumns(tiles)],
    );
    return rows.some(({ done }) => done);
  }

  async unsettled(): Promise<number[]> {
    const rows = await this.ask<{ idx: string }>('SELECT idx FROM @.audit_unsettled($1, $2) AS idx', [
      this.#open().id,
      MOST_PERMITS,
    ]);
    return rows.map(({ idx }) => Number(idx));
  }

  async prune(before: number): Promise<void> {
    checkPrune(before, Number.MAX_SAFE_INTEGER);
    const first = await this.first();
    // A bounded part at a time, each time with a log that is consistent.
    for (
      let next = Math.min(before, first + PRUNED_TOGETHER);
      ;
      next = Math.min(before, next + PRUNED_TOGETHER)
    ) {
      await this.ask('SELECT @.audit_prune($1, $2)', [next, before]);
      if (next === before) return;
    }
  }

  async close(): Promise<void> {
    const writer = this.#writer;
    this.#closed = true;
    this.#writer = undefined;
    await writer?.close();
    await this.#connections.close();
  }

  protected connections(): PostgresConnections {
    if (this.#writer === undefined) throw notOpen(this.name);
    return this.#connections;
  }

  /**
   * A server that was restored, or replaced by one that had not got everything yet, must not be appended to as if nothing were.
   * @param least what was known to be durable when the server was asked
   */
  #note(size: number, least: number): number {
    this.#most = Math.max(this.#most, size);
    if (size >= least) return size;
    throw new AuditError(
      'audit_log_rolled_back',
      `the log in ${this.name} has ${size} entries and had ${least}`,
      {
        hint: 'Begin a new log under a new origin that names this one as its predecessor.',
      },
    );
  }

  #open(): PostgresWriter {
    if (this.#writer === undefined) throw notOpen(this.name);
    return this.#writer;
  }
}

/** A log in PostgreSQL, to be read beside its writers. */
export class PostgresLogReader extends PostgresReads implements LogReader {
  readonly name: string;
  readonly #connections: PostgresConnections;
  #ready: Promise<void> | undefined;
  #closed = false;

  /**
   * Connects when it is first asked.
   * @param source a URL (`postgres://…`), or a pool of `pg`, which stays the caller's to close
   * @throws TypeError, RangeError for wrong arguments
   */
  constructor(source: string | PostgresPool, options: PostgresLogOptions = {}) {
    super();
    this.#connections = new PostgresConnections(source, options);
    this.name = nameOf(this.#connections);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#connections.close();
  }

  protected override async ask<Row>(text: string, values: unknown[]): Promise<Row[]> {
    this.connections();
    this.#ready ??= migrate(this.#connections, false).catch((error: unknown) => {
      this.#ready = undefined;
      throw error;
    });
    await this.#ready;
    return super.ask(text, values);
  }

  protected connections(): PostgresConnections {
    if (this.#closed) throw notOpen(this.name);
    return this.#connections;
  }
}

/** Never the URL: it may hold a password. */
const nameOf = ({ schema }: PostgresConnections): string => `the schema ${schema} of PostgreSQL`;

function notOpen(name: string): AuditError {
  return new AuditError('audit_log_closed', `the log in ${name} is not open`);
}

function incomplete(name: string, from: number, to: number): AuditError {
  return new AuditError('audit_log_corrupt', `the log in ${name} lacks entries of ${from} to ${to - 1}`, {
    hint: 'restore it from a backup, and go on under a new origin',
  });
}
