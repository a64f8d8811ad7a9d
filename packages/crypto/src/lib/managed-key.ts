/** One key on its way from active to retiring to retired, or to revoked from anywhere. All of it is public. */
import { didFromPublicKey } from './did.js';
import { fromHex } from './encoding.js';
import type { KeyDescription, KeyState } from './key-manager-types.js';
import type { KeyUse } from './signer.js';

/** The latest time that a Date can hold. */
export const MAX_TIME = 8.64e15;

/** What is kept of a key. Times are milliseconds since 1970. */
export interface KeyRecord {
  readonly publicKeyHex: string;
  readonly createdAt: number;
  /** When a successor took over; from then on the overlap runs. */
  readonly replacedAt?: number;
  /** The end of the overlap: present with `replacedAt`. */
  readonly verifiesUntil?: number;
  /** When it was ended for good, by the clock or for room. */
  readonly retiredAt?: number;
  /** The private key, sealed; gone once the key is retired or revoked, and absent without a ring. */
  readonly sealed?: string;
}

/** That a key, one's own or someone else's, must not be trusted any more. */
export interface Revocation {
  readonly publicKeyHex: string;
  readonly reason: string;
  readonly revokedAt: number;
}

/** By the clock, whether or not anyone has retired it yet. */
export function stateOf(key: KeyRecord, revocation: Revocation | undefined, now: number): KeyState {
  if (revocation !== undefined) return 'revoked';
  if (key.retiredAt !== undefined) return 'retired';
  if (key.verifiesUntil === undefined) return 'active';
  return now < key.verifiesUntil ? 'retiring' : 'retired';
}

/** What may be told of it. */
export function describe(
  key: KeyRecord,
  use: KeyUse,
  revocation: Revocation | undefined,
  now: number,
): KeyDescription {
  const { publicKeyHex, createdAt, replacedAt, verifiesUntil, retiredAt } = key;
  return Object.freeze({
    publicKeyHex,
    did: didFromPublicKey(fromHex(publicKeyHex)),
    use,
    state: stateOf(key, revocation, now),
    createdAt: iso(createdAt),
    ...(replacedAt !== undefined && { replacedAt: iso(replacedAt) }),
    ...(verifiesUntil !== undefined && revocation === undefined && { verifiesUntil: iso(verifiesUntil) }),
    ...(retiredAt !== undefined && { retiredAt: iso(retiredAt) }),
    ...(revocation && { revokedAt: iso(revocation.revokedAt), reason: revocation.reason }),
  });
}

/** The key without its private half. */
export function withoutSecret({ sealed: _, ...key }: KeyRecord): KeyRecord {
  return key;
}

/** A time in milliseconds as ISO 8601 in UTC. */
export function iso(time: number): string {
  return new Date(time).toISOString();
}
