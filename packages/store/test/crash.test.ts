/** Writers that are killed in the middle, and writers side by side. They run the built package. */
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { haveSqlite } from '../../../test/support/sqlite.js';
import { EncryptedStore, FileStore, SqliteStore, type StoreWithBackend } from '../src/index.js';
import { collect } from '../src/lib/contract/harness.js';
import { sampleCovenant } from '../src/lib/contract/samples.js';
import { KEY } from './support/backends.js';
import { write } from './support/children.js';
import { freshPath } from './support/stores.js';

const kinds: (readonly ['file' | 'sqlite', (path: string) => StoreWithBackend])[] = [
  ['file', (path) => new FileStore(path)],
  ...(haveSqlite ? [['sqlite', (path: string) => new SqliteStore(path)] as const] : []),
];

/** So many covenants each of two processes puts. */
const COUNT = Number(process.env.STELE_PUTS ?? 200);

const reopened = (open: (path: string) => StoreWithBackend, path: string) =>
  new EncryptedStore({ store: open(path), encryptionKey: KEY });

describe.each(kinds)('the %s store', (kind, open) => {
  it('has every acknowledged covenant and no half one after kill -9', async () => {
    const path = freshPath();
    const acknowledged: string[] = [];
    for (const killAfter of [1, 2, 7, 23, 60]) {
      const { ids, code } = await write(kind, path, { killAfter });
      assert.equal(code, null);
      acknowledged.push(...ids);
      const store = reopened(open, path);
      const found = new Set((await collect(store.iterate())).map(({ id }) => id));
      assert.deepEqual(
        acknowledged.filter((id) => !found.has(id)),
        [],
      );
      // What was written but not acknowledged: at most one for each death.
      assert.ok(found.size - acknowledged.length <= 5);
      const covenant = await sampleCovenant();
      await store.put(covenant);
      acknowledged.push(covenant.id);
      await store.close();
    }
  }, 60_000);

  it('loses nothing between two processes that write at once', async () => {
    const path = freshPath();
    const results = await Promise.all([1, 2].map(() => write(kind, path, { count: COUNT })));
    assert.deepEqual(
      results.map(({ code }) => code),
      [0, 0],
    );
    const store = reopened(open, path);
    const found = (await collect(store.iterate())).map(({ id }) => id);
    assert.deepEqual(found, results.flatMap(({ ids }) => ids).sort());
    assert.equal(found.length, 2 * COUNT);
    assert.equal(await store.count(), 2 * COUNT);
    await store.close();
  }, 600_000);
});
