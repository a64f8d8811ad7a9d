import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CliError } from '../errors.js';
import { nameOf, unreadable } from '../input.js';

const SUFFIX = '.ccl.test.json';
/** Other people's code, and what tools keep for themselves. */
const isSkipped = (name: string) => name === 'node_modules' || name.startsWith('.');
const MAX_DEPTH = 32;
const MAX_ENTRIES = 100_000;

/**
 * The tables that the paths name, each once: a file is taken as it is, a folder is looked through. Links inside a folder
 * are not followed.
 * @throws CliError `file_unreadable`, `too_large`
 */
export async function findTables(paths: readonly string[]): Promise<string[]> {
  const search = new Search();
  for (const path of paths) {
    if (await isFolder(path)) await search.folder(path, 0);
    else search.found.add(path);
  }
  return [...search.found];
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw unreadable(nameOf(path), error);
  }
}

class Search {
  readonly found = new Set<string>();
  #entries = 0;

  async folder(path: string, depth: number): Promise<void> {
    if (depth > MAX_DEPTH) throw tooLarge(path, `folders nested deeper than ${MAX_DEPTH}`);
    const folders: string[] = [];
    const files: string[] = [];
    for await (const entry of await open(path)) {
      if (++this.#entries > MAX_ENTRIES) throw tooLarge(path, `more than ${MAX_ENTRIES} files`);
      if (entry.isDirectory() && !isSkipped(entry.name)) folders.push(entry.name);
      else if (entry.isFile() && entry.name.endsWith(SUFFIX)) files.push(entry.name);
    }
    // The order of a folder is the file system's own.
    for (const name of files.sort()) this.found.add(join(path, name));
    for (const name of folders.sort()) await this.folder(join(path, name), depth + 1);
  }
}

async function open(path: string) {
  try {
    return await opendir(path);
  } catch (error) {
    throw unreadable(nameOf(path), error);
  }
}

function tooLarge(path: string, what: string): CliError {
  return new CliError(
    'too_large',
    `${nameOf(path)}: ${what} to look through`,
    'name the tables, or a smaller folder',
  );
}
