import { BackedStore } from './backed-store.js';
import { FileBackend } from './lib/file-backend.js';
import { pathArgument } from './lib/path.js';

/**
 * Covenants as files, one each, in a folder of their own on a local POSIX file system. A put is written beside, synced
 * and renamed, so a file is whole or not there. Files are 0600, new folders 0700.
 *
 * Several processes may read and put different covenants; two that put the same covenant at the same instant can lose
 * the countersignature of one. Where that happens use `SqliteStore`.
 */
export class FileStore extends BackedStore {
  /**
   * Opens the store, making the folder if it is not there.
   * @throws StoreError `store_unavailable`; `store_version` for a folder written by a newer version
   * @throws TypeError for a path that is no string or empty
   */
  constructor(path: string) {
    super(new FileBackend(pathArgument(path)));
  }
}
