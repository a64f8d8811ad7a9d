/** The few file operations that a store of files is made of. All synchronous: a put is one uninterrupted step. */
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** True for "no such file or folder". */
export function isMissing(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === 'ENOENT';
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

/**
 * Puts a whole file (0600) in place, or nothing: written beside, synced, renamed, and the rename synced.
 * @param temporary a folder on the same file system
 */
export function writeAtomically(path: string, bytes: Uint8Array, temporary: string): void {
  const draft = join(temporary, `${randomUUID()}.tmp`);
  try {
    writeSynced(draft, bytes);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
  syncFolder(dirname(path));
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

/** Removes the files of a folder that nobody has touched for so long: what writers left who died half-way. */
export function removeOldFiles(folder: string, ageMs: number): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isFile() && found.mtimeMs < Date.now() - ageMs) rmSync(path, { force: true });
  }
}
