/** A database as a machine may leave it: its log cut off anywhere. And one that an older version has written. */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'vitest';
import { haveSqlite, sqliteDriversToTest } from '../../../test/support/sqlite.js';
import { EncryptedStore, SqliteStore } from '../src/index.js';
import { collect } from '../src/lib/contract/harness.js';
import { sampleCovenant, sampleCovenants, sampleRevocation } from '../src/lib/contract/samples.js';
import { encodeCovenant, encodeRevocation, revocationId } from '../src/lib/documents.js';
import { SqliteBackend } from '../src/lib/sqlite-backend.js';
import { loadSqlite } from '../src/lib/sqlite-driver.js';
import { failsWith } from './support/assert.js';
import { covenantIdOf, KEY } from './support/backends.js';
import { putRecord } from './support/records.js';
import { freshPath } from './support/stores.js';

describe.skipIf(!haveSqlite).each(sqliteDriversToTest)('a database on %s whose log is cut off', (driver) => {
  it('holds some of the writes from the first on, each as a whole', async () => {
    const path = freshPath();
    const store = new SqliteStore(path, { driver });
    const before = await store.latestToken();
    const covenants = await sampleCovenants(8);
    const [one, two, three, ...batch] = covenants;
    assert.ok(one && two && three);
    await store.put(one);
    await store.put(two);
    await store.delete(one.id);
    await store.putBatch(batch);
    await store.put(three);
    const ids = (list: readonly { id: string }[]) => list.map(({ id }) => id).sort();
    const states = [[], [one], [one, two], [two], [two, ...batch], [two, three, ...batch]].map(ids);
    const log = readFileSync(`${path}-wal`);
    const seen = new Set<number>();
    for (let cut = log.length; cut >= 0; cut -= 1024) {
      const copy = freshPath();
      copyFileSync(path, copy);
      writeFileSync(`${copy}-wal`, log.subarray(0, cut));
      const again = new SqliteStore(copy, { driver });
      const found = ids(await collect(again.iterate()));
      const state = states.findIndex((expected) => JSON.stringify(expected) === JSON.stringify(found));
      assert.notEqual(state, -1, `${found.length} covenants at ${cut}`);
      seen.add(state);
      assert.equal(await again.count({ issuer: one.issuer.id }), found.length);
      const events = Number((await again.latestToken()).split('.')[1]) - Number(before.split('.')[1]);
      assert.equal(events, [0, 1, 2, 3, 8, 9][state]);
      await again.put(one);
      assert.deepEqual(await again.get(one.id), one);
      await again.close();
    }
    assert.equal(seen.size, states.length);
    await store.close();
  });
});

/** What the first version made. */
const VERSION_1 = `CREATE TABLE records (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, bytes BLOB NOT NULL);
  CREATE UNIQUE INDEX records_by_id ON records (kind, id);
  PRAGMA journal_mode = WAL; PRAGMA application_id = ${0x5354454c}; PRAGMA user_version = 1;`;

describe.skipIf(!haveSqlite).each(sqliteDriversToTest)('a database of version 1 on %s', (driver) => {
  const old = (path: string) => {
    const database = loadSqlite(driver).open(path);
    database.exec(VERSION_1);
    const insert = database.prepare('INSERT INTO records (kind, id, bytes) VALUES (?, ?, ?)');
    return { database, insert };
  };

  it('is taken over: all is there, is found by filters, and new records beside it', async () => {
    const path = freshPath();
    const { database, insert } = old(path);
    const [one, two, three] = await sampleCovenants(3);
    assert.ok(one && two && three);
    const revocation = await sampleRevocation(one);
    for (const document of [one, two]) insert.run('covenant', document.id, encodeCovenant(document));
    insert.run('revocation', revocationId(revocation), encodeRevocation(revocation));
    database.close();
    const store = new SqliteStore(path, { driver });
    const after = await store.latestToken();
    await store.put(three);
    const all = [one, two, three].sort((a, b) => (a.id < b.id ? -1 : 1));
    const issuer = one.issuer.id;
    assert.deepEqual((await store.list({ issuer })).items, all);
    assert.deepEqual(await collect(store.iterate({ issuer })), all);
    assert.equal(await store.count({ issuer }), 3);
    assert.equal(await store.count({ issuer: 'did:key:nobody' }), 0);
    const first = await store.list({ issuer, limit: 2 });
    assert.deepEqual(first.items, all.slice(0, 2));
    assert.deepEqual((await store.list({ issuer, limit: 2, cursor: first.nextCursor })).items, all.slice(2));
    assert.deepEqual(await store.getRevocations(one.id), [revocation]);
    // Written again, a record of before is found by the index alone.
    for (const document of [one, two]) assert.equal(await store.delete(document.id), true);
    await store.putBatch([one, two]);
    assert.equal(await store.backend.count('covenant', { token: 'issuer:x' }), 0);
    assert.equal(await store.count({ issuer }), 3);
    assert.notEqual(await store.latestToken(), after);
    await store.close();
    await new SqliteStore(path, { driver }).close();
  });

  it('is taken over when its records are sealed', async () => {
    const path = freshPath();
    const sealed = new EncryptedStore({ store: new SqliteStore(':memory:', { driver }), encryptionKey: KEY });
    const document = await sampleCovenant();
    await sealed.put(document);
    const { database, insert } = old(path);
    const [record] = await (sealed as unknown as { backend: SqliteBackend }).backend.list('covenant', {
      limit: 1,
    });
    assert.ok(record?.bytes);
    insert.run('covenant', document.id, record.bytes);
    database.close();
    const inner = new SqliteBackend(path, { driver, busyTimeoutMs: 0 });
    const found = await inner.get('covenant', document.id);
    assert.equal(await inner.count('covenant', { token: 't' }), undefined);
    assert.equal(
      await putRecord(
        inner,
        { kind: 'covenant', id: document.id, bytes: found?.bytes ?? new Uint8Array(), tokens: ['t'] },
        found?.version,
      ),
      true,
    );
    assert.equal(await inner.count('covenant', { token: 't' }), 1);
    assert.equal(await inner.count('covenant', { token: 'u' }), 0);
    await inner.close();
    await sealed.close();
  });
});

describe.skipIf(!haveSqlite).each(sqliteDriversToTest)('the feed of a database on %s', (driver) => {
  it('keeps 10,000 changes, tells those of others, and says so when it does not reach back', async () => {
    const path = freshPath();
    const backend = new SqliteBackend(path, { driver, busyTimeoutMs: 5000 });
    const start = await backend.latestChange();
    const database = loadSqlite(driver).open(path);
    const insert = database.prepare("INSERT INTO changes (kind, id, deleted) VALUES ('covenant', ?, 0)");
    database.exec('BEGIN');
    for (let n = 0; n < 10_238; n++) insert.run(covenantIdOf(n));
    database.exec('COMMIT');
    database.close();
    const ids = async (after: string, count: number) => {
      const found: string[] = [];
      for await (const { id } of backend.changes(after, new AbortController().signal))
        if (found.push(id) === count) break;
      return found;
    };
    assert.equal((await ids(start, 10_238)).at(-1), covenantIdOf(10_237));
    const bytes = new Uint8Array(1);
    for (const n of [1, 2])
      await putRecord(backend, { kind: 'covenant', id: covenantIdOf(n), bytes }, undefined);
    await failsWith('watch_expired', () => ids(start, 1));
    const [epoch] = start.split('.');
    assert.equal((await ids(`${epoch}.240`, 10_000)).at(-1), covenantIdOf(2));
    await backend.close();
  });

  it('is damaged without its name', async () => {
    const path = freshPath();
    await new SqliteStore(path, { driver }).close();
    const database = loadSqlite(driver).open(path);
    database.exec('DELETE FROM feed');
    database.close();
    await failsWith('store_corrupt', () => new SqliteStore(path, { driver }));
  });

  it('wakes a watch of another connection', async () => {
    const path = freshPath();
    const [one, two] = [new SqliteStore(path, { driver }), new SqliteStore(path, { driver })];
    const watch = two.watch({ after: await two.latestToken() })[Symbol.asyncIterator]();
    const next = watch.next();
    const document = await sampleCovenant();
    await one.put(document);
    assert.equal((await next).value?.id, document.id);
    await watch.return?.();
    await Promise.all([one.close(), two.close()]);
  });
});
