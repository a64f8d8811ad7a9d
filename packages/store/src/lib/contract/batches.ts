import assert from 'node:assert/strict';
import { type CovenantDocument, countersignCovenant } from '@stele/core';
import type { CovenantStore } from '../../covenant-store.js';
import { type Case, isUnsupported, rejectsWith } from './harness.js';
import { keysOf, NOBODY, STRANGE_IDS, sampleCovenant, sampleCovenants } from './samples.js';

const idsOf = (documents: readonly CovenantDocument[]) => documents.map(({ id }) => id);

export function batching(test: Case): void {
  const batchTest: Case = (title, body) =>
    test(title, async (store) => {
      if (!store.supports.transaction) await refusesBatches(store);
      else await body(store);
    });

  batchTest('puts, gets and deletes a hundred at once', async (store) => {
    const documents = await sampleCovenants(100);
    await store.putBatch(documents);
    assert.equal(await store.count(), 100);
    assert.deepEqual(await store.getBatch(idsOf(documents)), documents);
    assert.equal(await store.deleteBatch(idsOf(documents)), 100);
    assert.equal(await store.deleteBatch(idsOf(documents)), 0);
    assert.equal(await store.count(), 0);
  });

  batchTest('gets in the order that was asked for, and nothing where there is nothing', async (store) => {
    const [one, two] = await sampleCovenants(2);
    assert.ok(one && two);
    await store.putBatch([one, two]);
    const ids = [two.id, NOBODY, one.id, two.id, ...STRANGE_IDS];
    const found = await store.getBatch(ids);
    assert.deepEqual(found, [two, undefined, one, two, ...STRANGE_IDS.map(() => undefined)]);
    assert.equal(await store.deleteBatch(ids), 2);
  });

  batchTest('stores nothing when one is refused', async (store) => {
    const documents = await sampleCovenants(3);
    const spoilt = { ...(await sampleCovenant()), constraints: 'permit ** on **' };
    const error = await rejectsWith(store.putBatch([...documents, spoilt]), 'document_refused');
    assert.equal(error.check, 'id');
    assert.equal(await store.count(), 0);
  });

  batchTest('unites proofs within a batch, and with what is stored', async (store) => {
    const document = await sampleCovenant();
    const [byEve, byBob] = await Promise.all(
      ['eve', 'bob'].map(async (name) => countersignCovenant(document, await keysOf(name))),
    );
    assert.ok(byEve && byBob);
    await store.put(byEve);
    await store.putBatch([document, byBob, document]);
    assert.equal([(await store.get(document.id))?.proof].flat().length, 3);
    assert.equal(await store.count(), 1);
  });

  batchTest('is never seen in part', async (store) => {
    const documents = await sampleCovenants(6);
    const ids = idsOf(documents);
    let done = false;
    const writing = (async () => {
      for (let round = 0; round < 5; round++) {
        await store.putBatch(documents);
        await store.deleteBatch(ids);
      }
      done = true;
    })();
    const seen: number[] = [];
    do {
      const found = await store.getBatch(ids);
      seen.push(found.filter((document) => document !== undefined).length);
    } while (!done);
    await writing;
    assert.deepEqual(
      seen.filter((count) => count !== 0 && count !== 6),
      [],
    );
  });

  batchTest('refuses what is no batch', async (store) => {
    const document = await sampleCovenant();
    for (const size of [0, 101]) {
      await assert.rejects(store.putBatch(new Array(size).fill(document)), RangeError);
      await assert.rejects(store.getBatch(new Array(size).fill(document.id)), RangeError);
      await assert.rejects(store.deleteBatch(new Array(size).fill(document.id)), RangeError);
    }
    await assert.rejects(store.putBatch(document as unknown as CovenantDocument[]), TypeError);
    await assert.rejects(store.getBatch(document.id as unknown as string[]), TypeError);
    await assert.rejects(store.deleteBatch(null as unknown as string[]), TypeError);
    assert.equal(await store.count(), 0);
  });
}

async function refusesBatches(store: CovenantStore): Promise<void> {
  const document = await sampleCovenant();
  await isUnsupported(store.putBatch([document]));
  await isUnsupported(store.getBatch([document.id]));
  await isUnsupported(store.deleteBatch([document.id]));
  assert.equal(await store.count(), 0);
}
