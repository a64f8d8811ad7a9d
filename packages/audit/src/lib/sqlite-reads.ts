import type { LogReader } from '../backend.js';
import { AuditError } from '../errors.js';
import { checkIndex, checkTile } from './log-arguments.js';
import { HASH_BYTES } from './merkle.js';
import type { SqliteConnection } from './sqlite-connection.js';
import { attempt } from './sqlite-driver.js';
import { encodeBundle, MAX_LEAF_BYTES, TILE_WIDTH, tileWidth } from './tiles.js';

/** The row of the table `log`. */
export interface LogRow {
  readonly first: number;
  readonly published: number;
  readonly checkpoint: string | null;
}

/** What can be read of a log in SQLite, by its writer and by everyone else. */
export abstract class SqliteReads implements LogReader {
  abstract readonly name: string;

  /** @throws AuditError `audit_log_closed` */
  protected abstract connection(): SqliteConnection;

  async checkpoint(): Promise<string | undefined> {
    return this.ask((connection) => logRow(connection).checkpoint ?? undefined);
  }

  async tile(level: number, index: number, width: number): Promise<Uint8Array | undefined> {
    checkTile(level, index, width);
    return this.ask((connection) => {
      // A tile may have been written ahead of the checkpoint that covers it.
      if (width > tileWidth(level, index, logRow(connection).published)) return undefined;
      const row = connection.tile.get(width * HASH_BYTES, level, index) as { hashes: Uint8Array } | undefined;
      return row?.hashes.length === width * HASH_BYTES ? row.hashes : undefined;
    });
  }

  async entries(index: number, width: number): Promise<Uint8Array | undefined> {
    checkTile('entries', index, width);
    return this.ask((connection) => {
      if (width > tileWidth(0, index, logRow(connection).published)) return undefined;
      const leaves = leavesOf(connection, index * TILE_WIDTH, width);
      return leaves.length === width ? encodeBundle(leaves) : undefined;
    });
  }

  async first(): Promise<number> {
    return this.ask((connection) => logRow(connection).first);
  }

  async sealed(index: number): Promise<Uint8Array | undefined> {
    checkIndex(index);
    return this.ask(({ sealed }) => (sealed.get(index) as { bytes: Uint8Array } | undefined)?.bytes);
  }

  /** Runs a step; what the driver throws becomes an AuditError. */
  protected ask<T>(step: (connection: SqliteConnection) => T): T {
    return attempt(this.name, () => step(this.connection()));
  }
}

export function logRow({ log }: SqliteConnection): LogRow {
  const row = log.get() as LogRow | undefined;
  if (row !== undefined) return row;
  throw new AuditError('audit_log_corrupt', 'the database has lost what it is about', {
    hint: 'restore it from a backup, and go on under a new origin',
  });
}

/** So many leaves from an index on, or those before the first that is missing. */
export function leavesOf({ leaves }: SqliteConnection, from: number, count: number): Uint8Array[] {
  const rows = leaves.all(from, from + count) as { idx: number; leaf: Uint8Array }[];
  const gap = rows.findIndex(({ idx }, i) => idx !== from + i);
  return rows.slice(0, gap === -1 ? count : gap).map(({ idx, leaf }) => {
    if (leaf.length <= MAX_LEAF_BYTES) return leaf;
    throw new AuditError('audit_log_corrupt', `entry ${idx} is too long to be one`, {
      hint: 'it was changed: restore the log from a backup, and go on under a new origin',
    });
  });
}
