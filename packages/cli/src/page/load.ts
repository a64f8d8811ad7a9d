/** What the page carries: blocks of gzip in base64, in `script` elements of a type that no browser runs. */
import { byId } from './dom.js';

/** A first number and how many follow each other from it. */
export type Run = readonly [start: number, count: number];

/** What stands beside the entries. */
export interface Meta {
  readonly origin: string;
  readonly size: number;
  /** Lower-case hex. */
  readonly root: string;
  /** The signed note, as it is. */
  readonly checkpoint: string;
  /** When the page was made, and of what. */
  readonly made: string;
  readonly source: string;
  readonly software: string;
  /** Which entries are here; undefined for all that are left of the log. */
  readonly selection?: string;
  /** The first index that is still in the log. */
  readonly first: number;
  readonly entries: readonly Run[];
  /** The hashes that are here, by layer of the tree: layer 0 are the leaf hashes. */
  readonly nodes: readonly (readonly Run[])[];
  /** What verifying said before the page was made; undefined where no key was given. */
  readonly verification?: Verification;
}

export interface Verification {
  readonly valid: boolean;
  readonly keys: readonly string[];
  readonly proves: readonly string[];
  readonly doesNotProve: readonly string[];
  readonly problems: readonly string[];
}

export interface Payload {
  readonly meta: Meta;
  /** Bundles of entries one after the other: two bytes of length, big-endian, and the leaf. */
  readonly entries: Uint8Array;
  /** 32 bytes each, in the order of `meta.nodes`. */
  readonly nodes: Uint8Array;
}

export async function loadPayload(): Promise<Payload> {
  const meta = JSON.parse(new TextDecoder().decode(await block('data-meta'))) as Meta;
  return { meta, entries: await block('data-entries'), nodes: await block('data-nodes') };
}

async function block(id: string): Promise<Uint8Array> {
  const element = byId(id);
  const packed = fromBase64((element.textContent ?? '').trim());
  element.remove(); // the text would stay in memory twice
  const unpacked = new Response(packed).body?.pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(unpacked).arrayBuffer());
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
