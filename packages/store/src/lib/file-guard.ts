import { lstatSync, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { StoreError } from '../errors.js';

/**
 * Notices that a database is not at its path any more. SQLite goes on with the file that it has open, while whoever opens the path
 * next begins anew: two counts where there was one.
 *
 * While nothing changes in their folder, the database and its log are where they were. Asking for the log itself before each write
 * would make a write dearer by a third: since Linux 6.13 a file whose times were asked for gets an exact time with its next write, and
 * SQLite's sync then has to write that down, too.
 */
export class FileGuard {
  readonly #files: readonly string[];
  readonly #identities: readonly (string | undefined)[];
  /** Undefined where it does not tell what becomes of the files. */
  readonly #folder: string | undefined;
  /** The folder as it was when the files were last found, if every later change of it shows. */
  #unchanged: string | undefined;

  /** @param path of a database that is open, or `:memory:` */
  constructor(path: string) {
    const place = path === ':memory:' ? undefined : placeOf(absolute(path));
    this.#files = place?.files ?? [];
    this.#identities = this.#files.map(identity);
    this.#folder = place?.folder;
  }

  /** @throws StoreError `store_unavailable` */
  check(): void {
    // Before the files: what changes after this look is seen by the next.
    const folder = this.#folder === undefined ? undefined : found(this.#folder);
    const state = folder && `${identityOf(folder)} ${folder.ctimeMs}`;
    if (state !== undefined && state === this.#unchanged) return;
    if (!this.#files.every((file, i) => identity(file) === this.#identities[i])) {
      throw new StoreError('store_unavailable', 'the database was moved, replaced or deleted', {
        hint: 'put the file back with its -wal file, and open it anew',
      });
    }
    this.#unchanged = folder && isPast(folder.ctimeMs) && !this.#files.some(isLink) ? state : undefined;
  }
}

/** Whatever the working directory is later. Outside of Windows `..` stays: behind a link it leads up from where the link leads. */
function absolute(path: string): string {
  if (process.platform === 'win32') return resolve(path);
  return isAbsolute(path) ? path : `${process.cwd()}/${path}`;
}

/** SQLite keeps the log beside the file that a link leads to. Windows does not promise that a folder's time changes at once. */
function placeOf(path: string): { files: string[]; folder: string | undefined } {
  if (lstatSync(path).isSymbolicLink())
    return { files: [path, `${realpathSync.native(path)}-wal`], folder: undefined };
  const folder = process.platform === 'win32' ? undefined : dirname(path);
  return { files: [path, `${path}-wal`], folder };
}

/** A file that was moved away with a link left in its place is still found, but what becomes of it does not show in the folder. */
const isLink = (path: string): boolean =>
  lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;

/** Whether what changes from now on surely gets a later time: of a clock that ticks, or of a file system that knows whole seconds. */
const isPast = (timeMs: number): boolean => timeMs < Date.now() - (timeMs % 1_000 === 0 ? 3_000 : 100);

function found(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

/** Numbers of 64 bits may be rounded: two files hardly have the same ones by chance. */
const identityOf = ({ dev, ino }: Stats): string => `${dev}:${ino}`;

function identity(path: string): string | undefined {
  const stats = found(path);
  return stats && identityOf(stats);
}
