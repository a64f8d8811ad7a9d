import { statSync } from 'node:fs';
import { AuditError } from '../errors.js';

/**
 * Notices that a database is not at its path any more. SQLite goes on with the file that it has open, and what is acknowledged
 * would be found by nobody who opens the path.
 */
export class FileGuard {
  readonly #files: readonly string[];
  readonly #identities: readonly (string | undefined)[];

  /** @param path of a database that is open, and was read once */
  constructor(path: string) {
    this.#files = [path, `${path}-wal`];
    this.#identities = this.#files.map(identity);
  }

  /** @throws AuditError `audit_log_unavailable` */
  check(): void {
    const lost = this.#files.find((file, i) => identity(file) !== this.#identities[i]);
    if (lost === undefined) return;
    throw new AuditError('audit_log_unavailable', `${lost} was moved, replaced or deleted`, {
      hint: 'put the database and its -wal file back, and open the log anew',
    });
  }
}

function identity(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}
