import type { Appended, LogBackend, LogRecord, LogTile, Publication } from '../backend.js';
import { AuditError } from '../errors.js';
import { checkIndex, checkPrune, checkRecords, checkSizes, checkTile, TILE } from './log-arguments.js';

/** What outlives one writer. */
interface Memory {
  held: boolean;
  readonly records: LogRecord[];
  /** By level and index, the widest. */
  readonly tiles: Map<string, LogTile>;
  checkpoint: string | undefined;
  published: number;
  first: number;
}

const MOST_PERMITS = 65_536;
const TOGETHER = 128;

/** A log that is lost with its process: for tests, and as the plainest form of the contract. */
export class MemoryLogBackend implements LogBackend {
  readonly name = 'memory';
  readonly shared: boolean = false;
  readonly #memory: Memory;
  /** How many records were there when this writer came; undefined before it has and after it went. */
  #came: number | undefined;
  #closed = false;

  /** @param predecessor another writer, to go on with its log */
  constructor(predecessor?: MemoryLogBackend) {
    this.#memory = predecessor === undefined ? nothing() : predecessor.#memory;
  }

  async open(): Promise<{ size: number; cutBytes: number }> {
    if (this.#closed) throw closed();
    if (this.#memory.held) throw new AuditError('audit_log_locked', 'another writer holds this log');
    this.#memory.held = true;
    this.#came = this.#memory.records.length;
    return { size: this.#came, cutBytes: 0 };
  }

  async append(at: number, records: readonly LogRecord[]): Promise<Appended> {
    const memory = this.#open();
    checkRecords(at, records);
    if (at !== memory.records.length) return { appended: false, size: memory.records.length };
    for (const record of records) {
      const { leaf, hash, sealed } = record;
      memory.records.push({ ...record, leaf: leaf.slice(), hash: hash.slice(), sealed: sealed?.slice() });
    }
    return { appended: true, size: memory.records.length };
  }

  async size(): Promise<number> {
    return this.#open().records.length;
  }

  async *records(from: number, to: number): AsyncGenerator<Pick<LogRecord, 'leaf' | 'hash'>[]> {
    for (let at = from; at < to; at += TOGETHER) {
      const batch = this.#open().records.slice(at, Math.min(at + TOGETHER, to));
      if (batch.length === 0) return;
      yield batch.map(({ leaf, hash }) => ({ leaf: leaf.slice(), hash: hash.slice() }));
    }
  }

  async publish({ before, checkpoint, size, tiles }: Publication): Promise<boolean> {
    const memory = this.#open();
    if (before !== memory.checkpoint) return false;
    checkSizes(size, memory.published, memory.records.length);
    for (const tile of tiles) {
      memory.tiles.set(`${tile.level}/${tile.index}`, { ...tile, bytes: tile.bytes.slice() });
    }
    Object.assign(memory, { checkpoint, published: size });
    return true;
  }

  async checkpoint(): Promise<string | undefined> {
    return this.#open().checkpoint;
  }

  async tile(level: number, index: number, width: number): Promise<Uint8Array | undefined> {
    checkTile(level, index, width);
    const tile = this.#open().tiles.get(`${level}/${index}`);
    return tile !== undefined && tile.width >= width ? tile.bytes.slice(0, width * 32) : undefined;
  }

  async entries(index: number, width: number): Promise<Uint8Array | undefined> {
    checkTile('entries', index, width);
    const tile = this.#open().tiles.get(`entries/${index}`);
    if (tile === undefined || tile.width < width) return undefined;
    let end = 0;
    for (let i = 0; i < width; i++) end += 2 + tile.bytes[end]! * 256 + tile.bytes[end + 1]!;
    return tile.bytes.slice(0, end);
  }

  async first(): Promise<number> {
    return this.#open().first;
  }

  async sealed(index: number): Promise<Uint8Array | undefined> {
    checkIndex(index);
    const { first, records } = this.#open();
    return index < first ? undefined : records[index]?.sealed?.slice();
  }

  async unsettled(): Promise<number[]> {
    const { records } = this.#open();
    const closed = new Set(records.map(({ closes }) => closes));
    const open = records.slice(0, this.#came).flatMap(({ opens }, i) => (opens && !closed.has(i) ? [i] : []));
    return open.slice(0, MOST_PERMITS);
  }

  async prune(before: number): Promise<void> {
    const memory = this.#open();
    checkPrune(before, memory.published);
    if (before <= memory.first) return;
    memory.first = before;
    for (const [key, { level, index }] of memory.tiles) {
      const end = (index + 1) * TILE ** (level === 'entries' ? 1 : level + 1);
      if (end <= before) memory.tiles.delete(key);
    }
  }

  async close(): Promise<void> {
    if (this.#came !== undefined) this.#memory.held = false;
    this.#came = undefined;
    this.#closed = true;
  }

  #open(): Memory {
    if (this.#came === undefined) throw closed();
    return this.#memory;
  }
}

function nothing(): Memory {
  return { held: false, records: [], tiles: new Map(), checkpoint: undefined, published: 0, first: 0 };
}

function closed(): AuditError {
  return new AuditError('audit_log_closed', 'the log is not open');
}
