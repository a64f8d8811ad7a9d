import { statSync } from 'node:fs';
import { StoreError } from '../errors.js';

/**
 * Notices that a database is not at its path any more. SQLite goes on with the file that it has open, while whoever opens the path
 * next begins anew: two counts where there was one.
 */
export class FileGuard {
  readonly #files: readonly string[];
  readonly #identities: readonly (Identity | undefined)[];

  /** @param path of a database that is open, or `:memory:` */
  constructor(path: string) {
    this.#files = path === ':memory:' ? [] : [path, `${path}-wal`];
    this.#identities = this.#files.map(identity);
  }

  /** @throws StoreError `store_unavailable` */
  check(): void {
    this.#files.forEach((file, i) => {
      if (isSame(identity(file), this.#identities[i])) return;
      throw new StoreError('store_unavailable', 'the database was moved, replaced or deleted', {
        hint: 'put the file back with its -wal file, and open it anew',
      });
    });
  }
}

/** Numbers of 64 bits may be rounded: two files hardly have the same ones by chance. */
interface Identity {
  readonly dev: number;
  readonly ino: number;
}

function identity(file: string): Identity | undefined {
  return statSync(file, { throwIfNoEntry: false });
}

function isSame(a: Identity | undefined, b: Identity | undefined): boolean {
  return a?.dev === b?.dev && a?.ino === b?.ino;
}
