import assert from 'node:assert/strict';
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { aeadOpen, aeadSeal, KeyManager, type Sealer } from '@stele/crypto';
import { describe, it } from 'vitest';
import { haveSqlite, sqliteDrivers } from '../../../test/support/sqlite.js';
import { SqliteKeyRing, SqliteLimits, SqliteStore } from '../src/index.js';
import { loadSqlite } from '../src/lib/sqlite-driver.js';
import { keyRingContract } from '../src/testing.js';
import { failsWith } from './support/assert.js';
import { freshPath } from './support/stores.js';

for (const driver of sqliteDrivers) {
  keyRingContract(
    `SqliteKeyRing (${driver})`,
    () => {
      const path = freshPath('ring');
      return [new SqliteKeyRing(path, { driver }), new SqliteKeyRing(path, { driver })];
    },
    { describe, it },
  );
  keyRingContract(
    `SqliteKeyRing in memory (${driver})`,
    () => {
      const ring = new SqliteKeyRing(':memory:', { driver });
      return [ring, ring];
    },
    { describe, it },
  );
}

describe.skipIf(!haveSqlite)('SqliteKeyRing', () => {
  it('shares a file with other rings, a store and limits, whichever came first', async () => {
    const path = freshPath('shared');
    const parts = [
      new SqliteKeyRing(path),
      new SqliteStore(path),
      new SqliteKeyRing(path, { name: 'log' }),
      new SqliteLimits(path),
    ] as const;
    assert.equal(await parts[0].save(undefined, '"covenant"'), true);
    assert.equal(await parts[2].load(), undefined);
    assert.equal(await parts[2].save(undefined, '"log"'), true);
    assert.equal((await parts[0].load())?.state, '"covenant"');
    assert.equal(await parts[1].count(), 0);
    for (const part of parts) await part.close();
    const again = new SqliteKeyRing(path, { name: 'log' });
    assert.deepEqual(await again.load(), { version: 1, state: '"log"' });
    await again.close();
  });

  it('comes into the file of a store, too', async () => {
    const path = freshPath('after');
    await new SqliteStore(path).close();
    const ring = new SqliteKeyRing(path);
    assert.equal(await ring.save(undefined, '{}'), true);
    await ring.close();
  });

  it('is the ring of managers that rotate and revoke at once', async () => {
    const path = freshPath('managers');
    const key = new Uint8Array(32).fill(7);
    const sealer: Sealer = {
      seal: (plaintext, associatedData) => aeadSeal(key, plaintext, associatedData),
      open: (sealed, associatedData) => aeadOpen(key, sealed, associatedData),
    };
    const rings = [1, 2, 3].map(() => new SqliteKeyRing(path));
    const managers = rings.map((ring) => new KeyManager({ ring, sealer, refreshMs: 0 }));
    await Promise.all(managers.map((manager) => manager.initialize()));
    assert.equal(new Set(managers.map(({ activeKey }) => activeKey.publicKeyHex)).size, 1);
    for (let round = 1; round <= 20; round++) {
      const rotations = await Promise.all(managers.map((manager) => manager.rotate()));
      assert.equal(new Set(rotations.map(({ newKey }) => newKey.publicKeyHex)).size, 1);
    }
    const [first, second, third] = managers as [KeyManager, KeyManager, KeyManager];
    const message = new Uint8Array([1, 2, 3]);
    const signature = await first.sign(message);
    await Promise.all([
      second.revoke(first.activeKey.publicKeyHex, 'stolen'),
      third.revoke('a'.repeat(64), 'someone else’s'),
    ]);
    for (const manager of managers) {
      assert.equal((await manager.verifyWithAnyKey(message, signature)).valid, false);
      assert.equal(manager.history.length, 22);
      assert.equal(manager.getRevocationList().length, 2);
    }
    for (const ring of rings) await ring.close();
    await assert.rejects(first.sign(message), { code: 'key_ring_unavailable' });
  });

  it('makes a file that its owner alone reads, and leaves nothing there of what was replaced', async () => {
    const path = freshPath('private');
    const ring = new SqliteKeyRing(path);
    await ring.save(undefined, `"${'sealed-before '.repeat(1_000)}"`);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.ok(readFileSync(path).includes('sealed-before'));
    await ring.save(1, '"after"');
    for (const file of [path, `${path}-wal`]) assert.ok(!readFileSync(file).includes('sealed-before'));
    await ring.close();
  });

  it('saves while another connection reads, and empties the log when that has ended', async () => {
    const path = freshPath('busy');
    const ring = new SqliteKeyRing(path);
    await ring.save(undefined, `"${'sealed-before '.repeat(1_000)}"`);
    const reader = loadSqlite().open(path);
    reader.exec('BEGIN');
    reader.prepare('SELECT * FROM key_rings').all();
    assert.equal(await ring.save(1, '"2"'), true);
    assert.deepEqual(await ring.load(), { version: 2, state: '"2"' });
    assert.ok(readFileSync(path).includes('sealed-before'));
    reader.close();
    assert.equal(await ring.save(2, '"3"'), true);
    for (const file of [path, `${path}-wal`]) assert.ok(!readFileSync(file).includes('sealed-before'));
    await ring.close();
  });

  it('refuses everything after it was closed, twice if need be', async () => {
    const ring = new SqliteKeyRing(':memory:');
    await ring.close();
    await ring.close();
    await failsWith('store_closed', () => ring.load());
    await failsWith('store_closed', () => ring.save(undefined, '{}'));
  });

  it('notices that its file was moved away', async () => {
    const path = freshPath('moved');
    const ring = new SqliteKeyRing(path);
    await ring.save(undefined, '{}');
    renameSync(path, `${path}.old`);
    await failsWith('store_unavailable', () => ring.load());
    await failsWith('store_unavailable', () => ring.save(1, '{}'));
    await ring.close();
  });

  it('refuses a file that is no database, a newer schema, and one that lost its version', async () => {
    const text = freshPath('text');
    writeFileSync(text, 'not a database, but long enough to be looked at as if it were one\n'.repeat(10));
    await failsWith('store_corrupt', () => new SqliteKeyRing(text));
    const path = freshPath('newer');
    await new SqliteKeyRing(path).close();
    const change = (sql: string) => {
      const database = loadSqlite().open(path);
      database.exec(sql);
      database.close();
    };
    change('UPDATE key_ring_state SET version = 2');
    await failsWith('store_version', () => new SqliteKeyRing(path));
    change('DELETE FROM key_ring_state');
    await failsWith('store_corrupt', () => new SqliteKeyRing(path));
  });

  it('refuses wrong arguments', () => {
    for (const name of ['', 'a b', 'x'.repeat(65), 'a\n', 5]) {
      assert.throws(() => new SqliteKeyRing(':memory:', { name: name as string }), RangeError);
    }
    assert.throws(() => new SqliteKeyRing(''), TypeError);
    assert.throws(() => new SqliteKeyRing(':memory:', { busyTimeoutMs: -1 }), RangeError);
  });
});
