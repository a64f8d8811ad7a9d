import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { countersignCovenant } from '@stele/core';
import fc from 'fast-check';
import { describe, it } from 'vitest';
import { haveSqlite, sqliteDrivers } from '../../../test/support/sqlite.js';
import {
  EncryptedStore,
  type EncryptedStoreOptions,
  FileStore,
  MemoryStore,
  SqliteStore,
} from '../src/index.js';
import { keysOf, sampleCovenant, sampleRevocation } from '../src/lib/contract/samples.js';
import { pad, STEP, unpad } from '../src/lib/padding.js';
import { KEY } from './support/backends.js';
import { freshPath } from './support/stores.js';

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
    for (const id of ids) assert.match(id, /^[0-9a-f]{16}$/);
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

/** Every byte that a folder holds: names and contents of all files beneath it. */
function everythingIn(folder: string): Buffer {
  const names = readdirSync(folder, { recursive: true }) as string[];
  const files = names.map((name) => join(folder, name)).filter((path) => statSync(path).isFile());
  return Buffer.concat([Buffer.from(names.join('\n')), ...files.map((path) => readFileSync(path))]);
}

describe('confidentiality', () => {
  const MARK = 'PLANTED-MARKER';
  const media: [string, (folder: string) => FileStore | SqliteStore][] = [
    ['files', (folder) => new FileStore(folder)],
    ...sqliteDrivers.map((driver): [string, (folder: string) => SqliteStore] => [
      `a database and its log (${driver})`,
      (folder) => new SqliteStore(join(folder, 'db'), { driver }),
    ]),
  ];

  async function fill(store: FileStore | SqliteStore | EncryptedStore): Promise<string[]> {
    const [eve, approver] = [await keysOf('eve'), await keysOf('approver')];
    const parent = await sampleCovenant('ada', 'bot', {
      delegation: { maxDepth: 3 },
      metadata: { [`${MARK}-key`]: 1 },
    });
    const child = await sampleCovenant('bot', 'worker', {
      issuer: { name: `${MARK}-issuer` },
      parent,
      constraints: `permit files.read on '/reports/${MARK}/**'\n`,
      requiredCountersigners: [eve.did],
      approvers: { [`${MARK}-obligation`]: { keys: [approver.did], threshold: 1 } },
      metadata: { deep: [{ note: `${MARK}-value` }] },
      expiresAt: '2031-07-13T11:17:19Z',
    });
    const signed = await countersignCovenant(child, eve);
    await store.put(parent);
    await store.put(signed);
    await store.putRevocation(await sampleRevocation(parent, `${MARK}-reason`));
    const people = await Promise.all(
      ['ada', 'bot', 'worker', 'eve', 'approver'].map(async (name) => (await keysOf(name)).did),
    );
    const proofs = [signed.proof].flat().map(({ proofValue }) => proofValue);
    return [
      MARK,
      ...people,
      ...people.map((did) => did.slice(8)),
      ...proofs,
      parent.nonce,
      '2031-07-13',
      'permit',
    ];
  }

  it.each(media)('leaves no marker, key or signature in %s', async (_, open) => {
    for (const encrypt of [false, true]) {
      const folder = freshPath('folder');
      mkdirSync(folder);
      const inner = open(folder);
      const store = encrypt ? new EncryptedStore({ store: inner, encryptionKey: KEY }) : inner;
      const secrets = await fill(store);
      const bytes = everythingIn(folder);
      assert.ok(bytes.length > 3000);
      // Without encryption each of them is there, so the search itself works.
      for (const secret of secrets) assert.equal(bytes.includes(secret), !encrypt, secret);
      assert.equal(bytes.includes(Buffer.from(KEY)), false);
      await store.close();
      assert.equal(everythingIn(folder).includes(MARK), !encrypt);
    }
  });
});
