/** One walk through a log that recomputes the tree from its entries, in memory that does not grow with it. */
import type { LogReader } from '../backend.js';
import { AuditError } from '../errors.js';
import { type FindingKind, Findings } from './findings.js';
import { Frontier, type TileNode } from './frontier.js';
import { parseLeaf } from './leaf.js';
import { LeafCursor } from './leaf-cursor.js';
import { HASH_BYTES, hashLeaf, sameHash, subtreesOf } from './merkle.js';
import { OwnEntries } from './own-entries.js';
import { readTile, TILE_LEVELS, TILE_WIDTH, TreeReader, tileWidth } from './tiles.js';
import { unlessCorrupt } from './unless.js';

/** What is walked through. */
export interface WalkOptions {
  readonly reader: LogReader;
  /** The first index, a multiple of 256. */
  readonly first: number;
  /** How many entries the tree has. */
  readonly size: number;
  /** At which sizes the root is wanted, and the key that counts. */
  readonly sizes: readonly number[];
  /** Asked before each bundle; it stops the walk by throwing. */
  readonly onBundle: (done: { readonly entries: number; readonly size: number }) => void;
  /** Is handed each entry that is there, in order, whether or not it is right. */
  readonly onLeaf?: ((leaf: Uint8Array) => void) | undefined;
}

interface Tile {
  readonly index: number;
  readonly hashes: Uint8Array | undefined;
}

/** Stands for a hash that cannot be known. */
const UNKNOWN = new Uint8Array(HASH_BYTES);

export class LogWalk {
  readonly findings = new Findings();
  readonly own: OwnEntries;
  /** By size. None beyond where the walk was given up. */
  readonly roots = new Map<number, Uint8Array>();
  /** How many tiles of hashes were compared. */
  tiles = 0;
  readonly #options: WalkOptions;
  /** By level: the tile that was read last. */
  readonly #tiles: Tile[] = [];
  readonly #wanted: ReadonlySet<number>;
  #frontier = new Frontier(0, []);
  #at: number;

  constructor(options: WalkOptions) {
    this.#options = options;
    this.#at = options.first;
    this.#wanted = new Set(options.sizes);
    this.own = new OwnEntries(options.sizes);
  }

  /** How many entries were looked at. */
  get entries(): number {
    return this.#at - this.#options.first;
  }

  /**
   * Goes from the first entry to the last, or until so much was found that it makes no sense to go on.
   * @throws whatever `onBundle` throws, and AuditError where the storage cannot be read
   */
  async run(): Promise<void> {
    const { first, size, onBundle } = this.#options;
    this.#frontier = new Frontier(first, await this.#pruned(first));
    this.#noteRoot();
    while (this.#at < size && !this.findings.isFull) {
      onBundle({ entries: this.entries, size });
      await this.#bundle(this.#at / TILE_WIDTH);
    }
  }

  /** What is left of what was pruned: the hashes of the subtrees before the first entry. */
  async #pruned(first: number): Promise<Uint8Array[]> {
    const tree = new TreeReader(this.#options.reader);
    const hashes: Uint8Array[] = [];
    for (const subtree of subtreesOf(0, first)) {
      const hash = await unlessCorrupt(() => tree.node(subtree, this.#options.size));
      hashes.push(hash instanceof AuditError ? UNKNOWN : hash);
      if (!(hash instanceof AuditError)) continue;
      const level = Math.floor(subtree.level / TILE_LEVELS);
      const index = subtree.index * 2 ** subtree.level;
      const tile = Math.floor(index / TILE_WIDTH ** (level + 1));
      this.findings.add({ kind: 'prefix-missing', index, before: first, level, tile, detail: hash.message });
    }
    return hashes;
  }

  async #bundle(index: number): Promise<void> {
    const { reader, size, onLeaf } = this.#options;
    const end = this.#at + tileWidth(0, index, size);
    const bundle = await unlessCorrupt(() => widestBundle(reader, index, end - this.#at));
    const cursor = new LeafCursor(bundle instanceof Uint8Array ? bundle : new Uint8Array(0));
    const tile = await this.#tile(0, index);
    let isWhole = true;
    for (let i = 0; this.#at < end; i++) {
      const stored = tile?.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES);
      const leaf = cursor.next();
      if (leaf !== undefined) onLeaf?.(leaf);
      else if (isWhole) this.#missing(index, end, bundle, cursor);
      isWhole &&= leaf !== undefined;
      this.#frontier.add(leaf === undefined ? (stored ?? UNKNOWN) : this.#entry(leaf, index, stored));
      this.#at++;
      this.#noteRoot();
    }
    if (isWhole && cursor.hasMore) this.#find('entry-unexpected', index, end);
    for (const node of this.#frontier.takeCompleted()) await this.#compare(node);
  }

  /** @returns its hash, whatever the tile says */
  #entry(leaf: Uint8Array, bundle: number, stored: Uint8Array | undefined): Uint8Array {
    const hash = hashLeaf(leaf);
    if (stored === undefined || sameHash(hash, stored)) this.#read(leaf, bundle);
    else this.#find('entry', bundle, this.#at);
    return hash;
  }

  #read(leaf: Uint8Array, bundle: number): void {
    try {
      if (!this.own.see(parseLeaf(leaf, this.#at))) this.#find('key-retired', bundle, this.#at);
    } catch (cause) {
      this.#find('entry-malformed', bundle, this.#at, (cause as Error).message);
    }
  }

  #missing(
    bundle: number,
    end: number,
    found: Uint8Array | AuditError | undefined,
    cursor: LeafCursor,
  ): void {
    const detail = found instanceof AuditError ? found.message : cursor.isCut ? 'it is cut off' : undefined;
    this.findings.add({
      kind: 'entry-missing',
      index: this.#at,
      before: end,
      level: 0,
      tile: bundle,
      detail,
    });
  }

  #find(kind: FindingKind, bundle: number, index: number, detail?: string): void {
    this.findings.add({ kind, index, before: index + 1, level: 0, tile: bundle, detail });
  }

  /** Compares a hash that was recomputed with the one that its tile holds. */
  async #compare({ level, index, hash }: TileNode): Promise<void> {
    const tile = Math.floor(index / TILE_WIDTH);
    const hashes = await this.#tile(level, tile);
    const position = index % TILE_WIDTH;
    const stored = hashes?.subarray(position * HASH_BYTES, (position + 1) * HASH_BYTES);
    if (stored === undefined || sameHash(stored, hash)) return;
    const width = TILE_WIDTH ** level;
    const [from, before] = [index * width, (index + 1) * width];
    // What is wrong below makes every hash above differ: that was said already.
    if (!this.findings.touches(from, before)) {
      this.findings.add({ kind: 'node', index: from, before, level, tile });
    }
  }

  /** The hashes of a tile, read once. */
  async #tile(level: number, index: number): Promise<Uint8Array | undefined> {
    const known = this.#tiles[level];
    if (known?.index === index) return known.hashes;
    const { reader, size, first } = this.#options;
    const found = await unlessCorrupt(() => readTile(reader, level, index, tileWidth(level, index, size)));
    const hashes = found instanceof AuditError ? undefined : found;
    this.#tiles[level] = { index, hashes };
    this.tiles++;
    if (found instanceof AuditError) {
      const from = Math.max(first, index * TILE_WIDTH ** (level + 1));
      // Where it ends matters only of what is wrong about hashes.
      const place = { index: from, before: size, level, tile: index };
      this.findings.add({ kind: 'tile-missing', ...place, detail: found.message });
    }
    return hashes;
  }

  #noteRoot(): void {
    if (this.#wanted.has(this.#at)) this.roots.set(this.#at, this.#frontier.root());
  }
}

/** A bundle as far as it goes: a database that misses one entry gives those before it alone. */
async function widestBundle(
  reader: LogReader,
  index: number,
  width: number,
): Promise<Uint8Array | undefined> {
  let found = await reader.entries(index, width);
  if (found !== undefined) return found;
  for (let [there, not] = [0, width]; not - there > 1; ) {
    const middle = Math.floor((there + not) / 2);
    const bundle = await reader.entries(index, middle);
    if (bundle === undefined) not = middle;
    else [there, found] = [middle, bundle];
  }
  return found;
}
