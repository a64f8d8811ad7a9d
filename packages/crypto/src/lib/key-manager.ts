/** Keys over time: one signs, older ones still verify for a while, revoked ones never again. */
import { bytesArgument } from './bytes.js';
import { CryptoError } from './errors.js';
import type {
  KeyDescription,
  KeyManagerOptions,
  KeyVerification,
  RevokedKey,
  Rotation,
} from './key-manager-types.js';
import { iso, MAX_TIME, ManagedKey } from './managed-key.js';
import { localSigner, type Signer } from './signer.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const MAX_REVOCATIONS = 10_000;
const MAX_REASON = 1_024;
const PUBLIC_KEY_HEX = /^[0-9a-f]{64}$/;

/** Holds signing keys in memory, rotates them with an overlap, and revokes them at once. */
export class KeyManager {
  readonly #maxAgeMs: number;
  readonly #overlapMs: number;
  readonly #maxKeys: number;
  readonly #clock: () => number;
  readonly #onRotation: KeyManagerOptions['onRotation'];
  /** Oldest first. */
  #keys: ManagedKey[] = [];
  #active: ManagedKey | undefined;
  readonly #revoked = new Map<string, RevokedKey>();
  /** The rotation whose hook is still running, and the key that it put in place. */
  #running: { rotation: Rotation; key: ManagedKey } | undefined;

  /**
   * @throws {RangeError} if a number is out of its range
   * @throws {TypeError} if the clock or the hook is no function
   */
  constructor(options: KeyManagerOptions = {}) {
    const { maxAgeMs = 90 * DAY_MS, overlapPeriodMs = 7 * DAY_MS, maxKeys = 32 } = options;
    const { clock = Date.now, onRotation } = options;
    this.#maxAgeMs = inRange('maxAgeMs', maxAgeMs, 1, Number.MAX_SAFE_INTEGER);
    this.#overlapMs = inRange('overlapPeriodMs', overlapPeriodMs, 0, Number.MAX_SAFE_INTEGER);
    this.#maxKeys = inRange('maxKeys', maxKeys, 2, 1_000);
    if (typeof clock !== 'function') throw new TypeError('clock must be a function');
    if (onRotation !== undefined && typeof onRotation !== 'function') {
      throw new TypeError('onRotation must be a function');
    }
    this.#clock = clock;
    this.#onRotation = onRotation;
  }

  /** Creates the first key. Calling it again changes nothing. */
  async initialize(): Promise<void> {
    if (this.#active === undefined) this.#activateNewKey(this.#now());
  }

  /** The key that signs. */
  get activeKey(): KeyDescription {
    return this.#current().describe(this.#now());
  }

  /** Every key remembered, oldest first. */
  get keys(): readonly KeyDescription[] {
    this.#current();
    const now = this.#now();
    return Object.freeze(this.#keys.map((key) => key.describe(now)));
  }

  /** The age of the active key in days, with fractions. */
  get ageDays(): number {
    return (this.#now() - this.#current().createdAt) / DAY_MS;
  }

  /** True from the moment at which the active key has reached `maxAgeMs`. */
  needsRotation(): boolean {
    return this.#now() - this.#current().createdAt >= this.#maxAgeMs;
  }

  /**
   * Puts a new key in place of the active one, which verifies until the overlap ends. A call while the hook of
   * another one runs joins that one.
   * @throws {CryptoError} `rotation_hook_failed`: the rotation stands, the hook failed (`cause`)
   */
  async rotate(): Promise<Rotation> {
    const current = this.#current();
    const running = this.#running;
    if (running !== undefined && running.key === current && !this.needsRotation()) return running.rotation;
    const now = this.#now();
    const successor = this.#activateNewKey(now);
    current.replace(now);
    const rotation = rotationOf(current, successor, now);
    await this.#callHook(rotation, successor);
    return rotation;
  }

  /** Wipes the keys whose overlap has ended. They have not verified since then, called or not. */
  retireExpired(): void {
    this.#current();
    const now = this.#now();
    for (const key of this.#keys) if (key.stateAt(now) === 'retired') key.retire();
  }

  /**
   * Revokes a key. It takes effect before this returns: nothing verifies with the key or is signed by it any more.
   * If it was the active key, a new one is in place at once. A key of someone else is just put on the list; a key
   * that is on it already keeps its first entry.
   * @param publicKeyHex 64 lower-case hex characters
   * @param reason for the list, 1 to 1,024 characters
   * @throws {CryptoError} `key_malformed`; `revocation_list_full` for the key of someone else;
   *   `rotation_hook_failed`: the revocation stands, the hook failed (`cause`)
   */
  revoke(publicKeyHex: string, reason: string): Promise<void> {
    let told: Promise<void>;
    try {
      told = this.#revokeNow(publicKeyHex, reason);
    } catch (error) {
      return Promise.reject(error);
    }
    // A caller who does not wait must not be ended by a failing hook: the revocation itself has taken effect.
    told.catch(() => {});
    return told;
  }

  /** The keys revoked so far, in the order of revocation. */
  getRevocationList(): readonly RevokedKey[] {
    this.#current();
    return Object.freeze([...this.#revoked.values()]);
  }

  /**
   * Verifies with the active key and those in their overlap. Never rejects for hostile arguments.
   */
  async verifyWithAnyKey(message: Uint8Array, signature: Uint8Array): Promise<KeyVerification> {
    this.#current();
    const now = this.#now();
    for (const key of this.#keys.toReversed()) {
      const status = key.verify(message, signature, now);
      if (status !== undefined) return { valid: true, publicKeyHex: key.publicKeyHex, status };
    }
    return { valid: false };
  }

  /** Signs with the active key. */
  async sign(message: Uint8Array): Promise<Uint8Array> {
    return this.#current().sign(bytesArgument(message, 'message'), this.#now());
  }

  /**
   * A signer for the key that is active now. It stays with that key, goes on through its overlap, and refuses once
   * the key is revoked (`key_revoked`) or retired (`key_retired`).
   */
  get signer(): Signer {
    const key = this.#current();
    return localSigner(key.publicKey.slice(), (bytes) => key.sign(bytes, this.#now()));
  }

  /** @returns the promise of the hook, if it is told */
  #revokeNow(publicKeyHex: string, reason: string): Promise<void> {
    const active = this.#current();
    checkRevocation(publicKeyHex, reason);
    if (this.#revoked.has(publicKeyHex)) return Promise.resolve();
    const key = this.#keys.find((candidate) => candidate.publicKeyHex === publicKeyHex);
    if (key === undefined && this.#revoked.size >= MAX_REVOCATIONS) {
      throw new CryptoError('revocation_list_full', `the list holds ${MAX_REVOCATIONS} keys`);
    }
    const now = this.#now();
    this.#revoked.set(publicKeyHex, Object.freeze({ publicKeyHex, reason, revokedAt: iso(now) }));
    key?.revoke(now);
    if (key !== active) return Promise.resolve();
    const successor = this.#activateNewKey(now);
    return this.#callHook(rotationOf(active, successor, now), successor);
  }

  #activateNewKey(now: number): ManagedKey {
    const key = new ManagedKey(now, this.#overlapMs);
    this.#active = key;
    this.#keys.push(key);
    if (this.#keys.length > this.#maxKeys) this.#forgetOne(now);
    return key;
  }

  /** Forgets the oldest key that verifies nothing any more, or else the oldest: few enough keys must be tried. */
  #forgetOne(now: number): void {
    const spent = this.#keys.findIndex((key) => ['retired', 'revoked'].includes(key.stateAt(now)));
    for (const key of this.#keys.splice(Math.max(spent, 0), 1)) key.retire();
  }

  async #callHook(rotation: Rotation, key: ManagedKey): Promise<void> {
    const running = { rotation, key };
    this.#running = running;
    try {
      await this.#onRotation?.(rotation.oldKey, rotation.newKey);
    } catch (cause) {
      const message = 'the keys were rotated, but onRotation failed';
      throw new CryptoError('rotation_hook_failed', message, { cause });
    } finally {
      if (this.#running === running) this.#running = undefined;
    }
  }

  #current(): ManagedKey {
    if (this.#active !== undefined) return this.#active;
    throw new CryptoError('key_manager_uninitialized', 'the key manager has no key yet', {
      hint: 'Await initialize() first.',
    });
  }

  #now(): number {
    return inRange('the time of the clock', this.#clock(), 0, MAX_TIME);
  }
}

function rotationOf(oldKey: ManagedKey, newKey: ManagedKey, now: number): Rotation {
  return Object.freeze({ oldKey: oldKey.describe(now), newKey: newKey.describe(now) });
}

function checkRevocation(publicKeyHex: string, reason: string): void {
  if (typeof publicKeyHex !== 'string' || !PUBLIC_KEY_HEX.test(publicKeyHex)) {
    throw new CryptoError('key_malformed', 'publicKeyHex must be 64 lower-case hex characters');
  }
  if (typeof reason !== 'string' || reason.length < 1 || reason.length > MAX_REASON) {
    throw new RangeError(`reason must be a string of 1 to ${MAX_REASON} characters`);
  }
}

function inRange(name: string, value: number, least: number, most: number): number {
  if (Number.isFinite(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name} must be a number from ${least} to ${most}`);
}
