import { BackedStore } from './backed-store.js';
import { FileBackend } from './lib/file-backend.js';
import { pathArgument } from './lib/path.js';

/**
 * Covenants as files, one each, in a folder of their own on a local POSIX file system with hard links. A put is written beside,
 * synced and renamed, so a file is whole or not there. Files are 0600, new folders 0700.
 *
 * Any number of processes may read and write it. One writes at a time; what a process that was killed had begun, the next writer
 * finishes. A writer waits for at most 15 seconds for others, then it is `store_unavailable`.
 */
export class FileStore extends BackedStore {
  /**
   * Opens the store, making the folder if it is not there. A folder that cannot be written to is opened for reading.
   * @throws StoreError `store_unavailable`; `store_version` for a folder written by a newer version
   * @throws TypeError for a path that is no string or empty
   */
  constructor(path: string) {
    super(new FileBackend(pathArgument(path)));
  }
}
