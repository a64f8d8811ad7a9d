import { randomBytes, toHex } from '@stele/crypto';

/** The key under which the values of one person, or whoever else they are of, are sealed. */
export interface SubjectKey {
  /** 32 hex digits, random: it says nothing about the subject, and another key of the same subject has another. */
  readonly id: string;
  /** 32 secret bytes. Whoever gets them may overwrite them: each call gives a copy. */
  readonly bytes: Uint8Array;
}

/**
 * Where the keys of subjects are. To destroy one is to erase what was sealed under it, so keep them where no backup, export
 * or snapshot takes a copy.
 */
export interface SubjectKeys {
  /**
   * The key of a subject; undefined if there is none and none is to be made.
   * @param options.create whether one is made where there is none: durable when it resolves, and the same one for all who
   *   ask at the same time
   */
  get(subject: string, options: { readonly create: boolean }): Promise<SubjectKey | undefined>;
  /** The key of an id, asked anew each time; undefined if there is none, or no longer. */
  find(id: string): Promise<SubjectKey | undefined>;
  /**
   * Destroys the key of a subject for good. Durable when it resolves; what was interrupted is finished by another call.
   * @returns whether there was something to destroy
   */
  destroy(subject: string): Promise<boolean>;
}

const KEY_ID = /^[0-9a-f]{32}$/;
const ID_BYTES = 16;
const KEY_BYTES = 32;

/** True for a text that can be the id of a key. */
export const isSubjectKeyId = (value: unknown): value is string =>
  typeof value === 'string' && KEY_ID.test(value);

/** A new key. */
export const newSubjectKey = (): SubjectKey => ({
  id: toHex(randomBytes(ID_BYTES)),
  bytes: randomBytes(KEY_BYTES),
});

/** Keeps keys in memory: for tests, and for values that need not outlive the process. */
export class MemorySubjectKeys implements SubjectKeys {
  readonly #bySubject = new Map<string, SubjectKey>();
  readonly #byId = new Map<string, SubjectKey>();

  async get(subject: string, { create }: { readonly create: boolean }): Promise<SubjectKey | undefined> {
    const known = this.#bySubject.get(subject);
    if (known !== undefined || !create) return copied(known);
    const made = newSubjectKey();
    this.#bySubject.set(subject, made);
    this.#byId.set(made.id, made);
    return copied(made);
  }

  async find(id: string): Promise<SubjectKey | undefined> {
    return copied(this.#byId.get(id));
  }

  async destroy(subject: string): Promise<boolean> {
    const key = this.#bySubject.get(subject);
    if (key === undefined) return false;
    this.#bySubject.delete(subject);
    this.#byId.delete(key.id);
    key.bytes.fill(0);
    return true;
  }
}

const copied = (key: SubjectKey | undefined): SubjectKey | undefined =>
  key && { id: key.id, bytes: Uint8Array.from(key.bytes) };
