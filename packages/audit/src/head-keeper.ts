import { resolve } from 'node:path';
import type { HeadKeeper } from './backend.js';
import { AuditError } from './errors.js';
import { readCheckpoint } from './lib/checkpoint.js';
import { attempt, contentOf, replaceFile } from './lib/files.js';
import { MAX_NOTE_BYTES } from './lib/note.js';

/**
 * Keeps the highest checkpoint in a file of mode 0600. Put it where restoring the log does not restore it: on another
 * disk, or where it can only be added to.
 */
export class FileHeadKeeper implements HeadKeeper {
  readonly #path: string;

  /** @throws TypeError for a path that is no string or empty */
  constructor(path: string) {
    if (typeof path !== 'string' || path === '') throw new TypeError('the path of a head is a string');
    this.#path = resolve(path);
  }

  /** @throws AuditError `audit_log_unavailable`; `audit_log_corrupt` for a file that is too long to be one */
  async read(): Promise<string | undefined> {
    const bytes = await attempt(this.#path, () => contentOf(this.#path, MAX_NOTE_BYTES));
    return bytes?.toString('utf8');
  }

  /**
   * Replaces the checkpoint, whole and durable when it resolves.
   * @throws AuditError `audit_log_rolled_back` for one that is lower than what is kept, or of another tree of its size;
   *   `audit_log_unavailable`
   */
  async write(checkpoint: string): Promise<void> {
    const kept = await this.read();
    if (kept !== undefined) assertAfter(kept, checkpoint);
    await attempt(this.#path, () => replaceFile(this.#path, Buffer.from(checkpoint)));
  }
}

function assertAfter(kept: string, checkpoint: string): void {
  const [before, after] = [readCheckpoint(kept), readCheckpoint(checkpoint)];
  const isSame = before.size === after.size && Buffer.from(before.root).equals(after.root);
  if (before.origin === after.origin && (isSame || after.size > before.size)) return;
  throw new AuditError(
    'audit_log_rolled_back',
    `a checkpoint of “${after.origin}” at ${after.size} entries does not follow the one that is kept, of “${before.origin}” at ${before.size}`,
    { hint: 'Each log needs a keeper of its own. A log that was restored goes on only under a new origin.' },
  );
}
