/** What a key manager tells and takes. */

/** `active` signs and verifies; `retiring` verifies until its overlap ends; the others do neither. */
export type KeyState = 'active' | 'retiring' | 'retired' | 'revoked';

/** What may be known of a key: all but the private half. Times are ISO 8601 in UTC. */
export interface KeyDescription {
  readonly publicKeyHex: string;
  readonly did: string;
  readonly state: KeyState;
  readonly createdAt: string;
  /** When a successor took over. */
  readonly replacedAt?: string;
  /** The end of the overlap: the first moment at which it verifies no more. */
  readonly verifiesUntil?: string;
  readonly revokedAt?: string;
}

/** What a rotation did. */
export interface Rotation {
  readonly oldKey: KeyDescription;
  readonly newKey: KeyDescription;
}

/** One entry of the revocation list. */
export interface RevokedKey {
  readonly publicKeyHex: string;
  readonly reason: string;
  /** ISO 8601 in UTC. */
  readonly revokedAt: string;
}

/** What `verifyWithAnyKey` found. */
export interface KeyVerification {
  readonly valid: boolean;
  /** The key that verified it, if one did. */
  readonly publicKeyHex?: string;
  readonly status?: 'active' | 'retiring';
}

/** Options of `KeyManager`. */
export interface KeyManagerOptions {
  /** Age in milliseconds from which the active key is due for rotation; 90 days unless given. */
  maxAgeMs?: number;
  /** How long in milliseconds a replaced key still verifies; 7 days unless given, 0 for not at all. */
  overlapPeriodMs?: number;
  /** Told of each rotation, after it happened. */
  onRotation?: (oldKey: KeyDescription, newKey: KeyDescription) => void | Promise<void>;
  /** The time in milliseconds since 1970; `Date.now` unless given. */
  clock?: () => number;
  /** Keys remembered at most, 2 to 1,000; 32 unless given. The oldest are forgotten first. */
  maxKeys?: number;
}
