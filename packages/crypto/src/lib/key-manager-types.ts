/** What a key manager tells and takes. */
import type { KeyRing } from './key-ring.js';
import type { Sealer } from './sealer.js';
import type { KeyUse } from './signer.js';

/** `active` signs and verifies; `retiring` verifies until its overlap ends; the others do neither. */
export type KeyState = 'active' | 'retiring' | 'retired' | 'revoked';

/** What may be known of a key: all but the private half. Times are ISO 8601 in UTC. */
export interface KeyDescription {
  readonly publicKeyHex: string;
  readonly did: string;
  /** What the key is for. */
  readonly use: KeyUse;
  readonly state: KeyState;
  readonly createdAt: string;
  /** When a successor took over. */
  readonly replacedAt?: string;
  /** The end of the overlap: the first moment at which it verifies no more. */
  readonly verifiesUntil?: string;
  /** When it was ended for good: its private key is gone. */
  readonly retiredAt?: string;
  readonly revokedAt?: string;
  /** Why it was revoked. */
  readonly reason?: string;
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
  /** Told of each rotation that this manager made, after it happened. It gets nothing secret. */
  onRotation?: (oldKey: KeyDescription, newKey: KeyDescription) => void | Promise<void>;
  /** The time in milliseconds since 1970; `Date.now` unless given. */
  clock?: () => number;
  /**
   * Keys that verify at most, and that `keys` shows, 2 to 1,000; 32 unless given. The oldest is retired early; `history` still
   * has it.
   */
  maxKeys?: number;
  /** What the keys are for; `covenant` unless given. 1 to 64 letters, digits, dots, dashes and underscores. */
  use?: KeyUse;
  /** Where the keys are kept. Without one they last as long as the manager. */
  ring?: KeyRing;
  /** Wraps the private keys in the ring; goes with `ring`. */
  sealer?: Sealer;
  /**
   * After how many milliseconds signing and verifying look into the ring again, for what other processes have done; 1,000 unless
   * given, 0 for each time.
   */
  refreshMs?: number;
}
