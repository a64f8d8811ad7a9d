import { randomBytes } from 'node:crypto';
import { lstat, open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CliError } from './errors.js';
import { reasonOf } from './input.js';
import { printable } from './output.js';

/** Looks before anything is asked or changed; the write looks again. @throws CliError `file_exists` */
export async function refuseExisting(path: string, hint?: string): Promise<void> {
  if ((await lstat(path).catch(() => undefined)) !== undefined) throw exists(path, hint);
}

const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;

/** Whether others than its owner may open a file. Windows keeps permissions elsewhere; what it reports as a mode says nothing. */
export function isExposed({ mode }: { readonly mode: number }): boolean {
  return process.platform !== 'win32' && (mode & OTHERS) !== 0;
}

/** Whether others than its owner may change what is in a folder. */
export function isWritableByOthers({ mode }: { readonly mode: number }): boolean {
  return process.platform !== 'win32' && (mode & OTHERS_WRITE) !== 0;
}

/**
 * Writes a secret into a file that only its owner can read.
 * @param replace whether an ordinary file of that name may be replaced; it is, once the new one is complete
 * @throws CliError `file_exists`, `file_unwritable`
 */
export async function writeSecret(path: string, text: string, replace: boolean): Promise<void> {
  const existing = replace ? await lstat(path).catch(() => undefined) : undefined;
  // Never through a link or into a device: the secret would end up where nobody looks for it.
  if (existing !== undefined && !existing.isFile())
    throw new CliError('file_unwritable', `${printable(path)} is no ordinary file`, 'name another file');
  try {
    if (existing === undefined) await writeNew(path, text, 0o600);
    else await writeThenRename(path, text, 0o600);
    await syncFolder(dirname(path));
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST' ? exists(path) : unwritable(path, error);
  }
}

/**
 * Writes a file, replacing what was there only once the new content is complete.
 * @throws CliError `file_unwritable`
 */
export async function writeText(path: string, text: string): Promise<void> {
  try {
    const target = await realpath(path).catch(() => path);
    const existing = await stat(target).catch(() => undefined);
    if (existing !== undefined && !existing.isFile()) return await writeFile(target, text);
    await writeThenRename(target, text, (existing?.mode ?? 0o666) & 0o777);
  } catch (error) {
    throw unwritable(path, error);
  }
}

/**
 * Writes a file that must not be there yet.
 * @throws CliError `file_exists`, `file_unwritable`
 */
export async function writeNewText(path: string, text: string): Promise<void> {
  try {
    await writeNew(path, text, 0o666);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST'
      ? exists(path, 'name another file')
      : unwritable(path, error);
  }
}

async function writeThenRename(path: string, text: string, mode: number): Promise<void> {
  const draft = join(dirname(path), `.${randomBytes(8).toString('hex')}.tmp`);
  await writeNew(draft, text, mode);
  try {
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/**
 * Refuses to write over what the same run reads, by whatever name.
 * @throws CliError `usage`
 */
export async function refuseInput(
  output: string,
  option: string,
  inputs: readonly (string | undefined)[],
): Promise<void> {
  const identity = async (path: string) =>
    stat(path).then(
      ({ dev, ino }) => `${dev}:${ino}`,
      () => undefined,
    );
  const target = await identity(output);
  if (target === undefined) return;
  for (const input of inputs)
    if (input !== undefined && input !== '-' && (await identity(input)) === target)
      throw new CliError('usage', `${option} names a file that is read`, 'name another file');
}

/** Makes a new name in a folder outlive a crash of the machine. Windows opens no folders. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** A new file, never an existing one, nor what a link points to; none is left behind half-written. */
async function writeNew(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

function exists(path: string, hint = 'name another file, or replace it with --force'): CliError {
  return new CliError('file_exists', `${printable(path)} exists already`, hint);
}

export function unwritable(path: string, error: unknown): CliError {
  return new CliError('file_unwritable', `cannot write ${printable(path)}: ${reasonOf(error)}`);
}
