/** The growth of a log's tree beside the appends: what is durable becomes hashes, tiles and bundles. */
import { setImmediate } from 'node:timers/promises';
import type { LogBackend, LogTile } from '../backend.js';
import { AuditError } from '../errors.js';
import { keyFrom } from './key-turns.js';
import type { VerifierKey } from './note.js';
import { RecentRecords, type TreeRecord } from './recent-records.js';
import { decodeBundle, encodeBundle, TILE_WIDTH } from './tiles.js';
import { TreeEdge } from './tree-edge.js';

/** A publication carries no more than this, of entries and of their bytes. */
const MAX_ENTRIES = 65_536;
const MAX_BYTES = 32 * 1024 * 1024;
/** So many bundles are staged at a time: fewer would cost more steps each, more would come all at once. */
const STAGED_TOGETHER = 16;
/** So many that are known here are added at a time: appends take their turn in between. */
const ADDED_TOGETHER = 128;

export class GrowingTree {
  readonly #backend: LogBackend;
  readonly #edge: TreeEdge;
  /** What was appended here: a tree of it holds what was acknowledged, and need not read it back. */
  readonly recent: RecentRecords;
  /** The leaves of the bundle that is not full. */
  #leaves: Uint8Array[];
  #bundles: LogTile[] = [];
  #bytes = 0;
  /** The size when the last publication was made. */
  #published: number;
  readonly #staged = new Set<string>();
  #stagedBundles = 0;
  #key: VerifierKey | undefined;

  private constructor(backend: LogBackend, edge: TreeEdge, recent: RecentRecords, leaves: Uint8Array[]) {
    this.#backend = backend;
    this.#edge = edge;
    this.recent = recent;
    this.#leaves = leaves;
    this.#published = edge.size;
  }

  /** @param size of a tree that was published */
  static async load(backend: LogBackend, size: number, recent = new RecentRecords()): Promise<GrowingTree> {
    const edge = await TreeEdge.load(backend, size);
    const width = size % TILE_WIDTH;
    if (width === 0) return new GrowingTree(backend, edge, recent, []);
    const bundle = await backend.entries(Math.floor(size / TILE_WIDTH), width);
    if (bundle === undefined) {
      throw new AuditError('audit_log_corrupt', `${backend.name}: the last bundle of entries is missing`, {
        hint: 'Take it from a copy of the log.',
      });
    }
    return new GrowingTree(backend, edge, recent, decodeBundle(bundle, width));
  }

  get size(): number {
    return this.#edge.size;
  }

  root(): Uint8Array {
    return this.#edge.root();
  }

  /** The key that signs from an entry on that was added, if one said so. */
  get key(): VerifierKey | undefined {
    return this.#key;
  }

  /**
   * Grows, as far as one publication may.
   * @param size of the durable log
   */
  grow(size: number): Promise<void> {
    return this.#grow(Math.min(size, this.#published + MAX_ENTRIES), MAX_BYTES);
  }

  /** Grows to exactly that size, which was signed. */
  growTo(size: number): Promise<void> {
    return this.#grow(size, Number.POSITIVE_INFINITY);
  }

  async #grow(size: number, maxBytes: number): Promise<void> {
    if (this.size >= size || this.#bytes >= maxBytes) return;
    for await (const records of this.#records(this.size, size)) {
      for (const { leaf, hash } of records) this.#add(leaf, hash);
      await this.#stageFull();
      if (this.#bytes >= maxBytes) return;
    }
    if (this.size >= size) return;
    throw new AuditError(
      'audit_log_corrupt',
      `${this.#backend.name}: entry ${this.size} of ${size} is missing`,
      {
        hint: 'Keep the log as evidence, and begin a new one that names it.',
      },
    );
  }

  /** The records of a range: what others have appended, or what was appended before this life, is had from the log. */
  async *#records(from: number, to: number): AsyncGenerator<readonly TreeRecord[]> {
    for (let at = from; at < to; ) {
      const known = this.recent.take(at, Math.min(ADDED_TOGETHER, to - at));
      if (known.length > 0) {
        await setImmediate();
        at += known.length;
        yield known;
        continue;
      }
      const { first } = this.recent;
      const end = first > at ? Math.min(first, to) : to;
      for await (const records of this.#backend.records(at, end)) {
        at += records.length;
        yield records;
      }
      if (at < end) return;
    }
  }

  /** Makes durable what a checkpoint of now covers, where the backend can do that before it is signed. */
  stageAll(): Promise<void> {
    return this.#stage(this.unstaged());
  }

  /** Every tile and bundle since the last publication that was not staged. */
  unstaged(): LogTile[] {
    const tiles = [...this.#edge.newTiles(), ...this.#bundles];
    if (this.#leaves.length > 0 && this.size > this.#published) {
      const index = Math.floor(this.size / TILE_WIDTH);
      tiles.push({ level: 'entries', index, width: this.#leaves.length, bytes: encodeBundle(this.#leaves) });
    }
    return tiles.filter((tile) => !this.#staged.has(nameOf(tile)));
  }

  markPublished(): void {
    this.#edge.markPublished();
    this.#bundles = [];
    this.#bytes = 0;
    this.#staged.clear();
    this.#stagedBundles = 0;
    this.#published = this.size;
  }

  #add(leaf: Uint8Array, hash: Uint8Array): void {
    this.#key = keyFrom(leaf, this.size) ?? this.#key;
    this.#edge.add(hash);
    this.#bytes += leaf.length;
    if (this.#leaves.push(leaf) < TILE_WIDTH) return;
    const index = this.size / TILE_WIDTH - 1;
    this.#bundles.push({ level: 'entries', index, width: TILE_WIDTH, bytes: encodeBundle(this.#leaves) });
    this.#leaves = [];
  }

  /** Full tiles as soon as they are known, so that they do not all come at once. */
  async #stageFull(): Promise<void> {
    if (this.#bundles.length - this.#stagedBundles < STAGED_TOGETHER) return;
    this.#stagedBundles = this.#bundles.length;
    const full = [...this.#edge.newTiles(), ...this.#bundles].filter(({ width }) => width === TILE_WIDTH);
    await this.#stage(full.filter((tile) => !this.#staged.has(nameOf(tile))));
  }

  async #stage(tiles: readonly LogTile[]): Promise<void> {
    if (this.#backend.stage === undefined || tiles.length === 0) return;
    await this.#backend.stage(tiles);
    for (const tile of tiles) this.#staged.add(nameOf(tile));
  }
}

const nameOf = ({ level, index, width }: LogTile): string => `${level}/${index}/${width}`;
