/** The backends that processes which are killed can write to, by name: what a child is told on its command line. */
import { FileLogBackend, type LogBackend, SqliteLogBackend } from '../../src/index.js';

export type BackendKind = keyof typeof BACKENDS;

/** Each makes a writer of the log at a place. */
export const BACKENDS = {
  files: (place: string): LogBackend => new FileLogBackend(place),
  sqlite: (place: string): LogBackend => new SqliteLogBackend(place),
};
