import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { haveSqlite } from '../../../test/support/sqlite.js';
import { EncryptedStore, type EncryptedStoreOptions, MemoryStore, SqliteStore } from '../src/index.js';
import { sampleCovenant } from '../src/lib/contract/samples.js';
import { pad, STEP, unpad } from '../src/lib/padding.js';
import { KEY } from './support/backends.js';

describe('EncryptedStore', () => {
  it('takes a key of exactly 32 bytes', () => {
    for (const length of [0, 16, 31, 33, 64]) {
      assert.throws(
        () => new EncryptedStore({ store: new MemoryStore(), encryptionKey: randomBytes(length) }),
        RangeError,
      );
    }
    for (const key of [
      undefined,
      null,
      'x'.repeat(32),
      Array(32).fill(0),
      new Uint16Array(32),
      { length: 32 },
    ]) {
      const options = { store: new MemoryStore(), encryptionKey: key } as unknown as EncryptedStoreOptions;
      assert.throws(() => new EncryptedStore(options), TypeError);
    }
  });

  it('takes a store that shows its backend, and no other', () => {
    const hidden = { put: async () => {}, get: async () => undefined };
    for (const store of [undefined, null, hidden, { backend: {} }, 'memory']) {
      const options = { store, encryptionKey: KEY } as unknown as EncryptedStoreOptions;
      assert.throws(() => new EncryptedStore(options), TypeError);
    }
    assert.throws(() => new EncryptedStore(undefined as unknown as EncryptedStoreOptions), TypeError);
  });

  it('keeps working when the caller wipes the key', async () => {
    const encryptionKey = Uint8Array.from(KEY);
    const inner = new MemoryStore();
    const store = new EncryptedStore({ store: inner, encryptionKey });
    const covenant = await sampleCovenant();
    await store.put(covenant);
    encryptionKey.fill(0);
    assert.deepEqual(await store.get(covenant.id), covenant);
    const again = new EncryptedStore({ store: inner, encryptionKey: KEY });
    assert.deepEqual(await again.get(covenant.id), covenant);
    assert.equal(again.keyId, store.keyId);
  });

  it('names keys apart without saying anything about them', () => {
    const ids = Array.from({ length: 50 }, (_, n) => {
      const encryptionKey = KEY.map((byte, i) => (i === 0 ? n : byte));
      return new EncryptedStore({ store: new MemoryStore(), encryptionKey }).keyId;
    });
    assert.equal(new Set(ids).size, 50);
    for (const id of ids) assert.match(id ?? '', /^[0-9a-f]{16}$/);
  });

  it('seals the same covenant differently each time, in the same length as its neighbours', async () => {
    const inner = new MemoryStore();
    const store = new EncryptedStore({ store: inner, encryptionKey: KEY });
    const covenant = await sampleCovenant();
    const sealed = async () => Buffer.from((await inner.backend.get('covenant', covenant.id))?.bytes ?? []);
    await store.put(covenant);
    const first = await sealed();
    await store.delete(covenant.id);
    await store.put(covenant);
    const second = await sealed();
    assert.equal(first.length, second.length);
    assert.notDeepEqual(first.subarray(40, 120), second.subarray(40, 120));
    const named = await sampleCovenant('ada', 'bot', { issuer: { name: 'some longer name' } });
    await store.put(named);
    assert.equal((await inner.backend.get('covenant', named.id))?.bytes.length, first.length);
  });

  it.skipIf(!haveSqlite)('closes the store beneath', async () => {
    const inner = new SqliteStore(':memory:');
    await new EncryptedStore({ store: inner, encryptionKey: KEY }).close();
    await assert.rejects(inner.count(), { code: 'store_closed' });
  });
});

describe('padding', () => {
  it('is undone exactly, and hides all but the step', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), (bytes) => {
        const padded = pad(bytes);
        assert.equal(padded.length % STEP, 0);
        assert.equal(padded.length, Math.ceil((bytes.length + 4) / STEP) * STEP);
        assert.deepEqual(unpad(padded), bytes);
      }),
    );
  });

  it('accepts only what it makes itself', () => {
    const good = pad(new Uint8Array(10).fill(9));
    const changed = (change: (bytes: Uint8Array) => void) => {
      const bytes = good.slice();
      change(bytes);
      return bytes;
    };
    assert.equal(unpad(new Uint8Array()), undefined);
    assert.equal(unpad(good.subarray(0, STEP - 1)), undefined);
    assert.equal(unpad(Uint8Array.from([...good, ...new Uint8Array(STEP)])), undefined);
    assert.equal(unpad(changed((bytes) => bytes.fill(255, 0, 4))), undefined);
    assert.equal(unpad(changed((bytes) => bytes.set([1], STEP - 1))), undefined);
    assert.equal(unpad(changed((bytes) => bytes.set([9], 3))), undefined);
  });
});
