import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { isSteleError } from '@stele/types/errors';
import { CliError, type CliErrorCode } from './errors.js';
import { isExposed } from './files.js';
import { reasonOf } from './input.js';

/** A file that holds a secret, as a person calls it. */
export interface SecretFile {
  readonly what: string;
  /** One byte more is read at most, by which it is seen to be too long. */
  readonly maxBytes: number;
  /** The code for one that others may read, and how to mend it. */
  readonly exposed: readonly [code: CliErrorCode, hint: string];
  /** How to hand it over otherwise, where it is no plain file. */
  readonly notPlain: string;
}

/**
 * The bytes of a secret that its owner alone may read. No plain file, no wait: opening a pipe that nobody writes to would never end.
 * @throws CliError `file_unreadable`, and the code for one that others may read
 */
export async function readSecretFile(
  path: string,
  { what, maxBytes, exposed: [code, hint], notPlain }: SecretFile,
): Promise<Buffer> {
  try {
    const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const stats = await file.stat();
      if (!stats.isFile())
        throw new CliError('file_unreadable', `cannot read the ${what}: it is no plain file`, notPlain);
      if (isExposed(stats)) throw new CliError(code, `others than its owner can read the ${what}`, hint);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(maxBytes + 1), 0, maxBytes + 1, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isSteleError(error)) throw error;
    throw new CliError('file_unreadable', `cannot read the ${what}: ${reasonOf(error)}`);
  }
}
