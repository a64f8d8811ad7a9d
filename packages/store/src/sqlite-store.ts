import { BackedStore } from './backed-store.js';
import { pathArgument } from './lib/path.js';
import { SqliteBackend } from './lib/sqlite-backend.js';
import type { SqliteOptions } from './lib/sqlite-connection.js';
import type { SqliteDriverName } from './lib/sqlite-driver.js';

export interface SqliteStoreOptions {
  /** Which library to use; better-sqlite3 if it loads, else node:sqlite, when not given. */
  readonly driver?: SqliteDriverName | undefined;
  /** How long to wait, blocking, for another process that is writing, in milliseconds; 5,000 when not given. */
  readonly busyTimeoutMs?: number | undefined;
}

/**
 * Covenants in one SQLite database (WAL, synchronous = FULL: every put is synced to the disk before it resolves). Any
 * number of processes of one machine may read and write it. A new file is 0600.
 */
export class SqliteStore extends BackedStore {
  /** The library in use. */
  readonly driver: SqliteDriverName;

  /**
   * Opens the database, making the file if it is not there.
   * @param path a file, or `:memory:`
   * @throws StoreError `sqlite_unavailable` if no driver loads, `store_unavailable`, `store_corrupt`, `store_version` for a newer
   *   schema or a database that is no store
   * @throws TypeError, RangeError for wrong arguments
   */
  constructor(path: string, options: SqliteStoreOptions = {}) {
    const backend = new SqliteBackend(pathArgument(path), sqliteOptions(options));
    super(backend);
    this.driver = backend.driver;
  }
}

/** Checks the options. @throws RangeError */
export function sqliteOptions({ driver, busyTimeoutMs = 5000 }: SqliteStoreOptions): SqliteOptions {
  if (!Number.isInteger(busyTimeoutMs) || busyTimeoutMs < 0 || busyTimeoutMs > 600_000) {
    throw new RangeError('busyTimeoutMs must be an integer from 0 to 600,000');
  }
  return { driver, busyTimeoutMs };
}
