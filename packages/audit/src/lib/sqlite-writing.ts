import type { Appended, LogRecord, LogTile, Publication } from '../backend.js';
import { checkSizes } from './log-arguments.js';
import type { SqliteConnection } from './sqlite-connection.js';
import { logRow } from './sqlite-reads.js';
import { TILE_WIDTH } from './tiles.js';

/** One transaction, durable when it returns. What the step throws undoes it. */
export function transaction<T>(connection: SqliteConnection, step: () => T): T {
  connection.begin.run();
  try {
    const result = step();
    connection.commit.run();
    return result;
  } catch (error) {
    undo(connection);
    throw error;
  }
}

/** After some errors SQLite has rolled back by itself; then this fails. */
function undo({ rollback }: SqliteConnection): void {
  try {
    rollback.run();
  } catch {
    // Nothing is open, as it should be.
  }
}

export function sizeOf({ size }: SqliteConnection): number {
  return (size.get() as { size: number }).size;
}

export function insertAll(connection: SqliteConnection, at: number, records: readonly LogRecord[]): Appended {
  const size = sizeOf(connection);
  if (size !== at) return { appended: false, size };
  for (const [i, { leaf, sealed, opens, closes }] of records.entries()) {
    connection.insert.run(at + i, leaf);
    if (sealed !== undefined) connection.seal.run(at + i, sealed);
    if (opens === true) connection.permit.run(at + i);
    if (closes !== undefined) connection.settle.run(closes);
  }
  return { appended: true, size: at + records.length };
}

export function replaceCheckpoint(connection: SqliteConnection, publication: Publication): boolean {
  const { before, checkpoint, size, tiles } = publication;
  const log = logRow(connection);
  if (log.checkpoint !== (before ?? null)) return false;
  checkSizes(size, log.published, sizeOf(connection));
  putTiles(connection, tiles);
  connection.publish.run(checkpoint, size);
  return true;
}

/** Entry bundles are made of the records. */
export function putTiles({ putTile }: SqliteConnection, tiles: readonly LogTile[]): void {
  for (const { level, index, bytes } of tiles) if (level !== 'entries') putTile.run(level, index, bytes);
}

export function removeBelow(connection: SqliteConnection, first: number): void {
  connection.setFirst.run(first);
  connection.pruneRecords.run(first);
  connection.pruneSealed.run(first);
  for (let level = 0, end = first / TILE_WIDTH; end >= 1; level++, end = Math.floor(end / TILE_WIDTH)) {
    connection.pruneTiles.run(level, end);
  }
}
