import { provider } from '#provider';
import { CryptoError } from './errors.js';
import type { KeyDescription, KeyState } from './key-manager-types.js';
import { type KeyPair, makeKeyPair, signNow, verifyNow } from './keys.js';

/** The latest time that a Date can hold. */
export const MAX_TIME = 8.64e15;

/** A time in milliseconds as ISO 8601 in UTC. */
export function iso(time: number): string {
  return new Date(Math.min(time, MAX_TIME)).toISOString();
}

/** One key of a manager on its way from active to retiring to retired, or to revoked from anywhere. */
export class ManagedKey {
  readonly publicKey: Uint8Array;
  readonly publicKeyHex: string;
  readonly createdAt: number;
  readonly #did: string;
  readonly #overlapMs: number;
  /** Gone once the key is retired or revoked. */
  #pair: KeyPair | undefined;
  #replacedAt: number | undefined;
  #revokedAt: number | undefined;

  /** A fresh key. */
  constructor(createdAt: number, overlapMs: number) {
    const pair = makeKeyPair(provider.randomBytes(32));
    this.publicKey = pair.publicKey;
    this.publicKeyHex = pair.publicKeyHex;
    this.#did = pair.did;
    this.#pair = pair;
    this.createdAt = createdAt;
    this.#overlapMs = overlapMs;
  }

  /** By the clock, whether or not anyone has called {@link retire} yet. */
  stateAt(now: number): KeyState {
    if (this.#revokedAt !== undefined) return 'revoked';
    if (this.#pair === undefined) return 'retired';
    if (this.#replacedAt === undefined) return 'active';
    return now < this.#replacedAt + this.#overlapMs ? 'retiring' : 'retired';
  }

  describe(now: number): KeyDescription {
    const [replacedAt, revokedAt] = [this.#replacedAt, this.#revokedAt];
    return Object.freeze({
      publicKeyHex: this.publicKeyHex,
      did: this.#did,
      state: this.stateAt(now),
      createdAt: iso(this.createdAt),
      ...(replacedAt !== undefined && {
        replacedAt: iso(replacedAt),
        verifiesUntil: iso(replacedAt + this.#overlapMs),
      }),
      ...(revokedAt !== undefined && { revokedAt: iso(revokedAt) }),
    });
  }

  /** @throws {CryptoError} `key_revoked`, `key_retired` */
  sign(message: Uint8Array, now: number): Uint8Array {
    const state = this.stateAt(now);
    if (this.#pair === undefined || state === 'revoked' || state === 'retired') {
      const code = state === 'revoked' ? 'key_revoked' : 'key_retired';
      throw new CryptoError(code, `the key ${this.publicKeyHex} is ${state}`, {
        hint: 'Take the manager’s signer again: it belongs to the key that is active now.',
      });
    }
    return signNow(message, this.#pair.privateKey);
  }

  /** The state in which the key verifies the signature, or undefined. */
  verify(message: unknown, signature: unknown, now: number): 'active' | 'retiring' | undefined {
    const state = this.stateAt(now);
    if (state !== 'active' && state !== 'retiring') return undefined;
    return verifyNow(message, signature, this.publicKey) ? state : undefined;
  }

  /** A successor has taken over: from here on the overlap runs. */
  replace(now: number): void {
    this.#replacedAt = now;
  }

  revoke(now: number): void {
    this.#revokedAt = now;
    this.retire();
  }

  /** Ends the key as far as a garbage-collected language can: the bytes are overwritten and let go. */
  retire(): void {
    if (this.#pair === undefined) return;
    provider.forget(this.#pair.privateKey);
    this.#pair.privateKey.fill(0);
    this.#pair = undefined;
  }
}
