import { StoreError } from './errors.js';
import { FileGuard } from './lib/file-guard.js';
import { pathArgument } from './lib/path.js';
import { attempt, openDatabase } from './lib/sqlite-connection.js';
import type { SqliteDatabase, SqliteDriverName, SqliteStatement } from './lib/sqlite-driver.js';
import { KEY_RING_STATEMENTS, KEY_RINGS } from './lib/sqlite-key-ring-schema.js';
import { type SqliteStoreOptions, sqliteOptions } from './sqlite-store.js';

/** As large as @stele/crypto lets a ring become, in bytes of UTF-8. */
const MAX_STATE_BYTES = 16 * 1024 * 1024;
const NAME = /^[A-Za-z0-9._-]{1,64}$/;

export interface SqliteKeyRingOptions extends SqliteStoreOptions {
  /** Which of the rings in the file, 1 to 64 letters, digits, dots, dashes and underscores; `keys` when not given. */
  readonly name?: string | undefined;
}

/**
 * A key ring in one SQLite database, for any number of processes of one machine: the `ring` of a `KeyManager`. A state is on
 * the disk before `save` resolves, and what it replaced is overwritten. A new file is 0600; a `SqliteStore` and
 * `SqliteLimits` may use the same one.
 */
export class SqliteKeyRing {
  /** The library in use. */
  readonly driver: SqliteDriverName;
  readonly #name: string;
  readonly #database: SqliteDatabase;
  readonly #sql: Readonly<Record<keyof typeof KEY_RING_STATEMENTS, SqliteStatement>>;
  readonly #guard: FileGuard;
  readonly #busyTimeoutMs: number;
  #open = true;

  /**
   * Opens the database, making the file if it is not there.
   * @param path a file, or `:memory:`
   * @throws StoreError `sqlite_unavailable` if no driver loads, `store_unavailable`, `store_corrupt`, `store_version` for a newer
   *   schema or a database that is not Stele's
   * @throws TypeError, RangeError for wrong arguments
   */
  constructor(path: string, options: SqliteKeyRingOptions = {}) {
    const { name = 'keys' } = options;
    if (typeof name !== 'string' || !NAME.test(name)) {
      throw new RangeError('name must be 1 to 64 letters, digits, dots, dashes and underscores');
    }
    const file = pathArgument(path);
    const checked = sqliteOptions(options);
    const { driver, database, statements } = openDatabase(file, KEY_RINGS, KEY_RING_STATEMENTS, checked);
    database.exec('PRAGMA secure_delete = ON');
    this.driver = driver;
    this.#busyTimeoutMs = checked.busyTimeoutMs;
    this.#name = name;
    this.#database = database;
    this.#sql = statements;
    this.#guard = new FileGuard(file);
  }

  /** @throws StoreError `store_unavailable`, `store_corrupt`, `store_closed` */
  async load(): Promise<{ readonly version: number; readonly state: string } | undefined> {
    const row = this.#run(() => this.#sql.load.get(this.#name)) as
      | { version: number; state: string }
      | undefined;
    return row && { version: row.version, state: row.state };
  }

  /**
   * @returns false if the ring holds another version than the one expected
   * @throws RangeError for a state that is empty or longer than 16 MiB
   * @throws StoreError `store_unavailable`, `store_corrupt`, `store_closed`
   */
  async save(expectedVersion: number | undefined, state: string): Promise<boolean> {
    const bytes = Buffer.byteLength(state);
    if (bytes === 0 || bytes > MAX_STATE_BYTES) {
      throw new RangeError(`a state must have 1 to ${MAX_STATE_BYTES} bytes`);
    }
    const { changes } = this.#run(() =>
      expectedVersion === undefined
        ? this.#sql.insert.run(this.#name, state)
        : this.#sql.update.run(state, this.#name, expectedVersion),
    );
    if (Number(changes) !== 1) return false;
    this.#emptyLog();
    return true;
  }

  /** Frees what is held. May be called twice. What is asked of it afterwards is `store_closed`. */
  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    attempt(() => this.#database.close());
  }

  /** The log still has the state that was replaced. Another connection may be in the way; then a later save does it. */
  #emptyLog(): void {
    try {
      this.#database.exec('PRAGMA busy_timeout = 0');
      try {
        this.#database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get();
      } finally {
        this.#database.exec(`PRAGMA busy_timeout = ${this.#busyTimeoutMs}`);
      }
    } catch {
      // The new state is saved, which is what was promised.
    }
  }

  #run<T>(step: () => T): T {
    return attempt(() => {
      if (!this.#open) throw new StoreError('store_closed', 'the database is closed');
      this.#guard.check();
      return step();
    });
  }
}
