/** A log on a server that is away, silent, or gone in the middle of an append; and what else can be wrong with it. */
import assert from 'node:assert/strict';
import { Pool } from 'pg';
import { afterEach, describe, it } from 'vitest';
import { havePostgres, postgresUrl } from '../../../test/support/postgres.js';
import { deadPort, eventually, FaultyProxy } from '../../../test/support/proxy.js';
import type { LogBackend } from '../src/index.js';
import { append, recordsOf, rejectsWith } from '../src/lib/contract/harness.js';
import { publicationOf, sampleRecord, sampleRecords, tilesBetween } from '../src/lib/contract/samples.js';
import { PostgresLogBackend, PostgresLogReader } from '../src/postgres.js';
import { freshSchema, inspector } from './support/postgres.js';

const made: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of made.splice(0).reverse()) await each.close();
});

function kept<T extends { close(): Promise<void> }>(each: T): T {
  made.push(each);
  return each;
}

const backend = (url: string, schema: string, timeoutMs = 10_000) =>
  kept(new PostgresLogBackend(url, { schema, timeoutMs }));

async function open(url: string, schema: string, timeoutMs?: number): Promise<PostgresLogBackend> {
  // To make the tables takes a busy server longer than the times that are tried here.
  if (timeoutMs !== undefined) await (await open(postgresUrl, schema)).close();
  const log = backend(url, schema, timeoutMs);
  await log.open();
  return log;
}

async function proxy(): Promise<FaultyProxy> {
  const before = await FaultyProxy.before(postgresUrl);
  kept({ close: () => before.down().catch(() => undefined) });
  return before;
}

const texts = async (log: LogBackend, size: number) =>
  (await recordsOf(log, 0, size)).map(({ leaf }) => Buffer.from(leaf).toString());
const textsOf = (from: number, to: number) =>
  sampleRecords(from, to).map(({ leaf }) => Buffer.from(leaf).toString());

describe.skipIf(!havePostgres)('PostgresLogBackend on a server that fails (needs PostgreSQL)', () => {
  it('is unavailable where nobody listens', async () => {
    const away = new URL(postgresUrl);
    away.port = String(await deadPort());
    await rejectsWith(backend(away.href, freshSchema()).open(), 'audit_log_unavailable');
  });

  it('is unavailable while the server says nothing, and goes on when it answers again', async () => {
    const server = await proxy();
    const schema = freshSchema();
    const log = await open(server.url, schema, 500);
    await append(log, sampleRecords(0, 3));
    server.mode = 'silent';
    await rejectsWith(log.append(3, [sampleRecord(3)]), 'audit_log_unavailable');
    await rejectsWith(log.size(), 'audit_log_unavailable');
    await rejectsWith(log.publish(publicationOf(sampleRecords(0, 3), 3)), 'audit_log_unavailable');
    server.mode = 'passing';
    assert.equal(await eventually(() => log.size()), 3);
    await append(log, sampleRecords(3, 5));
    assert.deepEqual(await texts(log, 5), textsOf(0, 5));
  });

  it('finds out what became of a batch whose answer was lost, and appends it once', async () => {
    const server = await proxy();
    const schema = freshSchema();
    const [log, beside] = [await open(server.url, schema), await open(postgresUrl, schema)];
    for (let at = 0; at < 12; at += 3) {
      server.mode = 'deaf';
      const appending = log.append(at, sampleRecords(at, at + 3));
      await eventually(async () => assert.equal(await beside.size(), at + 3));
      server.mode = 'passing';
      assert.deepEqual(await appending, { appended: true, size: at + 3 });
    }
    assert.deepEqual(await texts(log, 12), textsOf(0, 12));
  });

  it('finds it out when others have appended since', async () => {
    const server = await proxy();
    const schema = freshSchema();
    const [log, beside] = [await open(server.url, schema), await open(postgresUrl, schema)];
    server.mode = 'deaf';
    const appending = log.append(0, sampleRecords(0, 2));
    await eventually(async () => assert.equal(await beside.size(), 2));
    await append(beside, sampleRecords(2, 4));
    server.mode = 'passing';
    assert.deepEqual(await appending, { appended: true, size: 2 });
    assert.deepEqual(await log.append(2, sampleRecords(9, 10)), { appended: false, size: 4 });
    // Its turn is kept for it, and cut off: what it then appends waits in line again.
    server.cut();
    assert.deepEqual(await log.append(4, [sampleRecord(4)]), { appended: true, size: 5 });
    assert.deepEqual(await texts(beside, 5), textsOf(0, 5));
  });

  it('says that it does not know when the answer does not come in time, and then how long the log is', async () => {
    const server = await proxy();
    const schema = freshSchema();
    const [log, beside] = [await open(server.url, schema, 1000), await open(postgresUrl, schema)];
    server.mode = 'deaf';
    await rejectsWith(log.append(0, sampleRecords(0, 2)), 'audit_log_unavailable');
    server.mode = 'passing';
    await eventually(async () => assert.equal(await beside.size(), 2));
    assert.deepEqual(await eventually(() => log.append(0, [sampleRecord(7)])), { appended: false, size: 2 });
    await append(log, [sampleRecord(2)]);
    assert.deepEqual(await texts(beside, 3), textsOf(0, 3));
  });

  it('goes on when the server was away, in the same process, with no entry twice and none lost', async () => {
    const server = await proxy();
    const schema = freshSchema();
    const [log, beside] = [await open(server.url, schema, 1000), await open(postgresUrl, schema)];
    let at = 0;
    for (let i = 0; i < 3; i++) {
      await append(log, [sampleRecord(at++)]);
      await server.down();
      await rejectsWith(log.append(at, [sampleRecord(at)]), 'audit_log_unavailable');
      await append(beside, [sampleRecord(at++)]);
      await server.up();
      const overtaken = await eventually(() => log.append(at - 1, [sampleRecord(0)]));
      assert.deepEqual(overtaken, { appended: false, size: at });
    }
    assert.deepEqual(await texts(log, at), textsOf(0, at));
  });

  it('publishes once though the answer was lost', async () => {
    const server = await proxy();
    const schema = freshSchema();
    const [log, beside] = [await open(server.url, schema, 1000), await open(postgresUrl, schema)];
    const records = sampleRecords(0, 300);
    await append(log, records);
    const publication = publicationOf(records, 300);
    server.mode = 'deaf';
    await rejectsWith(log.publish(publication), 'audit_log_unavailable');
    server.mode = 'passing';
    await eventually(async () => assert.equal(await beside.checkpoint(), publication.checkpoint));
    assert.equal(await eventually(() => log.publish(publication)), true);
  });

  it('appends nothing that waited in vain for the others', async () => {
    const schema = freshSchema();
    const log = await open(postgresUrl, schema, 300);
    const other = await inspector.connect();
    await other.query(`BEGIN; SELECT FROM ${schema}.audit_head FOR UPDATE`);
    await rejectsWith(log.append(0, [sampleRecord(0)]), 'audit_log_unavailable');
    await other.query('ROLLBACK');
    other.release();
    assert.equal(await eventually(() => log.size()), 0);
    await eventually(() => append(log, [sampleRecord(0)]));
  });

  it('keeps the end of the log for a writer that was overtaken, for a moment', async () => {
    const schema = freshSchema();
    const [slow, log] = [await open(postgresUrl, schema), await open(postgresUrl, schema)];
    await append(log, [sampleRecord(0)]);
    assert.deepEqual(await slow.append(0, [sampleRecord(9)]), { appended: false, size: 1 });
    const appending = log.append(1, [sampleRecord(9)]);
    assert.deepEqual(await slow.append(1, [sampleRecord(1)]), { appended: true, size: 2 });
    assert.deepEqual(await appending, { appended: false, size: 2 });
    // Now it is kept for that one, which does not come.
    assert.deepEqual(await slow.append(2, [sampleRecord(2)]), { appended: true, size: 3 });
    assert.deepEqual(await texts(log, 3), textsOf(0, 3));
  });

  it('undoes a batch that the server refuses, and goes on', async () => {
    const schema = freshSchema();
    const [log, other] = [await open(postgresUrl, schema), await open(postgresUrl, schema)];
    await append(log, [sampleRecord(0)]);
    await inspector.query(`INSERT INTO ${schema}.audit_permits VALUES (1, 0)`);
    await rejectsWith(log.append(1, [sampleRecord(1, { opens: true })]), 'audit_log_unavailable');
    assert.deepEqual(await other.append(0, [sampleRecord(9)]), { appended: false, size: 1 });
    await rejectsWith(other.append(1, [sampleRecord(1, { opens: true })]), 'audit_log_unavailable');
    await append(log, [sampleRecord(1)]);
    await append(other, [sampleRecord(2)]);
    assert.deepEqual(await texts(log, 3), textsOf(0, 3));
  });

  it('is damaged where the end of the log has gone', async () => {
    const schema = freshSchema();
    const [log, other] = [await open(postgresUrl, schema), await open(postgresUrl, schema)];
    await append(log, [sampleRecord(0)]);
    assert.deepEqual(await other.append(0, [sampleRecord(9)]), { appended: false, size: 1 });
    await eventually(() => append(log, [sampleRecord(1)]));
    await inspector.query(`DELETE FROM ${schema}.audit_head`);
    await rejectsWith(other.append(1, [sampleRecord(9)]), 'audit_log_corrupt');
    await rejectsWith(log.append(2, [sampleRecord(9)]), 'audit_log_corrupt');
    await rejectsWith(log.size(), 'audit_log_corrupt');
  });

  it('comes back by itself when its connection was cut, so that it is not taken for gone', async () => {
    const schema = freshSchema();
    const [log, other] = [await open(postgresUrl, schema), await open(postgresUrl, schema)];
    await append(log, [sampleRecord(0, { opens: true })]);
    const held = async () => {
      const { rows } = await inspector.query(
        `SELECT pid FROM pg_locks JOIN ${schema}.audit_writers ON id = (classid::bigint << 32) | objid::bigint
         WHERE locktype = 'advisory'`,
      );
      return (rows as { pid: number }[]).map(({ pid }) => pid);
    };
    const [pid] = await held();
    await inspector.query('SELECT pg_terminate_backend($1)', [pid]);
    await eventually(async () => assert.ok(!(await held()).includes(pid as number)));
    await eventually(async () => assert.equal((await held()).length, 1));
    assert.deepEqual(await other.unsettled(), []);
    await append(log, [sampleRecord(1)]);
  });

  it('does not go on when the log has become shorter', async () => {
    const schema = freshSchema();
    const log = await open(postgresUrl, schema);
    await append(log, sampleRecords(0, 5));
    await inspector.query(`UPDATE ${schema}.audit_head SET size = 3`);
    await inspector.query(`DELETE FROM ${schema}.audit_records WHERE idx > 2`);
    await rejectsWith(log.append(5, [sampleRecord(5)]), 'audit_log_rolled_back');
    await rejectsWith(log.size(), 'audit_log_rolled_back');
    await rejectsWith(log.size(), 'audit_log_rolled_back');
  });

  it('gives its connection back when it is closed while it appends', async () => {
    const schema = freshSchema();
    const log = await open(postgresUrl, schema);
    const appending = log.append(0, [sampleRecord(0)]);
    await log.close();
    assert.deepEqual(await appending, { appended: true, size: 1 });
    assert.equal(await (await open(postgresUrl, schema)).size(), 1);
  });

  it('appends batches that are handed in at once one after the other', async () => {
    const schema = freshSchema();
    const [log, other] = [await open(postgresUrl, schema), await open(postgresUrl, schema)];
    await append(other, [sampleRecord(0)]);
    await log.append(0, [sampleRecord(9)]);
    const answers = await Promise.all([1, 2, 3, 3].map((at) => log.append(at, [sampleRecord(at)])));
    assert.deepEqual(
      answers.map(({ appended }) => appended),
      [true, true, true, false],
    );
    assert.deepEqual(await texts(log, 4), textsOf(0, 4));
  });
});

describe.skipIf(!havePostgres)('a log in PostgreSQL (needs it)', () => {
  it('is waited for on the disk even where the server does not do that by itself', async () => {
    const schema = freshSchema();
    await open(postgresUrl, schema);
    const client = await inspector.connect();
    const none = Buffer.alloc(0);
    const asked = [
      [`SELECT ${schema}.audit_append(1, 1, 0, '{}', '{}', $1, '{}', '{}', '{}', '{}', '{}', $1)`, [none]],
      [`SELECT ${schema}.audit_stage('{}', '{}', '{}', '{}', $1)`, [none]],
      [`SELECT ${schema}.audit_publish(NULL, 'c', 0, '{}', '{}', '{}', '{}', $1)`, [none]],
    ] as const;
    for (const [text, values] of asked) {
      await client.query('BEGIN; SET LOCAL synchronous_commit = off');
      await client.query(text, [...values]);
      const { rows } = await client.query('SHOW synchronous_commit');
      await client.query('ROLLBACK');
      assert.deepEqual(rows, [{ synchronous_commit: 'on' }], text);
    }
    client.release();
  });

  it('can be read beside its writers, by whoever may not write', async () => {
    const schema = freshSchema();
    const log = await open(postgresUrl, schema);
    const reader = kept(new PostgresLogReader(postgresUrl, { schema }));
    const records = sampleRecords(0, 300, () => ({ sealed: Uint8Array.of(1) }));
    await append(log, records);
    assert.equal(await reader.checkpoint(), undefined);
    const publication = publicationOf(records, 300);
    await log.publish(publication);
    assert.equal(await reader.checkpoint(), publication.checkpoint);
    const [, bundle] = tilesBetween(records, 0, 300).filter(({ level }) => level === 'entries');
    assert.deepEqual(new Uint8Array((await reader.entries(1, 44)) ?? []), bundle?.bytes);
    assert.equal((await reader.tile(0, 1, 44))?.length, 44 * 32);
    assert.deepEqual([await reader.first(), await reader.sealed(2)], [0, Buffer.of(1)]);
    await reader.close();
    await rejectsWith(reader.checkpoint(), 'audit_log_closed');
    await rejectsWith(reader.tile(0, 0, 1), 'audit_log_closed');
  });

  it('is not made by whoever only reads', async () => {
    const schema = freshSchema();
    const reader = kept(new PostgresLogReader(postgresUrl, { schema }));
    await rejectsWith(reader.checkpoint(), 'audit_log_version');
    const { rows } = await inspector.query('SELECT FROM pg_namespace WHERE nspname = $1', [schema]);
    assert.equal(rows.length, 0);
    await open(postgresUrl, schema);
    assert.equal(await reader.checkpoint(), undefined);
  });

  it('is not touched where a newer version has made it, or someone else', async () => {
    const schema = freshSchema();
    await (await open(postgresUrl, schema)).close();
    await inspector.query(`UPDATE ${schema}.stele_parts SET version = 99`);
    await rejectsWith(backend(postgresUrl, schema).open(), 'audit_log_version');
    await rejectsWith(kept(new PostgresLogReader(postgresUrl, { schema })).first(), 'audit_log_version');
    await inspector.query(`UPDATE ${schema}.stele_parts SET version = 0`);
    await rejectsWith(backend(postgresUrl, schema).open(), 'audit_log_corrupt');
    await inspector.query(`UPDATE ${schema}.stele_parts SET version = 1`);
    assert.deepEqual(await backend(postgresUrl, schema).open(), { size: 0, cutBytes: 0 });
  });

  it('is not taken for one that is not there where the answer is lost', async () => {
    const [schema, server] = [freshSchema(), await proxy()];
    await (await open(postgresUrl, schema)).close();
    const pool = new Pool({ connectionString: server.url, max: 2 });
    kept({ close: () => pool.end() });
    await pool.query('SELECT');
    server.mode = 'deaf';
    const log = kept(new PostgresLogBackend(pool, { schema }));
    await rejectsWith(log.open(), 'audit_log_unavailable');
    server.mode = 'passing';
    assert.deepEqual(await log.open(), { size: 0, cutBytes: 0 });
  });

  it('is made by the next one where the connection broke while it was made', async () => {
    const [schema, server] = [freshSchema(), await proxy()];
    await inspector.query(`CREATE SCHEMA ${schema}`);
    const inTheWay = await inspector.connect();
    kept({ close: async () => inTheWay.release() });
    await inTheWay.query(`BEGIN; CREATE TABLE ${schema}.audit_head (one boolean)`);
    const opening = assert.rejects(backend(server.url, schema).open(), { code: 'audit_log_unavailable' });
    await eventually(async () => {
      const { rowCount } = await inspector.query(
        `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%CREATE TABLE "${schema}".audit_head%'`,
      );
      assert.equal(rowCount, 1);
    });
    server.cut();
    await opening;
    await inTheWay.query('ROLLBACK');
    assert.deepEqual(await backend(postgresUrl, schema).open(), { size: 0, cutBytes: 0 });
  });

  it('is made once by several that come at once', async () => {
    const schema = freshSchema();
    const logs = await Promise.all([1, 2, 3].map(() => open(postgresUrl, schema)));
    await append(logs[0] as LogBackend, [sampleRecord(0)]);
    assert.deepEqual(await Promise.all(logs.map((log) => log.size())), [1, 1, 1]);
  });

  it('takes little more room than its entries', async () => {
    const schema = freshSchema();
    const log = await open(postgresUrl, schema);
    const records = sampleRecords(0, 20_000, () => ({ leaf: Buffer.alloc(512, 97) }));
    await append(log, records, 500);
    await log.publish(publicationOf(records, 20_000));
    const { rows } = await inspector.query(
      'SELECT (pg_total_relation_size($1::regclass) + pg_total_relation_size($2::regclass))::float8 AS bytes',
      [`${schema}.audit_records`, `${schema}.audit_tiles`],
    );
    const share = (rows[0] as { bytes: number }).bytes / (20_000 * 512);
    assert.ok(share <= 1.3, `${share} bytes for each`);
  });

  it('says what is missing from it', async () => {
    const schema = freshSchema();
    const log = await open(postgresUrl, schema);
    const records = sampleRecords(0, 300);
    await append(log, records);
    await log.publish(publicationOf(records, 300));
    await inspector.query(`DELETE FROM ${schema}.audit_records WHERE idx = 270`);
    assert.equal(await log.entries(1, 44), undefined);
    await rejectsWith(recordsOf(log, 256, 300), 'audit_log_corrupt');
    await inspector.query(
      `UPDATE ${schema}.audit_tiles SET hashes = substring(hashes FROM 1 FOR 100) WHERE level = 0`,
    );
    assert.equal(await log.tile(0, 0, 256), undefined);
    assert.equal((await log.tile(0, 0, 3))?.length, 96);
    await inspector.query(`TRUNCATE ${schema}.audit_log`);
    await rejectsWith(log.checkpoint(), 'audit_log_corrupt');
    await inspector.query(`TRUNCATE ${schema}.audit_head`);
    await rejectsWith(log.append(300, [sampleRecord(300)]), 'audit_log_corrupt');
    await rejectsWith(log.size(), 'audit_log_corrupt');
  });

  it('takes a pool, which stays the caller’s', async () => {
    const schema = freshSchema();
    const pool = new Pool({ connectionString: postgresUrl, max: 2 });
    const log = kept(new PostgresLogBackend(pool, { schema }));
    await log.open();
    await append(log, sampleRecords(0, 2));
    await log.close();
    // Nothing of its writer's settings is left in a connection.
    const { rows } = await pool.query('SHOW idle_in_transaction_session_timeout');
    assert.deepEqual(rows, [{ idle_in_transaction_session_timeout: '0' }]);
    await pool.end();
  });

  it('refuses what it cannot be made from', () => {
    assert.throws(() => new PostgresLogBackend('mysql://here'), TypeError);
    assert.throws(() => new PostgresLogBackend(undefined as never), TypeError);
    for (const schema of ['', '1a', 'a"b', 'A', 'x'.repeat(49), 7 as never]) {
      assert.throws(() => new PostgresLogBackend(postgresUrl, { schema }), RangeError);
    }
    for (const timeoutMs of [0, 1.5, 600_001, Number.NaN]) {
      assert.throws(() => new PostgresLogBackend(postgresUrl, { timeoutMs }), RangeError);
    }
    assert.throws(() => new PostgresLogReader(postgresUrl, { maxConnections: 1 }), RangeError);
  });

  it('names no password', () => {
    const { name } = new PostgresLogBackend('postgres://user:secret@127.0.0.1/test', { schema: 'here' });
    assert.match(name, /here/);
    assert.doesNotMatch(name, /secret/);
  });
});
