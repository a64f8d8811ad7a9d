import assert from 'node:assert/strict';
import type { CovenantStore } from '../../covenant-store.js';
import { type Case, collect, rejectsWith } from './harness.js';
import { NOBODY, sampleApproval, sampleCovenant, sampleRequest, sampleRevocation } from './samples.js';

export function closing(test: Case): void {
  test('can be closed twice', async (store) => {
    await store.close();
    await store.close();
  });

  test('can be asked whether it would take a put, and keeps nothing of it', async (store) => {
    await store.probe();
    await store.probe();
    assert.equal(await store.count(), 0);
    assert.deepEqual((await store.list()).items, []);
  });

  test('refuses everything after it was closed', async (store) => {
    const covenant = await sampleCovenant();
    const revocation = await sampleRevocation(covenant);
    const request = sampleRequest();
    const approval = await sampleApproval(request);
    const { approvals } = store;
    await store.put(covenant);
    await store.close();
    const uses: ((store: CovenantStore) => Promise<unknown>)[] = [
      () => store.put(covenant),
      () => store.get(covenant.id),
      () => store.get(NOBODY),
      () => store.has(covenant.id),
      () => store.delete(covenant.id),
      () => store.list(),
      async () => collect(store.iterate()),
      () => store.count(),
      () => store.putRevocation(revocation),
      () => store.getRevocations(covenant.id),
      () => store.putBatch([covenant]),
      () => store.getBatch([covenant.id]),
      () => store.deleteBatch([covenant.id]),
      () => store.transaction(async () => undefined),
      () => collect(store.watch()),
      () => store.latestToken(),
      () => store.probe(),
      ...(approvals === undefined
        ? []
        : [
            () => approvals.open(request),
            () => approvals.get(request.id),
            () => approvals.list(),
            () => approvals.sign(approval),
            () => approvals.settle(request.id, 'used'),
            () => approvals.delete(request.id),
          ]),
    ];
    for (const use of uses) await rejectsWith(use(store), 'store_closed');
  });

  test('ends an iteration that was begun before', async (store) => {
    await store.put(await sampleCovenant());
    const iteration = store.iterate();
    await store.close();
    await rejectsWith(collect(iteration), 'store_closed');
  });
}
