/** The backends that processes which are killed can write to, by name: what a child is told on its command line. */
import { basename } from 'node:path';
import { FileLogBackend, type LogBackend, SqliteLogBackend } from '../../src/index.js';
import { PostgresLogBackend } from '../../src/postgres.js';

const postgresUrl = process.env.STELE_POSTGRES ?? 'postgres://root@127.0.0.1:5432/test';

export type BackendKind = keyof typeof BACKENDS;

/** Each makes a writer of the log at a place. */
export const BACKENDS = {
  files: (place: string): LogBackend => new FileLogBackend(place),
  sqlite: (place: string): LogBackend => new SqliteLogBackend(place),
  /** Beside the place is its head; the log is in the schema of the place's name. */
  postgres: (place: string): LogBackend =>
    new PostgresLogBackend(postgresUrl, { schema: basename(place), timeoutMs: 30_000 }),
};
