import { closeSync, ftruncateSync, openSync } from 'node:fs';
import { join } from 'node:path';

let made = 0;

/**
 * A path where no database is. Its reserve of disk is there already, and takes no space: writing it would take longer than most of
 * what is tested.
 */
export function freshDatabase(folder: string): string {
  const path = join(folder, `${made++}.db`);
  const file = openSync(`${path}.reserve`, 'wx', 0o600);
  ftruncateSync(file, 8 * 1024 * 1024);
  closeSync(file);
  return path;
}
