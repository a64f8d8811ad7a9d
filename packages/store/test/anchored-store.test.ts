/** An encrypted store with an anchor: what was deleted or brought back is found, and nothing else is. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'vitest';
import { EncryptedStore, MemoryStore, rawKeys, type StoreAnchor } from '../src/index.js';
import { STATE_ID } from '../src/lib/anchor-state.js';
import { collect } from '../src/lib/contract/harness.js';
import { sampleCovenant, sampleRevocation } from '../src/lib/contract/samples.js';
import { storeContract } from '../src/testing.js';
import { anchored, bringBack, codeOf, everything, MemoryAnchor } from './support/anchors.js';
import { KEY } from './support/backends.js';
import { plant } from './support/encrypted.js';
import { bareStores } from './support/stores.js';

// Over the other media the nightly suites run it: it takes long.
const media = process.env.STELE_ANCHORED_MEDIA === 'all' ? bareStores : bareStores.slice(0, 1);
for (const [name, make] of media) {
  storeContract(`anchored, over ${name}`, () => anchored(make(), new MemoryAnchor()), { describe, it });
}

describe.each(bareStores)('an anchored EncryptedStore over %s', (_, makeStore) => {
  const made = async () => {
    const inner = makeStore();
    const anchor = new MemoryAnchor();
    const store = anchored(inner, anchor);
    const first = await sampleCovenant();
    await store.put(first);
    return { inner, anchor, store, first, reopened: () => anchored(inner, anchor) };
  };

  it('is a store like any other, and shows nothing of its state', async () => {
    const { store, first } = await made();
    const more = await Promise.all([sampleCovenant(), sampleCovenant()]);
    await store.putBatch(more);
    const revocation = await sampleRevocation(first);
    await store.putRevocation(revocation);
    assert.deepEqual(await store.get(first.id), first);
    assert.equal(await store.count(), 3);
    assert.equal((await store.list()).items.length, 3);
    assert.deepEqual(await store.getRevocations(first.id), [revocation]);
    await store.delete(more[0]?.id as string);
    assert.equal(await store.count(), 2);
    assert.deepEqual(await store.verify(), { counter: 6, records: 4 });
  });

  it('finds that the whole store was brought back', async () => {
    const { inner, store, reopened } = await made();
    const before = await everything(inner.backend);
    const second = await sampleCovenant();
    await store.put(second);
    await bringBack(inner.backend, before);
    for (const step of [
      () => reopened().get(second.id),
      () => reopened().has(second.id),
      () => reopened().list(),
      () => reopened().count(),
      () => reopened().getBatch([second.id]),
      () => reopened().verify(),
      async () => reopened().put(await sampleCovenant()),
      async () => store.put(await sampleCovenant()),
      () => store.verify(),
    ]) {
      assert.equal(await codeOf(step), 'store_rolled_back');
    }
  });

  it('finds that a record was deleted, and which without its state could not be told', async () => {
    const { inner, store, first } = await made();
    await inner.backend.write([{ kind: 'covenant', id: first.id, expected: 'present', next: undefined }]);
    assert.equal(await codeOf(() => store.verify()), 'store_rolled_back');
  });

  it('finds that a revocation was deleted', async () => {
    const { inner, store, first } = await made();
    const before = await everything(inner.backend);
    await store.putRevocation(await sampleRevocation(first));
    for (const { kind, id } of (await everything(inner.backend)).values()) {
      if (!before.has(id)) await inner.backend.write([{ kind, id, expected: 'present', next: undefined }]);
    }
    assert.equal(await codeOf(() => store.verify()), 'store_rolled_back');
  });

  it('finds that an old version of a record was planted', async () => {
    const { inner, store, first } = await made();
    const old = (await inner.backend.get('covenant', first.id))?.bytes as Uint8Array;
    await store.delete(first.id);
    await store.put(first);
    await plant(inner, 'covenant', first.id, old);
    assert.deepEqual(await store.get(first.id), first);
    assert.equal(await codeOf(() => store.verify()), 'store_rolled_back');
  });

  it('finds that a deleted record was planted again', async () => {
    const { inner, store, first } = await made();
    const old = (await inner.backend.get('covenant', first.id))?.bytes as Uint8Array;
    await store.delete(first.id);
    await plant(inner, 'covenant', first.id, old);
    assert.equal(await codeOf(() => store.verify()), 'store_rolled_back');
  });

  it('finds that its state was deleted or exchanged', async () => {
    const { inner, store, reopened } = await made();
    const state = (await inner.backend.get('revocation', STATE_ID))?.bytes as Uint8Array;
    await inner.backend.write([{ kind: 'revocation', id: STATE_ID, expected: 'present', next: undefined }]);
    assert.equal(await codeOf(() => reopened().count()), 'store_rolled_back');
    await plant(inner, 'revocation', STATE_ID, state.subarray(1));
    assert.equal(await codeOf(() => store.verify()), 'store_rolled_back');
    await plant(inner, 'revocation', STATE_ID, state);
    assert.equal((await store.verify()).counter, 3);
  });

  it('finds that its anchor is empty, strange or another store’s', async () => {
    const { anchor, reopened } = await made();
    const other = await made();
    const text = anchor.text;
    for (const strange of [
      undefined,
      '',
      '{}',
      '{"v":2}',
      text?.replace('"v":1', '"v":2'),
      other.anchor.text,
    ]) {
      anchor.text = strange;
      assert.equal(await codeOf(() => reopened().count()), 'store_rolled_back', strange);
    }
    anchor.text = text;
    assert.equal(await reopened().count(), 1);
  });

  it('takes what is there when it is told to', async () => {
    const { inner, anchor, store, reopened, first } = await made();
    const before = await everything(inner.backend);
    await store.put(await sampleCovenant());
    await bringBack(inner.backend, before);
    const again = reopened();
    await again.reanchor();
    assert.deepEqual(await again.get(first.id), first);
    assert.equal((await again.verify()).counter, 5);
    anchor.text = 'damaged';
    await again.reanchor();
    assert.equal((await reopened().verify()).records, 2);
    await store.put(await sampleCovenant());
    assert.equal((await store.verify()).records, 3);
  });

  it('anchors a store that was used without an anchor', async () => {
    const inner = makeStore();
    const covenant = await sampleCovenant();
    await new EncryptedStore({ store: inner, encryptionKey: KEY }).put(covenant);
    const store = anchored(inner, new MemoryAnchor());
    assert.deepEqual(await store.get(covenant.id), covenant);
    assert.deepEqual(await store.verify(), { counter: 1, records: 2 });
  });

  it('finds what was written without the anchor', async () => {
    const { inner, store } = await made();
    await new EncryptedStore({ store: inner, encryptionKey: KEY }).put(await sampleCovenant());
    assert.equal(await codeOf(() => store.verify()), 'store_rolled_back');
  });

  it('can be read without its anchor, as for a backup', async () => {
    const { inner, store, first } = await made();
    const revocation = await sampleRevocation(first);
    await store.putRevocation(revocation);
    const bare = new EncryptedStore({ store: inner, encryptionKey: KEY });
    const after = await bare.latestToken();
    assert.deepEqual(await collect(bare.iterate()), [first]);
    assert.deepEqual(await collect(bare.iterateRevocations()), [revocation]);
    assert.deepEqual(await bare.getRevocations(first.id), [revocation]);
    assert.equal(await bare.backend.count('revocation'), 1);
    assert.deepEqual(
      (await bare.keyUsage()).map(({ keyId, records }) => [keyId, records]),
      [[store.keyId, 3]],
    );
    await store.delete(first.id);
    const end = new AbortController();
    for await (const { type, id } of bare.watch({ after, signal: end.signal })) {
      assert.deepEqual([type, id], ['delete', first.id]);
      end.abort();
    }
    await store.verify();
    // That one writes, of course.
    const progress = await bare.reencrypt();
    assert.deepEqual([progress.examined, progress.corrupt], [1, 0]);
  });

  it('can have another encrypted store beneath', async () => {
    const inner = new EncryptedStore({ store: makeStore(), encryptionKey: KEY });
    const store = anchored(inner, new MemoryAnchor());
    const covenant = await sampleCovenant();
    await store.put(covenant);
    await store.putRevocation(await sampleRevocation(covenant));
    assert.equal(await store.backend.count('revocation'), 1);
    assert.equal((await collect(store.iterateRevocations())).length, 1);
    assert.equal((await store.verify()).records, 3);
    await inner.reencrypt();
    await store.verify();
  });

  it('is written by several at once', async () => {
    const { inner, anchor } = await made();
    const stores = [1, 2, 3].map(() => anchored(inner, anchor));
    const covenants = await Promise.all(Array.from({ length: 12 }, () => sampleCovenant()));
    await Promise.all(covenants.map((covenant, i) => stores[i % 3]?.put(covenant)));
    await Promise.all([
      stores[0]?.delete(covenants[1]?.id as string),
      stores[1]?.verify(),
      stores[2]?.count(),
    ]);
    assert.deepEqual(await anchored(inner, anchor).verify(), { counter: 16, records: 13 });
  });

  it('seals anew under another key, and is anchored all the same', async () => {
    const { inner, anchor, first } = await made();
    const store = new EncryptedStore({ store: inner, keys: rawKeys(randomBytes(32), KEY), anchor });
    assert.equal((await store.reencrypt()).reencrypted, 1);
    assert.deepEqual(await store.get(first.id), first);
    await store.verify();
  });
});

describe('a store without an anchor', () => {
  it('says that nobody can tell', async () => {
    const store = new EncryptedStore({ store: new MemoryStore(), encryptionKey: KEY });
    assert.equal(await codeOf(() => store.verify()), 'unsupported');
    assert.equal(await codeOf(() => store.reanchor()), 'unsupported');
  });

  it('takes no anchor that is none', () => {
    for (const anchor of [{}, 7, 'anchor', null, '', 0, { read: async () => undefined }]) {
      const options = { store: new MemoryStore(), encryptionKey: KEY, anchor: anchor as StoreAnchor };
      assert.throws(() => new EncryptedStore(options), TypeError);
    }
  });
});
