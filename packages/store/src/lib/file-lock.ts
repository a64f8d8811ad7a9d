import { randomUUID } from 'node:crypto';
import { linkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError } from '../errors.js';
import { contentOf, removeFile } from './files.js';
import { isGone, thisProcess } from './process-identity.js';

const PAUSE_MS = 1;

/** How long to wait. A write takes milliseconds. */
export interface LockTimes {
  /** When nothing has moved for so long, a lock is taken from a holder that cannot be asked after. */
  readonly leaseMs: number;
  /** How long to wait in all. */
  readonly patienceMs: number;
}

/** Locks of this process that could not be removed when they were released: at most one for each folder, whichever object held it. */
const left = new Set<string>();
/** More are waited for like those of others: on a disk that never lets go of one, the list must end. */
const MAX_LEFT = 1_000;

const TIMES: LockTimes = { leaseMs: 10_000, patienceMs: 15_000 };

/**
 * The writers' lock of a folder, held for one write: the file `<folder>/lock`, made exclusively, that names its holder. The
 * lock of a process that is gone is removed. A holder that cannot be seen from here (in another container, on another machine)
 * has a lease, by the clock of the one who waits.
 */
export class FileLock {
  readonly #path: string;
  readonly #temporary: string;
  readonly #times: LockTimes;
  #mine = '';
  #turn: Promise<unknown> = Promise.resolve();

  constructor(folder: string, times = TIMES) {
    this.#times = times;
    this.#path = join(folder, 'lock');
    this.#temporary = join(folder, 'tmp');
  }

  /**
   * Runs a step alone among all who write here, after those of this object that came before.
   * @throws StoreError `store_unavailable` when others hold the lock for too long; what the step throws
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
    let seen = { state: '', at: began };
    while (!this.#take()) {
      const holder = readText(this.#path);
      const right = this.#rightTo(holder);
      const remover = contentOf(right)?.toString('utf8');
      const now = performance.now();
      // One who is about to remove the lock is somebody moving.
      const state = `${holder}\n${remover ?? ''}`;
      if (state !== seen.state) seen = { state, at: now };
      if (now - began > this.#times.patienceMs) throw busy(holder);
      const leaseIsOver = now - seen.at > this.#times.leaseMs;
      // That one may have died, too.
      if (leaseIsOver && remover !== undefined) removeFile(right);
      if (!this.#clear(holder, leaseIsOver)) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  /** The file has its whole text as soon as it is there, so that a crash leaves none without a holder's name. */
  #take(): boolean {
    if (statSync(this.#path, { throwIfNoEntry: false }) !== undefined) return false;
    const token = randomUUID();
    const draft = join(this.#temporary, `${token}.tmp`);
    this.#mine = `${thisProcess} ${token}`;
    try {
      writeFileSync(draft, this.#mine, { flag: 'wx', mode: 0o600 });
      // Whoever opens the store clears away drafts, and may take this for one that was left.
      return succeeds(() => linkSync(draft, this.#path), ['EEXIST', 'ENOENT']);
    } finally {
      ignoringErrors(() => removeFile(draft));
    }
  }

  /** What was done under the lock is done, whatever becomes of the file; the next turn removes it. */
  #release(): void {
    const released = ignoringErrors(() => {
      if (readText(this.#path) === this.#mine) removeFile(this.#path);
    });
    if (!released && left.size < MAX_LEFT) left.add(this.#mine);
  }

  /**
   * Removes the lock of a holder that is gone. Of several that try one can make the file that is named after the holder, and
   * only that one may remove its lock.
   */
  #clear(holder: string, leaseIsOver = false): boolean {
    if (!leaseIsOver && !left.has(holder) && !isGone(holder)) return false;
    const right = this.#rightTo(holder);
    const take = () => writeFileSync(right, randomUUID(), { flag: 'wx', mode: 0o600 });
    if (!succeeds(take, ['EEXIST'])) return false;
    try {
      if (readText(this.#path) !== holder) return false;
      removeFile(this.#path);
      left.delete(holder);
      return true;
    } finally {
      removeFile(right);
    }
  }

  #rightTo(holder: string): string {
    return `${this.#path}-${/ ([0-9a-f-]{36})$/.exec(holder)?.[1] ?? 'unnamed'}`;
  }
}

/** The holder's name; empty where there is no lock. */
const readText = (path: string): string => contentOf(path)?.toString('utf8', 0, 512) ?? '';

/** For what is cleared away later if it cannot be now. @returns whether it was done */
function ignoringErrors(step: () => void): boolean {
  try {
    step();
    return true;
  } catch {
    return false;
  }
}

/** @returns whether the step was made; not if it failed with one of these codes */
function succeeds(step: () => void, codes: readonly unknown[]): boolean {
  try {
    step();
    return true;
  } catch (error) {
    if (codes.includes((error as { code?: unknown }).code)) return false;
    throw error;
  }
}

function busy(holder: string): StoreError {
  return new StoreError('store_unavailable', 'another writer holds the store', {
    hint: `if it is surely gone, remove the file \`lock\` of the folder (${holder})`,
  });
}
