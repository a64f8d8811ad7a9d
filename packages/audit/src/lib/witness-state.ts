/** What a witness remembers of each log: the last checkpoint that it has cosigned, and nothing else. */
import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '@stele/crypto';
import { AuditError } from '../errors.js';
import { readCheckpoint } from './checkpoint.js';

/** A checkpoint that was cosigned. */
export interface Seen {
  /** Counts what was cosigned before it. */
  readonly turn: number;
  /** The note, with the log's signatures. */
  readonly note: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/**
 * A folder with one folder for each log, named by the hash of its origin. In it the newest checkpoint is the file with
 * the highest number. A new one gets the next number by `link`, which fails where the name is taken: of two that would
 * follow the same checkpoint, in whichever process, one comes first and the other is told.
 */
export class WitnessState {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the place of a log, durably, and removes what a crash may have left there. */
  async prepare(origin: string): Promise<void> {
    const place = this.#place(origin);
    await mkdir(place, { recursive: true, mode: 0o700 });
    await sync(this.#folder);
    const left = (await readdir(place)).filter((name) => name.startsWith('new-'));
    for (const name of left) await rm(join(place, name), { force: true });
  }

  /**
   * The checkpoint that was cosigned last; undefined when there was none.
   * @throws AuditError `audit_log_corrupt` if it cannot be read: then nothing may be cosigned
   */
  async read(origin: string): Promise<Seen | undefined> {
    const place = this.#place(origin);
    for (let turn = await newest(place); turn > 0; ) {
      const note = await readIfThere(join(place, String(turn)));
      if (note !== undefined) return parseSeen(note, turn, origin);
      const again = await newest(place);
      // Whoever writes a newer one removes this one; if there is no newer one, somebody else has.
      if (again <= turn) throw stateError(origin);
      turn = again;
    }
    return undefined;
  }

  /**
   * Remembers a checkpoint in place of another; durable when it resolves.
   * @param seen what `read` gave
   * @returns false if another was remembered meanwhile
   */
  async replace(origin: string, seen: Seen | undefined, note: string): Promise<boolean> {
    const place = this.#place(origin);
    const turn = (seen?.turn ?? 0) + 1;
    const draft = join(place, `new-${randomUUID()}`);
    await writeDurably(draft, note);
    const taken = await link(draft, join(place, String(turn))).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return true;
      throw error;
    });
    await rm(draft);
    if (taken) return false;
    // The number may have been free because others have come, followed it and removed it.
    if ((await newest(place)) !== turn) {
      await rm(join(place, String(turn)), { force: true });
      return false;
    }
    await sync(place);
    for (const older of (await turns(place)).filter((other) => other < turn)) {
      await rm(join(place, String(older)), { force: true });
    }
    return true;
  }

  /** Makes durable what `read` gave: whoever wrote it may not have come so far. */
  async keep(origin: string): Promise<void> {
    await sync(this.#place(origin));
  }

  #place(origin: string): string {
    return join(this.#folder, sha256(origin));
  }
}

function parseSeen(note: string, turn: number, origin: string): Seen {
  try {
    const { size, root } = readCheckpoint(note, origin);
    return { turn, note, size, root };
  } catch (cause) {
    throw stateError(origin, cause);
  }
}

async function turns(place: string): Promise<number[]> {
  return (await readdir(place)).filter((name) => /^[1-9][0-9]{0,14}$/.test(name)).map(Number);
}

/** The highest number, or 0. */
async function newest(place: string): Promise<number> {
  return Math.max(0, ...(await turns(place)));
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function stateError(origin: string, cause?: unknown): AuditError {
  return new AuditError('audit_log_corrupt', `what this witness has seen of “${origin}” cannot be read`, {
    hint: 'Nothing is cosigned for that log until its state is put back. Never put back an older one.',
    cause,
  });
}
