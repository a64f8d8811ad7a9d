/** Folders for tests, removed after the file that asked for them. */
import { existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEveryFile } from './file-hooks.js';

const MEMORY = '/dev/shm';
const ROOM = 512 * 1024 * 1024;

let made: string[] = [];

export function temporaryFolder(within = tmpdir()): string {
  const folder = mkdtempSync(join(within, 'stele-test-'));
  made.push(folder);
  return folder;
}

/** Such a folder in memory, where there is room, for tests of what is written and not of what a disk keeps. */
export const memoryFolder = (): string => temporaryFolder(hasRoom(MEMORY) ? MEMORY : tmpdir());

/** A container has 64 MiB there, unless it was given more. */
function hasRoom(path: string): boolean {
  if (!existsSync(path)) return false;
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize >= ROOM;
}

afterEveryFile(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
  made = [];
});
