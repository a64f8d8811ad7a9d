/** Inclusion proofs (RFC 9162, section 2.1.3) from the hashes that the page carries. */
import type { Meta, Payload, Run } from './load.js';

const HASH = 32;

/** A step towards the root: the hash beside, and on which side it stands. */
interface Step {
  readonly hash: Uint8Array<ArrayBuffer>;
  readonly isLeft: boolean;
}

/**
 * The tree in layers: each node of a layer is made of two of the layer below, and a last one without a neighbour goes up as
 * it is. That is the tree of RFC 9162.
 */
export class Tree {
  readonly #meta: Meta;
  readonly #bytes: Uint8Array;
  readonly #offsets: number[] = [];

  constructor({ meta, nodes }: Payload) {
    this.#meta = meta;
    this.#bytes = nodes;
    let offset = 0;
    for (const runs of meta.nodes) {
      this.#offsets.push(offset);
      offset += runs.reduce((sum, [, count]) => sum + count, 0) * HASH;
    }
  }

  /** The proof of an entry, from its leaf to the root; undefined when a hash is not on the page. */
  path(index: number): Step[] | undefined {
    const steps: Step[] = [];
    let at = index;
    for (let layer = 0, width = this.#meta.size; width > 1; layer++, width = Math.ceil(width / 2)) {
      const beside = at % 2 === 0 ? at + 1 : at - 1;
      if (beside < width) {
        const hash = this.#node(layer, beside);
        if (hash === undefined) return undefined;
        steps.push({ hash, isLeft: beside < at });
      }
      at = Math.floor(at / 2);
    }
    return steps;
  }

  #node(layer: number, at: number): Uint8Array<ArrayBuffer> | undefined {
    let skipped = 0;
    for (const [start, count] of this.#meta.nodes[layer] ?? ([] as readonly Run[])) {
      if (at >= start && at < start + count) {
        const offset = (this.#offsets[layer] as number) + (skipped + at - start) * HASH;
        return this.#bytes.slice(offset, offset + HASH);
      }
      skipped += count;
    }
    return undefined;
  }
}

/** What was computed from a leaf and its proof; undefined where the browser computes no hashes. */
export interface Computed {
  readonly leafHash: string;
  readonly root: string;
}

/** Computes where a leaf and its proof lead. */
export async function compute(
  leaf: Uint8Array<ArrayBuffer>,
  path: readonly Step[],
): Promise<Computed | undefined> {
  if (globalThis.crypto?.subtle === undefined) return undefined; // a page that was fetched without TLS
  let hash = await sha256([0], leaf);
  const leafHash = toHex(hash);
  for (const { hash: beside, isLeft } of path)
    hash = isLeft ? await sha256([1], beside, hash) : await sha256([1], hash, beside);
  return { leafHash, root: toHex(hash) };
}

async function sha256(
  prefix: readonly number[],
  ...parts: readonly Uint8Array<ArrayBuffer>[]
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await new Blob([new Uint8Array(prefix), ...parts]).arrayBuffer();
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

/** A proof as a file: c2sp.org/tlog-proof@v1, with the entry as its extra data. */
export function proofFile(
  index: number,
  leaf: Uint8Array,
  path: readonly Step[],
  checkpoint: string,
): string {
  const hashes = path.map(({ hash }) => `${toBase64(hash)}\n`).join('');
  return `c2sp.org/tlog-proof@v1\nextra ${toBase64(leaf)}\nindex ${index}\n${hashes}\n${checkpoint}`;
}

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function toBase64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
}
