import { randomUUID } from 'node:crypto';
import {
  closeSync,
  constants,
  fsyncSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { checkState, type KeyRing, MAX_KEY_RING_BYTES, type StoredKeyRing } from './key-ring.js';

/** So many emptied states keep their names, for a writer who stood still and must see that its version is taken. */
const KEPT_NAMES = 100;
const DRAFT_AGE_MS = 60 * 60 * 1000;
const STATE_NAME = /^([1-9]\d{0,14})\.json$/;

/**
 * A ring in a folder of its own on a local file system with hard links; any number of processes may share it. Each state is a
 * file named after its version. It is written beside, synced, and then linked to its name, which succeeds for one writer
 * alone: there is no lock that a dead process could hold. Older states are emptied once the newer one is safe. Files are 0600,
 * new folders 0700.
 */
export class FileKeyRing implements KeyRing {
  readonly #folder: string;

  /**
   * Touches nothing yet.
   * @param path the folder; made when something is saved
   * @throws {TypeError} for a path that is no string or empty
   */
  constructor(path: string) {
    if (typeof path !== 'string' || path === '' || path.includes('\0')) {
      throw new TypeError('path must be a string that is not empty and holds no NUL');
    }
    this.#folder = resolve(path);
  }

  /** @throws {Error} what the file system throws; for a newest state that is empty, too long or no UTF-8 */
  async load(): Promise<StoredKeyRing | undefined> {
    let last = 0;
    for (;;) {
      const version = this.#newest();
      if (version === 0) return undefined;
      const state = this.#read(version);
      if (state !== '') return Object.freeze({ version, state });
      if (version === last) throw new Error(`the newest state of the key ring, ${version}.json, is empty`);
      last = version; // Emptied just now, since a newer one has come.
    }
  }

  /**
   * @throws {RangeError} for a state that is empty or too long
   * @throws {Error} what the file system throws
   */
  async save(expectedVersion: number | undefined, state: string): Promise<boolean> {
    const bytes = checkState(state);
    if (expectedVersion === 0) return false;
    makeFolder(this.#folder);
    const version = (expectedVersion ?? 0) + 1;
    if (this.#newest() !== version - 1 || !this.#claim(version, bytes)) return false;
    // A name that was free because the ring has long gone past it proves nothing.
    if (this.#newest() > version + KEPT_NAMES) return false;
    syncFolder(this.#folder);
    this.#sweep(version);
    return true;
  }

  /** @returns false if the name is taken */
  #claim(version: number, bytes: Uint8Array): boolean {
    const draft = join(this.#folder, `${randomUUID()}.draft`);
    try {
      writeSynced(draft, bytes);
      linkSync(draft, this.#file(version));
      return true;
    } catch (error) {
      if ((error as { code?: unknown }).code === 'EEXIST') return false;
      throw error;
    } finally {
      rmSync(draft, { force: true });
    }
  }

  /** Empties what came before, so that no retired private key stays, and removes what dead writers left. */
  #sweep(newest: number): void {
    try {
      for (const name of readdirSync(this.#folder))
        this.#tidy(join(this.#folder, name), versionOf(name), newest);
    } catch {
      // The state is saved, and the next sweep does what this one could not.
    }
  }

  #tidy(path: string, version: number, newest: number): void {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined || !found.isFile()) return;
    const isDead = path.endsWith('.draft') && found.mtimeMs < Date.now() - DRAFT_AGE_MS;
    const isOld = version > 0 && version < newest - KEPT_NAMES;
    if (isDead || isOld) rmSync(path, { force: true });
    else if (version > 0 && version < newest && found.size > 0) empty(path);
  }

  /** @returns the empty string for a state that is gone, too */
  #read(version: number): string {
    const path = this.#file(version);
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size === 0) return '';
    if (size > MAX_KEY_RING_BYTES) throw new RangeError(`${version}.json is longer than a state can be`);
    const bytes = readFileSync(path);
    if (bytes.length !== size) return ''; // emptied while it was read
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  }

  /** @returns 0 where nothing was ever saved */
  #newest(): number {
    try {
      return readdirSync(this.#folder).reduce((most, name) => Math.max(most, versionOf(name)), 0);
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ENOENT') return 0;
      throw error;
    }
  }

  #file(version: number): string {
    return join(this.#folder, `${version}.json`);
  }
}

/** @returns 0 for a file that is no state */
function versionOf(name: string): number {
  return Number(STATE_NAME.exec(name)?.[1] ?? 0);
}

function makeFolder(path: string): void {
  const first = mkdirSync(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = path; made.length >= first.length; made = dirname(made)) syncFolder(dirname(made));
}

/** Makes a new name in a folder outlive a crash of the machine. */
function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

// Windows has no O_NOFOLLOW, and NaN adds nothing.
const TO_EMPTY = constants.O_WRONLY | Number(constants.O_NOFOLLOW);

/** Never what a link points to: whoever can write to the folder could have any file of ours emptied. */
function empty(path: string): void {
  const file = openSync(path, TO_EMPTY);
  try {
    ftruncateSync(file);
  } finally {
    closeSync(file);
  }
}

function writeSynced(path: string, bytes: Uint8Array): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(file, bytes);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
