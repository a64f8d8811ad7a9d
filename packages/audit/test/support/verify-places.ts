/** The places where a log can be kept, holding whatever an attacker has put there. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { havePostgres, postgresUrl } from '../../../../test/support/postgres.js';
import { sqliteDrivers } from '../../../../test/support/sqlite.js';
import type { LogBackend, LogReader, LogTile } from '../../src/backend.js';
import { FolderLogReader } from '../../src/folder-reader.js';
import { hashLeaf } from '../../src/lib/merkle.js';
import { encodeBundle, parseTilePath, tilePath } from '../../src/lib/tiles.js';
import { PostgresLogBackend } from '../../src/postgres.js';
import { SqliteLogBackend } from '../../src/sqlite-log.js';
import { type Files, leaf, writeLog } from './made-log.js';
import { scratch } from './places.js';
import { freshSchema, inspector } from './postgres.js';

/** A log as an attacker leaves it. */
export interface Forged {
  /** Undefined for one that was taken out. */
  readonly entries: readonly (Uint8Array | undefined)[];
  /** The tiles of hashes, by path. */
  readonly tiles: Files;
  readonly note: string;
  /** That the checkpoint signs. */
  readonly size: number;
}

export interface Place {
  readonly name: string;
  readonly isThere: boolean;
  put(log: Forged): Promise<LogReader>;
}

export const places: readonly Place[] = [
  { name: 'files', isThere: true, put: async (log) => inFiles(log) },
  { name: 'SQLite', isThere: sqliteDrivers.length > 0, put: inSqlite },
  { name: 'PostgreSQL', isThere: havePostgres, put: inPostgres },
];

function inFiles({ entries, tiles, note, size }: Forged): LogReader {
  const files: Files = new Map([...tiles, ['checkpoint', Buffer.from(note)]]);
  const there = entries.filter((each) => each !== undefined);
  for (let at = 0; at < Math.min(size, there.length); at += 256) {
    // Under the name that the checkpoint asks for, however few there are.
    const path = tilePath('entries', at / 256, Math.min(256, size - at));
    files.set(path, encodeBundle(there.slice(at, Math.min(at + 256, size))));
  }
  const folder = scratch();
  writeLog(files, folder);
  return new FolderLogReader(folder);
}

async function inSqlite(log: Forged): Promise<LogReader> {
  const path = join(scratch(), 'log.db');
  const [driver] = sqliteDrivers;
  const backend = await filled(new SqliteLogBackend(path, { driver }), log);
  for (const index of gone(log)) inDatabase(path, `DELETE FROM records WHERE idx = ${index}`);
  return backend;
}

async function inPostgres(log: Forged): Promise<LogReader> {
  const schema = freshSchema();
  const backend = await filled(new PostgresLogBackend(postgresUrl, { schema, timeoutMs: 30_000 }), log);
  await inspector.query(`DELETE FROM ${schema}.audit_records WHERE idx = ANY($1)`, [gone(log)]);
  return backend;
}

/** Backends know nothing of hashes: what they are told to publish they publish. */
async function filled(backend: LogBackend, { entries, tiles, note, size }: Forged): Promise<LogBackend> {
  await backend.open();
  onTestFinished(() => backend.close());
  const all = Array.from({ length: Math.max(size, entries.length) }, (_, i) => entries[i] ?? leaf(i));
  await backend.append(
    0,
    all.map((each) => ({ leaf: each, hash: hashLeaf(each) })),
  );
  const published: LogTile[] = [...tiles].map(([path, bytes]) => {
    const place = parseTilePath(path);
    if (place === undefined) throw new Error(`${path} is no tile`);
    return { ...place, bytes };
  });
  await backend.publish({ before: undefined, checkpoint: note, size, tiles: published });
  return backend;
}

function gone({ entries, size }: Forged): number[] {
  return Array.from({ length: size }, (_, i) => i).filter((i) => entries[i] === undefined);
}

export function inDatabase(path: string, sql: string): void {
  const require = createRequire(import.meta.url);
  const [driver] = sqliteDrivers;
  const module = require(driver as string) as { DatabaseSync?: new (path: string) => Database };
  const Driver = module.DatabaseSync ?? (module as unknown as new (path: string) => Database);
  const database = new Driver(path);
  database.exec(sql);
  database.close();
}

interface Database {
  exec(sql: string): void;
  close(): void;
}
