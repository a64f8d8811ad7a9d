/** Several that open one new database at the same moment. They run the built package. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { describe, it } from 'vitest';
import { haveSqlite, sqliteDriversToTest } from '../../../test/support/sqlite.js';
import { SqliteStore } from '../src/index.js';
import { loadSqlite } from '../src/lib/sqlite-driver.js';
import { failsWith } from './support/assert.js';
import { freshPath } from './support/stores.js';

const OPENER = new URL('./support/opener.mjs', import.meta.url);
const THREADS = 3;
const ROUNDS = 150;

describe.skipIf(!haveSqlite).each(sqliteDriversToTest)('a new database on %s', (driver) => {
  it('is opened by all who come at once', async () => {
    const folder = freshPath('opening');
    mkdirSync(folder);
    const workerData = {
      barrier: new SharedArrayBuffer(4),
      threads: THREADS,
      rounds: ROUNDS,
      folder,
      driver,
    };
    const workers = Array.from({ length: THREADS }, () => new Worker(OPENER, { workerData }));
    const answers = await Promise.all(workers.map((worker) => once(worker, 'message')));
    assert.deepEqual(answers.flat(2), []);
  }, 60_000);

  it('is refused with a code while somebody holds it for too long, and opened afterwards', async () => {
    const path = freshPath();
    const holder = loadSqlite(driver).open(path);
    holder.exec('BEGIN EXCLUSIVE');
    await failsWith('store_unavailable', () => new SqliteStore(path, { driver, busyTimeoutMs: 20 }));
    holder.exec('ROLLBACK');
    holder.close();
    const store = new SqliteStore(path, { driver, busyTimeoutMs: 0 });
    assert.equal(await store.count(), 0);
    await store.close();
  });
});
