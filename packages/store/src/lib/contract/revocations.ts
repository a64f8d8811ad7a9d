import assert from 'node:assert/strict';
import type { RevocationDocument } from '@stele/core';
import { type Case, rejectsWith } from './harness.js';
import { NOBODY, sampleCovenant, sampleRevocation } from './samples.js';

export function keepingRevocations(test: Case): void {
  test('has no revocations to begin with', async (store) => {
    assert.deepEqual(await store.getRevocations(NOBODY), []);
  });

  test('gives back every revocation of a covenant, and no other’s', async (store) => {
    const [one, two] = [await sampleCovenant(), await sampleCovenant()];
    const revocations = [
      await sampleRevocation(one, 'first'),
      await sampleRevocation(one, 'second'),
      await sampleRevocation(one, 'by a stranger', 'eve'),
    ];
    for (const revocation of revocations) await store.putRevocation(revocation);
    await store.putRevocation(await sampleRevocation(two));
    const found = await store.getRevocations(one.id);
    const byReason = (list: readonly RevocationDocument[]) =>
      [...list].sort((a, b) => (a.reason < b.reason ? -1 : 1));
    assert.deepEqual(byReason(found), byReason(revocations));
    assert.equal((await store.getRevocations(two.id)).length, 1);
  });

  test('stores the same revocation once, also at the same time', async (store) => {
    const revocation = await sampleRevocation(await sampleCovenant());
    await Promise.all(Array.from({ length: 5 }, () => store.putRevocation(revocation)));
    assert.deepEqual(await store.getRevocations(revocation.covenant), [revocation]);
  });

  test('keeps revocations apart from covenants, and after the covenant is gone', async (store) => {
    const covenant = await sampleCovenant();
    const revocation = await sampleRevocation(covenant);
    await store.putRevocation(revocation);
    assert.equal(await store.count(), 0);
    assert.equal(await store.has(covenant.id), false);
    assert.deepEqual((await store.list()).items, []);
    await store.put(covenant);
    await store.delete(covenant.id);
    assert.deepEqual(await store.getRevocations(covenant.id), [revocation]);
  });

  const cases: [string, (revocation: RevocationDocument) => unknown][] = [
    ['of another covenant under this proof', (r) => ({ ...r, covenant: NOBODY })],
    ['with another reason under this proof', (r) => ({ ...r, reason: 'changed' })],
    ['without proof', ({ proof: _, ...r }) => r],
    ['with an unknown member', (r) => ({ ...r, extra: true })],
    ['of something that is no id', (r) => ({ ...r, covenant: '../../x' })],
    ['that is null', () => null],
    ['that is a covenant', () => sampleCovenant()],
  ];
  for (const [what, spoil] of cases) {
    test(`refuses a revocation ${what}`, async (store) => {
      const revocation = await sampleRevocation(await sampleCovenant());
      const spoilt = (await spoil(revocation)) as RevocationDocument;
      await rejectsWith(store.putRevocation(spoilt), 'revocation_refused');
      assert.deepEqual(await store.getRevocations(revocation.covenant), []);
      assert.deepEqual(await store.getRevocations(NOBODY), []);
    });
  }
}
