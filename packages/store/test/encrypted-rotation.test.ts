/** Keys that turn while a store is in use. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type CovenantDocument, countersignCovenant } from '@stele/core';
import { MemoryKeyRing } from '@stele/crypto';
import { kmsSealer } from '@stele/crypto/kms';
import { describe, it } from 'vitest';
import {
  EncryptedStore,
  FileStore,
  MemoryStore,
  type RecordKind,
  type ReencryptProgress,
  rawKeys,
  SealedKeys,
  StoreError,
  type StoreWithBackend,
} from '../src/index.js';
import { STATE_ID } from '../src/lib/anchor-state.js';
import { collect } from '../src/lib/contract/harness.js';
import { keysOf, sampleCovenant, sampleCovenants, sampleRevocation } from '../src/lib/contract/samples.js';
import { anchored, MemoryAnchor } from './support/anchors.js';
import { failsWith } from './support/assert.js';
import { KEY } from './support/backends.js';
import {
  keyIdNumber,
  keyNumber,
  keyOf,
  OWN,
  plant,
  sealedBytes,
  TurningKeys,
  withKeys,
} from './support/encrypted.js';
import { LocalKms } from './support/kms.js';
import { deleteRecord } from './support/records.js';
import { bareStores, freshPath } from './support/stores.js';

async function filled(inner: StoreWithBackend, count: number): Promise<CovenantDocument[]> {
  const store = withKeys(inner, new TurningKeys(0));
  const covenants = await sampleCovenants(count);
  for (const covenant of covenants) await store.put(covenant);
  await store.putRevocation(await sampleRevocation(covenants[0] as CovenantDocument));
  return covenants;
}

const usageOf = async (store: EncryptedStore) =>
  Object.fromEntries((await store.keyUsage()).map(({ keyId, records }) => [keyId, records]));

describe.each(bareStores)('a new key for %s', (_, make) => {
  it('is used at once, and everything goes over to it, so that the old one can be destroyed', async () => {
    const inner = make();
    const covenants = await filled(inner, 5);
    const keys = new TurningKeys(1, 0);
    const store = withKeys(inner, keys);
    const [zero, one] = [keyIdNumber(0), keyIdNumber(1)];
    assert.deepEqual(await store.keyUsage(), [
      { keyId: one, current: true, records: 0 },
      { keyId: zero, current: false, records: 7 },
    ]);
    const added = await sampleCovenant();
    await store.put(added);
    assert.equal(await keyOf(inner, 'covenant', added.id), one);
    // The record of the store itself went over with the first put.
    assert.deepEqual(await usageOf(store), { [one]: 2, [zero]: 6 });
    assert.deepEqual(await store.reencrypt(), { examined: 7, reencrypted: 6, corrupt: 0 });
    assert.deepEqual(await usageOf(store), { [one]: 8, [zero]: 0 });
    keys.numbers = [1];
    const after = new EncryptedStore({ store: inner, encryptionKey: keyNumber(1) });
    assert.deepEqual(
      (await collect(after.iterate())).map(({ id }) => id),
      [...covenants, added].map(({ id }) => id).sort(),
    );
    assert.equal((await after.getRevocations(covenants[0]?.id as string)).length, 1);
    assert.deepEqual(await after.reencrypt(), { examined: 7, reencrypted: 0, corrupt: 0 });
    await inner.close();
  });
});

describe('reencrypt', () => {
  /** A store in memory that runs something before the n-th write. */
  class InterruptedStore extends MemoryStore {
    writes = 0;
    onWrite: ((n: number) => Promise<void>) | undefined;

    constructor() {
      super();
      const write = this.backend.write.bind(this.backend);
      this.backend.write = async (changes) => {
        await this.onWrite?.(++this.writes);
        return write(changes);
      };
    }
  }

  it('goes on where a crash in any place has left it', async () => {
    for (let at = 1; at <= 7; at++) {
      const inner = new InterruptedStore();
      const covenants = await filled(inner, 5);
      const keys = new TurningKeys(1, 0);
      inner.writes = 0;
      inner.onWrite = async (n) => {
        if (n === at) throw new StoreError('store_unavailable', 'the machine is off');
      };
      await failsWith('store_unavailable', () => withKeys(inner, keys).reencrypt());
      inner.onWrite = undefined;
      const store = withKeys(inner, keys);
      assert.equal((await collect(store.iterate())).length, 5);
      assert.equal(await store.count({ issuer: covenants[0]?.issuer.id }), 5);
      const { reencrypted } = await store.reencrypt();
      assert.equal(reencrypted, Math.min(6, 8 - at));
      assert.equal((await usageOf(store))[keyIdNumber(0)], 0);
      assert.equal(await withKeys(inner, new TurningKeys(1)).count({ issuer: covenants[0]?.issuer.id }), 5);
    }
  });

  it('tells how far it is, and stops when it is told to', async () => {
    const inner = new MemoryStore();
    await filled(inner, 150);
    const store = withKeys(inner, new TurningKeys(1, 0));
    const controller = new AbortController();
    const told: ReencryptProgress[] = [];
    const onProgress = (progress: ReencryptProgress) => {
      told.push(progress);
      if (told.length === 2) controller.abort(new Error('enough'));
    };
    await assert.rejects(store.reencrypt({ onProgress, signal: controller.signal }), { message: 'enough' });
    assert.deepEqual(
      told.map(({ examined }) => examined),
      [64, 128],
    );
    await assert.rejects(store.reencrypt({ signal: controller.signal }), { message: 'enough' });
    assert.equal((await usageOf(store))[keyIdNumber(0)], 23);
    const rest: number[] = [];
    const result = await store.reencrypt({ onProgress: ({ examined }) => rest.push(examined) });
    assert.deepEqual(result, { examined: 151, reencrypted: 23, corrupt: 0 });
    assert.deepEqual(rest, [64, 128, 150, 151]);
  });

  it('hears of an abort from elsewhere although the medium never makes it wait', async () => {
    const inner = new MemoryStore();
    await filled(inner, 200);
    const controller = new AbortController();
    setImmediate(() => controller.abort(new Error('enough')));
    const store = withKeys(inner, new TurningKeys(1, 0));
    await assert.rejects(store.reencrypt({ signal: controller.signal }), { message: 'enough' });
    assert.ok(((await usageOf(store))[keyIdNumber(0)] as number) > 0);
  });

  it('twice at once does everything once', async () => {
    const inner = new MemoryStore();
    await filled(inner, 40);
    const keys = new TurningKeys(1, 0);
    const results = await Promise.all(
      [withKeys(inner, keys), withKeys(inner, keys)].map((store) => store.reencrypt()),
    );
    assert.equal(
      results.reduce((sum, { reencrypted }) => sum + reencrypted, 0),
      41,
    );
    assert.equal((await usageOf(withKeys(inner, keys)))[keyIdNumber(0)], 0);
  });

  it('loses no put, and brings back no record that was deleted meanwhile', async () => {
    const inner = new InterruptedStore();
    const covenants = await filled(inner, 6);
    const keys = new TurningKeys(1, 0);
    const other = withKeys(inner, keys);
    const [signed, gone] = [...covenants].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(1) as [
      CovenantDocument,
      CovenantDocument,
    ];
    const countersigned = await countersignCovenant(signed, await keysOf('eve'));
    inner.writes = 0;
    let busy = false;
    // Between reading a record and writing it, somebody else is faster.
    inner.onWrite = async () => {
      if (busy) return;
      busy = true;
      if (inner.writes === 3) await other.put(countersigned);
      if (inner.writes === 5) await other.delete(gone.id);
      busy = false;
    };
    await withKeys(inner, keys).reencrypt();
    inner.onWrite = undefined;
    assert.deepEqual(await other.get(signed.id), countersigned);
    assert.equal(await other.get(gone.id), undefined);
    assert.equal(await other.count(), 5);
    assert.equal((await usageOf(other))[keyIdNumber(0)], 0);
  });

  it('keeps to compare and set, and gives up when it never wins', async () => {
    const inner = new MemoryStore();
    await filled(inner, 1);
    const write = inner.backend.write.bind(inner.backend);
    inner.backend.write = async (changes) =>
      changes.some(({ kind }) => kind === 'covenant') ? false : write(changes);
    await failsWith('store_unavailable', () => withKeys(inner, new TurningKeys(1, 0)).reencrypt());
  });

  it('passes over records that cannot be read when it may, and does not touch them', async () => {
    const inner = new MemoryStore();
    const covenants = await filled(inner, 4);
    const [bad, lost] = covenants.map(({ id }) => id).sort() as [string, string];
    await plant(inner, 'covenant', bad, new Uint8Array(500));
    const sealed = await sealedBytes(inner, 'covenant', lost);
    sealed.set(new TextEncoder().encode(keyIdNumber(9)), 15);
    await plant(inner, 'covenant', lost, sealed);
    const store = withKeys(inner, new TurningKeys(1, 0));
    assert.equal((await failsWith('record_corrupt', () => store.reencrypt())).id, bad);
    const reported: unknown[] = [];
    const result = await store.reencrypt({ onCorrupt: ({ id }) => reported.push(id) });
    assert.deepEqual(result, { examined: 5, reencrypted: 3, corrupt: 2 });
    assert.deepEqual(reported, [bad, lost]);
    assert.deepEqual(await sealedBytes(inner, 'covenant', lost), sealed);
    assert.deepEqual(await store.keyUsage(), [
      { keyId: keyIdNumber(1), current: true, records: 4 },
      { keyId: keyIdNumber(0), current: false, records: 0 },
      { keyId: undefined, current: false, records: 1 },
      { keyId: keyIdNumber(9), current: false, records: 1 },
    ]);
  });

  it('remembers a key that is gone as long as a record names it', async () => {
    const inner = new MemoryStore();
    const covenants = await filled(inner, 3);
    const filter = { issuer: covenants[0]?.issuer.id };
    const both = withKeys(inner, new TurningKeys(1, 0));
    const added = await sampleCovenant();
    await both.put(added);
    const without = withKeys(inner, new TurningKeys(1));
    const lost = new Set<unknown>();
    const onCorrupt = ({ id }: StoreError) => lost.add(id);
    assert.deepEqual(await without.reencrypt({ onCorrupt }), { examined: 5, reencrypted: 0, corrupt: 4 });
    // So no filter passes over them in silence, and with the key everything is back.
    await failsWith('record_corrupt', () => without.list(filter));
    assert.deepEqual((await without.list({ ...filter, onCorrupt })).items, [added]);
    assert.equal(lost.size, 4);
    assert.equal(await withKeys(inner, new TurningKeys(1, 0)).count(filter), 4);
  });

  it('reports what the medium cannot read', async () => {
    const inner = new MemoryStore();
    const [covenant] = (await filled(inner, 1)) as [CovenantDocument];
    const list = inner.backend.list.bind(inner.backend);
    inner.backend.list = async (kind: RecordKind, range) =>
      (await list(kind, range)).map(({ id, bytes }) =>
        kind === 'covenant'
          ? { id, error: new StoreError('record_corrupt', 'a bad sector', { id }) }
          : { id, bytes: bytes as Uint8Array },
      );
    const store = withKeys(inner, new TurningKeys(1, 0));
    const error = await failsWith('record_corrupt', () => store.reencrypt());
    assert.equal(error.id, covenant.id);
    assert.equal((await failsWith('record_corrupt', () => store.list())).id, covenant.id);
    assert.equal((await usageOf(store)).undefined, 1);
  });

  it('ends when the keys are away, whatever it may pass over', async () => {
    const inner = new MemoryStore();
    await filled(inner, 2);
    const keys = new TurningKeys(1, 0);
    const store = withKeys(inner, {
      ids: () => keys.ids(),
      key: async (id) => (id === keyIdNumber(0) ? Promise.reject(new Error('away')) : keys.key(id)),
    });
    await failsWith('key_unavailable', () => store.reencrypt({ onCorrupt: () => assert.fail() }));
  });

  it('needs a store that is open', async () => {
    const store = withKeys(new MemoryStore(), new TurningKeys(0));
    await store.close();
    await failsWith('store_closed', () => store.reencrypt());
    await failsWith('store_closed', () => store.keyUsage());
  });
});

describe('an encrypted store', () => {
  it('says that its keys are away, and goes on reading with those it has', async () => {
    const inner = new MemoryStore();
    const state = { away: false };
    const keys = new TurningKeys(0);
    const store = withKeys(inner, {
      ids: async () => (state.away ? Promise.reject(new Error('no route')) : keys.ids()),
      key: (id) => keys.key(id),
    });
    const covenant = await sampleCovenant();
    await store.put(covenant);
    await store.probe();
    state.away = true;
    await failsWith('key_unavailable', () => store.put(covenant));
    await failsWith('key_unavailable', () => store.probe());
    await failsWith('key_unavailable', () => store.keyUsage());
    assert.deepEqual(await store.get(covenant.id), covenant);
    assert.deepEqual((await store.list({ issuer: covenant.issuer.id })).items, [covenant]);
    const damaged = await sealedBytes(inner, 'covenant', covenant.id);
    await plant(inner, 'covenant', covenant.id, damaged.fill(0, 200));
    await failsWith('record_corrupt', () => store.get(covenant.id));
  });

  it('does not take it for a damaged record when the key of its own record is away', async () => {
    const inner = new MemoryStore();
    const [covenant] = (await filled(inner, 1)) as [CovenantDocument];
    await withKeys(inner, new TurningKeys(1, 0)).put(await sampleCovenant());
    assert.equal(await keyOf(inner, 'revocation', OWN), keyIdNumber(1));
    const keys = new TurningKeys(0, 1);
    const store = withKeys(inner, {
      ids: () => keys.ids(),
      key: (id) => (id === keyIdNumber(1) ? Promise.reject(new Error('away')) : keys.key(id)),
    });
    await failsWith('key_unavailable', () => store.get(covenant.id));
    await failsWith('key_unavailable', () => store.list({ onCorrupt: () => assert.fail() }));
  });

  it('puts and deletes in one transaction', async () => {
    const inner = new MemoryStore();
    const [covenant] = (await filled(inner, 1)) as [CovenantDocument];
    const store = withKeys(inner, new TurningKeys(1, 0));
    const added = await sampleCovenant();
    await store.transaction(async (tx) => {
      assert.equal(await tx.delete(covenant.id), true);
      await tx.put(added);
    });
    assert.deepEqual((await store.list()).items, [added]);
  });

  it('does not take a provider’s silence for a damaged record', async () => {
    const inner = new MemoryStore();
    const [covenant] = (await filled(inner, 1)) as [CovenantDocument];
    const keys = { ids: () => [keyIdNumber(0)], key: () => new Promise<never>(() => {}) };
    const store = new EncryptedStore({ store: inner, keys, keyTimeoutMs: 5 });
    await failsWith('key_unavailable', () => store.get(covenant.id));
    await failsWith('key_unavailable', () => store.list({ onCorrupt: () => assert.fail() }));
  });

  it('turns keys that a KMS seals', async () => {
    const kms = new LocalKms();
    const keys = new SealedKeys({
      ring: new MemoryKeyRing(),
      sealer: kmsSealer({ client: kms, keyId: 'alias/stele-store-key' }),
    });
    const inner = new MemoryStore();
    const store = withKeys(inner, keys);
    const covenant = await sampleCovenant();
    await failsWith('key_unavailable', () => store.put(covenant));
    const first = await keys.rotate();
    await store.put(covenant);
    const second = await keys.rotate();
    await store.reencrypt();
    assert.deepEqual(await usageOf(store), { [first]: 0, [second]: 2 });
    await keys.drop(first);
    assert.deepEqual(await withKeys(inner, keys).get(covenant.id), covenant);
    assert.deepEqual(await withKeys(inner, keys).keyUsage(), [{ keyId: second, current: true, records: 2 }]);
    assert.ok(kms.asked.length < 12);
  });

  it('takes a key or a provider, and a time-out in bounds', () => {
    const store = new MemoryStore();
    const keys = rawKeys(KEY);
    for (const options of [
      {},
      { encryptionKey: KEY, keys },
      { keys: {} },
      { keys: { ids() {} } },
      { keys: null },
    ])
      assert.throws(() => new EncryptedStore({ store, ...options } as never), TypeError);
    for (const keyTimeoutMs of [0, 1.5, 600_001, Number.NaN])
      assert.throws(() => new EncryptedStore({ store, keys, keyTimeoutMs }), RangeError);
    assert.equal(new EncryptedStore({ store, keys }).keyId, undefined);
  });

  it('lets a transaction go on after its record was sealed anew', async () => {
    const inner = new MemoryStore();
    const [covenant] = (await filled(inner, 1)) as [CovenantDocument];
    const keys = new TurningKeys(1, 0);
    const store = withKeys(inner, keys);
    let runs = 0;
    await store.transaction(async (tx) => {
      assert.ok(await tx.get(covenant.id));
      if (++runs === 1) await withKeys(inner, keys).reencrypt();
      await tx.delete(covenant.id);
    });
    assert.equal(runs, 2);
    assert.equal(await store.count(), 0);
  });

  it('loses nothing that is deleted behind its back but what was deleted', async () => {
    const inner = new MemoryStore();
    const covenants = await filled(inner, 3);
    await deleteRecord(inner.backend, 'covenant', covenants[0]?.id as string);
    const store = withKeys(inner, new TurningKeys(0));
    // That it is gone cannot be seen from the store alone.
    assert.equal(await store.get(covenants[0]?.id as string), undefined);
    assert.equal(await store.count(), 2);
    assert.equal(await keyOf(inner, 'revocation', OWN), keyIdNumber(0));
  });
});

it('a state for an anchor that cannot be read is nothing to seal anew: without the anchor it is nobody’s', async () => {
  const path = freshPath();
  const first = anchored(new FileStore(path), new MemoryAnchor());
  await first.put(await sampleCovenant());
  await first.close();
  const hash = STATE_ID.slice(-64);
  const state = join(path, 'revocations', hash.slice(0, 2), `${hash}-${hash}`);
  assert.ok(readFileSync(state, 'latin1').includes('"sum"'));
  rmSync(state);
  mkdirSync(state); // no file can be read there
  const store = new EncryptedStore({ store: new FileStore(path), encryptionKey: KEY });
  assert.equal((await store.keyUsage())[0]?.records, 2);
  assert.deepEqual(await store.reencrypt(), { examined: 1, reencrypted: 0, corrupt: 0 });
  await store.close();
});
