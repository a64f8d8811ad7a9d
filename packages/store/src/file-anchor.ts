import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { StoreError } from './errors.js';
import { FileLock } from './lib/file-lock.js';
import { makeFolder, replaceFile, withFile } from './lib/files.js';
import type { StoreAnchor } from './store-anchor.js';

const MAX_BYTES = 4_096;

/** An anchor in a folder of its own (0700), for several processes. Keep it on another disk than the store, and out of its backups. */
export class FileAnchor implements StoreAnchor {
  readonly path: string;
  readonly #file: string;
  readonly #drafts: string;
  readonly #lock: FileLock;

  /** @param path of the folder, which is made with the first value */
  constructor(path: string) {
    if (typeof path !== 'string' || path === '') throw new TypeError('the path of an anchor is a string');
    this.path = resolve(path);
    this.#file = join(this.path, 'value');
    this.#drafts = join(this.path, 'tmp');
    this.#lock = new FileLock(this.path);
  }

  /** @throws StoreError `store_unavailable` */
  async read(): Promise<string | undefined> {
    return this.#attempt(() => this.#value());
  }

  /** @throws StoreError `store_unavailable` */
  async advance(from: string | undefined, to: string): Promise<boolean> {
    return this.#attempt(() => {
      makeFolder(this.#drafts);
      return this.#lock.run(() => {
        if (this.#value() !== from) return false;
        this.#lock.assertHeld();
        replaceFile(this.#file, Buffer.from(to), join(this.#drafts, randomUUID()));
        return true;
      });
    });
  }

  #value(): string | undefined {
    return withFile(this.#file, (file, size) => {
      if (size > MAX_BYTES) throw new Error(`a value of ${size} bytes`);
      return readFileSync(file, 'latin1');
    });
  }

  async #attempt<T>(step: () => T | Promise<T>): Promise<T> {
    try {
      return await step();
    } catch (cause) {
      if (cause instanceof StoreError) throw cause;
      throw new StoreError('store_unavailable', `the anchor ${this.path} cannot be read or written`, {
        cause,
        hint: 'look at its permissions, the free space and the health of its disk',
      });
    }
  }
}
