import { provider } from '#provider';
import { CryptoError } from './errors.js';
import type { KeyState } from './key-manager-types.js';
import { type KeyRing, KeyRingError, type StoredKeyRing } from './key-ring.js';
import { bodyOf, decodeKeyRing, splitSeal, withSeal } from './key-ring-format.js';
import { KeyHistory, type Succession } from './key-ring-history.js';
import { checkSeal, openPair, sealBody, sealPair, wipePair } from './key-ring-sealer.js';
import { type KeyPair, makeKeyPair, signNow } from './keys.js';
import type { KeyRecord, Revocation } from './managed-key.js';
import type { Sealer } from './sealer.js';
import type { KeyUse } from './signer.js';

/** Each failed attempt means that somebody else succeeded. */
const MAX_ATTEMPTS = 100;

const SIGNING: readonly KeyState[] = ['active', 'retiring'];

/** Whether the newest history needs a new key. */
export type Wanted = (history: KeyHistory) => boolean;

/** A new key in place: whose place it took, if it was not the first, and which it is. */
export interface Replacement {
  readonly oldKey: string | undefined;
  readonly newKey: string;
}

export interface RingWithSealer {
  readonly ring: KeyRing;
  readonly sealer: Sealer;
}

/**
 * Holds the newest history that is known, the private keys that this process uses, and what it has refused and not yet saved.
 * With a ring a change counts once it is saved; a revocation counts at once.
 */
export class KeyKeeper {
  readonly #stored: RingWithSealer | undefined;
  readonly #succession: Succession;
  readonly #pairs = new Map<string, KeyPair>();
  readonly #unsaved = new Map<string, Revocation>();
  /** The key that is being put in place: no history has it yet. */
  #fresh: string | undefined;
  #history: KeyHistory;
  #version: number | undefined;
  /** What is asked of the ring, one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(use: KeyUse, succession: Succession, stored: RingWithSealer | undefined) {
    this.#history = new KeyHistory(use);
    this.#succession = succession;
    this.#stored = stored;
  }

  get history(): KeyHistory {
    return this.#history;
  }

  get hasRing(): boolean {
    return this.#stored !== undefined;
  }

  /** Takes effect before this returns. {@link settle} saves it. */
  refuse(revocation: Revocation): void {
    if (this.#stored !== undefined) this.#unsaved.set(revocation.publicKeyHex, revocation);
    this.#adopt(this.#history.revoked(revocation));
  }

  /**
   * Retires what has expired and, where wanted, puts a new key in place; without a ring.
   * @returns the latter, if it was done
   */
  settleNow(wanted: Wanted, now: number): Replacement | undefined {
    const oldKey = this.#history.active?.publicKeyHex;
    const record = wanted(this.#history) ? this.#makeKey(now) : undefined;
    this.#adopt(this.#next(record, now));
    return record && { oldKey, newKey: record.publicKeyHex };
  }

  /**
   * The same in the ring, with every revocation that it lacks. Asks again what is wanted whenever somebody else was first.
   * @throws {KeyRingError}
   */
  settle(wanted: Wanted, now: number): Promise<Replacement | undefined> {
    return this.#inTurn(async ({ ring, sealer }) => {
      let made: KeyRecord | undefined;
      try {
        for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
          if (wanted(this.#history)) made ??= await this.#makeSealedKey(sealer, now);
          const record = wanted(this.#history) ? made : undefined;
          const oldKey = this.#history.active?.publicKeyHex;
          if (await this.#save({ ring, sealer }, this.#next(record, now))) {
            return record && { oldKey, newKey: record.publicKeyHex };
          }
          await this.#load({ ring, sealer });
        }
      } finally {
        this.#fresh = undefined;
        this.#wipeSpent();
      }
      throw new KeyRingError('key_ring_contended', `others changed the key ring ${MAX_ATTEMPTS} times`, {
        hint: 'Try again; if it stays so, look who changes it all the time.',
      });
    });
  }

  /**
   * Takes over what others made of the ring.
   * @throws {KeyRingError}
   */
  refresh(): Promise<void> {
    return this.#inTurn((stored) => this.#load(stored));
  }

  /** @throws {CryptoError} `key_revoked`, `key_retired` */
  signNow(publicKeyHex: string, message: Uint8Array, now: number): Uint8Array {
    const state = this.#stateOf(publicKeyHex, now);
    const pair = SIGNING.includes(state) ? this.#pairs.get(publicKeyHex) : undefined;
    if (pair !== undefined) return signNow(message, pair.privateKey);
    const code = state === 'revoked' ? 'key_revoked' : 'key_retired';
    throw new CryptoError(code, `the key ${publicKeyHex} is ${state}`, {
      hint: 'Take the manager’s signer again: it belongs to the key that is active now.',
    });
  }

  /**
   * Readies the private half of a key that may sign; that of one in its overlap is opened when it is first needed.
   * @throws {KeyRingError} `key_ring_locked`
   */
  async open(publicKeyHex: string, now: number): Promise<void> {
    if (this.#pairs.has(publicKeyHex) || !SIGNING.includes(this.#stateOf(publicKeyHex, now))) return;
    await this.#inTurn(({ sealer }) => this.#open(sealer, this.#history.find(publicKeyHex) as KeyRecord));
    this.#wipeSpent(); // It may have been revoked meanwhile.
  }

  #stateOf(publicKeyHex: string, now: number): KeyState {
    const key = this.#history.find(publicKeyHex);
    if (key !== undefined) return this.#history.stateOf(key, now);
    return this.#history.revocations.has(publicKeyHex) ? 'revoked' : 'retired'; // forgotten for its age
  }

  #inTurn<T>(step: (stored: RingWithSealer) => Promise<T>): Promise<T> {
    const result = this.#turn.then(() => step(this.#stored as RingWithSealer));
    this.#turn = result.catch(() => {});
    return result;
  }

  #makeKey(now: number): KeyRecord {
    const pair = makeKeyPair(provider.randomBytes(32));
    this.#pairs.set(pair.publicKeyHex, pair);
    return { publicKeyHex: pair.publicKeyHex, createdAt: now };
  }

  async #makeSealedKey(sealer: Sealer, now: number): Promise<KeyRecord> {
    const key = this.#makeKey(now);
    this.#fresh = key.publicKeyHex;
    const pair = this.#pairs.get(key.publicKeyHex) as KeyPair;
    return { ...key, sealed: await sealPair(sealer, pair, this.#history.use) };
  }

  #next(record: KeyRecord | undefined, now: number): KeyHistory {
    if (record === undefined) return this.#history.retired(now);
    return this.#history.succeededBy(record, now, this.#succession);
  }

  async #save({ ring, sealer }: RingWithSealer, next: KeyHistory): Promise<boolean> {
    if (next === this.#history && this.#unsaved.size === 0) return true;
    const [saving, body] = [[...this.#unsaved.keys()], bodyOf(next)]; // more may come while it is saved
    const [before, version] = [this.#version, (this.#version ?? 0) + 1];
    const state = withSeal(body, await sealBody(sealer, body, next.use, version));
    if (!(await answerOf(() => ring.save(before, state)))) return false;
    this.#version = version;
    for (const name of saving) this.#unsaved.delete(name);
    this.#adopt(next);
    return true;
  }

  async #load({ ring, sealer }: RingWithSealer): Promise<void> {
    const found = checked(await answerOf(() => ring.load()), this.#version);
    if (found === undefined || found.version === this.#version) return;
    const history = decodeKeyRing(found.state);
    const { use } = this.#history;
    if (history.use !== use) {
      throw new KeyRingError('key_ring_use', `the key ring is for “${history.use}”, not for “${use}”`, {
        hint: 'Give each use a ring of its own.',
      });
    }
    await checkSeal(sealer, splitSeal(found.state), use, found.version);
    // Another ring in the place of this one, though its seal be right, would let revoked keys return.
    if (!history.continues(this.#history, this.#unsaved)) throw putBack('lacks what it held before');
    await this.#open(sealer, history.active as KeyRecord); // a ring has one
    this.#version = found.version;
    for (const name of this.#unsaved.keys()) if (history.revocations.has(name)) this.#unsaved.delete(name);
    this.#adopt(history);
  }

  async #open(sealer: Sealer, { sealed, publicKeyHex }: KeyRecord): Promise<void> {
    if (sealed === undefined || this.#pairs.has(publicKeyHex)) return;
    this.#pairs.set(publicKeyHex, await openPair(sealer, sealed, this.#history.use, publicKeyHex));
  }

  #adopt(history: KeyHistory): void {
    let newest = history;
    for (const revocation of this.#unsaved.values()) newest = newest.revoked(revocation);
    this.#history = newest;
    this.#wipeSpent();
  }

  #wipeSpent(): void {
    const open = new Set(this.#history.open.map((key) => key.publicKeyHex));
    for (const [name, pair] of this.#pairs) {
      if (open.has(name) || name === this.#fresh) continue;
      wipePair(pair);
      this.#pairs.delete(name);
    }
  }
}

async function answerOf<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    throw new KeyRingError('key_ring_unavailable', 'the key ring could not be read or written', {
      cause,
      hint: 'See the cause. Whether a write took effect is not known; repeating the call is safe.',
    });
  }
}

/** A ring only ever goes forward. One that was lost or put back would let revoked keys return. */
function checked(found: StoredKeyRing | undefined, seen: number | undefined): StoredKeyRing | undefined {
  if (found === undefined && seen === undefined) return undefined;
  const version = found?.version;
  if (Number.isSafeInteger(version) && (version as number) >= (seen ?? 1)) return found;
  throw putBack('holds no state, or an older one than before');
}

function putBack(what: string): KeyRingError {
  return new KeyRingError('key_ring_malformed', `the key ring ${what}`, {
    hint: 'Somebody deleted it or put an older one back: restore the newest.',
  });
}
