/** What someone sees who has everything but the key. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { sqliteDrivers } from '../../../test/support/sqlite.js';
import { type BackedStore, EncryptedStore, FileStore, MemoryStore, SqliteStore } from '../src/index.js';
import { KEY } from './support/backends.js';
import { everythingIn, TurningKeys, withKeys } from './support/encrypted.js';
import { assertNothingIn, few, fill, MARK, marked, SECRETS, WORDS } from './support/markers.js';
import { freshPath } from './support/stores.js';

const media: [string, (folder: string) => BackedStore][] = [
  ['files', (folder) => new FileStore(folder)],
  ...sqliteDrivers.map((driver): [string, (folder: string) => BackedStore] => [
    `a database and its log (${driver})`,
    (folder) => new SqliteStore(join(folder, 'db'), { driver }),
  ]),
];

describe('of 1,000 documents with a marker in every field', () => {
  it.each(media)(
    'nothing is left in %s, before and after the keys have turned',
    async (_, open) => {
      const folder = freshPath('folder');
      mkdirSync(folder);
      const inner = open(folder);
      const keys = new TurningKeys(0);
      const store = withKeys(inner, keys);
      await fill(store, marked);
      const written = everythingIn(folder);
      assert.ok(written.length > marked.covenants.length * 2000);
      assertNothingIn(written);
      const tag = `${MARK}-tag-3`;
      const expected = marked.covenants.filter((_, n) => n % 7 === 3).length;
      assert.equal(await store.count({ tag }), expected);
      keys.numbers = [1, 0];
      await store.reencrypt();
      assert.equal(await store.count({ tag }), expected);
      await store.close();
      assertNothingIn(everythingIn(folder));
    },
    180_000,
  );

  it('nothing is left in memory', async () => {
    const inner = new MemoryStore();
    const seen: Buffer[] = [];
    const write = inner.backend.write.bind(inner.backend);
    inner.backend.write = async (changes) => {
      for (const { kind, id, next } of changes) {
        if (typeof next !== 'object') continue;
        seen.push(Buffer.from(`${kind} ${id} ${next.tokens.join(' ')} `), Buffer.from(next.bytes));
      }
      return write(changes);
    };
    const written = await fill(new EncryptedStore({ store: inner, encryptionKey: KEY }), marked);
    assertNothingIn(Buffer.concat(seen));
    // And the store's own record.
    assert.equal(seen.length, 2 * (written + 1));
  }, 60_000);

  it.each(media)('everything would be in %s without encryption', async (_, open) => {
    const folder = freshPath('folder');
    mkdirSync(folder);
    const inner = open(folder);
    await fill(inner, few);
    const bytes = everythingIn(folder);
    for (const secret of [...SECRETS, ...WORDS]) assert.equal(bytes.includes(secret), true, secret);
    await inner.close();
  });
});

describe('of 1,000 records', () => {
  it('every one is found out when a byte of it has changed', async () => {
    const inner = new MemoryStore();
    const store = new EncryptedStore({ store: inner, encryptionKey: KEY });
    const { covenants } = marked;
    for (const covenant of covenants) await store.put(covenant);
    let found = 0;
    for (const [n, { id }] of covenants.entries()) {
      const stored = await inner.backend.get('covenant', id);
      assert.ok(stored);
      const bytes = Uint8Array.from(stored.bytes);
      // Spread over all bytes, salt, commitment, text and tag, and all bits.
      const at = (n * 7919) % bytes.length;
      bytes[at] = (bytes[at] as number) ^ (1 << (n % 8));
      const next = { bytes, tokens: [] };
      await inner.backend.write([{ kind: 'covenant', id, expected: stored.version, next }]);
      await store.get(id).catch(({ code }) => {
        if (code === 'record_corrupt') found++;
      });
    }
    assert.equal(found, covenants.length);
    const reported: string[] = [];
    for await (const _ of store.iterate({ onCorrupt: ({ id }) => reported.push(id as string) }))
      assert.fail();
    assert.equal(reported.length, covenants.length);
  }, 60_000);

  it('those of one step have one length, whatever is in them', async () => {
    const inner = new MemoryStore();
    const store = new EncryptedStore({ store: inner, encryptionKey: KEY });
    const lengths = new Set<number>();
    for (const covenant of marked.covenants.slice(0, 100)) {
      await store.put(covenant);
      lengths.add((await inner.backend.get('covenant', covenant.id))?.bytes.length as number);
    }
    assert.ok([...lengths].every((length) => (length - 112) % 1024 === 0));
    assert.equal(lengths.size, 1);
  });
});
