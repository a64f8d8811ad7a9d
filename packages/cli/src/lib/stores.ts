/** Stores of covenants that are there already: a folder of `FileStore` or a database of `SqliteStore`. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type CovenantStore, FileStore, SqliteStore } from '@stele/sdk';
import { CliError } from './errors.js';
import { printable } from './output.js';

/**
 * Opens a store; none is made where there is none.
 * @throws CliError `store_missing`; StoreError
 */
export async function openStore(path: string): Promise<CovenantStore> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() && found.size > 0) return new SqliteStore(path);
  // The marker of a store: any other folder would be made one.
  if (found?.isDirectory() && (await isFile(join(path, 'format')))) return new FileStore(path);
  throw new CliError(
    'store_missing',
    `there is no store at ${printable(path)}`,
    'name the folder of a FileStore, or the file of a SqliteStore',
  );
}

const isFile = (path: string) =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
