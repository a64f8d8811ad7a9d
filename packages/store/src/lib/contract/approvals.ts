import assert from 'node:assert/strict';
import { type ApprovalDocument, type ApprovalRequest, type Proof, signApproval } from '@stele/core';
import type { ApprovalRecord, ApprovalStore } from '../../approval-store.js';
import type { CovenantStore } from '../../covenant-store.js';
import { type Case, collect, rejectsWith, spoil } from './harness.js';
import { keysOf, NOBODY, STRANGE_IDS, sampleApproval, sampleCovenant, sampleRequest } from './samples.js';

/** A test of a store that keeps approvals; one that does not passes. */
export type ApprovalCase = (
  title: string,
  body: (approvals: ApprovalStore, store: CovenantStore) => Promise<void>,
) => void;

export const approvalCase =
  (test: Case): ApprovalCase =>
  (title, body) =>
    test(title, async (store) => {
      if (store.approvals !== undefined) await body(store.approvals, store);
    });

/** So many at once that all of them have read before the first has written. */
const CROWD = 50;

const opened = async (approvals: ApprovalStore): Promise<ApprovalRequest> => {
  const request = sampleRequest();
  await approvals.open(request);
  return request;
};

const signersOf = (document: ApprovalDocument | undefined): string[] =>
  (document?.proof ?? []).map(({ verificationMethod }: Proof) => verificationMethod).sort();

export function keepingApprovals(test: Case): void {
  const approvalTest = approvalCase(test);

  approvalTest('opens a request and gives it back, deep-frozen', async (approvals) => {
    const request = sampleRequest();
    assert.equal(await approvals.get(request.id), undefined);
    await approvals.open(request);
    const record = await approvals.get(request.id);
    assert.deepEqual(record, { request, state: 'open' });
    assert.ok(Object.isFrozen(record) && Object.isFrozen(record?.request.context));
  });

  approvalTest('opens a request once, also at the same time', async (approvals) => {
    const request = sampleRequest();
    const tries = await Promise.allSettled(Array.from({ length: CROWD }, () => approvals.open(request)));
    assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1);
    await rejectsWith(approvals.open(request), 'approval_exists');
    await approvals.settle(request.id, 'used');
    await rejectsWith(approvals.open(request), 'approval_exists');
    assert.equal((await approvals.get(request.id))?.state, 'used');
  });

  approvalTest('keeps what was signed, approvals and denials apart, and stays open', async (approvals) => {
    const request = await opened(approvals);
    const approval = await sampleApproval(request, 'ada');
    const denial = await sampleApproval(request, 'ben', 'deny');
    assert.deepEqual(await approvals.sign(approval), { request, state: 'open', approval });
    const record = await approvals.sign(denial);
    assert.deepEqual(record, { request, state: 'open', approval, denial });
    assert.deepEqual(await approvals.get(request.id), record);
    assert.ok(Object.isFrozen(record) && Object.isFrozen(record.approval?.proof[0]));
  });

  approvalTest('unites the proofs of many who sign at once, each once', async (approvals) => {
    const request = await opened(approvals);
    const signed = await Promise.all(
      ['ada', 'ben', 'cleo', 'dan'].map((name) => sampleApproval(request, name)),
    );
    await Promise.all([...signed, ...signed].map((document) => approvals.sign(document)));
    const record = await approvals.get(request.id);
    assert.deepEqual(signersOf(record?.approval), signed.flatMap(signersOf).sort());
    // Of two proofs by one key the stored one stays.
    const later = await signApproval(request, {
      verdict: 'approve',
      signer: await keysOf('ada'),
      now: new Date(Date.now() + 1000),
    });
    assert.notDeepEqual(later, signed[0]);
    assert.deepEqual(await approvals.sign(later), record);
  });

  approvalTest('lets exactly one of many settle a request', async (approvals) => {
    const request = await opened(approvals);
    const states = ['used', 'denied', 'void'] as const;
    const tries = Array.from({ length: CROWD }, (_, i) => states[i % 3] as (typeof states)[number]);
    const won = await Promise.all(tries.map((state) => approvals.settle(request.id, state)));
    const winner = won.indexOf(true);
    assert.equal(won.filter(Boolean).length, 1);
    assert.equal((await approvals.get(request.id))?.state, tries[winner]);
    for (const state of states) assert.equal(await approvals.settle(request.id, state), false);
  });

  approvalTest(
    'loses no signature to one who settles meanwhile, and the other way round',
    async (approvals) => {
      const request = await opened(approvals);
      const signed = await Promise.all(['ada', 'ben', 'cleo'].map((name) => sampleApproval(request, name)));
      const [settled, ...signs] = await Promise.all([
        approvals.settle(request.id, 'used'),
        ...signed.map((document) => approvals.sign(document).catch(({ code }: { code: unknown }) => code)),
      ]);
      assert.equal(settled, true);
      const record = await approvals.get(request.id);
      assert.equal(record?.state, 'used');
      const stored = signed.filter((_, i) => signs[i] !== 'approval_closed');
      assert.deepEqual(signersOf(record?.approval), stored.flatMap(signersOf).sort());
    },
  );

  approvalTest('settles nothing that is no longer as it was seen', async (approvals) => {
    const request = await opened(approvals);
    const seen = (await approvals.get(request.id)) as ApprovalRecord;
    const approved = await approvals.sign(await sampleApproval(request));
    assert.equal(await approvals.settle(request.id, 'used', seen), false);
    const denied = await approvals.sign(await sampleApproval(request, 'ben', 'deny'));
    assert.equal(await approvals.settle(request.id, 'used', approved), false);
    assert.equal((await approvals.get(request.id))?.state, 'open');
    assert.equal(await approvals.settle(request.id, 'used', denied), true);
    assert.equal(await approvals.settle(request.id, 'used', denied), false);
  });

  approvalTest('of a use and a denial at once lets one happen', async (approvals) => {
    for (let round = 0; round < 8; round++) {
      const request = await opened(approvals);
      const denial = await sampleApproval(request, 'ben', 'deny');
      const seen = await approvals.sign(await sampleApproval(request));
      const [isUsed, isDenied] = await Promise.all([
        approvals.settle(request.id, 'used', seen),
        approvals.sign(denial).then(
          () => true,
          ({ code }: { code: unknown }) => code !== 'approval_closed',
        ),
      ]);
      assert.notEqual(isUsed, isDenied);
      const record = await approvals.get(request.id);
      assert.deepEqual([record?.state === 'used', record?.denial !== undefined], [isUsed, isDenied]);
    }
  });

  approvalTest('keeps what was signed when it is settled, and takes nothing after', async (approvals) => {
    const request = await opened(approvals);
    const approval = await sampleApproval(request);
    await approvals.sign(approval);
    assert.equal(await approvals.settle(request.id, 'used'), true);
    assert.deepEqual(await approvals.get(request.id), { request, state: 'used', approval });
    await rejectsWith(approvals.sign(await sampleApproval(request, 'ben')), 'approval_closed');
    await rejectsWith(approvals.sign(await sampleApproval(request, 'ben', 'deny')), 'approval_closed');
    assert.deepEqual(await approvals.get(request.id), { request, state: 'used', approval });
  });

  approvalTest(
    'removes a record, readable or not, and says whether there was one',
    async (approvals, store) => {
      const request = await opened(approvals);
      assert.equal(await approvals.delete(request.id), true);
      assert.equal(await approvals.delete(request.id), false);
      assert.equal(await approvals.get(request.id), undefined);
      const other = await opened(approvals);
      if (await spoil(store, other.id)) assert.equal(await approvals.delete(other.id), true);
    },
  );

  approvalTest(
    'keeps approvals apart from covenants, and tells no watcher of them',
    async (approvals, store) => {
      const after = store.supports.watch ? await store.latestToken() : '';
      const request = await opened(approvals);
      await approvals.sign(await sampleApproval(request));
      await approvals.settle(request.id, 'used');
      await approvals.delete((await opened(approvals)).id);
      assert.equal(await store.count(), 0);
      assert.equal(await store.has(request.id), false);
      assert.equal(await store.get(request.id), undefined);
      assert.equal(await store.delete(request.id), false);
      assert.deepEqual(await store.getRevocations(request.id), []);
      assert.deepEqual((await store.list()).items, []);
      assert.deepEqual(await collect(store.iterate()), []);
      const covenant = await sampleCovenant();
      await store.put(covenant);
      assert.equal(await approvals.get(covenant.id), undefined);
      if (!store.supports.watch) return;
      for await (const { type, id } of store.watch({ after })) {
        assert.deepEqual([type, id], ['put', covenant.id]);
        break;
      }
    },
  );
}

export function refusingApprovals(test: Case): void {
  const approvalTest = approvalCase(test);

  approvalTest('knows nothing of what is not there, nor of what is no id', async (approvals) => {
    const request = sampleRequest();
    await rejectsWith(approvals.sign(await sampleApproval(request)), 'approval_unknown');
    assert.equal(await approvals.settle(request.id, 'used'), false);
    assert.equal(await approvals.get(request.id), undefined);
    for (const id of [...STRANGE_IDS, NOBODY, `${request.id}/`, request.id.toUpperCase()]) {
      assert.equal(await approvals.get(id), undefined);
      assert.equal(await approvals.settle(id, 'void'), false);
      assert.equal(await approvals.delete(id), false);
    }
  });

  approvalTest('settles in no other state than the three', async (approvals) => {
    const request = await opened(approvals);
    for (const state of ['open', 'USED', '', undefined, null])
      await assert.rejects(approvals.settle(request.id, state as 'used'), TypeError);
    assert.equal((await approvals.get(request.id))?.state, 'open');
  });

  const requests: [string, (request: ApprovalRequest) => unknown][] = [
    ['under another id', (r) => ({ ...r, id: sampleRequest().id })],
    ['changed under its id', (r) => ({ ...r, context: { args: { amount: 1 } } })],
    ['with an unknown member', (r) => ({ ...r, note: 'x' })],
    ['that is null', () => null],
    ['that is a covenant', () => sampleCovenant()],
    ['that is an approval', (r) => sampleApproval(r)],
  ];
  approvalTest('opens nothing but a request under the id of its content', async (approvals) => {
    for (const [what, change] of requests) {
      const changed = (await change(sampleRequest())) as ApprovalRequest;
      await rejectsWith(approvals.open(changed), 'approval_refused', what);
    }
    assert.deepEqual((await approvals.list()).items, []);
  });

  const signatures: [string, (approval: ApprovalDocument) => unknown][] = [
    ['a denial under the proof of an approval', (a) => ({ ...a, verdict: 'deny' })],
    [
      'a changed request under its proof',
      (a) => ({ ...a, request: { ...a.request, resource: '/orders/8' } }),
    ],
    [
      'a proof that was cut',
      (a) => ({ ...a, proof: [{ ...a.proof[0], proofValue: a.proof[0]?.proofValue.slice(0, -1) }] }),
    ],
    ['no proof', (a) => ({ ...a, proof: [] })],
    ['the same proof twice', (a) => ({ ...a, proof: [a.proof[0], a.proof[0]] })],
    ['a good proof beside junk', (a) => ({ ...a, proof: [a.proof[0], { type: 'DataIntegrityProof' }] })],
    ['a member that nobody knows', (a) => ({ ...a, note: 'x' })],
    ['null', () => null],
  ];
  approvalTest('takes no junk for a signature', async (approvals) => {
    const request = await opened(approvals);
    const approval = await sampleApproval(request);
    for (const [what, change] of signatures)
      await rejectsWith(approvals.sign(change(approval) as ApprovalDocument), 'approval_refused', what);
    assert.deepEqual(await approvals.get(request.id), { request, state: 'open' });
  });

  approvalTest('takes 16 proofs of one verdict and no seventeenth', async (approvals) => {
    const request = await opened(approvals);
    const names = Array.from({ length: 17 }, (_, i) => `approver ${i}`);
    const [last, ...first] = await Promise.all(names.map((name) => sampleApproval(request, name)));
    const proof = first.flatMap((document) => document.proof);
    await approvals.sign({ ...(first[0] as ApprovalDocument), proof });
    await rejectsWith(approvals.sign(last as ApprovalDocument), 'approval_refused');
    const record = await approvals.sign(await sampleApproval(request, 'ben', 'deny'));
    assert.equal(record.approval?.proof.length, 16);
    assert.equal(record.denial?.proof.length, 1);
  });

  approvalTest(
    'says so of a record that cannot be read, and neither signs nor settles it',
    async (approvals, store) => {
      const request = await opened(approvals);
      const approval = await sampleApproval(request);
      if (!(await spoil(store, request.id))) return;
      const uses: (() => Promise<ApprovalRecord | undefined | boolean>)[] = [
        () => approvals.get(request.id),
        () => approvals.sign(approval),
        () => approvals.settle(request.id, 'used'),
      ];
      for (const use of uses) assert.equal((await rejectsWith(use(), 'record_corrupt')).id, request.id);
      await rejectsWith(approvals.open(request), 'approval_exists');
    },
  );
}
