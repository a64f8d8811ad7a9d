import { lstatSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { AuditError } from '../errors.js';

/**
 * Notices that a database is not at its path any more. SQLite goes on with the file that it has open, and what is acknowledged
 * would be found by nobody who opens the path.
 *
 * While nothing changes in their folder, the database and its log are where they were. Asking for the log itself before each write
 * would make a write dearer by a third: since Linux 6.13 a file whose times were asked for gets an exact time with its next write, and
 * SQLite's sync then has to write that down, too.
 */
export class FileGuard {
  readonly #files: readonly string[];
  readonly #identities: readonly (string | undefined)[];
  readonly #folder: string;
  /** The folder as it was when the files were last found, if every later change of it shows. */
  #unchanged: string | undefined;

  /** @param path of a database that is open, and was read once; without symbolic links */
  constructor(path: string) {
    this.#folder = dirname(path);
    this.#files = [path, `${path}-wal`];
    this.#identities = this.#files.map(identity);
  }

  /** @throws AuditError `audit_log_unavailable` */
  check(): void {
    // Before the files: what changes after this look is seen by the next.
    const folder = statSync(this.#folder, { throwIfNoEntry: false });
    const state = folder && `${folder.dev}:${folder.ino} ${folder.ctimeMs}`;
    if (state !== undefined && state === this.#unchanged) return;
    const lost = this.#files.find((file, i) => identity(file) !== this.#identities[i]);
    if (lost !== undefined) {
      throw new AuditError('audit_log_unavailable', `${lost} was moved, replaced or deleted`, {
        hint: 'put the database and its -wal file back, and open the log anew',
      });
    }
    this.#unchanged = folder && tellsChanges(folder) && !this.#files.some(isLink) ? state : undefined;
  }
}

/**
 * Whether the folder's next change surely gives it a later time: of a clock that ticks, or of a file system that knows whole seconds.
 * Windows promises nothing of the kind.
 */
function tellsChanges({ ctimeMs }: Stats): boolean {
  return process.platform !== 'win32' && ctimeMs < Date.now() - (ctimeMs % 1_000 === 0 ? 3_000 : 100);
}

/** A file that was moved away with a link left in its place is still found, but what becomes of it does not show in the folder. */
function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

function identity(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}
