import type { LogReader } from '../backend.js';
import { AuditError } from '../errors.js';
import { checkIndex, checkTile } from './log-arguments.js';
import { HASH_BYTES } from './merkle.js';
import type { PostgresConnections } from './postgres-connections.js';
import { TILE_WIDTH, tileWidth } from './tiles.js';

/** The row of `audit_log`. */
interface LogRow {
  readonly first: string;
  readonly size: string;
  readonly checkpoint: string | null;
}

/** What can be read of a log in PostgreSQL, by its writers and by everyone else. */
export abstract class PostgresReads implements LogReader {
  abstract readonly name: string;

  /** @throws AuditError `audit_log_closed` */
  protected abstract connections(): PostgresConnections;

  async checkpoint(): Promise<string | undefined> {
    return (await this.#log()).checkpoint ?? undefined;
  }

  async tile(level: number, index: number, width: number): Promise<Uint8Array | undefined> {
    checkTile(level, index, width);
    const [row] = await this.ask<{ hashes: Uint8Array; size: string }>(
      'SELECT substring(hashes FROM 1 FOR $1) AS hashes, (SELECT size FROM @.audit_log) FROM @.audit_tiles WHERE level = $2 AND idx = $3',
      [width * HASH_BYTES, level, index],
    );
    // A tile may have been written ahead of the checkpoint that covers it.
    if (row === undefined || width > tileWidth(level, index, Number(row.size))) return undefined;
    return row.hashes.length === width * HASH_BYTES ? row.hashes : undefined;
  }

  async entries(index: number, width: number): Promise<Uint8Array | undefined> {
    checkTile('entries', index, width);
    const since = index * TILE_WIDTH;
    const [row] = await this.ask<{ entries: string; bundle: Uint8Array }>(
      'SELECT entries, bundle FROM @.audit_bundle($1, $2) WHERE $2 <= (SELECT size FROM @.audit_log)',
      [since, since + width],
    );
    return row !== undefined && Number(row.entries) === width ? row.bundle : undefined;
  }

  async first(): Promise<number> {
    return Number((await this.#log()).first);
  }

  async sealed(index: number): Promise<Uint8Array | undefined> {
    checkIndex(index);
    const [row] = await this.ask<{ bytes: Uint8Array }>('SELECT bytes FROM @.audit_sealed WHERE idx = $1', [
      index,
    ]);
    return row?.bytes;
  }

  /**
   * One statement, a transaction of its own.
   * @param text with `@.` for the schema
   * @throws AuditError, RangeError
   */
  protected async ask<Row>(text: string, values: unknown[]): Promise<Row[]> {
    const connections = this.connections();
    const statement = text.replaceAll('@.', `"${connections.schema}".`);
    return connections.use(async (client) => (await client.query(statement, values)).rows as Row[]);
  }

  async #log(): Promise<LogRow> {
    const [row] = await this.ask<LogRow>('SELECT first, size, checkpoint FROM @.audit_log', []);
    if (row === undefined) throw lostItself(this.name);
    return row;
  }
}

export function lostItself(name: string): AuditError {
  return new AuditError('audit_log_corrupt', `${name} has lost what it is about`, {
    hint: 'restore it from a backup, and go on under a new origin',
  });
}
