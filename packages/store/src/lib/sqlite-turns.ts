import { LimitUnavailableError } from '@stele/ccl/ledger';
import { StoreError } from '../errors.js';
import { FileGuard } from './file-guard.js';
import { attempt } from './sqlite-connection.js';
import type { SqliteDatabase, SqliteStatement } from './sqlite-driver.js';
import { toStoreError } from './sqlite-errors.js';

/** A call that is not answered yet. */
interface Call {
  readonly step: () => unknown;
  readonly synced: boolean;
  readonly resolve: (answer: never) => void;
  readonly reject: (reason: LimitUnavailableError) => void;
}

/** So many calls share a transaction, so that other processes get their turn. */
const MOST_TOGETHER = 256;

/**
 * Gives calls their turn with the database, alone among all processes. Calls that come together are answered in order within one
 * transaction and with one sync, since a sync costs more than everything else.
 */
export class SqliteTurns {
  readonly #database: SqliteDatabase;
  readonly #begin: SqliteStatement;
  readonly #commit: SqliteStatement;
  readonly #rollback: SqliteStatement;
  readonly #guard: FileGuard;
  #waiting: Call[] = [];
  #open = true;

  /** @param path where the database is open */
  constructor(database: SqliteDatabase, path: string) {
    this.#database = database;
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
    this.#rollback = database.prepare('ROLLBACK');
    this.#guard = new FileGuard(path);
  }

  /**
   * @param synced whether what the step wrote must outlive the machine before the promise settles; it outlives the process in any case
   * @param step if it throws a LimitUnavailableError what it wrote stays; after any other error nothing was written at all
   * @throws LimitUnavailableError also for every failure of the database
   */
  take<T>(synced: boolean, step: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ step, synced, resolve, reject });
      if (this.#waiting.length === 1) queueMicrotask(() => this.#serve());
    });
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    attempt(() => this.#database.close());
  }

  #serve(): void {
    while (this.#waiting.length > 0) {
      const calls = this.#waiting.slice(0, MOST_TOGETHER);
      this.#waiting = this.#waiting.slice(MOST_TOGETHER);
      const answers = this.#transaction(calls);
      calls.forEach(({ resolve, reject }, i) => {
        const answer = answers instanceof LimitUnavailableError ? answers : answers[i];
        if (answer instanceof LimitUnavailableError) reject(answer);
        else resolve(answer as never);
      });
    }
  }

  #transaction(calls: readonly Call[]): readonly unknown[] | LimitUnavailableError {
    try {
      if (!this.#open) throw new StoreError('store_closed', 'the database is closed');
      this.#guard.check();
      const synced = calls.some((call) => call.synced);
      this.#database.exec(`PRAGMA synchronous = ${synced ? 'FULL' : 'NORMAL'}`);
      this.#begin.run();
      const answers = calls.map(({ step }) => answerOf(step));
      this.#commit.run();
      return answers;
    } catch (error) {
      this.#giveUp();
      return unavailable(error);
    }
  }

  /** After some errors SQLite has rolled back by itself, and after others nothing was begun; then this fails. */
  #giveUp(): void {
    try {
      this.#rollback.run();
    } catch {
      // Nothing is open, as it should be.
    }
  }
}

function answerOf(step: () => unknown): unknown {
  try {
    return step();
  } catch (error) {
    if (error instanceof LimitUnavailableError) return error;
    throw error;
  }
}

function unavailable(cause: unknown): LimitUnavailableError {
  const { message, hint } = toStoreError(cause);
  return new LimitUnavailableError(`the limits cannot be counted: ${message}`, hint, cause);
}
