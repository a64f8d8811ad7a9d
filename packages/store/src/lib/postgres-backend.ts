import { randomUUID } from 'node:crypto';
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
import { checkChanges, checkIds } from './changes.js';
import { isRecordId } from './ids.js';
import { PostgresBell } from './postgres-bell.js';
import { PostgresConnections, type PostgresOptions, type PostgresPool } from './postgres-connections.js';
import { isInTheWay } from './postgres-errors.js';
import { PostgresFeed } from './postgres-feed.js';
import { EXPECTS, NEXT, POSTGRES_RECORDS } from './postgres-records-schema.js';
import { PostgresMigration } from './postgres-schema.js';

/** So often a write is made again when the server broke it off in favour of another. */
const MAX_ATTEMPTS = 5;

/** Records in tables of one schema. Every call is one round trip, every write one transaction. */
export class PostgresBackend implements RecordBackend {
  readonly supports = { transaction: true, watch: true };
  readonly #connections: PostgresConnections;
  readonly #migration: PostgresMigration;
  readonly #feed: PostgresFeed;
  readonly #bell = new Bell();
  readonly #others: PostgresBell;
  #open = true;

  constructor(
    source: string | PostgresPool,
    options: PostgresOptions & { readonly create?: boolean | undefined },
  ) {
    this.#connections = new PostgresConnections(source, options);
    this.#migration = new PostgresMigration(this.#connections, POSTGRES_RECORDS, options.create);
    this.#others = new PostgresBell(this.#connections, this.#bell);
    this.#feed = new PostgresFeed(
      (text, values) => this.#ask(text, values),
      this.#bell,
      this.#others,
      () => this.#open,
      this.#connections.timeoutMs,
    );
  }

  async get(kind: RecordKind, id: string): Promise<Found | undefined> {
    if (!isRecordId(kind, id)) return undefined;
    const [row] = await this.#ask<{ bytes: Uint8Array }>(
      'SELECT bytes FROM @.records WHERE kind = $1 AND id = $2',
      [kind, id],
    );
    return row && { bytes: plain(row.bytes), version: plain(row.bytes) };
  }

  async getMany(kind: RecordKind, ids: readonly string[]): Promise<(Found | undefined)[]> {
    checkIds(ids);
    const wanted = ids.filter((id) => isRecordId(kind, id));
    if (wanted.length === 0) return ids.map(() => undefined);
    const rows = await this.#ask<{ id: string; bytes: Uint8Array }>(
      'SELECT id, bytes FROM @.records WHERE kind = $1 AND id = ANY ($2)',
      [kind, wanted],
    );
    const found = new Map(rows.map(({ id, bytes }) => [id, plain(bytes)]));
    return ids.map((id) => {
      const bytes = found.get(id);
      return bytes && { bytes: bytes.slice(), version: bytes };
    });
  }

  async write(changes: readonly Change[]): Promise<boolean> {
    checkChanges(changes);
    const done = (await this.#ask(...call(changes))).length > 0;
    if (done) this.#others.ring();
    return done;
  }

  async has(kind: RecordKind, id: string): Promise<boolean> {
    if (!isRecordId(kind, id)) return false;
    return (await this.#ask('SELECT FROM @.records WHERE kind = $1 AND id = $2', [kind, id])).length > 0;
  }

  async list(kind: RecordKind, range: RecordRange): Promise<ListedRecord[]> {
    const { token, after = '', prefix = '', limit } = range;
    const rows = await this.#ask<{ id: string; bytes: Uint8Array }>(
      `SELECT id, bytes FROM @.records WHERE kind = $1 AND id > $2 AND id >= $3 AND id < $4
         ${token === undefined ? '' : 'AND tokens OPERATOR(pg_catalog.@>) ARRAY[$6]'} ORDER BY id LIMIT $5`,
      [kind, after, prefix, endOf(prefix), limit, ...(token === undefined ? [] : [token])],
    );
    return rows.map(({ id, bytes }) => ({ id, bytes: plain(bytes) }));
  }

  async count(kind: RecordKind, { token, prefix = '' }: RecordFilter = {}): Promise<number> {
    const [row] = await this.#ask<{ n: string }>(
      `SELECT count(*) AS n FROM @.records WHERE kind = $1 AND id >= $2 AND id < $3
         ${token === undefined ? '' : 'AND tokens OPERATOR(pg_catalog.@>) ARRAY[$4]'}`,
      [kind, prefix, endOf(prefix), ...(token === undefined ? [] : [token])],
    );
    return Number(row?.n);
  }

  latestChange(): Promise<string> {
    return this.#feed.latest();
  }

  changes(after: string, signal: AbortSignal): AsyncIterable<RecordChange> {
    return this.#feed.after(after, signal);
  }

  async probe(): Promise<void> {
    const [row] = await this.#ask<{ kept: boolean }>('SELECT @.store_probe($1) AS kept', [randomUUID()]);
    if (row?.kept !== true)
      throw new StoreError('store_unavailable', 'the database does not keep what is written');
  }

  async close(): Promise<void> {
    this.#open = false;
    this.#bell.ring();
    this.#others.close();
    await this.#connections.close();
  }

  /** @param text a statement, with `@.` for the schema */
  async #ask<Row>(text: string, values: unknown[]): Promise<Row[]> {
    const statement = text.replaceAll('@.', `"${this.#connections.schema}".`);
    for (let attempt = 1; ; attempt++) {
      try {
        if (!this.#migration.isReady) await this.#migration.ready();
        return await this.#connections.query<Row>(statement, values);
      } catch (error) {
        if (attempt >= MAX_ATTEMPTS || !isInTheWay(error)) throw error;
      }
    }
  }
}

/** The statement that makes changes, with its parameters. Its result is a row without columns, or none: `pg` makes a class for columns. */
function call(changes: readonly Change[]): [string, unknown[]] {
  const [first, ...others] = changes;
  if (others.length === 0 && first?.expected === undefined && typeof first?.next === 'object') {
    const { kind, id, next } = first;
    const values = [kind, id, buffer(next.bytes), next.tokens.join(' ')];
    return ['SELECT WHERE @.store_put($1, $2, $3, $4)', values];
  }
  return ['SELECT WHERE @.store_write($1, $2, $3, $4, $5, $6, $7)', columns(changes)];
}

/** Changes as parallel arrays, in the order of the function's parameters. */
function columns(changes: readonly Change[]): unknown[] {
  return [
    changes.map(({ kind }) => kind),
    changes.map(({ id }) => id),
    changes.map(({ expected }) => EXPECTS[expectedOf(expected)]),
    changes.map(({ expected }) => (expected instanceof Uint8Array ? buffer(expected) : null)),
    changes.map(({ next }) => NEXT[typeof next === 'object' ? 'content' : (next ?? 'none')]),
    changes.map(({ next }) => (typeof next === 'object' ? buffer(next.bytes) : null)),
    changes.map(({ next }) => (typeof next === 'object' ? next.tokens.join(' ') : null)),
  ];
}

function expectedOf(expected: Change['expected']): keyof typeof EXPECTS {
  if (expected === undefined) return 'none';
  return expected === 'present' ? 'present' : 'version';
}

/** As `pg` takes bytes. */
const buffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** As a store gives them: nobody else's memory, and no Buffer. */
const plain = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes);

/** What is greater than every id with this prefix, in the characters that every database knows. */
const endOf = (prefix: string): string => `${prefix}~`;
