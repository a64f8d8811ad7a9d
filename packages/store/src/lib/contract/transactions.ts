import assert from 'node:assert/strict';
import { countersignCovenant } from '@stele/core';
import type { StoreTransaction } from '../../covenant-store.js';
import { type Case, isUnsupported, rejectsWith } from './harness.js';
import { keysOf, NOBODY, sampleCovenant, sampleCovenants, sampleRevocation } from './samples.js';

export function transacting(test: Case): void {
  const transactionTest: Case = (title, body) =>
    test(title, async (store) => {
      if (store.supports.transaction) return body(store);
      return isUnsupported(store.transaction(async () => undefined));
    });

  transactionTest('writes everything, and returns what the function returned', async (store) => {
    const [old, fresh] = await sampleCovenants(2);
    assert.ok(old && fresh);
    const revocation = await sampleRevocation(old);
    await store.put(old);
    const result = await store.transaction(async (tx) => {
      await tx.put(fresh);
      await tx.putRevocation(revocation);
      assert.equal(await tx.delete(old.id), true);
      return 'done';
    });
    assert.equal(result, 'done');
    assert.deepEqual(await store.getBatch([old.id, fresh.id]), [undefined, fresh]);
    assert.deepEqual(await store.getRevocations(old.id), [revocation]);
  });

  transactionTest('reads what it has written, and nobody else does before the end', async (store) => {
    const [document] = await sampleCovenants(1);
    assert.ok(document);
    await store.transaction(async (tx) => {
      assert.equal(await tx.has(document.id), false);
      assert.equal(await tx.get(document.id), undefined);
      await tx.put(document);
      assert.deepEqual(await tx.get(document.id), document);
      assert.equal(await tx.has(document.id), true);
      assert.equal(await store.has(document.id), false);
      assert.equal(await tx.delete(document.id), true);
      assert.equal(await tx.delete(document.id), false);
      assert.equal(await tx.get(document.id), undefined);
      await tx.put(document);
    });
    assert.deepEqual(await store.get(document.id), document);
  });

  transactionTest('leaves nothing when the function throws', async (store) => {
    const [old, fresh] = await sampleCovenants(2);
    assert.ok(old && fresh);
    await store.put(old);
    const reason = new Error('changed my mind');
    const outcome = store.transaction(async (tx) => {
      await tx.put(fresh);
      await tx.delete(old.id);
      await tx.putRevocation(await sampleRevocation(old));
      throw reason;
    });
    await assert.rejects(outcome, (error) => error === reason);
    assert.deepEqual(await store.getBatch([old.id, fresh.id]), [old, undefined]);
    assert.deepEqual(await store.getRevocations(old.id), []);
  });

  transactionTest('refuses what the store refuses, and finds nothing under what is no id', async (store) => {
    const document = await sampleCovenant();
    const spoilt = { ...document, constraints: 'permit ** on **' };
    const revocation = { ...(await sampleRevocation(document)), reason: 'changed' };
    await rejectsWith(
      store.transaction((tx) => tx.put(spoilt)),
      'document_refused',
    );
    await rejectsWith(
      store.transaction((tx) => tx.putRevocation(revocation)),
      'revocation_refused',
    );
    await store.transaction(async (tx) => {
      for (const id of ['', '../format', `${NOBODY}/`]) {
        assert.equal(await tx.get(id), undefined);
        assert.equal(await tx.has(id), false);
        assert.equal(await tx.delete(id), false);
      }
    });
    assert.equal(await store.count(), 0);
  });

  transactionTest('unites proofs, and stores a revocation once', async (store) => {
    const document = await sampleCovenant();
    const signed = await countersignCovenant(document, await keysOf('eve'));
    const revocation = await sampleRevocation(document);
    await store.put(signed);
    await store.transaction(async (tx) => {
      await tx.put(document);
      await tx.putRevocation(revocation);
      await tx.putRevocation(revocation);
    });
    await store.transaction((tx) => tx.putRevocation(revocation));
    assert.deepEqual(await store.get(document.id), signed);
    assert.deepEqual(await store.getRevocations(document.id), [revocation]);
  });

  const disturbed: [string, (tx: StoreTransaction, id: string) => Promise<unknown>][] = [
    ['got', (tx, id) => tx.get(id)],
    ['asked for', (tx, id) => tx.has(id)],
    ['not deleted, as it was not there', (tx, id) => tx.delete(id)],
  ];
  for (const [what, look] of disturbed) {
    transactionTest(`runs again when what it has ${what} was changed meanwhile`, async (store) => {
      const [watched, written] = await sampleCovenants(2);
      assert.ok(watched && written);
      const seen: unknown[] = [];
      await store.transaction(async (tx) => {
        seen.push(await look(tx, watched.id));
        if (seen.length === 1) await store.put(watched);
        await tx.put(written);
      });
      assert.equal(seen.length, 2);
      assert.notDeepEqual(seen[0], seen[1]);
      assert.equal(await store.has(written.id), true);
    });
  }

  transactionTest('runs again when it only reads', async (store) => {
    const [one, two] = await sampleCovenants(2);
    assert.ok(one && two);
    let runs = 0;
    const both = await store.transaction(async (tx) => {
      const first = await tx.has(one.id);
      if (runs++ === 0) await store.putBatch([one, two]);
      return [first, await tx.has(two.id)];
    });
    assert.deepEqual(both, [true, true]);
  });

  transactionTest('gives up when what it reads never holds still', async (store) => {
    const [restless, written] = await sampleCovenants(2);
    assert.ok(restless && written);
    let runs = 0;
    const outcome = store.transaction(async (tx) => {
      if (await tx.has(restless.id)) await store.delete(restless.id);
      else await store.put(restless);
      runs++;
      await tx.put(written);
    });
    await rejectsWith(outcome, 'transaction_conflict');
    assert.ok(runs > 1);
    assert.equal(await store.has(written.id), false);
  });

  transactionTest('is serialisable: of two that each leave the last one alone, one stays', async (store) => {
    const [one, two] = await sampleCovenants(2);
    assert.ok(one && two);
    for (let round = 0; round < 5; round++) {
      await store.putBatch([one, two]);
      const deleteUnlessLast = (mine: string, other: string) =>
        store.transaction(async (tx) => (await tx.has(other)) && (await tx.delete(mine)));
      await Promise.all([deleteUnlessLast(one.id, two.id), deleteUnlessLast(two.id, one.id)]);
      assert.equal(await store.count(), 1);
    }
  });

  transactionTest('gives each of many that come at once a place of its own', async (store) => {
    const places = await sampleCovenants(8);
    const taken = await Promise.all(
      places.map(() =>
        store.transaction(async (tx) => {
          for (const place of places) {
            if (await tx.has(place.id)) continue;
            await tx.put(place);
            return place.id;
          }
          return undefined;
        }),
      ),
    );
    assert.deepEqual(taken.sort(), places.map(({ id }) => id).sort());
  });

  transactionTest('touches a hundred records at most', async (store) => {
    const ids = Array.from(
      { length: 101 },
      (_, n) => `${NOBODY.slice(0, -3)}${n.toString().padStart(3, '0')}`,
    );
    await store.transaction(async (tx) => {
      for (const id of ids.slice(1)) assert.equal(await tx.has(id), false);
    });
    const outcome = store.transaction(async (tx) => {
      for (const id of ids) await tx.has(id);
    });
    await assert.rejects(outcome, RangeError);
  });

  transactionTest('has no transaction within, and ends with its function', async (store) => {
    const [document] = await sampleCovenants(1);
    assert.ok(document);
    let kept: StoreTransaction | undefined;
    await store.transaction(async (tx) => {
      kept = tx;
      assert.equal((tx as { transaction?: unknown }).transaction, undefined);
    });
    await assert.rejects(async () => kept?.put(document), TypeError);
    await assert.rejects(async () => kept?.get(document.id), TypeError);
    await assert.rejects(store.transaction('x' as unknown as () => Promise<void>), TypeError);
    assert.equal(await store.count(), 0);
  });
}
