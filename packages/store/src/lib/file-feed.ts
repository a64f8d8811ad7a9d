import { randomBytes } from 'node:crypto';
import { appendFileSync, fstatSync, readSync, renameSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { FEED_LENGTH, type RecordChange, type RecordKind } from '../record-backend.js';
import type { ChangeSource } from './change-feed.js';
import { contentOf, makeFolder, removeFile, withFile, writeDraft } from './files.js';
import { bootId } from './process-identity.js';

/** A change as the feed of a folder keeps it: with the tokens that the record has now. */
export interface FileChange extends Omit<RecordChange, 'token'> {
  readonly tokens: readonly string[];
}

const HEADER = /^stele-feed\/1 ([0-9a-f]{32}) (\S+) (\d{1,15})$/;
const LINE =
  /^(\d{1,15}) (covenant|revocation|approval) (urn:stele:(?:covenant|approval):[0-9a-f/]{64,129}) ([+-])((?: [A-Za-z0-9_:.-]{1,96})*)$/;
const PAGE = 256;

interface Segment {
  readonly epoch: string;
  readonly boot: string;
  /** The place before its first change. */
  readonly base: number;
  readonly changes: FileChange[];
  /** Whether some line is not what follows the one before. */
  damaged: boolean;
}

/**
 * The changes of a folder, a line each, in two files: `feed/current` grows until it holds 10,000, then becomes `feed/previous`. The
 * first line names the epoch, the start of the machine in which it began, and the place before the first change.
 *
 * Lines are not synced, so a machine that fails may lose some. Therefore a new epoch begins with every start of the machine: a
 * token of before is then expired, instead of having a gap after it.
 */
export class FileFeed implements ChangeSource {
  readonly #current: string;
  readonly #previous: string;
  readonly #folder: string;
  readonly open: () => boolean;
  #segment: Segment | undefined;
  /** Which file was read, and how far. */
  #file = '';
  #offset = 0;

  constructor(path: string, open: () => boolean) {
    this.#folder = join(path, 'feed');
    this.#current = join(this.#folder, 'current');
    this.#previous = join(this.#folder, 'previous');
    this.open = open;
  }

  /** Empty where there is no feed yet. */
  get epoch(): string {
    this.#refresh();
    return this.#segment?.epoch ?? '';
  }

  latest(): number {
    this.#refresh();
    return this.#segment === undefined ? 0 : endOf(this.#segment);
  }

  since(place: number): readonly FileChange[] | undefined {
    this.#refresh();
    const segment = [this.#segment, this.#older(place)].find((found) => found && found.base <= place);
    if (segment === undefined || segment.damaged) return undefined;
    return segment.changes.slice(place - segment.base, place - segment.base + PAGE);
  }

  /** Whether the feed is there, whole, and of this start of the machine. */
  isCurrent(): boolean {
    this.#refresh();
    return this.#segment?.boot === bootId && !this.#segment.damaged;
  }

  /** Begins a new epoch. Under the lock. */
  renew(): void {
    makeFolder(this.#folder);
    removeFile(this.#previous);
    this.#begin(randomBytes(16).toString('hex'), 0);
  }

  /** Under the lock. What is there already of half a line is dropped. */
  append(changes: readonly FileChange[]): void {
    this.#rotate();
    const end = this.latest();
    if (statSync(this.#current).size > this.#offset) truncateSync(this.#current, this.#offset);
    try {
      appendFileSync(this.#current, changes.map((change, i) => lineOf(end + 1 + i, change)).join(''));
    } catch (error) {
      truncateSync(this.#current, this.#offset);
      throw error;
    }
  }

  /** Makes good for a writer that died between the two steps of a change of files. Under the lock. */
  mend(): void {
    if (statSync(this.#current, { throwIfNoEntry: false }) !== undefined) return;
    const previous = segmentOf(contentOf(this.#previous)?.toString('latin1'));
    if (previous !== undefined) this.#begin(previous.epoch, endOf(previous));
  }

  #rotate(): void {
    this.#refresh();
    const segment = this.#segment as Segment;
    if (segment.changes.length < FEED_LENGTH) return;
    renameSync(this.#current, this.#previous);
    this.#begin(segment.epoch, endOf(segment));
  }

  #begin(epoch: string, base: number): void {
    const draft = `${this.#current}.new`;
    writeDraft(draft, `stele-feed/1 ${epoch} ${bootId} ${base}\n`);
    renameSync(draft, this.#current);
  }

  /** Reads what has been added since the last time. */
  #refresh(): void {
    const found = withFile(this.#current, (file) => {
      const { dev, ino, birthtimeMs, size } = fstatSync(file);
      const name = `${dev}:${ino}:${birthtimeMs}`;
      if (name !== this.#file || size < this.#offset) {
        this.#file = name;
        this.#offset = 0;
        this.#segment = undefined;
      }
      if (size > this.#offset) this.#take(readFrom(file, this.#offset, size - this.#offset));
      return name;
    });
    if (found === undefined) this.#forget();
  }

  /** Between the two steps of a change of files what was read still holds. */
  #forget(): void {
    if (statSync(this.#previous, { throwIfNoEntry: false }) === undefined) this.#segment = undefined;
    if (this.#segment === undefined) this.#file = '';
  }

  #take(text: string): void {
    const end = text.lastIndexOf('\n') + 1;
    const lines = text.slice(0, end).split('\n').slice(0, -1);
    this.#segment ??= headerOf(lines.shift());
    if (this.#segment === undefined) return;
    this.#offset += end;
    addLines(this.#segment, lines);
  }

  #older(place: number): Segment | undefined {
    if (this.#segment === undefined || this.#segment.base <= place) return undefined;
    const previous = segmentOf(contentOf(this.#previous)?.toString('latin1'));
    return previous?.epoch === this.#segment.epoch ? previous : undefined;
  }
}

const endOf = ({ base, changes }: Segment): number => base + changes.length;

function lineOf(place: number, { kind, id, deleted, tokens }: FileChange): string {
  return `${[place, kind, id, deleted ? '-' : '+', ...tokens].join(' ')}\n`;
}

function segmentOf(text: string | undefined): Segment | undefined {
  const lines = text?.split('\n').slice(0, -1);
  const segment = headerOf(lines?.shift());
  if (segment !== undefined) addLines(segment, lines as string[]);
  return segment;
}

function headerOf(line: string | undefined): Segment | undefined {
  const [, epoch, boot, base] = HEADER.exec(line ?? '') ?? [];
  if (epoch === undefined || boot === undefined) return undefined;
  return { epoch, boot, base: Number(base), changes: [], damaged: false };
}

function addLines(segment: Segment, lines: readonly string[]): void {
  for (const line of lines) {
    const [, place, kind, id, sign, tokens] = LINE.exec(line) ?? [];
    if (id === undefined || Number(place) !== endOf(segment) + 1) {
      segment.damaged = true;
      return;
    }
    segment.changes.push({
      kind: kind as RecordKind,
      id,
      deleted: sign === '-',
      tokens: (tokens as string).split(' ').slice(1),
    });
  }
}

function readFrom(file: number, offset: number, length: number): string {
  const bytes = Buffer.alloc(length);
  return bytes.toString('latin1', 0, readSync(file, bytes, 0, length, offset));
}
