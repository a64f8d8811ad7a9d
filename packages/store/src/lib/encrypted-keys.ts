import { hmacSha256 } from '@stele/crypto';
import { StoreError } from '../errors.js';
import { encryptionKeyId, isKeyId, type KeyProvider, MAX_KEYS } from '../key-provider.js';
import { isThenable, within } from './within.js';

/** A key with its id. */
export interface StoreKey {
  readonly id: string;
  readonly bytes: Uint8Array;
  /** What the first half of HKDF makes of it, without a salt (RFC 5869, section 2.2). */
  readonly extracted: Uint8Array;
}

/** Keys in memory at most; the one that came first goes first. */
const MAX_KNOWN = 2 * MAX_KEYS;

/** Asks a provider: with a time-out, once for each key, and believes nothing of what it says about a key's id. */
export class Keys {
  readonly #provider: KeyProvider;
  readonly #timeoutMs: number;
  readonly #known = new Map<string, StoreKey>();
  readonly #asked = new Map<string, Promise<StoreKey | undefined>>();

  constructor(provider: KeyProvider, timeoutMs: number) {
    this.#provider = provider;
    this.#timeoutMs = timeoutMs;
  }

  /** The key for what is written now. @throws StoreError `key_unavailable` */
  async current(): Promise<StoreKey> {
    const [id] = await this.ids();
    const key = await this.find(id);
    if (key === undefined)
      throw unavailable(`the provider has no key ${id}, which it names as its current one`);
    return key;
  }

  /** The ids of all keys, first the current one. @throws StoreError `key_unavailable` */
  async ids(): Promise<readonly [string, ...string[]]> {
    const ids = await this.#ask(() => this.#provider.ids());
    const fits = Array.isArray(ids) && ids.length >= 1 && ids.length <= MAX_KEYS && ids.every(isKeyId);
    if (!fits) throw unavailable(`the provider named no keys: 1 to ${MAX_KEYS} ids are needed`);
    return ids as unknown as readonly [string, ...string[]];
  }

  /** The key of an id, or undefined if the provider has none. @throws StoreError `key_unavailable` */
  find(id: string): StoreKey | Promise<StoreKey | undefined> {
    return this.#known.get(id) ?? this.#asked.get(id) ?? this.#fetch(id);
  }

  /** The key of an id, if it is at hand. */
  known(id: string): StoreKey | undefined {
    return this.#known.get(id);
  }

  #fetch(id: string): Promise<StoreKey | undefined> {
    const asked = this.#ask(() => this.#provider.key(id))
      .then((bytes) => (bytes === undefined ? undefined : this.#remember(id, bytes)))
      .finally(() => this.#asked.delete(id));
    this.#asked.set(id, asked);
    return asked;
  }

  #remember(id: string, given: unknown): StoreKey {
    if (!(given instanceof Uint8Array) || given.length !== 32 || encryptionKeyId(given) !== id) {
      throw unavailable(`what the provider gave for the key ${id} is not that key`);
    }
    const bytes = Uint8Array.from(given);
    const key = { id, bytes, extracted: hmacSha256(new Uint8Array(), bytes) };
    if (this.#known.size >= MAX_KNOWN) this.#known.delete(this.#known.keys().next().value as string);
    this.#known.set(id, key);
    return key;
  }

  async #ask<T>(question: () => T | Promise<T>): Promise<T> {
    try {
      const answer = question();
      if (!isThenable(answer)) return answer;
      return await within(answer, this.#timeoutMs, () => new Error(`no answer within ${this.#timeoutMs} ms`));
    } catch (cause) {
      if (cause instanceof StoreError && cause.code === 'key_unavailable') throw cause;
      throw unavailable('the provider failed', cause);
    }
  }
}

function unavailable(why: string, cause?: unknown): StoreError {
  return new StoreError('key_unavailable', `no key of the store is at hand: ${why}`, {
    cause,
    hint: 'look at the key provider: whether it can be reached, and whether it was given all keys in use',
  });
}
