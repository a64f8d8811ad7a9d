/** A database as a machine may leave it: its log cut off anywhere. And one that an older version has written. */
import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import type { CovenantDocument } from '@stele/core';
import { describe, it } from 'vitest';
import { haveSqlite, sqliteDriversToTest } from '../../../test/support/sqlite.js';
import { EncryptedStore, SqliteStore } from '../src/index.js';
import { collect } from '../src/lib/contract/harness.js';
import { sampleCovenant, sampleCovenants, sampleRevocation } from '../src/lib/contract/samples.js';
import { covenantContent, encodeCovenant, encodeRevocation, revocationId } from '../src/lib/documents.js';
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

/** What the second version made of the first. */
const VERSION_2 = `ALTER TABLE records ADD COLUMN tokens TEXT;
  CREATE INDEX records_untold ON records (kind, id) WHERE tokens IS NULL;
  CREATE TABLE tokens (token TEXT NOT NULL, id TEXT NOT NULL, record INTEGER NOT NULL, PRIMARY KEY (token, id)) STRICT, WITHOUT ROWID;
  CREATE TABLE changes (place INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, deleted INTEGER NOT NULL) STRICT;
  CREATE TABLE feed (epoch TEXT NOT NULL) STRICT;
  CREATE TABLE probes (value BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
  PRAGMA user_version = 2;`;
const EPOCH = 'e'.repeat(32);

describe.skipIf(!haveSqlite).each(sqliteDriversToTest)('a database of version 2 on %s', (driver) => {
  /** As version 2 wrote: each change a row of its own, and an index that is always complete. */
  function old(path: string) {
    const database = loadSqlite(driver).open(path);
    database.exec(VERSION_1);
    database.exec(VERSION_2);
    database.prepare('INSERT INTO feed VALUES (?)').run(EPOCH);
    const insert = database.prepare('INSERT INTO records (kind, id, bytes, tokens) VALUES (?, ?, ?, ?)');
    const token = database.prepare('INSERT INTO tokens VALUES (?, ?, ?)');
    const change = database.prepare('INSERT INTO changes (place, kind, id, deleted) VALUES (?, ?, ?, ?)');
    return {
      database,
      put: (document: CovenantDocument, place?: number) => {
        const { bytes, tokens } = covenantContent(document);
        const { lastInsertRowid } = insert.run('covenant', document.id, bytes, tokens.join(' '));
        for (const text of tokens) token.run(text, document.id, lastInsertRowid);
        if (place !== undefined) change.run(place, 'covenant', document.id, 0);
      },
      change: (place: number, id: string, deleted = 1) => change.run(place, 'covenant', id, deleted),
    };
  }

  const told = async (store: SqliteStore, place: number, count: number) => {
    const events: string[] = [];
    for await (const { id, type, token } of store.watch({ after: `${EPOCH}.${place}` })) {
      events.push(`${token.split('.')[1]} ${type} ${id}`);
      if (events.length === count) break;
    }
    return events;
  };

  // More records than places, more places than records, none that was dropped, and a feed that does not reach back to the first.
  it.each([
    { before: 3, first: 1 },
    { before: 0, first: 1 },
    { before: 5, first: 4 },
    { before: 1, first: 1000 },
  ])('is taken over with its feed: %o', async ({ before, first }) => {
    const path = freshPath();
    const { database, put, change } = old(path);
    const documents = await sampleCovenants(before + 3);
    const gone = covenantIdOf(1);
    for (const document of documents.slice(0, before)) put(document);
    const [one, two, three] = documents.slice(before);
    assert.ok(one && two && three);
    put(one, first);
    change(first + 1, gone, 0);
    put(two, first + 2);
    change(first + 3, gone);
    database.close();
    const store = new SqliteStore(path, { driver });
    assert.equal(await store.latestToken(), `${EPOCH}.${first + 3}`);
    await store.put(three);
    await store.delete(one.id);
    const events = [
      `${first} put ${one.id}`,
      `${first + 1} put ${gone}`,
      `${first + 2} put ${two.id}`,
      `${first + 3} delete ${gone}`,
      `${first + 4} put ${three.id}`,
      `${first + 5} delete ${one.id}`,
    ];
    assert.deepEqual(await told(store, first - 1, 6), events);
    assert.deepEqual(await told(store, first + 2, 3), events.slice(3));
    if (first > 1) await failsWith('watch_expired', () => told(store, first - 2, 1));
    await failsWith('watch_expired', () => told(store, first + 6, 1));
    const left = documents.filter(({ id }) => id !== one.id).sort((a, b) => (a.id < b.id ? -1 : 1));
    const issuer = one.issuer.id;
    assert.deepEqual(await collect(store.iterate()), left);
    assert.deepEqual((await store.list({ issuer })).items, left);
    assert.equal(await store.count({ issuer }), left.length);
    assert.equal(await store.has(gone), false);
    for (const document of documents) await store.put(document);
    assert.equal(await store.count({ issuer }), documents.length);
    assert.equal(await store.count(), documents.length);
    await store.close();
  });

  it('is left as it is when it cannot be brought up to date', async () => {
    const path = freshPath();
    const { database, put } = old(path);
    const [document] = await sampleCovenants(1);
    assert.ok(document);
    put(document, 1);
    database.exec('CREATE TABLE records_gone (a TEXT)');
    await failsWith('store_unavailable', () => new SqliteStore(path, { driver }));
    database.exec('DROP TABLE records_gone');
    assert.deepEqual({ ...(database.prepare('PRAGMA user_version').get() as object) }, { user_version: 2 });
    database.close();
    const store = new SqliteStore(path, { driver });
    assert.deepEqual(await store.get(document.id), document);
    await store.close();
  });
});

describe.skipIf(!haveSqlite).each(sqliteDriversToTest)('the index of a database on %s', (driver) => {
  // Around the sizes at which tokens are entered together: after each step what is found is what is there.
  it('finds what is in it and what is yet to be entered, through changes of both', async () => {
    const backend = new SqliteBackend(freshPath(), { driver, busyTimeoutMs: 0 });
    const there = new Map<string, string[]>();
    const bytes = new Uint8Array(3);
    const check = async () => {
      for (const token of ['all', 'odd', 'od', 'l7', 'none']) {
        const ids = [...there].filter(([, tokens]) => tokens.includes(token)).map(([id]) => id);
        assert.equal(await backend.count('covenant', { token }), ids.length);
        const found = await backend.list('covenant', { token, limit: 1000 });
        assert.deepEqual(
          found.map(({ id }) => id),
          ids.sort(),
        );
      }
    };
    for (let n = 0; n < 150; n++) {
      const id = covenantIdOf(n);
      const tokens = ['all', ...(n % 2 === 1 ? ['odd'] : []), `l${n % 10}`];
      // One that is long is entered at once, with all that wait.
      const next = { bytes: n === 70 ? new Uint8Array(70_000) : bytes, tokens };
      assert.equal(await backend.write([{ kind: 'covenant', id, expected: undefined, next }]), true);
      there.set(id, tokens);
      if (n % 7 === 3) {
        // One of those that wait, or one that was entered.
        const other = covenantIdOf(n % 2 === 0 ? n - 1 : n >> 1);
        const changed = { kind: 'covenant', id: other, expected: 'present' } as const;
        if (there.has(other) && n % 3 === 0) {
          await backend.write([{ ...changed, next: undefined }]);
          there.delete(other);
        } else if (there.has(other)) {
          await backend.write([{ ...changed, next: { bytes, tokens: ['all', 'l7'] } }]);
          there.set(other, ['all', 'l7']);
        }
      }
      if (n % 5 === 0 || (n > 60 && n < 75)) await check();
    }
    await check();
    const [first] = await backend.list('covenant', { token: 'odd', limit: 1 });
    const rest = await backend.list('covenant', { token: 'odd', after: first?.id, limit: 1000 });
    assert.equal(rest.length + 1, await backend.count('covenant', { token: 'odd' }));
    await backend.close();
  });
});

describe.skipIf(!haveSqlite).each(sqliteDriversToTest)('the feed of a database on %s', (driver) => {
  it('keeps 10,000 changes, tells those of others, and says so when it does not reach back', async () => {
    const path = freshPath();
    const backend = new SqliteBackend(path, { driver, busyTimeoutMs: 5000 });
    const start = await backend.latestChange();
    const database = loadSqlite(driver).open(path);
    const insert = database.prepare(
      "INSERT INTO records (kind, id, bytes, tokens, gone) VALUES ('covenant', ?, x'', '', 0)",
    );
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
