/** The record that an encrypted store keeps about itself: made once, bound to the key, and missed when it is gone. */
import assert from 'node:assert/strict';
import type { CovenantDocument } from '@stele/core';
import { describe, it } from 'vitest';
import {
  EncryptedStore,
  MemoryStore,
  type RecordBackend,
  rawKeys,
  type StoreWithBackend,
} from '../src/index.js';
import { collect } from '../src/lib/contract/harness.js';
import { sampleCovenant, sampleCovenants, sampleRevocation } from '../src/lib/contract/samples.js';
import { seal } from '../src/lib/encrypted-envelope.js';
import { Keys } from '../src/lib/encrypted-keys.js';
import { OwnRecord, type StoreState } from '../src/lib/encrypted-own-record.js';
import { failsWith } from './support/assert.js';
import { KEY } from './support/backends.js';
import { keyIdNumber, OWN, plant, sealedBytes, TurningKeys, withKeys } from './support/encrypted.js';
import { deleteRecord } from './support/records.js';
import { bareStores } from './support/stores.js';

const opened = (store: StoreWithBackend) => new EncryptedStore({ store, encryptionKey: KEY });
const ownBytes = (store: StoreWithBackend) => sealedBytes(store, 'revocation', OWN);

async function filled(): Promise<{ inner: MemoryStore; store: EncryptedStore; ids: string[] }> {
  const inner = new MemoryStore();
  const store = opened(inner);
  const covenants = await sampleCovenants(3);
  for (const covenant of covenants) await store.put(covenant);
  return { inner, store, ids: covenants.map(({ id }) => id) };
}

describe.each(bareStores)('an encrypted store over %s', (_, make) => {
  it('is not told of its own record, and cannot reach it', async () => {
    const inner = make();
    const store = opened(inner);
    assert.equal(await store.get(OWN.split('/')[0] as string), undefined);
    assert.equal(await inner.backend.has('revocation', OWN), false, 'reading writes nothing');
    const covenant = await sampleCovenant();
    await store.put(covenant);
    const revocation = await sampleRevocation(covenant);
    await store.putRevocation(revocation);
    const { backend } = store;
    assert.equal(await inner.backend.has('revocation', OWN), true);
    assert.equal(await backend.has('revocation', OWN), false);
    assert.equal(await backend.get('revocation', OWN), undefined);
    assert.deepEqual(await backend.getMany('revocation', [OWN]), [undefined]);
    assert.equal(await backend.count('revocation'), 1);
    assert.equal(await backend.count('revocation', { prefix: OWN.slice(0, -64) }), 0);
    assert.equal(await inner.backend.count('revocation'), 2);
    for (const limit of [1, 2, 3]) assert.equal((await backend.list('revocation', { limit })).length, 1);
    assert.deepEqual(await backend.list('revocation', { prefix: OWN, limit: 1 }), []);
    for (const next of [{ bytes: new Uint8Array(), tokens: [] }, undefined, 'same'] as const) {
      const change = { kind: 'revocation', id: OWN, expected: 'present', next } as const;
      await assert.rejects(backend.write([change]), RangeError);
    }
    await store.close();
  });

  it('is made once by many at once', async () => {
    const inner = make();
    const stores = Array.from({ length: 5 }, () => opened(inner));
    const covenants = await sampleCovenants(15);
    await Promise.all(covenants.map((covenant, n) => stores[n % 5]?.put(covenant)));
    const found = await collect(opened(inner).iterate());
    assert.deepEqual(
      found.map(({ id }) => id),
      covenants.map(({ id }) => id).sort(),
    );
    await inner.close();
  });
});

describe('records of two stores under one key', () => {
  it('cannot be exchanged', async () => {
    const [here, there] = [await filled(), await filled()];
    const [id] = here.ids as [string];
    await plant(here.inner, 'covenant', id, await sealedBytes(there.inner, 'covenant', id));
    await failsWith('record_corrupt', () => here.store.get(id));
    await failsWith('record_corrupt', () => opened(here.inner).get(id));
  });

  it('carry different tokens for the same values', async () => {
    const [here, there] = [await filled(), await filled()];
    const tokensOf = async ({ inner, ids }: typeof here) => {
      const seen = new Set<string>();
      const spy = new MemoryStore();
      const write = spy.backend.write.bind(spy.backend);
      spy.backend.write = async (changes) => {
        for (const { next } of changes)
          if (typeof next === 'object') for (const token of next.tokens) seen.add(token);
        return write(changes);
      };
      await plant(spy, 'revocation', OWN, await ownBytes(inner));
      const document = await opened(inner).get(ids[0] as string);
      if (document !== undefined) await opened(spy).put(document);
      return seen;
    };
    const [a, b] = [await tokensOf(here), await tokensOf(there)];
    assert.ok(a.size >= 2 && b.size >= 2);
    assert.equal(
      [...a].some((token) => b.has(token)),
      false,
    );
  });

  it('do not open after the stores’ own records were exchanged, and neither store is written to', async () => {
    const [here, there] = [await filled(), await filled()];
    const [id] = here.ids as [string];
    await plant(here.inner, 'revocation', OWN, await ownBytes(there.inner));
    // Opened afresh it takes itself for the other store, and finds none of its records there.
    const fresh = opened(here.inner);
    await failsWith('record_corrupt', () => fresh.get(id));
    await failsWith('record_corrupt', () => fresh.list());
    const reported: unknown[] = [];
    assert.deepEqual((await fresh.list({ onCorrupt: (error) => reported.push(error.code) })).items, []);
    assert.deepEqual(reported, ['record_corrupt', 'record_corrupt', 'record_corrupt']);
    // One that was open goes on with its own records, and notices when it looks.
    assert.equal((await here.store.get(id))?.id, id);
    await failsWith('record_corrupt', () => here.store.list({ issuer: 'x' }));
    await failsWith('record_corrupt', () => here.store.probe());
  });
});

describe('the record', () => {
  it('is missed by all when it is gone', async () => {
    const { inner, store, ids } = await filled();
    await deleteRecord(inner.backend, 'revocation', OWN);
    const fresh = opened(inner);
    await failsWith('record_corrupt', () => fresh.get(ids[0] as string));
    const covenant = await sampleCovenant();
    await failsWith('store_corrupt', () => fresh.put(covenant));
    await failsWith('store_corrupt', () => fresh.reencrypt());
    await failsWith('store_corrupt', () => fresh.probe());
    assert.equal(await inner.backend.has('revocation', OWN), false, 'it is never made anew');
    assert.equal(await inner.backend.has('covenant', covenant.id), false);
    await failsWith('store_corrupt', () => store.list({ issuer: 'x' }));
    await failsWith('store_corrupt', () => store.probe());
  });

  it('is not missed when another writer has begun the store meanwhile', async () => {
    for (const call of ['put', 'probe'] as const) {
      const inner = new MemoryStore();
      const [mine, theirs] = (await sampleCovenants(2)) as [CovenantDocument, CovenantDocument];
      let turns = 0;
      const { backend } = inner;
      const list = backend.list.bind(backend);
      backend.list = async (...range) => {
        // It has seen that there is no such record, and is about to see whether there are others.
        if (turns++ === 0) await opened(inner).put(theirs);
        return list(...range);
      };
      const store = opened(inner);
      await store[call](mine);
      await store.put(mine);
      assert.ok(turns > 0);
      for (const covenant of [mine, theirs]) assert.deepEqual(await store.get(covenant.id), covenant);
      const state = await new OwnRecord(backend, OWN, new Keys(rawKeys(KEY), 1000)).now();
      assert.equal(state?.legacy, false);
    }
  });

  it('restored, makes everything as before', async () => {
    const { inner, ids } = await filled();
    const bytes = await ownBytes(inner);
    await deleteRecord(inner.backend, 'revocation', OWN);
    await plant(inner, 'revocation', OWN, bytes);
    const fresh = opened(inner);
    assert.equal((await fresh.get(ids[1] as string))?.id, ids[1]);
    await fresh.probe();
  });

  it('is refused with any bit flipped, and so is every write then', async () => {
    const { inner, ids } = await filled();
    const bytes = await ownBytes(inner);
    const covenant = await sampleCovenant();
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Uint8Array.from(bytes);
      flipped[at] = (bytes[at] as number) ^ (1 << (at % 8));
      await plant(inner, 'revocation', OWN, flipped);
      await failsWith('record_corrupt', () => opened(inner).get(ids[0] as string));
      if (at % 64 === 0) await failsWith('record_corrupt', () => opened(inner).put(covenant));
    }
    assert.equal(await inner.backend.has('covenant', covenant.id), false);
  });

  it('is no record of another kind, and no other record is it', async () => {
    const { inner, ids } = await filled();
    const [id] = ids as [string];
    const own = await ownBytes(inner);
    await plant(inner, 'covenant', id, own);
    await failsWith('record_corrupt', () => opened(inner).get(id));
    await plant(inner, 'revocation', OWN, await sealedBytes(inner, 'covenant', ids[1] as string));
    await failsWith('record_corrupt', () => opened(inner).get(ids[1] as string));
  });

  it.each([
    ['no state', 'null'],
    ['no JSON', '{'],
    ['another store id', '{"storeId":"x","keys":[],"legacy":false}'],
    ['no keys', '{"storeId":"00000000000000000000000000000000","legacy":false}'],
    ['strange keys', '{"storeId":"00000000000000000000000000000000","keys":["x"],"legacy":false}'],
    ['no word on format 1', '{"storeId":"00000000000000000000000000000000","keys":[]}'],
    [
      'too many keys',
      `{"storeId":"${'0'.repeat(32)}","keys":${JSON.stringify(Array(17).fill('0'.repeat(16)))},"legacy":false}`,
    ],
  ])('is refused when it says %s, whoever sealed it', async (_, text) => {
    const { inner, ids } = await filled();
    const key = await new Keys(new TurningKeys(0), 1000).current();
    const bytes = await seal(key, '', { kind: 'store', id: OWN }, new TextEncoder().encode(text), []);
    await plant(inner, 'revocation', OWN, bytes);
    await failsWith('record_corrupt', () => opened(inner).get(ids[0] as string));
  });

  it('names each key before it is used, 16 at most', async () => {
    const inner = new MemoryStore();
    const keys = new TurningKeys(0);
    const store = withKeys(inner, keys);
    for (let n = 0; n < 16; n++) {
      keys.numbers = [n, ...keys.numbers.filter((number) => number !== n)];
      await store.put(await sampleCovenant());
    }
    keys.numbers = [16, ...keys.numbers.slice(1)];
    const refused = await sampleCovenant();
    await failsWith('key_unavailable', () => store.put(refused));
    await failsWith('key_unavailable', () => store.probe());
    assert.equal(await store.has(refused.id), false);
    // Key 15, which was the newest, has been taken away: its record is lost, and said to be.
    const reported: string[] = [];
    await failsWith('key_unavailable', () =>
      store.reencrypt({ onCorrupt: ({ code }) => reported.push(code) }),
    );
    keys.numbers = [0, ...Array.from({ length: 15 }, (_, n) => n + 1)];
    await store.reencrypt();
    keys.numbers = [16, 0];
    await failsWith('key_unavailable', () => store.put(refused));
    await failsWith('key_unavailable', () => store.probe());
    keys.numbers = [0];
    await store.reencrypt();
    keys.numbers = [16, 0];
    await store.put(refused);
    await store.probe();
  });

  it('says so when others change it at every attempt', async () => {
    const { backend } = new MemoryStore();
    const busy = new Proxy(backend, {
      get: (target, name: keyof RecordBackend) => {
        if (name === 'write') return async () => false;
        const member = target[name];
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
    const keys = new Keys(new TurningKeys(0), 1000);
    const own = new OwnRecord(busy, OWN, keys);
    const key = await keys.current();
    await failsWith('store_unavailable', () => own.admit(key));
  });

  it('is left as it is by a change that changes nothing', async () => {
    const { inner } = await filled();
    const before = await ownBytes(inner);
    const keys = new Keys(new TurningKeys(0), 1000);
    const own = new OwnRecord(inner.backend, OWN, keys);
    const same = (state: StoreState) => state;
    assert.deepEqual((await own.update(await keys.current(), same)).keys, [keyIdNumber(0)]);
    assert.deepEqual(await ownBytes(inner), before);
  });
});

describe('the id of a store', () => {
  const withId = (store: StoreWithBackend, storeId: string | undefined) =>
    new EncryptedStore({ store, encryptionKey: KEY, storeId });

  it('is the same for all who open it, and undefined before the first record', async () => {
    const { inner, store } = await filled();
    assert.match((await store.storeId()) ?? '', /^[0-9a-f]{32}$/);
    assert.equal(await opened(inner).storeId(), await store.storeId());
    assert.equal(await opened(new MemoryStore()).storeId(), undefined);
    await store.close();
    await failsWith('store_closed', () => store.storeId());
  });

  it('noted elsewhere, refuses a store that was exchanged as a whole', async () => {
    const [here, there] = [await filled(), await filled()];
    const noted = await here.store.storeId();
    assert.equal((await withId(here.inner, noted).get(here.ids[0] as string))?.id, here.ids[0]);
    await failsWith('record_corrupt', () => withId(there.inner, noted).get(there.ids[0] as string));
    await failsWith('record_corrupt', () => withId(there.inner, noted).probe());
  });

  it('noted elsewhere, brings back a store that has lost its own record', async () => {
    const { inner, store, ids } = await filled();
    const noted = await store.storeId();
    await deleteRecord(inner.backend, 'revocation', OWN);
    await failsWith('record_corrupt', () => withId(inner, noted).get(ids[0] as string));
    const back = withId(inner, noted);
    await back.reencrypt();
    assert.equal(await opened(inner).storeId(), noted);
    assert.equal((await collect(opened(inner).iterate())).length, 3);
    const issuer = (await opened(inner).get(ids[0] as string))?.issuer.id;
    assert.equal(await opened(inner).count({ issuer }), 3);
  });

  it('is given to a store that is new', async () => {
    const inner = new MemoryStore();
    const id = 'ab'.repeat(16);
    await withId(inner, id).put(await sampleCovenant());
    assert.equal(await opened(inner).storeId(), id);
  });

  it.each(['', 'x', 'AB'.repeat(16), 'ab'.repeat(17), 5])('is not %j', (id) => {
    assert.throws(() => withId(new MemoryStore(), id as string), TypeError);
  });
});

describe('encrypted stores one over the other', () => {
  it('keep a record each, and hide both', async () => {
    const memory = new MemoryStore();
    const inner = withKeys(memory, new TurningKeys(1));
    const outer = withKeys(inner, new TurningKeys(2));
    const covenant = await sampleCovenant();
    await outer.put(covenant);
    assert.equal(await memory.backend.count('revocation'), 2);
    assert.equal(await inner.backend.count('revocation'), 1);
    assert.equal(await outer.backend.count('revocation'), 0);
    assert.deepEqual(await outer.get(covenant.id), covenant);
    assert.deepEqual((await outer.list({ issuer: covenant.issuer.id })).items, [covenant]);
    assert.deepEqual(await inner.reencrypt(), { examined: 2, reencrypted: 0, corrupt: 0 });
  });
});
