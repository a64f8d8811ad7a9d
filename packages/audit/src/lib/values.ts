/** The values of entries, sealed beside the log under the keys of their subjects. */
import { canonicalizeJson, type JsonObject, parseJson } from '@stele/crypto';
import type { LogEntry } from '../entry.js';
import { AuditError } from '../errors.js';
import type { SubjectKeys } from '../subject-keys.js';
import { commitmentTo } from './commitments.js';
import { quoted } from './json-text.js';
import type { Encoded } from './leaf.js';
import { isOfTheLog, refused } from './leaf-text.js';
import type { Leaf } from './leaf-types.js';
import {
  extracted,
  keyIdOf,
  newRecordKey,
  openSealed,
  type Place,
  type RecordKey,
  recordKeyOf,
  sealValues,
} from './sealed-values.js';
import { answered, SubjectKeyCache } from './subject-key-cache.js';

/** Whether a log keeps the values of its entries, and under whose keys. */
export interface ValuesOptions {
  /** Where the keys of subjects are: never within the log's folder. */
  readonly keys: SubjectKeys;
  /**
   * Whose values an entry holds: what names a person in the host's own records. The entry's agent unless given. For
   * undefined nothing is kept of the entry but its commitments.
   */
  readonly subject?: (entry: LogEntry) => string | undefined;
}

/** The values of an entry in clear. */
export interface EntryValues {
  /** The 32 bytes before each value in its commitment. Who has it can guess the values of low entropy. */
  readonly salt: Uint8Array;
  /** By the names of the fields. */
  readonly values: JsonObject;
}

const MAX_SUBJECT = 1_024;
/** An event of a megabyte and a leaf, each of its characters escaped at worst. */
const LIMITS = { maxBytes: 8 * 1024 * 1024, maxDepth: 66 };
const ALWAYS = ['agent', 'context', 'resource'];

/** Seals what is appended, and opens it again. */
export class ValueSealer {
  readonly #origin: string;
  readonly #keys: SubjectKeys;
  readonly #subject: (entry: LogEntry) => unknown;
  readonly #cache: SubjectKeyCache;

  /** @throws TypeError for keys or a subject that are none */
  constructor(origin: string, { keys, subject }: ValuesOptions) {
    const isPort = (['get', 'find', 'destroy'] as const).every((name) => typeof keys?.[name] === 'function');
    if (!isPort) throw new TypeError('values.keys must be SubjectKeys, such as a SubjectKeyFolder');
    if (subject !== undefined && typeof subject !== 'function')
      throw new TypeError('values.subject must be a function');
    this.#origin = origin;
    this.#keys = keys;
    this.#subject = subject ?? agentOf;
    this.#cache = new SubjectKeyCache(keys);
  }

  /**
   * Whose values an entry holds; undefined where they are not to be kept. What the log writes of itself is of nobody.
   * @throws AuditError `entry_refused` for what cannot be the name of a subject
   */
  subjectOf(entry: LogEntry): string | undefined {
    const subject = isOfTheLog(entry.kind) ? undefined : this.#subject(entry);
    if (subject === undefined || subject === '') return undefined;
    if (typeof subject === 'string' && subject.length <= MAX_SUBJECT && quoted(subject) !== undefined)
      return subject;
    throw refused(`its subject is no text of at most ${MAX_SUBJECT} characters`);
  }

  /**
   * Seals the values of an entry that has its index.
   * @returns undefined where there is nothing to keep
   * @throws AuditError `subject_keys_unavailable`
   */
  async seal(index: number, { subject, committed, hash }: Encoded): Promise<Uint8Array | undefined> {
    if (subject === undefined || committed === undefined) return undefined;
    const place: Place = { origin: this.#origin, index, leafHash: hash };
    const key = await this.#cache.use(subject, (id, prk) => newRecordKey(id, prk, place));
    return sealValues(key, committed);
  }

  /**
   * Opens the values of an entry, and holds them against its commitments.
   * @param leaf the entry as it stands in the log
   * @throws AuditError `values_erased`, `values_unreadable`, `subject_keys_unavailable`
   */
  async open(index: number, leafHash: Uint8Array, leaf: Leaf, sealed: Uint8Array): Promise<EntryValues> {
    const keyId = keyIdOf(sealed);
    if (keyId === undefined) throw unreadable(index, 'these are no sealed values');
    const found = await answered(() => this.#keys.find(keyId));
    if (found === undefined) {
      throw new AuditError('values_erased', `the key of the values of entry ${index} is not there any more`, {
        hint: 'Nothing brings them back. The entry and its proofs stand as they are.',
      });
    }
    const prk = extracted(found.bytes);
    found.bytes.fill(0);
    const key = recordKeyOf(sealed, keyId, prk, { origin: this.#origin, index, leafHash });
    prk.fill(0);
    if (key === undefined) throw unreadable(index, 'they were sealed under another key');
    return matching(index, leaf, await unsealed(index, key, sealed));
  }

  /**
   * Destroys the key of a subject, here and in the keeping of the host.
   * @returns whether there was one
   * @throws AuditError `subject_keys_unavailable`: it is not known then whether it is destroyed; call again
   */
  async destroy(subject: string): Promise<boolean> {
    this.#cache.forget(subject);
    try {
      return await this.#keys.destroy(subject);
    } catch (cause) {
      throw cause instanceof AuditError
        ? cause
        : new AuditError('subject_keys_unavailable', 'the key could not be destroyed', {
            cause,
            hint: 'Bring the keys back, and erase again.',
          });
    } finally {
      // One that was asked for meanwhile may be the one that is destroyed now.
      this.#cache.forget(subject);
    }
  }

  /** Overwrites the keys in memory. */
  close(): void {
    this.#cache.clear();
  }
}

async function unsealed(index: number, key: RecordKey, sealed: Uint8Array): Promise<EntryValues> {
  try {
    const { salt, json } = await openSealed(key, sealed);
    return { salt, values: parseJson(json, LIMITS) as JsonObject };
  } catch (cause) {
    throw unreadable(index, 'they were changed, or belong to another entry', cause);
  }
}

/** Values are what was committed to, or they are nothing. */
function matching(index: number, leaf: Leaf, { salt, values }: EntryValues): EntryValues {
  const stands = leaf as unknown as Record<string, unknown>;
  for (const name of ALWAYS) {
    if (stands[name] !== undefined && !Object.hasOwn(values, name))
      throw unreadable(index, `${name} is missing`);
  }
  for (const [name, value] of Object.entries(values)) {
    if (stands[name] !== commitmentTo(salt, canonicalizeJson(value))) {
      throw unreadable(index, `${JSON.stringify(name)} is not what the entry commits to`);
    }
  }
  return { salt, values };
}

const agentOf = (entry: LogEntry): unknown => (entry as { agent?: unknown }).agent;

function unreadable(index: number, why: string, cause?: unknown): AuditError {
  return new AuditError('values_unreadable', `the values of entry ${index} cannot be read: ${why}`, {
    cause,
  });
}
