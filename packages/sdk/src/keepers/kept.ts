/** A value in a ring: read when that is due, changed by compare-and-set, and never begun anew where it is damaged. */
import {
  type JsonObject,
  type JsonValue,
  type KeyRing,
  MAX_KEY_RING_BYTES,
  parseJson,
  type StoredKeyRing,
} from '@stele/crypto';
import { KeeperError } from '../errors.js';
import { checkTimeout, DEFAULT_TIMEOUT_MS, inTime } from '../lib/in-time.js';

/** Each failed attempt means that somebody else succeeded. */
const MAX_ATTEMPTS = 100;
const SCHEMA = 1;

export interface KeeperOptions {
  /**
   * Where it is kept: a `MemoryKeyRing`, a `FileKeyRing` in a folder of its own, a `SqliteKeyRing` with a name of its own, or
   * anything else with their `load` and `save`.
   */
  readonly ring: KeyRing;
  /** The time in milliseconds since 1970, or a Date; the system's when not given. */
  readonly clock?: () => number | Date;
  /** After how many milliseconds it is read again, for what other processes have done; 1,000 when not given, 0 for each time. */
  readonly refreshMs?: number;
  /** How long one answer of the ring is waited for, in milliseconds, 1 to 600,000; 10,000 when not given. */
  readonly timeoutMs?: number;
}

/** How a value is written. Reading takes what writing makes, and throws for anything else. */
export interface Format<T> {
  /** Tells the states of one keeper from those of others. */
  readonly kind: string;
  readonly empty: T;
  readonly write: (value: T) => Record<string, unknown>;
  readonly read: (members: JsonObject) => T | Promise<T>;
  /** Whether a value can have become of an earlier one: what is kept only ever grows. */
  readonly continues: (value: T, earlier: T) => boolean;
}

export class Kept<T> {
  readonly #ring: KeyRing;
  readonly #format: Format<T>;
  readonly #clock: () => number;
  readonly #refreshMs: number;
  readonly #timeoutMs: number;
  #value: T;
  #version: number | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<T> | undefined;
  /** What is asked of the ring, one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  /** @throws TypeError for a ring that is none; RangeError for `refreshMs` or `timeoutMs` */
  constructor(options: KeeperOptions, format: Format<T>) {
    const { ring, clock = Date.now, refreshMs = 1_000, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    if (typeof ring?.load !== 'function' || typeof ring.save !== 'function')
      throw new TypeError('a keeper needs { ring } with load and save');
    if (!(Number.isFinite(refreshMs) && refreshMs >= 0))
      throw new RangeError('refreshMs must be a number from 0 up');
    this.#timeoutMs = checkTimeout('timeoutMs', timeoutMs);
    this.#ring = ring;
    this.#format = format;
    this.#value = format.empty;
    this.#clock = () => Number(clock());
    this.#refreshMs = refreshMs;
  }

  /** The time of its clock, in milliseconds since 1970. */
  now(): number {
    return this.#clock();
  }

  /**
   * The value, read again if that is due; callers that come meanwhile wait for the same look.
   * @throws KeeperError
   */
  async value(): Promise<T> {
    const age = this.#clock() - this.#readAt;
    if (age >= 0 && age < this.#refreshMs) return this.#value;
    this.#reading ??= this.#inTurn(() => this.#load()).finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /**
   * Changes the newest value; the step runs again when somebody else was first. A step that returns its value changes nothing.
   * @throws KeeperError; whatever the step throws
   */
  change(step: (value: T) => T | Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const value = await this.#load();
        const next = await step(value);
        if (next === value || (await this.#save(next))) return next;
      }
      throw new KeeperError('keeper_contended', `others changed what is kept ${MAX_ATTEMPTS} times`);
    });
  }

  async #load(): Promise<T> {
    const now = this.#clock();
    const found = this.#checked(await this.#answerOf(() => this.#ring.load()));
    if (found !== undefined && found.version !== this.#version) {
      const value = await this.#decoded(found.state);
      if (!this.#format.continues(value, this.#value)) throw damaged('it lacks what was seen before');
      this.#value = value;
      this.#version = found.version;
    }
    this.#readAt = now;
    return this.#value;
  }

  async #save(next: T): Promise<boolean> {
    const { kind, write } = this.#format;
    const text = JSON.stringify({ schema: SCHEMA, kind, ...write(next) });
    if (new TextEncoder().encode(text).length > MAX_KEY_RING_BYTES)
      throw new KeeperError('keeper_full', `what is to be kept has more than ${MAX_KEY_RING_BYTES} bytes`);
    if (!(await this.#answerOf(() => this.#ring.save(this.#version, text)))) return false;
    this.#version = (this.#version ?? 0) + 1;
    this.#value = next;
    return true;
  }

  /** A ring only ever goes forward: one that was lost or put back would let what was revoked return. */
  #checked(found: StoredKeyRing | undefined): StoredKeyRing | undefined {
    if (found === undefined && this.#version === undefined) return undefined;
    const wellFormed = Number.isSafeInteger(found?.version) && typeof found?.state === 'string';
    if (found !== undefined && wellFormed && found.version >= (this.#version ?? 1)) return found;
    throw damaged('it is gone or older than what was seen before');
  }

  async #decoded(text: string): Promise<T> {
    const { schema, kind, ...members } = parsed(text);
    if (typeof schema === 'number' && schema > SCHEMA) {
      throw new KeeperError('keeper_version', `what is kept has the schema ${schema}, newer than ${SCHEMA}`, {
        hint: 'Upgrade Stele.',
      });
    }
    if (schema !== SCHEMA || kind !== this.#format.kind)
      throw damaged(`it is no state of a keeper of ${this.#format.kind}`);
    try {
      return await this.#format.read(members);
    } catch (cause) {
      throw damaged('its content is not as it must be', cause);
    }
  }

  /** With an end, since all that comes after waits for its turn. */
  async #answerOf<R>(ask: () => Promise<R>): Promise<R> {
    const timeoutMs = this.#timeoutMs;
    try {
      return await inTime(ask, timeoutMs, () => {
        throw new Error(`the ring gave no answer in ${timeoutMs} ms`);
      });
    } catch (cause) {
      throw new KeeperError('keeper_unavailable', 'what is kept could not be read or written', {
        cause,
        hint: 'See the cause. Whether a write took effect is not known; repeating the call is safe.',
      });
    }
  }

  #inTurn<R>(step: () => Promise<R>): Promise<R> {
    const result = this.#turn.then(step);
    this.#turn = result.catch(() => {});
    return result;
  }
}

function parsed(text: string): JsonObject {
  let value: JsonValue;
  try {
    value = parseJson(text, { maxBytes: MAX_KEY_RING_BYTES });
  } catch (cause) {
    throw damaged('it is no JSON', cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged('it is no object');
  return value as JsonObject;
}

function damaged(what: string, cause?: unknown): KeeperError {
  return new KeeperError('keeper_malformed', `what is kept cannot be relied on: ${what}`, {
    cause,
    hint: 'Restore the newest state from a backup.',
  });
}

/** The one member that a state has, as an array. Throws for another member, and for more entries than there can be. */
export function onlyArray(members: JsonObject, name: string, most: number): readonly JsonValue[] {
  const { [name]: value, ...others } = members;
  if (Array.isArray(value) && value.length <= most && Object.keys(others).length === 0) return value;
  throw new TypeError(`${name} is not as it must be`);
}
