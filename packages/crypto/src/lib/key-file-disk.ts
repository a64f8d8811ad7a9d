/** Key files on the disk: whole or not there, readable by their owner alone. */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CryptoError } from './errors.js';
import {
  type KeyFile,
  type KeyFileOptions,
  MAX_KEY_FILE_BYTES,
  openKeyFile,
  sealKeyFile,
} from './key-file.js';
import type { KeyPair } from './keys.js';
import type { Sealer } from './sealer.js';

/** Options of {@link writeKeyFile}. */
export interface WriteKeyFileOptions extends KeyFileOptions {
  /** Whether a file that is already there may be replaced; false unless given: a key lost is lost for good. */
  replace?: boolean | undefined;
}

/**
 * Writes a key file of mode 0600: written beside, synced, and put in place at once.
 * @param secret a passphrase of 1 to 4,096 bytes, or a sealer
 * @throws {CryptoError} `key_file_unavailable` if the disk refuses, or a file is already there
 * @throws {TypeError} if the key pair or the secret is none
 * @throws {RangeError} if the passphrase's length or its cost is out of bounds
 */
export async function writeKeyFile(
  path: string,
  keyPair: KeyPair,
  secret: string | Uint8Array | Sealer,
  options: WriteKeyFileOptions = {},
): Promise<void> {
  const text = await sealKeyFile(keyPair, secret, options);
  const draft = join(dirname(path), `.${randomUUID()}.tmp`);
  try {
    await withFile(draft, 'wx', async (file) => {
      await file.writeFile(text);
      await file.sync();
    });
    // A link refuses a name that is taken, where a rename would replace the file.
    await (options.replace === true ? rename(draft, path) : link(draft, path));
    await withFile(dirname(path), 'r', (folder) => folder.sync());
  } catch (cause) {
    throw unavailable(path, 'written', cause);
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * Reads a key file.
 * @throws {CryptoError} `key_file_unreadable` for a wrong passphrase and for a file cut or changed,
 *   `key_file_unavailable` if there is no such file or the disk refuses
 */
export async function readKeyFile(path: string, secret: string | Uint8Array | Sealer): Promise<KeyFile> {
  return openKeyFile(await readText(path), secret);
}

async function readText(path: string): Promise<string> {
  // Without waiting: opening a pipe that nobody writes to would never end.
  const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
  try {
    return await withFile(path, flags, async (file) => {
      if (!(await file.stat()).isFile()) throw new Error('it is no plain file');
      const bytes = Buffer.alloc(MAX_KEY_FILE_BYTES + 1);
      const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
      return bytes.toString('utf8', 0, bytesRead);
    });
  } catch (cause) {
    throw unavailable(path, 'read', cause);
  }
}

async function withFile<T>(
  path: string,
  flags: string | number,
  use: (file: FileHandle) => Promise<T>,
): Promise<T> {
  const file = await open(path, flags, 0o600);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

function unavailable(path: string, done: 'read' | 'written', cause: unknown): CryptoError {
  const taken = (cause as { code?: unknown } | null)?.code === 'EEXIST';
  const reason = taken ? 'a file is already there' : (cause as Error).message;
  return new CryptoError('key_file_unavailable', `the key file ${path} could not be ${done}: ${reason}`, {
    cause,
    hint: taken
      ? 'Choose another name, or say that the file may be replaced.'
      : 'Look whether the folder exists and the file is yours.',
  });
}
