import { closeSync, fdatasyncSync, ftruncateSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '@stele/crypto';
import type { RecordKind } from '../record-backend.js';
import { contentOf } from './files.js';
import { isRecordId } from './ids.js';

/** A record's new file that waits in `tmp`, or its end. */
export interface Move {
  readonly kind: RecordKind;
  readonly id: string;
  /** The name of the draft; undefined: the record is deleted. */
  readonly draft?: string;
  readonly tokens: readonly string[];
}

/** One write, as it is about to happen. */
export interface Entry {
  /** The feed that it is told in, and the place of its first change. */
  readonly epoch: string;
  readonly first: number;
  /** Whether it is on the disk: true for what cannot happen by one rename. */
  readonly synced: boolean;
  readonly moves: readonly Move[];
}

const DRAFT = /^[0-9a-f-]{36}\.tmp$/;

/**
 * The last write, written down before it is made, so that whoever comes after a writer that died half-way can finish it. It is
 * overwritten in place: half an entry counts as none, and then nothing of its write has been made.
 *
 *   <sha256 of the next line>
 *   <the entry as JSON>
 */
export class FileJournal {
  readonly #path: string;

  constructor(folder: string) {
    this.#path = join(folder, 'journal');
  }

  read(): Entry | undefined {
    const [checksum, text] = (contentOf(this.#path)?.toString('utf8') ?? '').split('\n');
    if (text === undefined || checksum !== sha256(text)) return undefined;
    const entry = JSON.parse(text) as Entry;
    // The only names from a file that reach a path.
    const sound = entry.moves.every(
      ({ kind, id, draft }) => isRecordId(kind, id) && (draft === undefined || DRAFT.test(draft)),
    );
    return sound ? entry : undefined;
  }

  write(entry: Entry): void {
    const text = JSON.stringify(entry);
    this.#overwrite(`${sha256(text)}\n${text}`, entry.synced);
  }

  /** From now on no write is pending. @param synced whether that must outlive the machine */
  clear(synced: boolean): void {
    this.#overwrite('', synced);
  }

  #overwrite(text: string, synced: boolean): void {
    const file = openSync(this.#path, 'a', 0o600);
    try {
      ftruncateSync(file, 0);
      writeFileSync(file, text);
      if (synced) fdatasyncSync(file);
    } finally {
      closeSync(file);
    }
  }
}
