/** The whole history of a manager's keys as a value: every change gives a new one. */
import type { KeyDescription, KeyState } from './key-manager-types.js';
import {
  describe,
  type KeyRecord,
  MAX_TIME,
  type Revocation,
  stateOf,
  withoutSecret,
} from './managed-key.js';
import type { KeyUse } from './signer.js';

/** Keys remembered; beyond it the oldest that is retired or revoked is forgotten. Its revocation is not. */
export const MAX_KEYS = 10_000;

/** How a key follows another. */
export interface Succession {
  readonly overlapMs: number;
  /** Keys that verify, at most: beyond it the oldest is retired early. */
  readonly maxKeys: number;
}

export class KeyHistory {
  /** Those that are neither revoked nor retired for good, oldest first: few, while `keys` may be many. */
  readonly open: readonly KeyRecord[];

  /**
   * @param keys oldest first; each but the last was replaced
   * @param revocations by public key, in the order in which they came
   */
  constructor(
    readonly use: KeyUse,
    readonly keys: readonly KeyRecord[] = [],
    readonly revocations: Map<string, Revocation> = new Map(),
  ) {
    this.open = keys.filter((key) => key.retiredAt === undefined && !revocations.has(key.publicKeyHex));
  }

  /** The newest key: it signs, unless it was revoked. Undefined before the first. */
  get active(): KeyRecord | undefined {
    return this.keys.at(-1);
  }

  find(publicKeyHex: string): KeyRecord | undefined {
    return this.keys.findLast((key) => key.publicKeyHex === publicKeyHex);
  }

  stateOf(key: KeyRecord, now: number): KeyState {
    return stateOf(key, this.revocations.get(key.publicKeyHex), now);
  }

  describe(key: KeyRecord, now: number): KeyDescription {
    return describe(key, this.use, this.revocations.get(key.publicKeyHex), now);
  }

  /** The keys that may sign and verify, oldest first. */
  usable(now: number): readonly KeyRecord[] {
    return this.open.filter((key) => ['active', 'retiring'].includes(this.stateOf(key, now)));
  }

  /**
   * Whether an earlier history can have become this one: no revocation, replacement or retirement is ever taken back, and no
   * key vanishes but for its age.
   * @param unsaved revocations that need not have come along
   */
  continues(earlier: KeyHistory, unsaved: ReadonlyMap<string, Revocation>): boolean {
    for (const name of earlier.revocations.keys())
      if (!this.revocations.has(name) && !unsaved.has(name)) return false;
    const now = new Map(this.keys.map((key) => [key.publicKeyHex, key]));
    const ended = (before: unknown, after: unknown) => before === undefined || after !== undefined;
    return earlier.keys.every((before) => {
      const key = now.get(before.publicKeyHex);
      if (key === undefined) return this.keys.length >= MAX_KEYS;
      return ended(before.replacedAt, key.replacedAt) && ended(before.retiredAt, key.retiredAt);
    });
  }

  /** With a new key in place of the active one. */
  succeededBy(key: KeyRecord, now: number, { overlapMs, maxKeys }: Succession): KeyHistory {
    const { active } = this;
    const verifiesUntil = Math.min(now + overlapMs, MAX_TIME);
    const keys = [
      ...this.keys.slice(0, -1),
      ...(active ? [{ ...active, replacedAt: now, verifiesUntil }] : []),
      key,
    ];
    const next = this.#with(keys).retired(now);
    const tooMany = new Set(next.open.slice(0, -maxKeys));
    return next.#retire((each) => tooMany.has(each), now).#forget();
  }

  /** With all those retired for good whose overlap has ended. The same object if there are none. */
  retired(now: number): KeyHistory {
    return this.#retire((key) => this.stateOf(key, now) === 'retired', now);
  }

  /**
   * With one more revocation; of a key that has one the first stays. All states share the list, which only ever grows: what
   * is refused in one is refused in all.
   */
  revoked(revocation: Revocation): KeyHistory {
    const { publicKeyHex } = revocation;
    if (!this.revocations.has(publicKeyHex)) this.revocations.set(publicKeyHex, revocation);
    if (this.find(publicKeyHex) === undefined) return this;
    return this.#with(this.keys.map((key) => (key.publicKeyHex === publicKeyHex ? withoutSecret(key) : key)));
  }

  #retire(which: (key: KeyRecord) => boolean, now: number): KeyHistory {
    const ended = new Set(this.open.filter(which));
    if (ended.size === 0) return this;
    return this.#with(
      this.keys.map((key) => (ended.has(key) ? { ...withoutSecret(key), retiredAt: now } : key)),
    );
  }

  #forget(): KeyHistory {
    if (this.keys.length <= MAX_KEYS) return this;
    const open = new Set(this.open);
    return this.#with(
      this.keys.toSpliced(
        this.keys.findIndex((key) => !open.has(key)),
        1,
      ),
    );
  }

  #with(keys: readonly KeyRecord[]): KeyHistory {
    return new KeyHistory(this.use, keys, this.revocations);
  }
}
