import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { countersignCovenant } from '@stele/core';
import { describe, it } from 'vitest';
import { haveSqlite, sqliteDrivers } from '../../../test/support/sqlite.js';
import { SqliteStore, type SqliteStoreOptions } from '../src/index.js';
import { keysOf, sampleCovenant, sampleCovenants, sampleRevocation } from '../src/lib/contract/samples.js';
import { loadSqlite } from '../src/lib/sqlite-driver.js';
import { toStoreError } from '../src/lib/sqlite-errors.js';
import { failsWith } from './support/assert.js';
import { freshPath } from './support/stores.js';

const modeOf = (path: string) => statSync(path).mode & 0o777;

describe.each(sqliteDrivers)('SqliteStore on %s', (driver) => {
  const open = (path: string, options: SqliteStoreOptions = {}) =>
    new SqliteStore(path, { driver, ...options });
  const raw = (path: string) => loadSqlite(driver).open(path);

  it('says which driver it uses', async () => {
    const store = open(':memory:');
    assert.equal(store.driver, driver);
    await store.close();
  });

  it('finds everything again when it is opened anew, also by every other driver', async () => {
    const path = freshPath();
    const covenants = await sampleCovenants(5);
    const revocation = await sampleRevocation(covenants[0]!);
    const first = open(path);
    for (const covenant of covenants) await first.put(covenant);
    await first.putRevocation(revocation);
    await first.close();
    for (const other of sqliteDrivers) {
      const store = open(path, { driver: other });
      for (const covenant of covenants) assert.deepEqual(await store.get(covenant.id), covenant);
      assert.deepEqual(await store.getRevocations(revocation.covenant), [revocation]);
      await store.close();
    }
  });

  it('keeps databases in memory apart, and makes no file', async () => {
    const [one, two] = [open(':memory:'), open(':memory:')];
    await one.put(await sampleCovenant());
    assert.equal(await two.count(), 0);
    assert.equal(existsSync(':memory:'), false);
    await Promise.all([one.close(), two.close()]);
  });

  it('keeps its files from other users, whatever the umask, and writes ahead and in full', async () => {
    const path = freshPath();
    const before = process.umask(0);
    const store = open(path);
    try {
      await store.put(await sampleCovenant());
    } finally {
      process.umask(before);
    }
    for (const suffix of ['', '-wal', '-shm']) assert.equal(modeOf(path + suffix), 0o600, suffix);
    await store.close();
    const database = raw(path);
    assert.deepEqual(
      { ...(database.prepare('PRAGMA journal_mode').get() as object) },
      { journal_mode: 'wal' },
    );
    assert.deepEqual({ ...(database.prepare('PRAGMA user_version').get() as object) }, { user_version: 3 });
    database.close();
  });

  it('sees at once what another connection wrote, and unites what both put', async () => {
    const path = freshPath();
    const [one, two] = [open(path), open(path)];
    const covenant = await sampleCovenant();
    const [byEve, byBob] = await Promise.all(
      ['eve', 'bob'].map(async (name) => countersignCovenant(covenant, await keysOf(name))),
    );
    await Promise.all([one.put(byEve!), two.put(byBob!), one.put(covenant)]);
    assert.equal([(await one.get(covenant.id))?.proof].flat().length, 3);
    assert.deepEqual(await one.get(covenant.id), await two.get(covenant.id));
    await Promise.all([one.close(), two.close()]);
  });

  it('refuses a newer schema and leaves it as it is', async () => {
    const path = freshPath();
    await open(path).close();
    const database = raw(path);
    database.exec('PRAGMA user_version = 4');
    database.close();
    const before = readFileSync(path);
    await failsWith('store_version', () => open(path));
    assert.deepEqual(readFileSync(path), before);
  });

  it('refuses the database of another program and leaves it as it is', async () => {
    const path = freshPath();
    const database = raw(path);
    database.exec('CREATE TABLE records (id TEXT, bytes BLOB)');
    database.close();
    const before = readFileSync(path);
    await failsWith('store_version', () => open(path));
    assert.deepEqual(readFileSync(path), before);
  });

  it('says store_corrupt for a file that is no database', async () => {
    const path = freshPath();
    writeFileSync(path, 'this is no database at all, but it is long enough to be looked at. '.repeat(50));
    const error = await failsWith('store_corrupt', () => open(path));
    assert.ok(error.cause instanceof Error);
  });

  it('never gives a wrong covenant when pages of the file are overwritten', async () => {
    const path = freshPath();
    const covenants = await sampleCovenants(40);
    const store = open(path);
    for (const covenant of covenants) await store.put(covenant);
    await store.close();
    const whole = readFileSync(path);
    let found = 0;
    for (let page = 0; page * 4096 < whole.length; page++) {
      const file = openSync(path, 'r+');
      writeSync(file, Buffer.alloc(2000, 0xa5), 0, 2000, page * 4096 + 50);
      closeSync(file);
      try {
        const damaged = open(path);
        for (const covenant of covenants) {
          const outcome = await damaged.get(covenant.id).catch((error: unknown) => error);
          if (outcome instanceof Error)
            assert.match((outcome as { code?: string }).code ?? '', /^(record|store)_corrupt$/);
          else if (outcome !== undefined) assert.deepEqual(outcome, covenant);
          found += outcome instanceof Error ? 1 : 0;
        }
        await damaged.close();
      } catch (error) {
        assert.match((error as { code?: string }).code ?? '', /^store_(corrupt|version)$/);
        found++;
      }
      writeFileSync(path, whole);
    }
    assert.ok(found > 0);
  });

  it('says record_corrupt for a value that is not made of bytes', async () => {
    const path = freshPath();
    const store = open(path);
    const covenant = await sampleCovenant();
    await store.put(covenant);
    const database = raw(path);
    database.prepare("UPDATE records SET bytes = 'text'").run();
    database.close();
    await failsWith('record_corrupt', () => store.get(covenant.id));
    await failsWith('record_corrupt', () => store.list());
    await store.close();
  });

  it('says store_unavailable while another process holds the database, and works afterwards', async () => {
    const path = freshPath();
    const store = open(path, { busyTimeoutMs: 0 });
    const covenant = await sampleCovenant();
    const holder = raw(path);
    holder.exec('BEGIN IMMEDIATE');
    await failsWith('store_unavailable', () => store.put(covenant));
    assert.equal(await store.get(covenant.id), undefined);
    holder.exec('ROLLBACK');
    holder.close();
    await store.put(covenant);
    assert.deepEqual(await store.get(covenant.id), covenant);
    await store.close();
  });

  it('writes nothing into a database that was moved away', async () => {
    const path = freshPath();
    const store = open(path);
    const [kept, refused] = await sampleCovenants(2);
    await store.put(kept!);
    renameSync(path, `${path}-moved`);
    await failsWith('store_unavailable', () => store.put(refused!));
    await failsWith('store_unavailable', () => store.probe());
    renameSync(`${path}-moved`, path);
    await store.put(refused!);
    assert.equal(await store.count(), 2);
    await store.close();
  });

  it('gives a full database a code that says so', () => {
    const database = raw(':memory:');
    database.exec('CREATE TABLE t (bytes BLOB); PRAGMA max_page_count = 10');
    let thrown: unknown;
    try {
      database.prepare('INSERT INTO t VALUES (?)').run(new Uint8Array(1_000_000));
    } catch (error) {
      thrown = error;
    }
    const error = toStoreError(thrown);
    assert.equal(error.code, 'store_unavailable');
    assert.match(error.message, /SQLITE_FULL|13/);
    database.close();
  });

  it('says store_unavailable where it cannot make a file', async () => {
    await failsWith('store_unavailable', () => open(join(freshPath(), 'no', 'such', 'folder')));
  });

  it('leaves nothing behind but the database when it is closed', async () => {
    const folder = freshPath('only');
    await open(folder).close();
    const name = folder.slice(folder.lastIndexOf('/') + 1);
    assert.deepEqual(
      readdirSync(join(folder, '..')).filter((entry) => entry.startsWith(name)),
      [name],
    );
  });
});

describe('SqliteStore', () => {
  it('checks its arguments', () => {
    for (const path of [undefined, null, '', 1, {}, 'a\0b']) {
      assert.throws(() => new SqliteStore(path as string), TypeError);
    }
    for (const driver of ['sqlite3', '__proto__', 'constructor', 1, null]) {
      assert.throws(
        () => new SqliteStore(':memory:', { driver } as unknown as SqliteStoreOptions),
        RangeError,
      );
    }
    for (const busyTimeoutMs of [-1, 1.5, Number.NaN, '1; DROP TABLE records', 1e9]) {
      const options = { busyTimeoutMs } as unknown as SqliteStoreOptions;
      assert.throws(() => new SqliteStore(':memory:', options), RangeError);
    }
  });
});

const missing = (['better-sqlite3', 'node:sqlite'] as const).filter((name) => !sqliteDrivers.includes(name));

describe.skipIf(missing.length === 0).each(missing)('a driver that does not load: %s', (driver) => {
  it('is said to be missing, with a way out, when it was asked for', async () => {
    const error = await failsWith('sqlite_unavailable', () => new SqliteStore(':memory:', { driver }));
    assert.match(error.hint ?? '', /better-sqlite3/);
    assert.ok(error.cause instanceof AggregateError);
  });

  it.skipIf(!haveSqlite)('does not keep another from being used', async () => {
    const store = new SqliteStore(':memory:');
    assert.ok(sqliteDrivers.includes(store.driver));
    await store.close();
  });
});
