import { statSync } from 'node:fs';
import { AuditError } from '../errors.js';

/**
 * Notices that a database is not at its path any more. SQLite goes on with the file that it has open, and what is acknowledged
 * would be found by nobody who opens the path.
 */
export class FileGuard {
  readonly #path: string;
  readonly #identity: string | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#identity = identity(path);
  }

  /** @throws AuditError `audit_log_unavailable` */
  check(): void {
    if (identity(this.#path) === this.#identity) return;
    throw new AuditError('audit_log_unavailable', `${this.#path} was moved, replaced or deleted`, {
      hint: 'put the file back with its -wal file, and open the log anew',
    });
  }
}

function identity(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}
