/** Schemas, versions, pools and arguments of everything that PostgreSQL keeps. */
import assert from 'node:assert/strict';
import type { CovenantDocument } from '@stele/core';
import { Pool } from 'pg';
import { describe, it } from 'vitest';
import { havePostgres, postgresUrl } from '../../../test/support/postgres.js';
import { eventually } from '../../../test/support/proxy.js';
import { isUnavailable } from '../src/lib/contract/limits-harness.js';
import { sampleCovenant, sampleCovenants } from '../src/lib/contract/samples.js';
import { covenantContent } from '../src/lib/documents.js';
import { POSTGRES_RECORDS } from '../src/lib/postgres-records-schema.js';
import { PostgresKeyRing, PostgresLimits, type PostgresOptions, PostgresStore } from '../src/postgres.js';
import { failsWith } from './support/assert.js';
import { covenantIdOf } from './support/backends.js';
import { freshSchema, inspector, unsyncedUrl } from './support/postgres.js';
import { putRecord } from './support/records.js';

const one = { key: 'k', amount: 3, cost: 1, periodMs: 86_400_000 };
const open = (schema: string, options: PostgresOptions = {}) =>
  new PostgresStore(unsyncedUrl, { timeoutMs: 30_000, ...options, schema });

describe.skipIf(!havePostgres)('a schema of PostgreSQL (needs PostgreSQL)', () => {
  it('is made once by many who open it at once', async () => {
    const schema = freshSchema();
    const stores = Array.from({ length: 8 }, () => open(schema, { maxConnections: 1 }));
    const covenant = await sampleCovenant();
    await Promise.all(stores.map((store) => store.put(covenant)));
    for (const store of stores) {
      assert.deepEqual(await store.get(covenant.id), covenant);
      await store.close();
    }
  }, 60_000);

  it('is shared by a store, limits and a key ring, whichever comes first', async () => {
    const schema = freshSchema();
    const options = { schema, timeoutMs: 30_000 };
    const ring = new PostgresKeyRing(unsyncedUrl, options);
    const limits = new PostgresLimits(unsyncedUrl, options);
    const store = open(schema);
    const covenant = await sampleCovenant();
    const [saved, answer] = await Promise.all([
      ring.save(undefined, '"state"'),
      limits.reserve([one]),
      store.put(covenant),
    ]);
    assert.deepEqual([saved, answer.ok], [true, true]);
    assert.equal((await ring.load())?.state, '"state"');
    assert.equal(await new PostgresKeyRing(unsyncedUrl, { ...options, name: 'other' }).load(), undefined);
    for (const each of [ring, limits, store]) await each.close();
  });

  it('keeps stores apart that have another one', async () => {
    const [first, second] = [open(freshSchema()), open(freshSchema())];
    const covenant = await sampleCovenant();
    await first.put(covenant);
    assert.equal(await second.has(covenant.id), false);
    const after = await second.latestToken();
    await first.delete(covenant.id);
    assert.equal(await second.latestToken(), after);
    for (const store of [first, second]) await store.close();
  });

  it.each(['records', 'limits', 'key_rings'])(
    'of a newer version of %s is refused and left as it is',
    async (part) => {
      const schema = freshSchema();
      await inspector.query(`CREATE SCHEMA ${schema}`);
      await inspector.query(
        `CREATE TABLE ${schema}.stele_parts (name text PRIMARY KEY, version integer NOT NULL)`,
      );
      await inspector.query(`INSERT INTO ${schema}.stele_parts VALUES ($1, 1000)`, [part]);
      const options = { schema, timeoutMs: 30_000 };
      const [store, limits, ring] = [
        open(schema),
        new PostgresLimits(unsyncedUrl, options),
        new PostgresKeyRing(unsyncedUrl, options),
      ];
      if (part === 'records') await failsWith('store_version', () => store.count());
      if (part === 'limits') await isUnavailable(limits.reserve([one]));
      if (part === 'key_rings') await failsWith('store_version', () => ring.load());
      const { rows } = await inspector.query(
        'SELECT relname FROM pg_class WHERE relnamespace = $1::regnamespace',
        [schema],
      );
      assert.deepEqual(rows.map(({ relname }) => relname).sort(), ['stele_parts', 'stele_parts_pkey']);
      for (const each of [store, limits, ring]) await each.close();
    },
  );

  it('of version 1 is brought up to date, with its feed, while processes of that version go on writing', async () => {
    const schema = freshSchema();
    await inspector.query(`CREATE SCHEMA ${schema}`);
    await inspector.query(
      `CREATE TABLE ${schema}.stele_parts (name text PRIMARY KEY, version integer NOT NULL)`,
    );
    await inspector.query(POSTGRES_RECORDS.steps[0]?.(schema) ?? '');
    await inspector.query(`INSERT INTO ${schema}.stele_parts VALUES ('records', 1)`);
    const [before, both, after] = await sampleCovenants(3);
    assert.ok(before && both && after);
    const client = await inspector.connect();
    /** As version 1 put. */
    const put = async (document: CovenantDocument) => {
      const { bytes, tokens } = covenantContent(document);
      const values = [
        ['covenant'],
        [document.id],
        [0],
        [null],
        [2],
        [Buffer.from(bytes)],
        [tokens.join(' ')],
      ];
      const text = `SELECT ${schema}.store_write($1, $2, $3, $4, $5, $6, $7) AS done`;
      assert.deepEqual((await client.query(text, values)).rows, [{ done: true }]);
    };
    const { rows } = await client.query(`SELECT epoch FROM ${schema}.feed`);
    await put(before);
    const store = open(schema);
    assert.deepEqual(await store.get(before.id), before);
    const start = await store.latestToken();
    assert.equal(start.split('.')[0], (rows[0] as { epoch: string }).epoch);
    await client.query('BEGIN');
    await put(both);
    let waits = true;
    const second = store.put(both).finally(() => {
      waits = false;
    });
    // What does not wait for that record goes by meanwhile.
    await store.put(after);
    assert.equal(waits, true);
    await client.query('COMMIT');
    client.release();
    await second;
    const told: string[] = [];
    for await (const { id } of store.watch({ after: start })) if (told.push(id) === 2) break;
    assert.deepEqual(told.sort(), [both.id, after.id].sort());
    await store.delete(before.id);
    assert.equal(await store.count({ issuer: before.issuer.id }), 2);
    // What version 1 has told is told, and then the rest.
    const whole: string[] = [];
    for await (const { id, type } of store.watch({ after: `${start.split('.')[0]}.0.0` }))
      if (whole.push(`${type} ${id}`) === 4) break;
    assert.equal(whole[0], `put ${before.id}`);
    assert.equal(whole[3], `delete ${before.id}`);
    await store.close();
  });

  it('is brought up to date under a call of version 2, which loses nothing that was told since', async () => {
    const schema = freshSchema();
    await inspector.query(`CREATE SCHEMA ${schema}`);
    await inspector.query(
      `CREATE TABLE ${schema}.stele_parts (name text PRIMARY KEY, version integer NOT NULL)`,
    );
    for (const step of POSTGRES_RECORDS.steps.slice(0, 2)) await inspector.query(step(schema));
    await inspector.query(`INSERT INTO ${schema}.stele_parts VALUES ('records', 2)`);
    const number = `hashtextextended('"${schema}"' || id, 1)`;
    const { rows } = await inspector.query(`SELECT id FROM unnest($1::text[]) AS id ORDER BY ${number}`, [
      [covenantIdOf(1), covenantIdOf(2)],
    ]);
    const [first, second] = rows.map(({ id }) => id as string) as [string, string];
    await inspector.query(`SELECT ${schema}.store_put('covenant', $1, '', '')`, [first]);
    const [holder, old] = [await inspector.connect(), await inspector.connect()];
    await holder.query(`SELECT pg_advisory_lock(${number}) FROM (VALUES ($1)) AS one (id)`, [first]);
    const deleted = old.query(
      `SELECT ${schema}.store_write('{covenant,covenant}', $1, '{1,1}', '{NULL,NULL}', '{1,1}', '{NULL,NULL}', '{"",""}')`,
      [[first, second]],
    );
    await eventually(async () => {
      const { rows: waiting } = await inspector.query(
        `SELECT FROM pg_locks AS l JOIN pg_locks AS waits USING (pid) WHERE l.relation = '${schema}.changes'::regclass
           AND waits.locktype = 'advisory' AND NOT waits.granted`,
      );
      assert.equal(waiting.length, 1);
    });
    const store = open(schema);
    const after = await store.latestToken();
    const put = (id: string) =>
      putRecord(store.backend, { kind: 'covenant', id, bytes: new Uint8Array([1]), tokens: [] }, undefined);
    await put(second);
    await holder.query('SELECT pg_advisory_unlock_all()');
    holder.release();
    await deleted;
    old.release();
    await put(covenantIdOf(3));
    const told: string[] = [];
    for await (const { type, id } of store.watch({ after })) {
      if (id === covenantIdOf(3)) break;
      told.push(`${type} ${id}`);
    }
    assert.deepEqual(told, [`put ${second}`, `delete ${first}`, `delete ${second}`]);
    await store.close();
  });

  it('with tables of someone else is refused and left as it is', async () => {
    const schema = freshSchema();
    await inspector.query(`CREATE SCHEMA ${schema}`);
    await inspector.query(`CREATE TABLE ${schema}.records (mine text)`);
    const store = open(schema);
    await failsWith('store_version', () => store.put({} as never).catch(() => store.count()));
    await failsWith('store_version', () => store.count());
    const { rows } = await inspector.query(
      'SELECT relname FROM pg_class WHERE relnamespace = $1::regnamespace',
      [schema],
    );
    assert.deepEqual(rows, [{ relname: 'records' }]);
    await store.close();
  });

  it('that could not be reached at first is opened by a later call', async () => {
    const schema = freshSchema();
    const holder = await inspector.connect();
    await holder.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [`stele schema ${schema}`]);
    const hasty = open(schema, { timeoutMs: 300 });
    await failsWith('store_unavailable', () => hasty.count());
    await holder.query('SELECT pg_advisory_unlock_all()');
    holder.release();
    await open(schema).count();
    await failsWith('document_refused', () => hasty.put({} as never));
    await hasty.close();
  });

  it('may be reached through a pool of the caller, which is left open', async () => {
    const pool = new Pool({ connectionString: postgresUrl, max: 2 });
    const schema = freshSchema();
    const covenant = await sampleCovenant();
    const store = new PostgresStore(pool, { schema });
    const limits = new PostgresLimits(pool, { schema });
    await store.put(covenant);
    assert.ok((await limits.reserve([one])).ok);
    await Promise.all([store.close(), limits.close()]);
    await failsWith('store_closed', () => store.count());
    assert.equal((await pool.query('SELECT 1')).rowCount, 1);
    assert.equal(pool.idleCount, pool.totalCount);
    await pool.end();
  });

  it('is unavailable for as long as all connections of a pool are out', async () => {
    const pool = new Pool({ connectionString: postgresUrl, max: 1 });
    const store = new PostgresStore(pool, { schema: freshSchema(), timeoutMs: 1000 });
    await store.count();
    const out = await pool.connect();
    await failsWith('store_unavailable', () => store.count());
    out.release();
    assert.equal(await store.count(), 0);
    // The connection for which nobody waited any more was given back.
    assert.equal(pool.waitingCount, 0);
    await store.close();
    await pool.end();
  });

  it.each(['repeatable read', 'serializable'])(
    'is not written under %s, which looks at what was there before',
    async (isolation) => {
      const url = new URL(postgresUrl);
      url.searchParams.set('options', `-c default_transaction_isolation=${isolation.replace(' ', '\\ ')}`);
      const schema = freshSchema();
      const store = new PostgresStore(url.href.replaceAll('+', '%20'), { schema, timeoutMs: 30_000 });
      const covenant = await sampleCovenant();
      await failsWith('store_unavailable', () => store.put(covenant));
      await failsWith('store_unavailable', () => store.probe());
      assert.equal(await store.count(), 0);
      await store.close();
    },
  );

  it('says of limits whether they can be charged, and charges nothing', async () => {
    const options = { schema: freshSchema(), timeoutMs: 30_000 };
    const limits = new PostgresLimits(unsyncedUrl, options);
    await limits.probe();
    const [counts] = (
      await inspector.query(`SELECT sum(keys) + sum(pending) AS n FROM ${options.schema}.limit_counts`)
    ).rows;
    assert.deepEqual(counts, { n: '0' });
    const url = new URL(postgresUrl);
    url.searchParams.set('options', '-c default_transaction_read_only=on');
    const readOnly = new PostgresLimits(url.href.replaceAll('+', '%20'), options);
    await isUnavailable(readOnly.probe());
    await inspector.query(`DELETE FROM ${options.schema}.limit_counts`);
    await isUnavailable(limits.probe());
    await Promise.all([limits.close(), readOnly.close()]);
    await isUnavailable(limits.probe());
  });

  it.each(['repeatable read', 'serializable'])('counts limits exactly under %s, too', async (isolation) => {
    const url = new URL(postgresUrl);
    url.searchParams.set('options', `-c default_transaction_isolation=${isolation.replace(' ', '\\ ')}`);
    const options = { schema: freshSchema(), timeoutMs: 30_000, maxConnections: 4 };
    const limits = new PostgresLimits(url.href.replaceAll('+', '%20'), options);
    await limits.reserve([{ ...one, cost: 0 }]);
    const answers = await Promise.allSettled(Array.from({ length: 30 }, () => limits.reserve([one])));
    const permitted = answers.filter((answer) => answer.status === 'fulfilled' && answer.value.ok);
    assert.ok(permitted.length >= 1 && permitted.length <= 3);
    await limits.close();
  });
});

describe('PostgresStore, PostgresLimits and PostgresKeyRing', () => {
  it('check their arguments', () => {
    const makers = [
      (source: unknown, options?: object) => new PostgresStore(source as string, options),
      (source: unknown, options?: object) => new PostgresLimits(source as string, options),
      (source: unknown, options?: object) => new PostgresKeyRing(source as string, options),
    ];
    for (const make of makers) {
      for (const source of [undefined, null, '', 5, {}, 'http://x', 'x'])
        assert.throws(() => make(source), TypeError);
      for (const options of [
        { schema: '' },
        { schema: 'Upper' },
        { schema: '1st' },
        { schema: 'a"; DROP SCHEMA public; --' },
        { schema: 'x'.repeat(49) },
        { schema: 5 },
        { timeoutMs: 0 },
        { timeoutMs: 600_001 },
        { timeoutMs: Number.NaN },
        { maxConnections: 0 },
        { maxConnections: 1.5 },
      ])
        assert.throws(() => make(postgresUrl, options), RangeError, JSON.stringify(options));
    }
    assert.throws(() => new PostgresKeyRing(postgresUrl, { name: 'a/b' }), RangeError);
    assert.throws(() => new PostgresLimits(postgresUrl, { clock: 5 as never }), TypeError);
    for (const options of [{ clockSkewMs: -1 }, { maxKeys: 0 }, { maxEntriesPerKey: 15 }, { maxPending: 0 }])
      assert.throws(() => new PostgresLimits(postgresUrl, options), RangeError);
  });
});
