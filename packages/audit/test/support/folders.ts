/** Folders for tests, removed after the file that asked for them. */
import { existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const MEMORY = '/dev/shm';
const ROOM = 512 * 1024 * 1024;

export function temporaryFolder(within = tmpdir()): string {
  const folder = mkdtempSync(join(within, 'stele-audit-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }), 60_000);
  return folder;
}

/** Such a folder in memory, where there is room, for tests of what is written and not of what a disk keeps. */
export function memoryFolder(): string {
  return temporaryFolder(hasRoom(MEMORY) ? MEMORY : tmpdir());
}

/** A container has 64 MiB there, unless it was given more. */
function hasRoom(path: string): boolean {
  if (!existsSync(path)) return false;
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize >= ROOM;
}
