/** What a store says of itself for its anchor, and what the anchor says of the store. */
import { fromBase64Url, parseJson, sha256, toBase64Url } from '@stele/crypto';
import { ID_PREFIX } from './ids.js';
import { SetHash } from './set-hash.js';

/** The store keeps its state under the id of a revocation that cannot be: no listing shows it. */
export const STATE_KIND = 'revocation';
const STATE_HASH = sha256('stele-store/1 state');
export const STATE_ID = `${ID_PREFIX}${STATE_HASH}/${STATE_HASH}`;
/** States that were announced and not made: those of other writers, and of those that have died. */
const MAX_PENDING = 16;
const DIGEST = /^(?:[0-9a-f]{64})?$/;
const encoder = new TextEncoder();

/** A store at one moment. */
export interface StoreSum {
  /** How often it was written, ever. */
  readonly counter: number;
  /** How many records it has. */
  readonly records: number;
  readonly sum: SetHash;
}

/** The bytes of the store's own record of its state. */
export function stateBytes({ counter, records, sum }: StoreSum): Uint8Array {
  return encoder.encode(JSON.stringify({ v: 1, counter, records, sum: toBase64Url(sum.bytes()) }));
}

/** Reads what {@link stateBytes} made. Only of bytes whose digest the anchor has. */
export function readState(bytes: Uint8Array): StoreSum {
  const { counter, records, sum } = parseJson(bytes) as { counter: number; records: number; sum: string };
  return { counter, records, sum: new SetHash(fromBase64Url(sum)) };
}

/** What the anchor keeps of a state; empty where there is none. */
export const digestOf = (bytes: Uint8Array | undefined): string => (bytes === undefined ? '' : sha256(bytes));

/** What stands in an anchor: the store as it surely was, and states that it may have come to since. */
export interface Anchored {
  readonly counter: number;
  readonly digest: string;
  readonly pending: readonly string[];
}

export const formatAnchored = ({ counter, digest, pending }: Anchored): string =>
  JSON.stringify({ v: 1, counter, digest, pending });

/** @throws TypeError for another text */
export function parseAnchored(text: string): Anchored {
  const { v, counter, digest, pending } = parseJson(text) as unknown as Anchored & { v: unknown };
  const isDigest = (value: unknown) => typeof value === 'string' && DIGEST.test(value);
  const fits =
    v === 1 &&
    Number.isSafeInteger(counter) &&
    counter >= 0 &&
    isDigest(digest) &&
    Array.isArray(pending) &&
    pending.length <= MAX_PENDING &&
    pending.every(isDigest);
  if (!fits) throw new TypeError('not the text of an anchor, or of a newer version');
  return { counter, digest, pending };
}

/** Announces a state that is about to be written. What was announced before can still come. */
export function announced(last: Anchored, next: string): Anchored {
  const others = last.pending.filter((digest) => digest !== next);
  return { ...last, pending: [...others.slice(1 - MAX_PENDING), next] };
}

/**
 * Whether only one more state can be announced: that of a store in which nothing was changed but the counter, which is the same
 * whoever announces it.
 */
export const isCrowded = ({ pending }: Anchored): boolean => pending.length >= MAX_PENDING - 1;

/** A state that was reached. */
export const reached = (counter: number, digest: string): Anchored => ({ counter, digest, pending: [] });
