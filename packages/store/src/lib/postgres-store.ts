import { BackedStore } from '../backed-store.js';
import { PostgresBackend } from './postgres-backend.js';
import type { PostgresOptions, PostgresPool } from './postgres-connections.js';

export interface PostgresStoreOptions extends PostgresOptions {
  /** Whether tables are made where there are none; true when not given. With false every method is then rejected with `store_version`. */
  readonly create?: boolean | undefined;
}

/**
 * Covenants in PostgreSQL, for any number of processes and machines. A put is one round trip and one transaction, on the server's disk
 * when it resolves (with `synchronous_commit` on, which is PostgreSQL's default).
 */
export class PostgresStore extends BackedStore {
  /**
   * Connects, and makes or brings up to date its tables, with the first call.
   * @param source a URL (`postgres://…`), or a pool of `pg`, which stays the caller's to close
   * @throws TypeError, RangeError for wrong arguments
   */
  constructor(source: string | PostgresPool, options: PostgresStoreOptions = {}) {
    super(new PostgresBackend(source, options));
  }
}
