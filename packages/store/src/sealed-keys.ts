import {
  fromBase64Url,
  type KeyRing,
  parseJson,
  randomBytes,
  type Sealer,
  type StoredKeyRing,
  toBase64Url,
} from '@stele/crypto';
import { StoreError } from './errors.js';
import { encryptionKeyId, type KeyProvider, MAX_KEYS } from './key-provider.js';

export interface SealedKeysOptions {
  /** Where the sealed keys are: a `FileKeyRing` of `@stele/crypto/node`, a `SqliteKeyRing`, a `MemoryKeyRing`. A ring of their own. */
  readonly ring: KeyRing;
  /** What seals them: `kmsSealer` of `@stele/crypto/kms`, `passphraseSealer`, `rawKeySealer`. */
  readonly sealer: Sealer;
  /** How old what was read of the ring may be, in milliseconds, 0 to 3,600,000; 60,000 when not given. */
  readonly refreshMs?: number | undefined;
}

const TYPE = 'SteleStoreKeys';
const VERSION = 1;
const KEY_BYTES = 32;
const MAX_REFRESH_MS = 3_600_000;
const MAX_ATTEMPTS = 16;
/** The text begins with it, and it is what the sealed keys are bound to. */
const HEAD = `{"type":"${TYPE}","version":${VERSION}`;
const ASSOCIATED_DATA = new TextEncoder().encode(`${HEAD}}`);

/** What one version of the ring held: the keys by their ids, first the current one. */
interface Loaded {
  /** 0 before the first. */
  readonly version: number;
  readonly keys: ReadonlyMap<string, Uint8Array>;
}

/**
 * The keys of an `EncryptedStore`, kept together in one sealed text, which a KMS, a passphrase or another key opens:
 *
 *   { "type": "SteleStoreKeys", "version": 1, "sealed": "<base64url of 1 to 16 keys, the current one first>" }
 *
 * They are unsealed once for each version of the ring, and then kept in memory. Another process sees a rotation within
 * `refreshMs`, and at once when it meets a record under a key that is new to it.
 */
export class SealedKeys implements KeyProvider {
  readonly #ring: KeyRing;
  readonly #sealer: Sealer;
  readonly #refreshMs: number;
  #loaded: Loaded | undefined;
  #loading: Promise<Loaded> | undefined;
  #staleAt = Number.NEGATIVE_INFINITY;

  /**
   * Reads nothing yet.
   * @throws TypeError for a ring or a sealer that is none
   * @throws RangeError for `refreshMs`
   */
  constructor({ ring, sealer, refreshMs = 60_000 }: SealedKeysOptions) {
    if (typeof ring?.load !== 'function' || typeof ring.save !== 'function')
      throw new TypeError('ring must be a KeyRing');
    if (typeof sealer?.seal !== 'function' || typeof sealer.open !== 'function')
      throw new TypeError('sealer must be a Sealer');
    if (!Number.isInteger(refreshMs) || refreshMs < 0 || refreshMs > MAX_REFRESH_MS) {
      throw new RangeError(`refreshMs must be an integer from 0 to ${MAX_REFRESH_MS}`);
    }
    this.#ring = ring;
    this.#sealer = sealer;
    this.#refreshMs = refreshMs;
  }

  /** @throws StoreError `key_unavailable` when the ring or the sealer does not do, or no key was ever made */
  async ids(): Promise<readonly string[]> {
    const { keys } = await this.#fresh();
    if (keys.size === 0)
      throw unavailable('there is no key yet', { hint: 'make the first one with `rotate`' });
    return [...keys.keys()];
  }

  /** @throws StoreError `key_unavailable` */
  async key(id: string): Promise<Uint8Array | undefined> {
    return this.#loaded?.keys.get(id) ?? (await this.#load()).keys.get(id);
  }

  /**
   * Makes a new key the current one; also makes the first. Of several that rotate at once one does.
   * @returns the id of the new current key
   * @throws StoreError `key_unavailable`, also when there are 16 keys already
   */
  async rotate(): Promise<string> {
    const key = randomBytes(KEY_BYTES);
    const before = currentOf(await this.#load());
    for (let n = 0; n < MAX_ATTEMPTS; n++) {
      const loaded = await this.#load();
      const current = currentOf(loaded);
      if (current !== undefined && current !== before) return current;
      if (loaded.keys.size >= MAX_KEYS) {
        throw unavailable(`there are ${MAX_KEYS} keys already`, { hint: 'drop those that no record needs' });
      }
      const keys = [key, ...loaded.keys.values()];
      if (await this.#save(loaded, keys)) return encryptionKeyId(key);
    }
    throw contended();
  }

  /**
   * Forgets an older key for ever: what is sealed under it is lost. See `EncryptedStore.keyUsage` first, and give other processes the
   * time that they may still be using it (`refreshMs`).
   * @returns whether there was one
   * @throws RangeError for the current key
   * @throws StoreError `key_unavailable`
   */
  async drop(id: string): Promise<boolean> {
    for (let n = 0; n < MAX_ATTEMPTS; n++) {
      const loaded = await this.#load();
      if (!loaded.keys.has(id)) return false;
      if (currentOf(loaded) === id) throw new RangeError('the current key cannot be dropped: rotate first');
      const kept = [...loaded.keys].filter(([other]) => other !== id).map(([, key]) => key);
      if (await this.#save(loaded, kept)) return true;
    }
    throw contended();
  }

  async #fresh(): Promise<Loaded> {
    return this.#loaded !== undefined && performance.now() < this.#staleAt ? this.#loaded : this.#load();
  }

  /** Those who ask meanwhile wait for the same answer. */
  #load(): Promise<Loaded> {
    this.#loading ??= this.#read().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #read(): Promise<Loaded> {
    const [asked, seen] = [performance.now(), this.#loaded?.version ?? 0];
    const stored = await attempt('the ring could not be read', () => this.#ring.load());
    const version = stored?.version ?? 0;
    if (version < seen) throw unavailable('the ring holds an older state than before');
    // What was saved here meanwhile may be newer than what was read.
    if (this.#loaded === undefined || version > this.#loaded.version) {
      this.#loaded = { version, keys: await this.#open(stored) };
    }
    this.#staleAt = asked + this.#refreshMs;
    return this.#loaded;
  }

  async #open(stored: StoredKeyRing | undefined): Promise<Loaded['keys']> {
    if (stored === undefined) return new Map();
    return attempt('the sealed keys could not be opened', async () => {
      const bytes = await this.#sealer.open(sealedOf(stored.state), ASSOCIATED_DATA);
      const count = bytes.length / KEY_BYTES;
      const keys = Array.from({ length: count }, (_, n) => bytes.slice(n * KEY_BYTES, (n + 1) * KEY_BYTES));
      const found = byId(keys);
      if (count < 1 || count > MAX_KEYS || found.size !== count)
        throw new RangeError('these are not 1 to 16 keys');
      return found;
    });
  }

  async #save({ version }: Loaded, keys: readonly Uint8Array[]): Promise<boolean> {
    const bytes = Uint8Array.from(keys.flatMap((key) => [...key]));
    const saved = await attempt('the keys could not be sealed and saved', async () => {
      const sealed = await this.#sealer.seal(bytes, ASSOCIATED_DATA).finally(() => bytes.fill(0));
      const state = `${HEAD},"sealed":"${toBase64Url(sealed)}"}`;
      return this.#ring.save(version === 0 ? undefined : version, state);
    });
    if (saved) this.#loaded = { version: version + 1, keys: byId(keys) };
    return saved;
  }
}

const byId = (keys: readonly Uint8Array[]) => new Map(keys.map((key) => [encryptionKeyId(key), key]));
const currentOf = ({ keys }: Loaded): string | undefined => keys.keys().next().value;

/** Takes exactly what is written here: the sealed bytes are all that matters, and they are authenticated. */
function sealedOf(state: string): Uint8Array {
  const { type, version, sealed, ...others } = parseJson(state) as Record<string, unknown>;
  const fits = type === TYPE && version === VERSION && Object.keys(others).length === 0;
  if (!fits || typeof sealed !== 'string')
    throw new TypeError('the ring holds no keys of a version known here');
  return fromBase64Url(sealed);
}

async function attempt<T>(what: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    throw unavailable(what, { cause });
  }
}

function contended(): StoreError {
  return unavailable('others changed the keys at every attempt', { hint: 'try again' });
}

function unavailable(why: string, options: { cause?: unknown; hint?: string } = {}): StoreError {
  return new StoreError('key_unavailable', `the keys are not at hand: ${why}`, options);
}
