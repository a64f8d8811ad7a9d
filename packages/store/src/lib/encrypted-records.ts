import { StoreError } from '../errors.js';
import type { Content, RecordKind } from '../record-backend.js';
import { type Contents, type Label, labelOf, open, type Place, seal } from './encrypted-envelope.js';
import { BlindIndex } from './encrypted-index.js';
import type { Keys, StoreKey } from './encrypted-keys.js';
import type { OwnRecord, StoreState } from './encrypted-own-record.js';
import { isThenable } from './within.js';

/** Makes of a content what is stored of it. */
export type Seal = (kind: RecordKind, id: string, content: Content) => Promise<Content>;

/** A record as it is stored. */
interface Sealed {
  readonly place: Place;
  readonly sealed: Uint8Array;
  readonly label: Label | undefined;
}

type Opened = Contents | undefined | Promise<Contents | undefined>;

/** Seals and opens the records of one store. */
export class SealedRecords {
  readonly #keys: Keys;
  readonly #own: OwnRecord;
  readonly #indexes = new WeakMap<StoreKey, BlindIndex>();

  constructor(keys: Keys, own: OwnRecord) {
    this.#keys = keys;
    this.#own = own;
  }

  /**
   * What seals contents under the key that is current now. Of a write, so that all of it goes under one key.
   * @throws StoreError `key_unavailable`
   */
  async sealer(): Promise<Seal> {
    const key = await this.#keys.current();
    const { storeId } = await this.#own.admit(key);
    const index = this.index(key, storeId);
    return async (kind, id, { bytes, tokens }) => ({
      bytes: await seal(key, storeId, { kind, id }, bytes, tokens),
      tokens: tokens.map((token) => index.token(kind, token)),
    });
  }

  /**
   * What was sealed; at once where key and state are at hand and the platform decrypts at once, since waiting for nothing costs a tenth
   * of a get.
   * @throws StoreError by the promise: `record_corrupt` for whatever does not open, from whatever cause; `key_unavailable` when the
   *   provider fails
   */
  open(kind: RecordKind, id: string, sealed: Uint8Array): Contents | Promise<Contents> {
    const record = { place: { kind, id }, sealed, label: labelOf(sealed) };
    const key = record.label && this.#keys.known(record.label.keyId);
    const state = this.#own.last;
    if (key === undefined || state === undefined) return this.#judged(record, this.#openLater(record));
    try {
      const contents = openUnder(key, state, record);
      return isHere(contents) ? contents : this.#judged(record, contents);
    } catch (cause) {
      return this.#judged(record, Promise.reject(cause));
    }
  }

  async #openLater(record: Sealed): Promise<Contents | undefined> {
    const key = record.label && (await this.#keys.find(record.label.keyId));
    return key && openUnder(key, await this.#own.known(), record);
  }

  async #judged({ place: { id }, label }: Sealed, opened: Opened): Promise<Contents> {
    try {
      const contents = await opened;
      if (contents !== undefined) return contents;
    } catch (cause) {
      throw isUnavailable(cause) ? cause : await this.#unreadable(id, label?.keyId, cause);
    }
    throw await this.#unreadable(id, label?.keyId);
  }

  /** The blind index of a key. */
  index(key: StoreKey, storeId: string): BlindIndex {
    const known = this.#indexes.get(key);
    if (known !== undefined) return known;
    const index = new BlindIndex(key.bytes, storeId);
    this.#indexes.set(key, index);
    return index;
  }

  /** One error for every cause. The hint names the key that the record claims, which is no secret. */
  async #unreadable(id: string, claimed: string | undefined, cause?: unknown): Promise<StoreError> {
    const ids = await this.#keys.ids().catch(() => []);
    const hint = `it names ${claimed === undefined ? 'no key' : `the key ${claimed}`}, the store was given ${ids.join(', ')}`;
    return new StoreError('record_corrupt', `the stored record of ${id} cannot be read`, {
      id,
      cause,
      hint: `${hint}; otherwise it was damaged or swapped`,
    });
  }
}

const isHere = (opened: Opened): opened is Contents => opened !== undefined && !isThenable(opened);

/** @returns undefined for what was not sealed here */
function openUnder(key: StoreKey, state: StoreState | undefined, { place, sealed, label }: Sealed): Opened {
  return label && open(key, storeIdFor(label.format, state), place, sealed, label.format);
}

/** @throws Error for a record that this store cannot have */
function storeIdFor(format: 1 | 2, state: StoreState | undefined): string {
  if (format === 1 && state?.legacy !== false) return '';
  if (format === 2 && state !== undefined) return state.storeId;
  throw new Error(format === 1 ? 'format 1 has been left behind' : 'the store has no record of its own');
}

/** What is not the record's fault. */
function isUnavailable(error: unknown): boolean {
  return error instanceof StoreError && error.code !== 'record_corrupt';
}
