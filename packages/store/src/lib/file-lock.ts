import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError } from '../errors.js';
import { removeFile, unlessMissing } from './files.js';
import { isGone, thisProcess } from './process-identity.js';

/** A lock whose holder cannot be asked after is taken from it when nothing has moved for so long. Writes take milliseconds. */
const LEASE_MS = 10_000;
const PATIENCE_MS = 15_000;
const PAUSE_MS = 1;

/**
 * The writers' lock of a folder, held for one write: the file `<folder>/lock`, made exclusively, which names its holder. The
 * lock of a process that is gone is removed. A holder that cannot be seen from here (in another container, on another machine)
 * has `LEASE_MS`, by the clock of the one who waits.
 */
export class FileLock {
  readonly #path: string;
  #mine = '';
  #turn: Promise<unknown> = Promise.resolve();

  constructor(folder: string) {
    this.#path = join(folder, 'lock');
  }

  /**
   * Runs a step alone among all who write here, after those of this object that came before.
   * @throws StoreError `store_unavailable` when others have held the lock for 15 seconds; what the step throws
   */
  run<T>(step: () => T): Promise<T> {
    const done = this.#turn.then(async () => {
      await this.#acquire();
      try {
        return step();
      } finally {
        this.#release();
      }
    });
    this.#turn = done.catch(() => undefined);
    return done;
  }

  /** Runs a step now, unless somebody holds the lock who may be alive. */
  runIfFree(step: () => void): void {
    if (!this.#take() && !(this.#clear(readText(this.#path)) && this.#take())) return;
    try {
      step();
    } finally {
      this.#release();
    }
  }

  /** Asked before what cannot be undone: one who was stopped for long may have lost the lock. @throws StoreError `store_unavailable` */
  assertHeld(): void {
    if (readText(this.#path) === this.#mine) return;
    throw new StoreError('store_unavailable', 'another writer has taken over', { hint: 'try again' });
  }

  async #acquire(): Promise<void> {
    const began = performance.now();
    let seen = { holder: '', at: began };
    while (!this.#take()) {
      const holder = readText(this.#path);
      const now = performance.now();
      if (holder !== seen.holder) seen = { holder, at: now };
      if (now - began > PATIENCE_MS) throw busy(holder);
      const leaseIsOver = now - seen.at > LEASE_MS;
      // Whoever was about to remove the lock may have died, too.
      if (leaseIsOver) removeFile(this.#rightTo(holder));
      if (!this.#clear(holder, leaseIsOver)) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  #take(): boolean {
    const file = unlessCode('EEXIST', () => openSync(this.#path, 'wx', 0o600));
    if (file === undefined) return false;
    this.#mine = `${thisProcess} ${randomUUID()}`;
    try {
      writeSync(file, this.#mine);
    } catch (error) {
      removeFile(this.#path);
      throw error;
    } finally {
      closeSync(file);
    }
    return true;
  }

  #release(): void {
    if (readText(this.#path) === this.#mine) removeFile(this.#path);
  }

  /**
   * Removes the lock of a holder that is gone. Of several that try one can make the file that is named after the holder, and
   * only that one may remove its lock.
   */
  #clear(holder: string, certainly = isGone(holder)): boolean {
    if (!certainly) return false;
    const right = this.#rightTo(holder);
    const file = unlessCode('EEXIST', () => openSync(right, 'wx', 0o600));
    if (file === undefined) return false;
    try {
      closeSync(file);
      if (readText(this.#path) !== holder) return false;
      removeFile(this.#path);
      return true;
    } finally {
      removeFile(right);
    }
  }

  #rightTo(holder: string): string {
    return `${this.#path}-${/ ([0-9a-f-]{36})$/.exec(holder)?.[1] ?? 'unnamed'}`;
  }
}

/** The holder's name; empty where there is no lock, and where the holder has not written it yet. */
const readText = (path: string): string =>
  unlessMissing(() => readFileSync(path, 'utf8').slice(0, 512)) ?? '';

function unlessCode<T>(code: string, step: () => T): T | undefined {
  try {
    return step();
  } catch (error) {
    if ((error as { code?: unknown }).code === code) return undefined;
    throw error;
  }
}

function busy(holder: string): StoreError {
  return new StoreError('store_unavailable', 'another writer holds the store', {
    hint: `if it is surely gone, remove the file \`lock\` of the folder (${holder})`,
  });
}
