/** The feed of a PostgresStore when transactions commit in another order than they began. */
import assert from 'node:assert/strict';
import type { PoolClient } from 'pg';
import { afterAll, describe, it } from 'vitest';
import { havePostgres } from '../../../test/support/postgres.js';
import { eventually } from '../../../test/support/proxy.js';
import { PostgresStore } from '../src/postgres.js';
import type { Change, RecordBackend, RecordChange } from '../src/record-backend.js';
import { failsWith } from './support/assert.js';
import { covenantIdOf } from './support/backends.js';
import { freshSchema, inspector, unsyncedUrl } from './support/postgres.js';
import { deleteRecord, putRecord } from './support/records.js';

const bytes = new Uint8Array([1]);
const put = (backend: RecordBackend, n: number) =>
  putRecord(backend, { kind: 'covenant', id: covenantIdOf(n), bytes, tokens: [] }, undefined);
const numberOf = ({ id }: RecordChange) => Number.parseInt(id.slice(-64), 16);

async function take(backend: RecordBackend, after: string, count: number): Promise<RecordChange[]> {
  const changes: RecordChange[] = [];
  const never = new AbortController().signal;
  for await (const change of backend.changes?.(after, never) ?? []) if (changes.push(change) === count) break;
  return changes;
}

describe.skipIf(!havePostgres)('the feed of a PostgresStore (needs PostgreSQL)', () => {
  const open: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const close of open) await close();
  });

  function store(
    schema: string,
    timeoutMs = 30_000,
  ): { backend: RecordBackend; latest: () => Promise<string> } {
    const made = new PostgresStore(unsyncedUrl, { schema, timeoutMs, maxConnections: 4 });
    open.push(() => made.close());
    return { backend: made.backend, latest: async () => String(await made.backend.latestChange?.()) };
  }

  /** A transaction that has put a covenant and goes on. */
  async function began(schema: string, n: number): Promise<PoolClient> {
    const client = await inspector.connect();
    await client.query('BEGIN');
    const { rows } = await client.query(
      `SELECT ${schema}.store_write('{covenant}', $1, '{0}', '{NULL}', '{2}', $2, '{""}') AS done`,
      [[covenantIdOf(n)], [Buffer.from(bytes)]],
    );
    assert.equal(rows[0]?.done, true);
    return client;
  }

  async function end(client: PoolClient, how: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    await client.query(how);
    client.release();
  }

  const readNow = async (schema: string): Promise<unknown[]> =>
    (await inspector.query(`SELECT id FROM ${schema}.store_changes(0, 0)`)).rows;

  it.each([
    ['COMMIT', [1, 2, 3]],
    ['ROLLBACK', [2, 3]],
  ] as const)(
    'waits for a transaction that began before others committed, and ends in %s',
    async (how, expected) => {
      const schema = freshSchema();
      const { backend, latest } = store(schema);
      const start = await latest();
      const slow = await began(schema, 1);
      await put(backend, 2);
      assert.deepEqual(await readNow(schema), []);
      await end(slow, how);
      await put(backend, 3);
      assert.deepEqual((await take(backend, start, expected.length)).map(numberOf), expected);
    },
  );

  it('begins after what had begun before, and nothing between is missed', async () => {
    const schema = freshSchema();
    const { backend, latest } = store(schema);
    await latest();
    const slow = await began(schema, 1);
    await put(backend, 2);
    const token = latest();
    await eventually(async () => {
      const { rows } = await inspector.query(`SELECT * FROM ${schema}.store_latest(NULL)`);
      assert.equal(rows[0]?.settled, false);
    });
    await end(slow, 'COMMIT');
    const after = await token;
    await put(backend, 3);
    assert.deepEqual((await take(backend, after, 1)).map(numberOf), [3]);
  });

  it('is unavailable, and misses nothing, while such a transaction does not end', async () => {
    const schema = freshSchema();
    const [patient, hasty] = [store(schema), store(schema, 300)];
    await patient.latest();
    await eventually(() => hasty.latest());
    const slow = await began(schema, 1);
    await put(patient.backend, 2);
    await failsWith('store_unavailable', () => hasty.latest());
    await end(slow, 'ROLLBACK');
    await eventually(() => hasty.latest());
  });

  it('is not held up by who writes elsewhere', async () => {
    const schema = freshSchema();
    const { backend, latest } = store(schema);
    const start = await latest();
    const other = await inspector.connect();
    await other.query('BEGIN');
    await other.query('SELECT pg_current_xact_id()');
    await put(backend, 1);
    assert.deepEqual((await take(backend, start, 1)).map(numberOf), [1]);
    await end(other, 'ROLLBACK');
  });

  it('tells the changes of a record in the order in which they were made, also if the second began first', async () => {
    const schema = freshSchema();
    const { backend, latest } = store(schema);
    const start = await latest();
    const first = await began(schema, 1);
    const deleting = deleteRecord(backend, 'covenant', covenantIdOf(1));
    await eventually(async () => {
      const { rows } = await inspector.query(
        `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND pid IN
           (SELECT pid FROM pg_stat_activity WHERE query LIKE '%${schema}%')`,
      );
      assert.equal(rows.length, 1);
    });
    await end(first, 'COMMIT');
    assert.equal(await deleting, true);
    const told = await take(backend, start, 2);
    assert.deepEqual(
      told.map(({ deleted }) => deleted),
      [false, true],
    );
  });

  it('tells of a record that was written anew what it had told before, each once and in order', async () => {
    const schema = freshSchema();
    const { backend, latest } = store(schema);
    const start = await latest();
    const change = (n: number, text: string) =>
      ({
        kind: 'covenant',
        id: covenantIdOf(n),
        next: { bytes: new TextEncoder().encode(text), tokens: [] },
      }) as const;
    const written = (...changes: Omit<Change, 'expected'>[]) =>
      backend.write(changes.map((each) => ({ ...each, expected: 'present' }) as Change));
    await put(backend, 1);
    const between = await latest();
    await put(backend, 2);
    assert.equal(await written(change(1, 'a'), change(2, 'a')), true);
    assert.equal(await written(change(2, 'b'), { ...change(1, ''), next: undefined }), true);
    await put(backend, 1);
    const all = [1, 2, 1, 2, 2, 1, 1];
    const told = await take(backend, start, all.length);
    assert.deepEqual(told.map(numberOf), all);
    assert.deepEqual(
      told.map(({ deleted }) => deleted),
      [false, false, false, false, false, true, false],
    );
    assert.equal(new Set(told.map(({ token }) => token)).size, all.length);
    assert.equal(told[0]?.token, between);
    // Every token leads on, also that of what the record has ceased to tell itself.
    for (const [i, { token }] of told.slice(0, -1).entries()) {
      const rest = await take(backend, token, all.length - 1 - i);
      assert.deepEqual(rest.map(numberOf), all.slice(i + 1));
    }
    assert.equal(await latest(), told.at(-1)?.token);
  });

  it('keeps nothing of a record beyond its reach', async () => {
    const schema = freshSchema();
    const { backend, latest } = store(schema);
    await put(backend, 1);
    const { rows } = await inspector.query(`SELECT transaction, place FROM ${schema}.records`);
    await put(backend, 2);
    await inspector.query(`UPDATE ${schema}.feed SET transaction = $1, place = $2`, [
      rows[0]?.transaction,
      rows[0]?.place,
    ]);
    for (const n of [1, 2]) await deleteRecord(backend, 'covenant', covenantIdOf(n));
    const { rows: kept } = await inspector.query(
      `SELECT id, deleted FROM ${schema}.changes ORDER BY transaction`,
    );
    assert.deepEqual(
      kept.map(({ id, deleted }) => [id === covenantIdOf(1) ? 1 : 2, deleted]),
      [
        [2, false],
        [1, true],
        [2, true],
      ],
    );
    assert.ok(await latest());
  });

  it('tells every change of many writers once, and those of a record in turn', async () => {
    const schema = freshSchema();
    const writers = [store(schema), store(schema), store(schema)];
    const [{ backend, latest }] = writers as [(typeof writers)[number]];
    const start = await latest();
    let made = 0;
    const watching = (async () => {
      const state = new Map<string, boolean>();
      const controller = new AbortController();
      let seen = 0;
      for await (const { id, deleted, kind } of backend.changes?.(start, controller.signal) ?? []) {
        if (kind === 'revocation') break;
        assert.equal(state.get(id) ?? false, deleted, 'put and deleted in turn');
        state.set(id, !deleted);
        seen++;
      }
      return { seen, present: [...state].filter(([, there]) => there).map(([id]) => id) };
    })();
    await Promise.all(
      writers.flatMap((writer, w) =>
        [0, 1, 2].map(async (lane) => {
          for (let i = 0; i < 25; i++) {
            const n = (w + lane + i) % 4;
            const done =
              (i + lane) % 2 === 0
                ? await put(writer.backend, n)
                : await deleteRecord(writer.backend, 'covenant', covenantIdOf(n));
            if (done) made++;
          }
        }),
      ),
    );
    const last = { kind: 'revocation', id: `${covenantIdOf(1)}/${'0'.repeat(64)}`, bytes } as const;
    await putRecord(backend, last, undefined);
    const { seen, present } = await watching;
    assert.equal(seen, made);
    assert.deepEqual(
      present.sort(),
      (await backend.list('covenant', { limit: 10 })).map(({ id }) => id),
    );
  }, 60_000);

  it('reaches back 10,000 changes, and says so when a token is older', async () => {
    const schema = freshSchema();
    const { backend, latest } = store(schema);
    const start = await latest();
    await put(backend, 1);
    const early = await latest();
    await inspector.query(
      `INSERT INTO ${schema}.changes (transaction, kind, id, deleted)
         SELECT pg_current_xact_id()::text::bigint, 'covenant', $1, n % 2 = 0 FROM generate_series(1, 12000) AS n`,
      [covenantIdOf(1)],
    );
    assert.equal((await take(backend, early, 10_000)).length, 10_000);
    for (let n = 2; n < 300; n++) {
      await put(backend, n);
      await deleteRecord(backend, 'covenant', covenantIdOf(n));
    }
    for (const token of [start, early]) await failsWith('watch_expired', () => take(backend, token, 1));
    const { rows } = await inspector.query(`SELECT count(*)::int AS n FROM ${schema}.changes`);
    assert.ok(rows[0]?.n >= 10_000 && rows[0]?.n < 12_000);
    const { rows: feed } = await inspector.query(`SELECT epoch, transaction, place FROM ${schema}.feed`);
    const dropped = `${feed[0]?.epoch}.${feed[0]?.transaction}.${feed[0]?.place}`;
    assert.equal((await take(backend, dropped, 10_000)).length, 10_000);
  }, 60_000);

  it.each([
    ['records', ['records']],
    ['what they tell no more', ['changes']],
    ['both', ['records', 'changes']],
  ])('is another feed in a database where transactions count anew, seen by %s', async (_, tables) => {
    const schema = freshSchema();
    const { backend, latest } = store(schema);
    await put(backend, 1);
    const token = await latest();
    await put(backend, 2);
    await deleteRecord(backend, 'covenant', covenantIdOf(2));
    for (const table of tables)
      await inspector.query(`UPDATE ${schema}.${table} SET transaction = transaction + 1000000000000`);
    const restored = store(schema);
    await put(restored.backend, 4);
    await failsWith('watch_expired', () => take(restored.backend, token, 1));
    const after = await restored.latest();
    await put(restored.backend, 3);
    assert.deepEqual((await take(restored.backend, after, 1)).map(numberOf), [3]);
  });

  it('makes another feed in steps of bounded length, whatever the number of records', async () => {
    const schema = freshSchema();
    const { backend, latest } = store(schema);
    await put(backend, 1);
    const token = await latest();
    await inspector.query(
      `INSERT INTO ${schema}.records (kind, id, bytes, tokens, transaction, place)
         SELECT 'approval', n::text, '', '{}', 1000000000000 + n, 0 FROM generate_series(1, 12000) AS n`,
    );
    const ahead = async (): Promise<unknown> =>
      (
        await inspector.query(
          `SELECT count(*)::int AS n FROM ${schema}.records WHERE transaction > 1000000000000`,
        )
      ).rows[0]?.n;
    await inspector.query(`SELECT ${schema}.store_open()`);
    assert.equal(await ahead(), 7000);
    const restored = store(schema);
    const after = await restored.latest();
    assert.equal(await ahead(), 0);
    await failsWith('watch_expired', () => take(restored.backend, token, 1));
    await put(restored.backend, 2);
    assert.deepEqual((await take(restored.backend, after, 1)).map(numberOf), [2]);
    const { rows } = await inspector.query(`SELECT epoch FROM ${schema}.feed`);
    await store(schema).latest();
    assert.deepEqual((await inspector.query(`SELECT epoch FROM ${schema}.feed`)).rows, rows);
  });

  it('reads no more of the records than it tells', async () => {
    const schema = freshSchema();
    const { backend } = store(schema);
    await put(backend, 1);
    // Behind what the planner knows of, too.
    await inspector.query(`ANALYZE ${schema}.records`);
    await inspector.query(
      `INSERT INTO ${schema}.records (kind, id, bytes, tokens, transaction, place)
         SELECT 'approval', n::text, '', '{}', transaction, n
         FROM ${schema}.records, generate_series(1, 20000) AS n`,
    );
    const client = await inspector.connect();
    const read = async (): Promise<number> => {
      const { rows } = await client.query(
        'SELECT seq_tup_read::int + idx_tup_fetch::int AS n FROM pg_stat_xact_user_tables WHERE relid = $1::regclass',
        [`${schema}.records`],
      );
      return rows[0]?.n;
    };
    for (const statement of ['store_latest(NULL)', 'store_changes(0, 0)', 'store_open()'])
      for (const mode of ['force_custom_plan', 'force_generic_plan']) {
        await client.query('BEGIN');
        await client.query(`SET LOCAL plan_cache_mode = ${mode}`);
        const before = await read();
        await client.query(`SELECT * FROM ${schema}.${statement}`);
        const fetched = (await read()) - before;
        await client.query('ROLLBACK');
        assert.ok(fetched <= 256, `${statement}: ${fetched}`);
      }
    client.release();
  });

  it('is read and written by a role that may do so with the tables, and no more', async () => {
    const schema = freshSchema();
    await store(schema).latest();
    const role = `${schema}_role`;
    const client = await inspector.connect();
    try {
      await client.query(`CREATE ROLE ${role}`);
      await client.query(`GRANT USAGE ON SCHEMA ${schema} TO ${role}`);
      await client.query(
        `GRANT SELECT, INSERT, UPDATE, DELETE ON ${['stele_parts', 'records', 'changes', 'feed', 'probes']
          .map((table) => `${schema}.${table}`)
          .join(', ')} TO ${role}`,
      );
      const backend = new PostgresStore(
        {
          connect: async () => {
            await client.query(`SET ROLE ${role}`);
            return {
              query: (text, values) => client.query(text, values),
              on: () => undefined,
              off: () => undefined,
              release: () => undefined,
            };
          },
        },
        { schema },
      ).backend;
      const start = String(await backend.latestChange?.());
      await put(backend, 1);
      assert.equal(await deleteRecord(backend, 'covenant', covenantIdOf(1)), true);
      assert.deepEqual(
        (await take(backend, start, 2)).map(({ deleted }) => deleted),
        [false, true],
      );
    } finally {
      await client.query('RESET ROLE');
      await client.query(`DROP OWNED BY ${role}`);
      await client.query(`DROP ROLE ${role}`);
      client.release();
    }
  });

  it('survives its session being ended in the middle of a write: all or nothing, and the next write works', async () => {
    const schema = freshSchema();
    const { backend, latest } = store(schema);
    const start = await latest();
    const holder = await began(schema, 1);
    const writing = failsWith('store_unavailable', () =>
      backend.write(
        [3, 2, 1].map((n) => ({
          kind: 'covenant',
          id: covenantIdOf(n),
          expected: undefined,
          next: { bytes, tokens: ['a:b'] },
        })),
      ),
    );
    await eventually(async () => {
      const { rowCount } = await inspector.query(
        `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND pid IN
           (SELECT pid FROM pg_stat_activity WHERE query LIKE '%${schema}%')`,
      );
      assert.equal(rowCount, 1);
    });
    await writing;
    await end(holder, 'ROLLBACK');
    assert.equal(await backend.count('covenant'), 0);
    assert.equal(await eventually(() => put(backend, 4)), true);
    assert.deepEqual((await take(backend, start, 1)).map(numberOf), [4]);
  });
});
