import { randomBytes, toHex } from '@stele/crypto';
import { StoreError } from '../errors.js';
import type {
  Change,
  Found,
  ListedRecord,
  RecordBackend,
  RecordChange,
  RecordFilter,
  RecordKind,
  RecordRange,
} from '../record-backend.js';
import { Bell } from './bell.js';
import { checkChanges, checkIds, keyOf } from './changes.js';
import { isRecordId } from './ids.js';
import { type RedisClient, RedisConnection, type RedisOptions } from './redis-connection.js';
import {
  CHANGES_SCRIPT,
  LATEST_SCRIPT,
  LIST_SCRIPT,
  RECORD_KEYS,
  WRITE_SCRIPT,
} from './redis-records-scripts.js';
import type { RedisScript } from './redis-script.js';

/** How often a watch looks for what other processes have written, in milliseconds. */
const POLL_MS = 100;

/** The feed, the number of a change, and the mark of the write that made it; there is none before the first change. */
const TOKEN = /^([0-9a-f]{32})\.(0|[1-9][0-9]{0,14})(?:\.([0-9a-f]{32}))?$/;

/** Records under one prefix. Every call is one command or one script, so one step. */
export class RedisBackend implements RecordBackend {
  readonly supports = { transaction: true, watch: true };
  readonly #redis: RedisConnection;
  readonly #keys: readonly string[];
  readonly #bell = new Bell();
  /** Whether a store may begin where there is none. */
  readonly #create: boolean;
  /** Whether the version was looked at; scripts look themselves. */
  #known = false;
  #open = true;

  constructor(
    source: string | RedisClient,
    options: RedisOptions & { readonly create?: boolean | undefined },
  ) {
    this.#create = options.create ?? true;
    this.#redis = new RedisConnection(source, options);
    this.#keys = RECORD_KEYS.map((name) => this.#redis.key(`store:${name}`));
  }

  async get(kind: RecordKind, id: string): Promise<Found | undefined> {
    return (await this.getMany(kind, [id]))[0];
  }

  async getMany(kind: RecordKind, ids: readonly string[]): Promise<(Found | undefined)[]> {
    checkIds(ids);
    const wanted = ids.filter((id) => isRecordId(kind, id)).map((id) => keyOf(kind, id));
    if (wanted.length === 0) return ids.map(() => undefined);
    const values = (await this.#ask('HMGET', this.#key('records'), ...wanted)) as (Buffer | null)[];
    const found = new Map(wanted.map((name, i) => [name, values[i] ?? undefined]));
    return ids.map((id) => {
      const bytes = found.get(keyOf(kind, id));
      return bytes && { bytes: new Uint8Array(bytes), version: new Uint8Array(bytes) };
    });
  }

  async write(changes: readonly Change[]): Promise<boolean> {
    checkChanges(changes);
    const blobs: Buffer[] = [];
    // The numbers of the blobs among the script's arguments, which begin with two others and are counted from 1.
    const blob = (bytes: Uint8Array): number => blobs.push(asBuffer(bytes)) + 2;
    const written = changes.map(({ kind, id, expected, next }) => ({
      name: keyOf(kind, id),
      expects: expected === undefined ? 'none' : expected === 'present' ? 'present' : 'version',
      ...(expected instanceof Uint8Array && { version: blob(expected) }),
      next: typeof next === 'object' ? 'content' : (next ?? 'none'),
      ...(typeof next === 'object' && { content: blob(next.bytes), tokens: next.tokens.join(' ') }),
    }));
    const { verdict } = await this.#run(WRITE_SCRIPT, JSON.stringify(written), freshMark(), ...blobs);
    if (verdict === 'yes') this.#bell.ring();
    return verdict === 'yes';
  }

  async has(kind: RecordKind, id: string): Promise<boolean> {
    if (!isRecordId(kind, id)) return false;
    return (await this.#ask('HEXISTS', this.#key('records'), keyOf(kind, id))) === 1;
  }

  async list(kind: RecordKind, { limit, ...range }: RecordRange): Promise<ListedRecord[]> {
    const [from, to] = ends(kind, range);
    const { rest } = await this.#run(
      LIST_SCRIPT,
      range.token === undefined ? 'ids' : 'tokens',
      from,
      to,
      limit,
    );
    const records: ListedRecord[] = [];
    for (let i = 0; i < rest.length; i += 2) {
      const id = String(rest[i]).slice(kind.length + 1);
      const bytes = rest[i + 1] as Buffer | null;
      records.push(bytes === null ? { id, error: noBytes(id) } : { id, bytes: new Uint8Array(bytes) });
    }
    return records;
  }

  async count(kind: RecordKind, filter: RecordFilter = {}): Promise<number> {
    const key = this.#key(filter.token === undefined ? 'ids' : 'tokens');
    return Number(await this.#ask('ZLEXCOUNT', key, ...ends(kind, filter)));
  }

  async latestChange(): Promise<string> {
    const [epoch, place, mark] = (await this.#run(LATEST_SCRIPT, freshMark())).rest.map(String);
    return tokenOf(epoch as string, Number(place), mark as string);
  }

  async *changes(after: string, signal: AbortSignal): AsyncGenerator<RecordChange, void, undefined> {
    const [, epoch, digits, first = ''] = TOKEN.exec(after) ?? [];
    if (epoch === undefined) throw expired();
    try {
      let [place, mark] = [Number(digits), first];
      while (this.#open && !signal.aborted) {
        const { verdict, rest } = await this.#run(CHANGES_SCRIPT, epoch, place, mark);
        if (verdict === 'expired') throw expired();
        const fields = rest.map(String);
        for (let i = 0; i < fields.length; i += 3) {
          const [name, deleted] = fields.slice(i, i + 2) as [string, string];
          const [kind, id] = name.split(' ') as [RecordKind, string];
          place++;
          mark = fields[i + 2] as string;
          yield { token: tokenOf(epoch, place, mark), kind, id, deleted: deleted === '1' };
          if (signal.aborted) return;
        }
        if (fields.length === 0) await this.#bell.heard(signal, POLL_MS);
      }
    } catch (error) {
      if (this.#open) throw error;
    }
  }

  async probe(): Promise<void> {
    await this.#redis.probe();
  }

  async close(): Promise<void> {
    this.#open = false;
    this.#bell.ring();
    await this.#redis.close();
  }

  #key(name: (typeof RECORD_KEYS)[number]): string {
    return this.#keys[RECORD_KEYS.indexOf(name)] as string;
  }

  async #ask(command: string, ...args: string[]): Promise<unknown> {
    await this.#look();
    return this.#redis.ask(command, ...args);
  }

  /** Looks at the version, once. @throws StoreError `store_version` */
  async #look(): Promise<void> {
    if (this.#known) return;
    const version = await this.#redis.ask('HGET', this.#key('state'), 'version');
    if (version === null && !this.#create) throw absent(this.#redis.prefix);
    if (version !== null && String(version) !== '1') throw newer();
    this.#known = true;
  }

  async #run(
    script: RedisScript,
    ...args: (string | number | Buffer)[]
  ): Promise<{ verdict: string; rest: Buffer[] }> {
    if (!this.#create) await this.#look();
    const [verdict, ...rest] = (await this.#redis.run(script, this.#keys, args)) as Buffer[];
    if (String(verdict) !== 'version') return { verdict: String(verdict), rest };
    throw newer();
  }
}

/** Where a range begins and ends among names that are ordered as text. */
function ends(
  kind: RecordKind,
  { token, prefix = '', after = '' }: Omit<RecordRange, 'limit'>,
): [string, string] {
  const group = token === undefined ? `${kind} ` : `${kind} ${token} `;
  const from = after >= prefix && after !== '' ? `(${group}${after}` : `[${group}${prefix}`;
  // No id has a character above this one.
  return [from, `(${group}${prefix}~`];
}

const freshMark = (): string => toHex(randomBytes(16));

const tokenOf = (epoch: string, place: number, mark: string): string =>
  [epoch, place, ...(mark === '' ? [] : [mark])].join('.');

/** As `ioredis` takes bytes. */
const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function absent(prefix: string): StoreError {
  return new StoreError('store_version', `there is no store under the prefix ${prefix}`, {
    hint: 'look at the prefix, and at the number of the database',
  });
}

function newer(): StoreError {
  return new StoreError('store_version', 'the store was written by a newer version', {
    hint: 'upgrade Stele, or choose another prefix',
  });
}

function noBytes(id: string): StoreError {
  return new StoreError('record_corrupt', `the stored record of ${id} is missing`, { id });
}

function expired(): StoreError {
  return new StoreError('watch_expired', 'the changes after this token are not known', {
    hint: 'take latestToken(), read everything again, and watch from there',
  });
}
