import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { sha256 } from '@stele/crypto';
import { RECORD_KINDS, type RecordFilter, type RecordKind, type RecordRange } from '../record-backend.js';
import type { FileFeed } from './file-feed.js';
import type { FileRecords } from './file-records.js';
import { contentOf, writeDraft } from './files.js';
import { RecordIndex } from './record-index.js';

/** Stands for the tokens of a record of which nobody knows them. */
const UNTOLD = '';
const NO_TOKENS = '-';

type Indexes = Record<RecordKind, RecordIndex>;

/**
 * By which tokens the records of a folder are found, in memory from the first question on. It is read from the file `index` and
 * brought up to date by the feed. Where the file is missing or damaged, or so old that the feed does not reach back to it, the
 * first lines of all records are read.
 */
export class FileIndex {
  readonly #path: string;
  readonly #records: FileRecords;
  readonly #feed: FileFeed;
  #indexes: Indexes | undefined;
  #epoch = '';
  #place = 0;
  /** Up to where the file has it. */
  #saved = 0;

  constructor(path: string, records: FileRecords, feed: FileFeed) {
    this.#path = join(path, 'index');
    this.#records = records;
    this.#feed = feed;
  }

  /** Those that carry the token, and those of which nobody knows. */
  list(kind: RecordKind, range: RecordRange): string[] {
    const index = this.#upToDate()[kind];
    const ids = [...index.list(range), ...index.list({ ...range, token: UNTOLD })];
    return ids.sort().slice(0, range.limit);
  }

  /** Undefined with a token, as long as there are records of which nobody knows the tokens. */
  count(kind: RecordKind, filter: RecordFilter): number | undefined {
    const index = this.#upToDate()[kind];
    if (filter.token !== undefined && index.count({ token: UNTOLD }) > 0) return undefined;
    return index.count(filter);
  }

  /** Writes the file `index` if it is older than what is known. Under the lock. */
  save(): void {
    if (this.#indexes === undefined || this.#saved === this.#place) return;
    const indexes = this.#indexes;
    const lines = RECORD_KINDS.flatMap((kind) =>
      [...indexes[kind].entries()].map(([id, tokens]) => lineOf(kind, id, tokens)),
    );
    const body = [`${this.#epoch} ${this.#place}`, ...lines].join('\n');
    writeDraft(`${this.#path}.new`, `${sha256(body)}\n${body}`);
    renameSync(`${this.#path}.new`, this.#path);
    this.#saved = this.#place;
  }

  #upToDate(): Indexes {
    this.#indexes ??= this.#load();
    if (this.#follow(this.#indexes)) return this.#indexes;
    this.#indexes = this.#scan();
    this.#follow(this.#indexes);
    return this.#indexes;
  }

  /** @returns false where the feed does not reach back to what is known */
  #follow(indexes: Indexes): boolean {
    while (this.#feed.epoch === this.#epoch) {
      const changes = this.#feed.since(this.#place);
      if (changes === undefined) return false;
      if (changes.length === 0) return true;
      for (const { kind, id, deleted, tokens } of changes) {
        if (deleted) indexes[kind].delete(id);
        else indexes[kind].set(id, tokens);
      }
      this.#place += changes.length;
    }
    return false;
  }

  #load(): Indexes {
    const [checksum, ...lines] = (contentOf(this.#path)?.toString('latin1') ?? '').split('\n');
    if (checksum !== sha256(lines.join('\n'))) return this.#scan();
    const [epoch, place] = (lines.shift() as string).split(' ');
    const indexes = empty();
    for (const line of lines) {
      const [kind, id, ...tokens] = line.split(' ') as [RecordKind, string, ...string[]];
      indexes[kind].set(id, tokens[0] === NO_TOKENS ? [] : tokens);
    }
    this.#epoch = epoch as string;
    this.#place = Number(place);
    this.#saved = this.#place;
    return indexes;
  }

  /** What is written meanwhile is in the feed after the place where this begins. */
  #scan(): Indexes {
    this.#epoch = this.#feed.epoch;
    this.#place = this.#feed.latest();
    this.#saved = -1;
    const indexes = empty();
    for (const kind of RECORD_KINDS) {
      for (const id of this.#records.ids(kind)) indexes[kind].set(id, this.#tokensOf(kind, id));
    }
    return indexes;
  }

  /** A damaged record is found by every token, so that nobody takes it for absent. */
  #tokensOf(kind: RecordKind, id: string): readonly string[] {
    try {
      return this.#records.tokensOf(kind, id) ?? [UNTOLD];
    } catch {
      return [UNTOLD];
    }
  }
}

const empty = (): Indexes => ({
  covenant: new RecordIndex(),
  revocation: new RecordIndex(),
  approval: new RecordIndex(),
});

/** The empty token is written as an empty word. */
const lineOf = (kind: RecordKind, id: string, tokens: readonly string[]): string =>
  [kind, id, ...(tokens.length === 0 ? [NO_TOKENS] : tokens)].join(' ');
