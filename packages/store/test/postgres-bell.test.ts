/** How processes wake each other's watches. Here without a watch, which would find what was written by itself. */
import assert from 'node:assert/strict';
import { Pool } from 'pg';
import { afterAll, describe, it } from 'vitest';
import { havePostgres } from '../../../test/support/postgres.js';
import { eventually } from '../../../test/support/proxy.js';
import { Bell } from '../src/lib/bell.js';
import { sampleCovenant } from '../src/lib/contract/samples.js';
import { PostgresBell } from '../src/lib/postgres-bell.js';
import { PostgresConnections, type PostgresPool } from '../src/lib/postgres-connections.js';
import { PostgresStore } from '../src/postgres.js';
import { freshSchema, inspector, unsyncedUrl } from './support/postgres.js';

const never = new AbortController().signal;
const pool = new Pool({ connectionString: unsyncedUrl, max: 1 });
afterAll(() => pool.end());

/** What one process has; the schema need not be there. */
function one(schema: string, source: string | PostgresPool = unsyncedUrl) {
  const bell = new Bell();
  const connections = new PostgresConnections(source, { schema });
  return { bell, connections, others: new PostgresBell(connections, bell) };
}

/** The sessions that hold the lock of those who listen. */
async function listeners(schema: string): Promise<number[]> {
  const { rows } = await inspector.query(
    `SELECT pid FROM pg_locks, hashtextextended($1, 0) AS number WHERE locktype = 'advisory' AND objsubid = 1 AND granted
       AND (classid::bigint << 32 | objid::bigint) = number AND mode = 'ShareLock'`,
    [`stele watch ${schema}`],
  );
  return rows.map(({ pid }) => pid as number);
}

const listening = (schema: string) =>
  eventually(async () => {
    const [pid] = await listeners(schema);
    assert.ok(pid);
    return pid;
  });

describe('a listener', () => {
  it('that cannot be made is none, and no error that nobody hears of', async () => {
    const connections = new PostgresConnections('postgres://[::1/none', {});
    const ears = { heard: () => undefined, lost: () => undefined };
    assert.equal(await connections.listen('channel', 'lock', ears), undefined);
  });
});

describe.skipIf(!havePostgres)('the bell of a store (needs PostgreSQL)', () => {
  it('wakes a watch of another process, and again after its connection was cut', async () => {
    const schema = freshSchema();
    const [writer, watcher] = [one(schema), one(schema)];
    watcher.others.entered();
    const pid = await listening(schema);
    const first = watcher.bell.heard(never);
    writer.others.ring();
    await first;
    await inspector.query('SELECT pg_terminate_backend($1)', [pid]);
    await eventually(async () => {
      watcher.others.listen();
      const [other = pid] = await listeners(schema);
      assert.notEqual(other, pid);
    });
    // A ring for having begun to listen may come before.
    const told = watcher.bell.heard(never).then(() => watcher.bell.heard(never));
    const until = setInterval(() => writer.others.ring(), 5);
    await told;
    clearInterval(until);
    for (const { others, connections } of [writer, watcher]) {
      others.close();
      await connections.close();
    }
  });

  it('rings once for all that is written while it rings, and not where nobody listens', async () => {
    const schema = freshSchema();
    const [alone, writer, watcher] = [one(schema), one(schema), one(schema)];
    const heard: (string | undefined)[] = [];
    const ear = await inspector.connect();
    ear.on('notification', ({ payload }) => heard.push(payload));
    await ear.query(`LISTEN "stele_${schema}"`);
    const mark = async (text: string) => {
      await inspector.query('SELECT pg_notify($1, $2)', [`stele_${schema}`, text]);
      await eventually(async () => assert.ok(heard.includes(text)));
    };
    alone.others.ring();
    // Its one connection is used in turn.
    await alone.connections.query('SELECT 1');
    await mark('nobody');
    assert.deepEqual(heard, ['nobody']);
    watcher.others.entered();
    await listening(schema);
    for (let n = 0; n < 1000; n++) writer.others.ring();
    await eventually(async () => assert.ok(heard.length >= 3));
    await mark('some');
    assert.deepEqual(heard, ['nobody', '', '', 'some']);
    ear.release(true);
    for (const { others, connections } of [alone, writer, watcher]) {
      others.close();
      await connections.close();
    }
  });

  it('listens while somebody watches, by a connection of its own', async () => {
    const schema = freshSchema();
    const [store, other] = [
      new PostgresStore(unsyncedUrl, { schema, maxConnections: 1 }),
      new PostgresStore(unsyncedUrl, { schema }),
    ];
    const after = await store.latestToken();
    const end = new AbortController();
    const watches = [1, 2].map(() => store.watch({ after, signal: end.signal })[Symbol.asyncIterator]());
    const nexts = watches.map((watch) => watch.next());
    await listening(schema);
    const document = await sampleCovenant();
    await other.put(document);
    for (const next of nexts) assert.equal((await next).value?.id, document.id);
    assert.equal((await listeners(schema)).length, 1);
    await watches[0]?.return?.();
    assert.equal((await listeners(schema)).length, 1);
    await watches[1]?.return?.();
    await eventually(async () => assert.deepEqual(await listeners(schema), []));
    // One that nobody asks any more ends with its store.
    const left = store.watch({ after })[Symbol.asyncIterator]();
    await left.next();
    await listening(schema);
    await store.close();
    await eventually(async () => assert.deepEqual(await listeners(schema), []));
    await other.close();
  });

  it('keeps no connection of a pool that is the caller’s', async () => {
    const schema = freshSchema();
    const store = new PostgresStore(pool, { schema });
    const after = await store.latestToken();
    const watch = store.watch({ after })[Symbol.asyncIterator]();
    const next = watch.next();
    const document = await sampleCovenant();
    await store.put(document);
    assert.equal((await next).value?.id, document.id);
    assert.deepEqual(await listeners(schema), []);
    await watch.return?.();
    await store.close();
  });
});
