import { AuditError } from '../errors.js';
import { isSubjectKeyId, type SubjectKey, type SubjectKeys } from '../subject-keys.js';
import { extracted } from './sealed-values.js';

/** How long a key that another process has destroyed may still be used here. */
export const MAX_AGE_MS = 1_000;
const MAX_KEPT = 1_000;
const TIMEOUT_MS = 10_000;

/** A key in memory. */
interface Kept {
  readonly id: string;
  /** See `extracted`. */
  readonly prk: Uint8Array;
  readonly since: number;
}

/**
 * The keys that values are sealed under at present, each for a second at most: then it is asked for anew. What is
 * forgotten is overwritten.
 */
export class SubjectKeyCache {
  readonly #keys: SubjectKeys;
  readonly #now: () => number;
  readonly #kept = new Map<string, Kept>();
  readonly #asked = new Map<string, Promise<Kept | undefined>>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param now milliseconds by a clock that never goes back */
  constructor(keys: SubjectKeys, now: () => number = () => performance.now()) {
    this.#keys = keys;
    this.#now = now;
  }

  /** How many keys are in memory. */
  get size(): number {
    return this.#kept.size;
  }

  /**
   * Uses the key of a subject, which is made where there is none. The use is synchronous: nobody can forget the key
   * meanwhile, and so one that was overwritten is never used.
   * @throws AuditError `subject_keys_unavailable`
   */
  async use<T>(subject: string, how: (id: string, prk: Uint8Array) => T): Promise<T> {
    const kept = this.#kept.get(subject);
    if (kept !== undefined && !this.#isOld(kept)) return how(kept.id, kept.prk);
    for (;;) {
      const loaded = await this.#load(subject);
      if (loaded !== undefined && this.#kept.get(subject) === loaded) return how(loaded.id, loaded.prk);
    }
  }

  /** Overwrites the key of a subject, and one that is on its way. */
  forget(subject: string): void {
    this.#asked.delete(subject);
    this.#drop(subject);
  }

  /** Overwrites the keys that are older than a second. */
  sweep(): void {
    for (const [subject, kept] of this.#kept) if (this.#isOld(kept)) this.#drop(subject);
  }

  /** Overwrites all. */
  clear(): void {
    for (const subject of [...this.#kept.keys(), ...this.#asked.keys()]) this.forget(subject);
  }

  #isOld({ since }: Kept): boolean {
    return this.#now() - since >= MAX_AGE_MS;
  }

  #drop(subject: string): void {
    this.#kept.get(subject)?.prk.fill(0);
    this.#kept.delete(subject);
    if (this.#kept.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Asks once for all who want the same key at the same time. */
  #load(subject: string): Promise<Kept | undefined> {
    const underway = this.#asked.get(subject);
    if (underway !== undefined) return underway;
    const asked: Promise<Kept | undefined> = this.#ask(subject).then(
      (key) => {
        // Forgotten while it was on its way: it may be one that was destroyed.
        if (this.#asked.get(subject) !== asked) return undefined;
        this.#asked.delete(subject);
        return this.#keep(subject, key);
      },
      (error) => {
        if (this.#asked.get(subject) === asked) this.#asked.delete(subject);
        throw error;
      },
    );
    this.#asked.set(subject, asked);
    return asked;
  }

  #keep(subject: string, { id, bytes }: SubjectKey): Kept {
    const kept = { id, prk: extracted(bytes), since: this.#now() };
    bytes.fill(0);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size < MAX_KEPT) break;
      this.#drop(oldest);
    }
    this.#drop(subject);
    this.#kept.set(subject, kept);
    this.#timer ??= setInterval(() => this.sweep(), MAX_AGE_MS).unref();
    return kept;
  }

  #ask(subject: string): Promise<SubjectKey> {
    return answered(() => this.#keys.get(subject, { create: true })).then((key) => {
      if (key !== undefined) return key;
      throw unavailable('the keys of subjects made none');
    });
  }
}

/**
 * What keys of subjects answer to a question, checked.
 * @throws AuditError `subject_keys_unavailable`
 */
export async function answered(ask: () => Promise<SubjectKey | undefined>): Promise<SubjectKey | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unavailable(`no answer within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
  });
  try {
    const key = await Promise.race([ask(), late]);
    if (key === undefined) return undefined;
    if (isSubjectKeyId(key.id) && key.bytes instanceof Uint8Array && key.bytes.length === 32) return key;
  } catch (cause) {
    throw cause instanceof AuditError ? cause : unavailable('the keys of subjects failed', cause);
  } finally {
    clearTimeout(timer);
  }
  throw unavailable('what the keys of subjects gave is no key');
}

function unavailable(why: string, cause?: unknown): AuditError {
  return new AuditError('subject_keys_unavailable', why, {
    cause,
    hint: 'Nothing is recorded without the values that the host wants kept: bring the keys back.',
  });
}
