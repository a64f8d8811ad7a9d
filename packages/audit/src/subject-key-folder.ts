import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, link, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { hmacSha256, randomBytes, toHex } from '@stele/crypto';
import { AuditError } from './errors.js';
import { contentOf, makeFolder, removeFile, syncFolder, withFile, writeAll } from './lib/files.js';
import { ERASER, KEY_FILE_BYTES, type KeyFileState, keyFile, readKeyFile } from './lib/subject-key-file.js';
import { isSubjectKeyId, newSubjectKey, type SubjectKey, type SubjectKeys } from './subject-keys.js';

const SECRET_BYTES = 32;
const NAME = /^[0-9a-f]{64}$/;
/** A subject can be erased, and return, so often. */
const MAX_LIVES = 1_000;
const FOLDER_MODE = 0o700;
const OTHERS = 0o077;

/**
 * Keys of subjects in a folder (0700) of files (0600), safe for several processes. No name in it tells a subject:
 *
 *   secret        32 random bytes, under which names are made
 *   keys/<name>   a key; name is HMAC-SHA256(secret, life ‖ subject), in hex. Empty once the key was destroyed.
 *   ids/<id>      the name of the file that has the key of this id
 *
 * An empty file stays where a key was, and a subject that returns begins another life under another name: so no two
 * processes can ever disagree on whether a file is the old one or the new one. Keep the folder out of backups, and off
 * disks that are snapshotted: what was copied is not erased.
 */
export class SubjectKeyFolder implements SubjectKeys {
  readonly path: string;
  readonly #keys: string;
  readonly #ids: string;
  #secret: Promise<Buffer> | undefined;

  /** @param path where the folder is, or is to be made */
  constructor(path: string) {
    this.path = resolve(path);
    this.#keys = join(this.path, 'keys');
    this.#ids = join(this.path, 'ids');
  }

  /** @throws AuditError `subject_keys_unavailable` */
  get(subject: string, { create }: { readonly create: boolean }): Promise<SubjectKey | undefined> {
    return this.#attempt(async (secret) => {
      for (let life = 0; life < MAX_LIVES; life++) {
        const name = nameOf(secret, life, subject);
        const found = (await this.#read(name)) ?? (create ? await this.#make(name) : undefined);
        if (found === undefined) return undefined;
        if (found.is === 'alive') return found.key;
        if (found.is === 'damaged') throw this.#damaged(name);
        if (found.is === 'dying') await this.#bury(name, found.id);
      }
      throw this.#unavailable(`a subject has had ${MAX_LIVES} keys`);
    });
  }

  /** @throws AuditError `subject_keys_unavailable` */
  async find(id: string): Promise<SubjectKey | undefined> {
    if (!isSubjectKeyId(id)) return undefined;
    return this.#attempt(async () => {
      const name = (await contentOf(join(this.#ids, id), KEY_FILE_BYTES))?.toString('latin1');
      if (name === undefined) return undefined;
      if (!NAME.test(name)) throw this.#damaged(id);
      const found = await this.#read(name);
      if (found?.is === 'damaged') throw this.#damaged(name);
      return found?.is === 'alive' && found.key.id === id ? found.key : undefined;
    });
  }

  /** @throws AuditError `subject_keys_unavailable` */
  destroy(subject: string): Promise<boolean> {
    return this.#attempt(async (secret) => {
      let destroyed = false;
      for (let life = 0; life < MAX_LIVES; life++) {
        const name = nameOf(secret, life, subject);
        const found = await this.#read(name);
        if (found === undefined) break;
        if (found.is === 'dead') continue;
        if (found.is !== 'dying') await this.#overwrite(name);
        await this.#bury(
          name,
          found.is === 'alive' ? found.key.id : found.is === 'dying' ? found.id : undefined,
        );
        destroyed = true;
      }
      return destroyed;
    });
  }

  async #read(name: string): Promise<KeyFileState | undefined> {
    const file = await contentOf(join(this.#keys, name), KEY_FILE_BYTES);
    return file && readKeyFile(file);
  }

  /** Makes the key of this name, or finds the one that another process has made meanwhile. */
  async #make(name: string): Promise<KeyFileState | undefined> {
    const key = newSubjectKey();
    const byId = join(this.#ids, key.id);
    // First the way from the id to the key: what is sealed under a key can always be traced to it.
    await writeNew(byId, Buffer.from(name));
    await syncFolder(this.#ids);
    if (await putNew(join(this.#keys, name), keyFile(key))) return { is: 'alive', key };
    await removeFile(byId);
    return this.#read(name);
  }

  /** In place: every name of the file, and whoever has it open, loses the key with this. */
  #overwrite(name: string): Promise<void> {
    return changeFile(join(this.#keys, name), (file) => writeAll(file, ERASER.bytes, ERASER.at));
  }

  /** Removes what else bears the id, and then the id. */
  async #bury(name: string, id: string | undefined): Promise<void> {
    if (id !== undefined) {
      await removeFile(join(this.#ids, id));
      await syncFolder(this.#ids);
    }
    await changeFile(join(this.#keys, name), (file) => file.truncate(0));
  }

  async #attempt<T>(step: (secret: Buffer) => Promise<T>): Promise<T> {
    try {
      this.#secret ??= this.#open();
      return await step(await this.#secret);
    } catch (cause) {
      throw cause instanceof AuditError && cause.code === 'subject_keys_unavailable'
        ? cause
        : this.#unavailable((cause as Error).message, cause);
    }
  }

  /** Makes the folder, or looks whether it is fit to hold keys. @returns the secret */
  async #open(): Promise<Buffer> {
    try {
      for (const folder of [this.path, this.#keys, this.#ids]) await makeFolder(folder, FOLDER_MODE);
      const { mode } = await stat(this.path);
      if (process.platform !== 'win32' && (mode & OTHERS) !== 0) {
        throw this.#unavailable(
          'others can read the folder',
          undefined,
          `Take that from them: chmod 700 ${this.path}`,
        );
      }
      const path = join(this.path, 'secret');
      if ((await contentOf(path, SECRET_BYTES)) === undefined) await putNew(path, randomBytes(SECRET_BYTES));
      const secret = await contentOf(path, SECRET_BYTES);
      if (secret?.length !== SECRET_BYTES) throw this.#damaged('secret');
      return secret;
    } catch (error) {
      this.#secret = undefined;
      throw error;
    }
  }

  #damaged(name: string): AuditError {
    return this.#unavailable(
      `the file ${name} is damaged`,
      undefined,
      'Nothing else has this key: find out what damaged it.',
    );
  }

  #unavailable(why: string, cause?: unknown, hint?: string): AuditError {
    return new AuditError('subject_keys_unavailable', `${this.path}: ${why}`, {
      cause,
      hint: hint ?? 'Look at the permissions, the free space and the health of the disk.',
    });
  }
}

/** Names tell neither the subject nor how often it has come. */
function nameOf(secret: Uint8Array, life: number, subject: string): string {
  return toHex(hmacSha256(secret, Buffer.from(`${life} ${subject}`)));
}

/** Puts a whole file in place, unless the name is taken. Durable when it resolves. */
async function putNew(path: string, bytes: Uint8Array): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  try {
    await writeNew(draft, bytes);
    // A link refuses a name that is taken, where a rename would replace the file.
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as { code?: unknown }).code === 'EEXIST') return false;
    throw error;
  } finally {
    await removeFile(draft);
    await syncFolder(dirname(path));
  }
}

/** Writes a file of a name that nobody else writes. */
function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  return withFile(path, 'wx', async (file) => {
    await writeAll(file, bytes, 0);
    await file.sync();
  });
}

function changeFile(path: string, change: (file: FileHandle) => Promise<void>): Promise<void> {
  return withFile(path, constants.O_RDWR | constants.O_NOFOLLOW, async (file) => {
    await change(file);
    await file.sync();
  });
}
