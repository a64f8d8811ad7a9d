/** Keys over time: one signs, older ones still verify for a while, revoked ones never again. */
import { provider } from '#provider';
import { bytesArgument } from './bytes.js';
import { CryptoError } from './errors.js';
import { type KeyPair, makeKeyPair, signNow, verifyNow } from './keys.js';
import { localSigner, type Signer } from './signer.js';

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

/** What {@link KeyManager.verifyWithAnyKey} found. */
export interface KeyVerification {
  readonly valid: boolean;
  /** The key that verified it, if one did. */
  readonly publicKeyHex?: string;
  readonly status?: 'active' | 'retiring';
}

/** Options of {@link KeyManager}. */
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

const DAY_MS = 24 * 60 * 60 * 1000;
const MAX_REVOCATIONS = 10_000;
const MAX_REASON = 1_024;
const PUBLIC_KEY_HEX = /^[0-9a-f]{64}$/;

/** One key as the manager holds it; `pair` is gone once the key is retired or revoked. */
interface Entry {
  readonly publicKeyHex: string;
  readonly publicKey: Uint8Array;
  readonly did: string;
  readonly createdAt: number;
  pair: KeyPair | undefined;
  replacedAt?: number;
  retired?: true;
  revokedAt?: number;
}

/** Holds signing keys in memory, rotates them with an overlap, and revokes them at once. */
export class KeyManager {
  readonly #maxAgeMs: number;
  readonly #overlapMs: number;
  readonly #maxKeys: number;
  readonly #clock: () => number;
  readonly #onRotation: KeyManagerOptions['onRotation'];
  /** Oldest first. */
  #entries: Entry[] = [];
  #active: Entry | undefined;
  readonly #revoked = new Map<string, RevokedKey>();
  /** The rotation whose hook is still running, and the key that it put in place. */
  #running: { rotation: Rotation; entry: Entry } | undefined;

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
    return this.#describe(this.#current(), this.#now());
  }

  /** Every key remembered, oldest first. */
  get keys(): readonly KeyDescription[] {
    this.#current();
    const now = this.#now();
    return Object.freeze(this.#entries.map((entry) => this.#describe(entry, now)));
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
    if (running !== undefined && running.entry === current && !this.needsRotation()) return running.rotation;
    const now = this.#now();
    current.replacedAt = now;
    const rotation = this.#succeed(current, now);
    await this.#callHook(rotation);
    return rotation;
  }

  /** Wipes the keys whose overlap has ended. They have not verified since then, called or not. */
  retireExpired(): void {
    this.#current();
    const now = this.#now();
    for (const entry of this.#entries) {
      if (this.#stateOf(entry, now) !== 'retired') continue;
      entry.retired = true;
      wipe(entry);
    }
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
    let rotation: Rotation | undefined;
    try {
      rotation = this.#revokeNow(publicKeyHex, reason);
    } catch (error) {
      return Promise.reject(error);
    }
    const told = rotation === undefined ? Promise.resolve() : this.#callHook(rotation);
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
    for (let i = this.#entries.length - 1; i >= 0; i--) {
      const { publicKey, publicKeyHex } = this.#entries[i] as Entry;
      const status = this.#stateOf(this.#entries[i] as Entry, now);
      if (status !== 'active' && status !== 'retiring') continue;
      if (verifyNow(message, signature, publicKey)) return { valid: true, publicKeyHex, status };
    }
    return { valid: false };
  }

  /** Signs with the active key. */
  async sign(message: Uint8Array): Promise<Uint8Array> {
    return this.#signWith(this.#current(), bytesArgument(message, 'message'));
  }

  /**
   * A signer for the key that is active now. It stays with that key, goes on through its overlap, and refuses once
   * the key is revoked (`key_revoked`) or retired (`key_retired`).
   */
  get signer(): Signer {
    const entry = this.#current();
    return localSigner(entry.publicKey.slice(), (bytes) => this.#signWith(entry, bytes));
  }

  #signWith(entry: Entry, message: Uint8Array): Uint8Array {
    const state = this.#stateOf(entry, this.#now());
    if (entry.pair === undefined || state === 'revoked' || state === 'retired') {
      const code = state === 'revoked' ? 'key_revoked' : 'key_retired';
      throw new CryptoError(code, `the key ${entry.publicKeyHex} is ${state}`, {
        hint: 'Take the manager’s signer again: it belongs to the key that is active now.',
      });
    }
    return signNow(message, entry.pair.privateKey);
  }

  #revokeNow(publicKeyHex: string, reason: string): Rotation | undefined {
    const active = this.#current();
    if (typeof publicKeyHex !== 'string' || !PUBLIC_KEY_HEX.test(publicKeyHex)) {
      throw new CryptoError('key_malformed', 'publicKeyHex must be 64 lower-case hex characters');
    }
    if (typeof reason !== 'string' || reason.length < 1 || reason.length > MAX_REASON) {
      throw new RangeError(`reason must be a string of 1 to ${MAX_REASON} characters`);
    }
    if (this.#revoked.has(publicKeyHex)) return undefined;
    const entry = this.#entries.find((candidate) => candidate.publicKeyHex === publicKeyHex);
    if (entry === undefined && this.#revoked.size >= MAX_REVOCATIONS) {
      throw new CryptoError('revocation_list_full', `the list holds ${MAX_REVOCATIONS} keys`);
    }
    const now = this.#now();
    this.#revoked.set(publicKeyHex, Object.freeze({ publicKeyHex, reason, revokedAt: iso(now) }));
    if (entry === undefined) return undefined;
    entry.revokedAt = now;
    wipe(entry);
    return entry === active ? this.#succeed(entry, now) : undefined;
  }

  /** Activates a new key after `old`, whose own fields the caller has set. */
  #succeed(old: Entry, now: number): Rotation {
    const entry = this.#activateNewKey(now);
    const rotation = { oldKey: this.#describe(old, now), newKey: this.#describe(entry, now) };
    return Object.freeze(rotation);
  }

  #activateNewKey(now: number): Entry {
    const pair = makeKeyPair(provider.randomBytes(32));
    const { publicKey, publicKeyHex, did } = pair;
    const entry: Entry = { publicKeyHex, publicKey, did, createdAt: now, pair };
    this.#active = entry;
    this.#entries.push(entry);
    this.#forgetOldest(now);
    return entry;
  }

  /** Keys that verify nothing any more go first; then the oldest, for a bounded number can verify. */
  #forgetOldest(now: number): void {
    while (this.#entries.length > this.#maxKeys) {
      const spent = this.#entries.findIndex((entry) => this.#isSpent(entry, now));
      for (const entry of this.#entries.splice(Math.max(spent, 0), 1)) {
        entry.retired = true;
        wipe(entry);
      }
    }
  }

  #isSpent(entry: Entry, now: number): boolean {
    const state = this.#stateOf(entry, now);
    return state === 'retired' || state === 'revoked';
  }

  async #callHook(rotation: Rotation): Promise<void> {
    const running = { rotation, entry: this.#active as Entry };
    this.#running = running;
    try {
      await this.#onRotation?.(rotation.oldKey, rotation.newKey);
    } catch (cause) {
      throw new CryptoError('rotation_hook_failed', 'the keys were rotated, but onRotation failed', {
        cause,
      });
    } finally {
      if (this.#running === running) this.#running = undefined;
    }
  }

  #stateOf(entry: Entry, now: number): KeyState {
    if (entry.revokedAt !== undefined) return 'revoked';
    if (entry.retired) return 'retired';
    if (entry.replacedAt === undefined) return 'active';
    return now < entry.replacedAt + this.#overlapMs ? 'retiring' : 'retired';
  }

  #describe(entry: Entry, now: number): KeyDescription {
    const { publicKeyHex, did, createdAt, replacedAt, revokedAt } = entry;
    return Object.freeze({
      publicKeyHex,
      did,
      state: this.#stateOf(entry, now),
      createdAt: iso(createdAt),
      ...(replacedAt !== undefined && {
        replacedAt: iso(replacedAt),
        verifiesUntil: iso(replacedAt + this.#overlapMs),
      }),
      ...(revokedAt !== undefined && { revokedAt: iso(revokedAt) }),
    });
  }

  #current(): Entry {
    if (this.#active !== undefined) return this.#active;
    throw new CryptoError('key_manager_uninitialized', 'the key manager has no key yet', {
      hint: 'Await initialize() first.',
    });
  }

  #now(): number {
    const now = this.#clock();
    return inRange('the time of the clock', now, 0, MAX_TIME);
  }
}

/** The latest time that a Date can hold. */
const MAX_TIME = 8.64e15;

function iso(time: number): string {
  return new Date(Math.min(time, MAX_TIME)).toISOString();
}

function inRange(name: string, value: number, least: number, most: number): number {
  if (Number.isFinite(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name} must be a number from ${least} to ${most}`);
}

/** As far as a garbage-collected language can: the bytes are overwritten and nothing refers to them. */
function wipe(entry: Entry): void {
  if (entry.pair === undefined) return;
  provider.forget(entry.pair.privateKey);
  entry.pair.privateKey.fill(0);
  entry.pair = undefined;
}
