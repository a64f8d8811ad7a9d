/** Keys over time: one signs, older ones still verify for a while, revoked ones never again. */
import { bytesArgument, copyBytes, isBytes, wellFormed } from './bytes.js';
import { fromHex } from './encoding.js';
import { CryptoError } from './errors.js';
import type {
  KeyDescription,
  KeyManagerOptions,
  KeyVerification,
  RevokedKey,
  Rotation,
} from './key-manager-types.js';
import { isPublicKeyHex, isReason, isUse, MAX_REASON } from './key-ring-format.js';
import type { KeyHistory } from './key-ring-history.js';
import { KeyKeeper, type RingWithSealer, type Wanted } from './key-ring-keeper.js';
import { verifyNow } from './keys.js';
import { iso, type KeyRecord, MAX_TIME } from './managed-key.js';
import { type KeyUse, localSigner, type Signer } from './signer.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const MAX_REVOCATIONS = 10_000;

/** Holds signing keys, rotates them with an overlap, and revokes them at once; in memory, or in a ring that outlives it. */
export class KeyManager {
  /** What the keys are for. */
  readonly use: KeyUse;
  readonly #maxAgeMs: number;
  readonly #maxKeys: number;
  readonly #refreshMs: number;
  readonly #clock: () => number;
  readonly #onRotation: KeyManagerOptions['onRotation'];
  readonly #keeper: KeyKeeper;
  /** When the ring was last read. */
  #readAt = Number.NEGATIVE_INFINITY;
  #catchingUp: Promise<void> | undefined;
  /** The newest rotation, while its hook runs or if it failed. */
  #untold: { rotation: Rotation; running: boolean } | undefined;

  /**
   * @throws {RangeError} if a number or `use` is out of its range
   * @throws {TypeError} if the clock or the hook is no function, or ring and sealer are not given together
   */
  constructor(options: KeyManagerOptions = {}) {
    const { maxAgeMs = 90 * DAY_MS, overlapPeriodMs = 7 * DAY_MS, maxKeys = 32, refreshMs = 1_000 } = options;
    const { clock = Date.now, onRotation, use = 'covenant' } = options;
    this.#maxAgeMs = inRange('maxAgeMs', maxAgeMs, 1, Number.MAX_SAFE_INTEGER);
    const overlapMs = inRange('overlapPeriodMs', overlapPeriodMs, 0, Number.MAX_SAFE_INTEGER);
    this.#maxKeys = inRange('maxKeys', maxKeys, 2, 1_000);
    this.#refreshMs = inRange('refreshMs', refreshMs, 0, Number.MAX_SAFE_INTEGER);
    if (typeof clock !== 'function') throw new TypeError('clock must be a function');
    if (onRotation !== undefined && typeof onRotation !== 'function') {
      throw new TypeError('onRotation must be a function');
    }
    if (!isUse(use))
      throw new RangeError('use must be 1 to 64 letters, digits, dots, dashes and underscores');
    this.use = use;
    this.#clock = clock;
    this.#onRotation = onRotation;
    this.#keeper = new KeyKeeper(use, { overlapMs, maxKeys }, ringOf(options));
  }

  /**
   * Loads the keys of the ring, or creates the first key. Of several processes that create one at once, all get the same.
   * Calling it again changes nothing.
   * @throws {KeyRingError}
   */
  async initialize(): Promise<void> {
    if (this.#keeper.history.active !== undefined) return;
    const now = this.#now();
    await this.refresh();
    const isNew = ({ active }: KeyHistory) => active === undefined;
    if (isNew(this.#keeper.history)) await this.#settle(isNew, now);
  }

  /**
   * Takes over what other processes have done to the ring. Signing and verifying do it by themselves every `refreshMs`.
   * @throws {KeyRingError}
   */
  async refresh(): Promise<void> {
    if (!this.#keeper.hasRing) return;
    const now = this.#now();
    await this.#keeper.refresh();
    this.#readAt = now;
  }

  /** The key that signs. */
  get activeKey(): KeyDescription {
    return this.#describe(this.#current());
  }

  /** The keys that verify, and the newest of the others, `maxKeys` at most, oldest first. */
  get keys(): readonly KeyDescription[] {
    this.#current();
    const { keys, open } = this.#keeper.history;
    const shown = new Set(open);
    for (const key of keys.toReversed()) if (shown.size < this.#maxKeys) shown.add(key);
    return Object.freeze(keys.filter((key) => shown.has(key)).map((key) => this.#describe(key)));
  }

  /** Every key there ever was, up to the newest 10,000, oldest first. */
  get history(): readonly KeyDescription[] {
    this.#current();
    return Object.freeze(this.#keeper.history.keys.map((key) => this.#describe(key)));
  }

  /** The age of the active key in days, with fractions: the measurement `stele.key.rotation.age_days`. */
  get ageDays(): number {
    return (this.#now() - this.#current().createdAt) / DAY_MS;
  }

  /** True from the moment at which the active key has reached `maxAgeMs`. */
  needsRotation(): boolean {
    return this.#isDue(this.#current(), this.#now());
  }

  /**
   * Puts a new key in place of the one that is active here, which verifies until the overlap ends. If another process has done so
   * already, its key is taken over, unless that one is due as well. A call while the hook of another one runs joins that one; a
   * call after a hook failed calls the hook again.
   * @throws {CryptoError} `rotation_hook_failed`: the rotation stands, the hook failed (`cause`)
   * @throws {KeyRingError} nothing was rotated, or it is not known whether
   */
  async rotate(): Promise<Rotation> {
    const { publicKeyHex } = this.#current();
    const untold = this.#untold;
    if (untold?.rotation.newKey.publicKeyHex === publicKeyHex && !this.needsRotation()) {
      if (!untold.running) await this.#tell(untold.rotation);
      return untold.rotation;
    }
    const now = this.#now();
    const isWanted = (active: KeyRecord) => active.publicKeyHex === publicKeyHex || this.#isDue(active, now);
    const rotation = await this.#settle(({ active }) => isWanted(active as KeyRecord), now);
    return rotation ?? this.#rotation(publicKeyHex, this.#current().publicKeyHex);
  }

  /**
   * Wipes the keys whose overlap has ended. They have not verified since then, called or not.
   * @returns settles when the ring is without them
   * @throws {KeyRingError} by the promise
   */
  retireExpired(): Promise<void> {
    this.#current();
    return unheeded(this.#settle(() => false, this.#now()));
  }

  /**
   * Revokes a key. It takes effect before this returns: nothing verifies with the key or is signed by it any more.
   * If it was the active key, a new one is in place at once, or with a ring when the promise resolves. A key of someone else is
   * just put on the list; a key that is on it already keeps its first entry.
   * @param publicKeyHex 64 lower-case hex characters
   * @param reason for the list, 1 to 1,024 characters
   * @throws {CryptoError} `key_malformed`; `lone_surrogate` in the reason; `revocation_list_full` for the key of someone else;
   *   `rotation_hook_failed`: the revocation stands, the hook failed (`cause`)
   * @throws {KeyRingError} the key is refused here, but not saved as revoked: repeat the call
   */
  revoke(publicKeyHex: string, reason: string): Promise<void> {
    return unheeded(this.#revokeNow(publicKeyHex, reason));
  }

  /** The keys revoked so far, in the order of revocation. */
  getRevocationList(): readonly RevokedKey[] {
    this.#current();
    const all = [...this.#keeper.history.revocations.values()];
    return Object.freeze(all.map((each) => Object.freeze({ ...each, revokedAt: iso(each.revokedAt) })));
  }

  /**
   * Verifies with the active key and those in their overlap. Never rejects for hostile arguments.
   * @param options `use`: what the signature is for; a manager of another use verifies none of it
   * @throws {KeyRingError} if the ring, which may hold a revocation, cannot be read
   */
  async verifyWithAnyKey(
    message: Uint8Array,
    signature: Uint8Array,
    { use = this.use }: { use?: KeyUse } = {},
  ): Promise<KeyVerification> {
    this.#current();
    if (use !== this.use) return { valid: false };
    // Copies while it waits, because what was given must be what is verified.
    const given = this.#isStale() ? [message, signature].map(copyOf) : [message, signature];
    await this.#catchUp();
    const now = this.#now();
    const { history } = this.#keeper;
    for (const key of history.usable(now).toReversed()) {
      if (!verifyNow(given[0], given[1], fromHex(key.publicKeyHex))) continue;
      const status = history.stateOf(key, now) as 'active' | 'retiring';
      return { valid: true, publicKeyHex: key.publicKeyHex, status };
    }
    return { valid: false };
  }

  /**
   * Signs with the active key.
   * @throws {CryptoError} `key_revoked` if it was revoked and no successor could be saved: `rotate()` mends it
   * @throws {KeyRingError} if the ring cannot be read
   */
  async sign(message: Uint8Array): Promise<Uint8Array> {
    this.#current();
    const bytes = copyBytes(bytesArgument(message, 'message'));
    await this.#catchUp();
    return this.#keeper.signNow(this.#current().publicKeyHex, bytes, this.#now());
  }

  /**
   * A signer for the key that is active now. It stays with that key, goes on through its overlap, and refuses once
   * the key is revoked (`key_revoked`) or retired (`key_retired`). It carries the manager's `use`.
   */
  get signer(): Signer {
    return this.signerOf(this.#current().publicKeyHex);
  }

  /**
   * A signer for any of the keys, say for the old one after a rotation.
   * @throws {RangeError} for a key that this manager never had
   */
  signerOf(publicKeyHex: string): Signer {
    this.#current();
    const keeper = this.#keeper;
    if (keeper.history.find(publicKeyHex) === undefined) {
      throw new RangeError('publicKeyHex is none of the keys of this manager');
    }
    const publicKey = fromHex(publicKeyHex);
    const signNow = (bytes: Uint8Array) => keeper.signNow(publicKeyHex, bytes, this.#now());
    return localSigner(publicKey, signNow, this.use, async () => {
      await this.#catchUp();
      await keeper.open(publicKeyHex, this.#now());
    });
  }

  async #revokeNow(publicKeyHex: string, reason: string): Promise<void> {
    this.#current();
    checkRevocation(publicKeyHex, reason);
    const { history } = this.#keeper;
    const now = this.#now();
    if (!history.revocations.has(publicKeyHex)) {
      if (history.find(publicKeyHex) === undefined && history.revocations.size >= MAX_REVOCATIONS) {
        throw new CryptoError('revocation_list_full', `the list holds ${MAX_REVOCATIONS} keys`);
      }
      this.#keeper.refuse({ publicKeyHex, reason, revokedAt: now });
    }
    await this.#settle(({ active, revocations }) => revocations.has((active as KeyRecord).publicKeyHex), now);
  }

  /**
   * Brings the keys in order, with a new one where it is wanted, and tells of that. Without a ring all of it is done when
   * this returns, but for what the hook awaits.
   */
  async #settle(wanted: Wanted, now: number): Promise<Rotation | undefined> {
    const replaced = this.#keeper.hasRing
      ? await this.#keeper.settle(wanted, now)
      : this.#keeper.settleNow(wanted, now);
    if (replaced?.oldKey === undefined) return undefined;
    const rotation = this.#rotation(replaced.oldKey, replaced.newKey);
    await this.#tell(rotation);
    return rotation;
  }

  async #tell(rotation: Rotation): Promise<void> {
    const untold = { rotation, running: true };
    this.#untold = untold;
    try {
      await this.#onRotation?.(rotation.oldKey, rotation.newKey);
      if (this.#untold === untold) this.#untold = undefined;
    } catch (cause) {
      untold.running = false;
      throw new CryptoError('rotation_hook_failed', 'the keys were rotated, but onRotation failed', {
        cause,
        hint: 'The rotation stands. Call rotate() to have onRotation called for it again.',
      });
    }
  }

  #rotation(oldKey: string, newKey: string): Rotation {
    const { history } = this.#keeper;
    const describe = (publicKeyHex: string) => this.#describe(history.find(publicKeyHex) as KeyRecord);
    return Object.freeze({ oldKey: describe(oldKey), newKey: describe(newKey) });
  }

  #describe(key: KeyRecord): KeyDescription {
    return this.#keeper.history.describe(key, this.#now());
  }

  #isDue({ createdAt }: KeyRecord, now: number): boolean {
    return now - createdAt >= this.#maxAgeMs;
  }

  #current(): KeyRecord {
    const { active } = this.#keeper.history;
    if (active !== undefined) return active;
    throw new CryptoError('key_manager_uninitialized', 'the key manager has no key yet', {
      hint: 'Await initialize() first.',
    });
  }

  /** Looks into the ring if that is due; callers that come meanwhile wait for the same look. */
  async #catchUp(): Promise<void> {
    if (!this.#isStale()) return;
    this.#catchingUp ??= this.refresh().finally(() => {
      this.#catchingUp = undefined;
    });
    await this.#catchingUp;
  }

  #isStale(): boolean {
    const age = this.#now() - this.#readAt;
    return this.#keeper.hasRing && !(age >= 0 && age < this.#refreshMs);
  }

  #now(): number {
    return inRange('the time of the clock', this.#clock(), 0, MAX_TIME);
  }
}

function ringOf({ ring, sealer }: KeyManagerOptions): RingWithSealer | undefined {
  if (ring === undefined && sealer === undefined) return undefined;
  const fits = [ring?.load, ring?.save, sealer?.seal, sealer?.open].every(
    (each) => typeof each === 'function',
  );
  if (fits) return { ring, sealer } as RingWithSealer;
  throw new TypeError('ring (load, save) and sealer (seal, open) go together');
}

/** For callers who need not wait: a failure must not end their process, since what matters has taken effect. */
function unheeded(promise: Promise<unknown>): Promise<void> {
  const done = promise.then(() => {});
  done.catch(() => {});
  return done;
}

function checkRevocation(publicKeyHex: string, reason: string): void {
  if (!isPublicKeyHex(publicKeyHex)) {
    throw new CryptoError('key_malformed', 'publicKeyHex must be 64 lower-case hex characters');
  }
  if (!isReason(reason)) throw new RangeError(`reason must be a string of 1 to ${MAX_REASON} characters`);
  wellFormed(reason);
}

const copyOf = (value: unknown): unknown => (isBytes(value) ? copyBytes(value) : undefined);

function inRange(name: string, value: number, least: number, most: number): number {
  if (Number.isFinite(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name} must be a number from ${least} to ${most}`);
}
