/** The few operations on a disk that a log of files is made of. */
import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AuditError } from '../errors.js';

/** Runs a step and gives what the file system throws a code of ours. */
export async function attempt<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    throw fileError(path, cause);
  }
}

export function fileError(path: string, cause: unknown): unknown {
  const { code } = cause as { code?: unknown };
  // What is no error of the system is one of ours, or a mistake in here.
  if (typeof code !== 'string' || !/^E[A-Z0-9]+$/.test(code)) return cause;
  return new AuditError('audit_log_unavailable', `${path}: the file system refused: ${code}`, {
    cause,
    hint: 'Look at the free space, the permissions and the health of the disk, then open the log again.',
  });
}

export const isMissing = (error: unknown): boolean => codeOf(error) === 'ENOENT';

/** True where the disk, or what this user may use of it, is full. */
export const isFull = (error: unknown): boolean => codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT';

const codeOf = (error: unknown): unknown => (error as { code?: unknown } | null)?.code;

/** What a step returns, or undefined where a file or folder that it needs is missing. */
export async function unlessMissing<T>(step: () => Promise<T>): Promise<T | undefined> {
  try {
    return await step();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export async function withFile<T>(
  path: string,
  flags: string | number,
  use: (file: FileHandle) => Promise<T>,
  mode = 0o600,
): Promise<T> {
  const file = await open(path, flags, mode);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

/** The bytes of a plain file, or undefined where there is none. A pipe is not waited for. */
export function contentOf(path: string, maxBytes: number): Promise<Buffer | undefined> {
  return unlessMissing(() =>
    withFile(path, constants.O_RDONLY | constants.O_NONBLOCK, async (file) => {
      const found = await file.stat();
      if (!found.isFile() || found.size > maxBytes) {
        throw new AuditError('audit_log_corrupt', `${path} is no plain file of at most ${maxBytes} bytes`);
      }
      return await readFile(file);
    }),
  );
}

/** Writes all bytes, however many the disk takes at a time. */
export async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}

/** Fills a buffer from a file. @returns how many bytes there were, fewer only at the end of the file */
export async function readAll(file: FileHandle, into: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const { bytesRead } = await file.read(into, done, into.length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

/** Writes a file, over what was there, so that its bytes survive a crash; its name does once its folder is synced. */
export function writeSynced(path: string, bytes: Uint8Array, mode = 0o600): Promise<void> {
  return withFile(
    path,
    'w',
    async (file) => {
      await writeAll(file, bytes, 0);
      await file.sync();
    },
    mode,
  );
}

/** Puts a whole file in place, or nothing: written beside, synced, renamed. Durable when it resolves. */
export async function replaceFile(path: string, bytes: Uint8Array, mode = 0o600): Promise<void> {
  const draft = `${path}.new`;
  await writeSynced(draft, bytes, mode);
  await rename(draft, path);
  await syncFolder(dirname(path));
}

/**
 * Makes a folder and those above it, and makes sure that they survive a crash.
 * @param path absolute
 * @param root within it also those are looked after that are there: an earlier life may have died before it could
 */
export async function makeFolder(path: string, mode: number, root = path): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode });
  const isNew = (made: string) => first !== undefined && made.length >= first.length;
  for (let made = path; made.length > root.length || isNew(made); made = dirname(made)) {
    await syncFolder(dirname(made));
  }
}

/** Makes the entries of a folder (a new name, a rename) survive a crash of the machine. */
export function syncFolder(path: string): Promise<void> {
  return withFile(path, 'r', (folder) => folder.sync());
}

/** The names in a folder in order; none where there is no folder. */
export async function namesIn(folder: string): Promise<string[]> {
  return ((await unlessMissing(() => readdir(folder))) ?? []).sort();
}

/** Removes a file if it is there. */
export async function removeFile(path: string): Promise<void> {
  await unlessMissing(() => unlink(path));
}
