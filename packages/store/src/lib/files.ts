/** The few file operations that a store of files is made of. All synchronous: a write is one uninterrupted step. */
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';

/** True for "no such file or folder". */
export function isMissing(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ENOENT';
}

/** What a step returns, or undefined where a file or folder that it needs is missing. */
export function unlessMissing<T>(step: () => T): T | undefined {
  try {
    return step();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** A disk that takes nothing: read-only, not ours to write to, full. */
const TAKES_NOTHING: readonly unknown[] = ['EROFS', 'EACCES', 'ENOSPC', 'EDQUOT'];

/** Runs a step where it can write. */
export function unlessUnwritable(step: () => void): void {
  try {
    step();
  } catch (error) {
    if (!TAKES_NOTHING.includes((error as { code?: unknown }).code)) throw error;
  }
}

/** Makes a folder (0700) and those above it, and makes sure that the entry survives a crash. */
export function makeFolder(path: string): void {
  const first = mkdirSync(path, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  for (let made = resolve(path); made.length >= first.length; made = dirname(made)) syncFolder(dirname(made));
}

/** Makes the entries of a folder (a new name, a rename) survive a crash of the machine. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Writes a new file (0600) to the disk. Its name survives a crash once its folder is synced. */
export function writeSynced(path: string, bytes: Uint8Array): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(file, bytes);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Writes a draft (0600) whose name is always the same, over what a writer that died has left. */
export function writeDraft(path: string, text: string): void {
  removeFile(path);
  writeFileSync(path, text, { flag: 'wx', mode: 0o600 });
}

/**
 * Puts a whole file in place, or nothing: written beside, synced, renamed.
 * @param draft where it is written, on the same file system
 */
export function replaceFile(path: string, bytes: Uint8Array, draft: string): void {
  try {
    writeSynced(draft, bytes);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
}

/** The code of an error for what is there and is no file of bytes. */
export const NO_FILE = 'NO_FILE';

/**
 * Runs a step on a file that is opened for reading, with its size; undefined where there is none. A pipe or a device that was put
 * in its place is not read: it might never answer, or never end.
 */
export function withFile<T>(path: string, step: (file: number, size: number) => T): T | undefined {
  return unlessMissing(() => {
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const found = fstatSync(file);
      if (!found.isFile()) throw Object.assign(new Error('this is no file of bytes'), { code: NO_FILE });
      return step(file, found.size);
    } finally {
      closeSync(file);
    }
  });
}

export const contentOf = (path: string): Buffer | undefined => withFile(path, (file) => readFileSync(file));

/** The names in a folder in order; none where there is no folder. */
export const namesIn = (folder: string): string[] => unlessMissing(() => readdirSync(folder).sort()) ?? [];

/** Removes a file if it is there. A folder of that name is an error. */
export function removeFile(path: string): void {
  unlessMissing(() => unlinkSync(path));
}
