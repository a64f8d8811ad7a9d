/** Stores that were filled before records were bound to a store and found by blind tokens. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { CovenantDocument, RevocationDocument } from '@stele/core';
import { describe, it } from 'vitest';
import { EncryptedStore, MemoryStore, type RecordKind, type StoreWithBackend } from '../src/index.js';
import { collect } from '../src/lib/contract/harness.js';
import { sampleCovenant } from '../src/lib/contract/samples.js';
import { failsWith } from './support/assert.js';
import { KEY } from './support/backends.js';
import {
  keyIdNumber,
  keyNumber,
  OWN,
  plant,
  sealedBytes,
  TurningKeys,
  withKeys,
} from './support/encrypted.js';
import { bareStores } from './support/stores.js';

interface Fixture {
  keyId: string;
  covenants: CovenantDocument[];
  revocations: RevocationDocument[];
  records: { kind: RecordKind; id: string; bytes: string }[];
}
const fixture = JSON.parse(
  readFileSync(new URL('fixtures/sealed-1.json', import.meta.url), 'utf8'),
) as Fixture;
const [parent, child] = fixture.covenants as [CovenantDocument, CovenantDocument];
const [revocation] = fixture.revocations as [RevocationDocument];
const sortedIds = (documents: CovenantDocument[]) => documents.map(({ id }) => id).sort();

async function filled<T extends StoreWithBackend>(inner: T): Promise<T> {
  for (const { kind, id, bytes } of fixture.records)
    await plant(inner, kind, id, Buffer.from(bytes, 'base64'));
  return inner;
}

const opened = (store: StoreWithBackend) => new EncryptedStore({ store, encryptionKey: KEY });

describe.each(bareStores)('what format 1 left in %s', (_, make) => {
  it('is read, found, revoked, put again and deleted as before', async () => {
    const inner = await filled(make());
    const store = opened(inner);
    assert.equal(store.keyId, fixture.keyId);
    assert.deepEqual(await store.get(parent.id), parent);
    assert.deepEqual(await store.get(child.id), child);
    assert.deepEqual(await store.getRevocations(parent.id), [revocation]);
    assert.equal(await store.count(), 2);
    // Nothing was written so far.
    assert.equal(await inner.backend.has('revocation', OWN), false);
    const finds = async () => {
      assert.deepEqual(sortedIds(await collect(store.iterate())), sortedIds([parent, child]));
      assert.deepEqual((await store.list({ parent: parent.id })).items, [child]);
      assert.deepEqual((await store.list({ tag: 'eu' })).items, [parent]);
      assert.equal(await store.count({ issuer: parent.issuer.id }), 1);
    };
    await finds();
    await store.putRevocation(revocation);
    await store.put(parent);
    const added = await sampleCovenant();
    await store.put(added);
    assert.equal(await store.delete(added.id), true);
    await finds();
    await store.reencrypt();
    await finds();
    await store.close();
  });

  it('is sealed anew in format 2, and found by its index from then on', async () => {
    const inner = await filled(make());
    const store = opened(inner);
    assert.deepEqual(await store.reencrypt(), { examined: 3, reencrypted: 3, corrupt: 0 });
    for (const { kind, id } of fixture.records) {
      const header = Buffer.from((await sealedBytes(inner, kind, id)).subarray(0, 15)).toString();
      assert.equal(header, 'stele-sealed/2 ');
    }
    assert.deepEqual(await store.reencrypt(), { examined: 3, reencrypted: 0, corrupt: 0 });
    assert.deepEqual(await store.get(child.id), child);
    assert.deepEqual((await store.list({ beneficiary: child.beneficiary.id })).items, [child]);
    assert.deepEqual(await store.getRevocations(parent.id), [revocation]);
    await store.close();
  });
});

describe('format 1', () => {
  const old = (id: string) =>
    Buffer.from(fixture.records.find((record) => record.id === id)?.bytes as string, 'base64');

  it('is refused once a store has left it behind, and in a store that never had it', async () => {
    const inner = await filled(new MemoryStore());
    await opened(inner).reencrypt();
    const fresh = new MemoryStore();
    await opened(fresh).put(child);
    for (const store of [inner, fresh]) {
      await plant(store, 'covenant', parent.id, old(parent.id));
      assert.equal((await failsWith('record_corrupt', () => opened(store).get(parent.id))).id, parent.id);
      assert.deepEqual(await opened(store).get(child.id), child);
    }
  });

  it('binds a record to its place and its key, too', async () => {
    const inner = new MemoryStore();
    await plant(inner, 'covenant', child.id, old(parent.id));
    await failsWith('record_corrupt', () => opened(inner).get(child.id));
    const record = old(child.id);
    await plant(inner, 'covenant', child.id, record);
    const other = new EncryptedStore({ store: inner, encryptionKey: keyNumber(1) });
    await failsWith('record_corrupt', () => other.get(child.id));
    for (let at = 0; at < record.length; at += 3) {
      const flipped = Uint8Array.from(record);
      flipped[at] = (record[at] as number) ^ 1;
      await plant(inner, 'covenant', child.id, flipped);
      await failsWith('record_corrupt', () => opened(inner).get(child.id));
    }
  });

  it('is not left behind while a record of it cannot be read', async () => {
    const inner = await filled(new MemoryStore());
    const store = opened(inner);
    await plant(inner, 'covenant', parent.id, old(parent.id).subarray(1));
    const reported: string[] = [];
    const onCorrupt = ({ id }: { id?: string }) => reported.push(id as string);
    assert.deepEqual(await store.reencrypt({ onCorrupt }), { examined: 3, reencrypted: 2, corrupt: 1 });
    assert.deepEqual(reported, [parent.id]);
    await plant(inner, 'covenant', parent.id, old(parent.id));
    assert.deepEqual(await store.get(parent.id), parent);
    assert.deepEqual((await store.list({ tag: 'finance' })).items, [parent]);
    await store.reencrypt();
    assert.deepEqual((await opened(inner).list({ tag: 'finance' })).items, [parent]);
  });

  it('goes over to another key at the same time', async () => {
    const inner = await filled(new MemoryStore());
    // Key 0 is the key of the fixture.
    const keys = new TurningKeys(1, 0);
    const store = withKeys(inner, keys);
    assert.deepEqual(await store.get(parent.id), parent);
    await store.reencrypt();
    keys.numbers = [1];
    assert.deepEqual(await withKeys(inner, keys).get(parent.id), parent);
    assert.deepEqual(await store.keyUsage(), [{ keyId: keyIdNumber(1), current: true, records: 4 }]);
  });
});
