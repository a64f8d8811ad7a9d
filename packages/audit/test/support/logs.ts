/** Logs and witnesses that sign, without anything that keeps them. */
import { generateKeyPair, type KeyPair, toSigner } from '@stele/crypto';
import { formatCheckpoint } from '../../src/lib/checkpoint.js';
import { cosignatureBytes, cosignedMessage } from '../../src/lib/cosignature.js';
import {
  COSIGNATURE,
  formatSignature,
  parseNote,
  signNote,
  type VerifierKey,
  verifierKey,
} from '../../src/lib/note.js';
import { TreeReader } from '../../src/lib/tiles.js';
import { TreeEdge } from '../../src/lib/tree-edge.js';
import { leafHash } from './reference.js';
import { MemoryTiles } from './tiles.js';

/** A log of numbered entries that can be asked for any size up to what it has. */
export class NumberedLog {
  readonly #tiles = new MemoryTiles();
  readonly #roots: Uint8Array[] = [];

  private constructor(
    readonly origin: string,
    readonly pair: KeyPair,
    readonly key: VerifierKey,
    /** Logs of another salt have other entries from `fork` on. */
    readonly leaves: readonly Uint8Array[],
  ) {
    const edge = new TreeEdge();
    this.#roots.push(edge.root());
    for (const leaf of leaves) {
      edge.add(leafHash(leaf));
      this.#roots.push(edge.root());
    }
    this.#tiles.put(edge.newTiles());
  }

  static async make({
    origin = 'log.example/one',
    size = 300,
    pair,
  }: {
    origin?: string;
    size?: number;
    pair?: KeyPair;
  } = {}) {
    const own = pair ?? (await generateKeyPair());
    const leaves = Array.from({ length: size }, (_, i) => Buffer.from(`entry ${i}`));
    return new NumberedLog(origin, own, verifierKey(origin, own.publicKey), leaves);
  }

  /** The same log with other entries from an index on. */
  forkedAt(index: number): NumberedLog {
    const leaves = this.leaves.map((leaf, i) => (i < index ? leaf : Buffer.from(`fork ${i}`)));
    return new NumberedLog(this.origin, this.pair, this.key, leaves);
  }

  root(size: number): Uint8Array {
    return this.#roots[size] as Uint8Array;
  }

  checkpoint(size: number, extensions: string[] = []): Promise<string> {
    const text = formatCheckpoint({ origin: this.origin, size, root: this.root(size), extensions });
    return signNote(text, this.origin, toSigner(this.pair));
  }

  inclusion(index: number, size: number): Promise<Uint8Array[]> {
    return new TreeReader(this.#tiles).inclusion(index, size);
  }

  consistency(from: number, to: number): Promise<Uint8Array[]> {
    return new TreeReader(this.#tiles).consistency(from, to);
  }
}

/** The signature line of a witness for a note. */
export async function cosign(
  note: string,
  name: string,
  pair: KeyPair,
  time = 1_700_000_000,
): Promise<string> {
  const signature = await toSigner(pair).sign(cosignedMessage(parseNote(note).text, time));
  return formatSignature(verifierKey(name, pair.publicKey, COSIGNATURE), cosignatureBytes(time, signature));
}
