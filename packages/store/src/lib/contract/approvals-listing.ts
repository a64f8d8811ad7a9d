import assert from 'node:assert/strict';
import type { ApprovalRequest } from '@stele/core';
import type { ApprovalListOptions, ApprovalStore } from '../../approval-store.js';
import { approvalCase } from './approvals.js';
import { type Case, rejectsWith, spoil } from './harness.js';
import { sampleRequest } from './samples.js';

const covenant = (n: number): string => `urn:stele:covenant:${String(n).padStart(64, '0')}`;
const agent = (name: string): string => `https://agents.example/${name}`;

/** Everything of a listing, page by page, by the ids. */
async function listed(approvals: ApprovalStore, options: ApprovalListOptions = {}): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
    const page = await approvals.list({ ...options, cursor });
    ids.push(...page.items.map(({ request }) => request.id));
    cursor = page.nextCursor;
  }
  return ids;
}

const idsOf = (...requests: readonly (ApprovalRequest | undefined)[]): string[] =>
  requests.map((request) => (request as ApprovalRequest).id).sort();

export function listingApprovals(test: Case): void {
  const approvalTest = approvalCase(test);

  approvalTest(
    'lists by audience, agent, covenant and state, and by all of them together',
    async (approvals) => {
      const one = sampleRequest({ covenants: [covenant(1), covenant(2)] });
      const two = sampleRequest({ covenants: [covenant(2)], agent: agent('other') });
      const three = sampleRequest({ covenants: [covenant(3)], audience: 'payouts' });
      const four = sampleRequest({ covenants: [covenant(1), covenant(2)] });
      for (const request of [one, two, three, four]) await approvals.open(request);
      await approvals.settle(four.id, 'used');
      const cases: [ApprovalListOptions, string[]][] = [
        [{}, idsOf(one, two, three, four)],
        [{ audience: 'refunds' }, idsOf(one, two, four)],
        [{ audience: 'payouts' }, idsOf(three)],
        [{ agent: agent('bot') }, idsOf(one, three, four)],
        [{ covenant: covenant(2) }, idsOf(one, two, four)],
        [{ covenant: covenant(3) }, idsOf(three)],
        [{ state: 'open' }, idsOf(one, two, three)],
        [{ state: 'used' }, idsOf(four)],
        [{ state: 'denied' }, []],
        [{ audience: 'refunds', state: 'open' }, idsOf(one, two)],
        [{ audience: 'refunds', state: 'open', agent: agent('other') }, idsOf(two)],
        [{ audience: 'refunds', state: 'open', covenant: covenant(1) }, idsOf(one)],
        [{ covenant: covenant(1), state: 'used' }, idsOf(four)],
        [{ covenant: covenant(1), agent: agent('other') }, []],
        [{ audience: '' }, []],
        [{ agent: 'refunds' }, []],
        [{ covenant: 'payouts' }, []],
      ];
      for (const [options, expected] of cases) {
        assert.deepEqual(await listed(approvals, options), expected, JSON.stringify(options));
        assert.deepEqual(
          await listed(approvals, { ...options, limit: 1 }),
          expected,
          JSON.stringify(options),
        );
      }
    },
  );

  approvalTest('finds a request by each of 64 covenants', async (approvals) => {
    const covenants = Array.from({ length: 64 }, (_, n) => covenant(n));
    const request = sampleRequest({ covenants });
    await approvals.open(request);
    for (const id of [covenants[0], covenants[31], covenants[63]])
      assert.deepEqual(await listed(approvals, { covenant: id }), [request.id]);
    assert.deepEqual(await listed(approvals, { covenant: covenant(64) }), []);
  });

  approvalTest('finds it in its new state only, once it is settled', async (approvals) => {
    const request = sampleRequest();
    await approvals.open(request);
    await approvals.settle(request.id, 'denied');
    const { audience } = request;
    assert.deepEqual(await listed(approvals, { audience, state: 'open' }), []);
    assert.deepEqual(await listed(approvals, { audience, state: 'denied' }), [request.id]);
  });

  approvalTest('refuses filters, limits and cursors that are none', async (approvals) => {
    for (const options of [{ audeince: 'x' }, { audience: 1 }, { state: 'pending' }, { onCorrupt: 1 }, null])
      await assert.rejects(approvals.list(options as ApprovalListOptions), TypeError);
    for (const limit of [0, 1001, 1.5]) await assert.rejects(approvals.list({ limit }), RangeError);
    for (const cursor of ['', 'x', covenant(1)])
      await rejectsWith(approvals.list({ cursor }), 'invalid_cursor');
  });

  approvalTest('never skips a record that cannot be read in silence', async (approvals, store) => {
    const [good, bad] = [sampleRequest(), sampleRequest()];
    await approvals.open(good);
    await approvals.open(bad);
    if (!(await spoil(store, bad.id))) return;
    assert.equal((await rejectsWith(listed(approvals), 'record_corrupt')).id, bad.id);
    const told: (string | undefined)[] = [];
    const onCorrupt = ({ id }: { id?: string }) => void told.push(id);
    assert.deepEqual(await listed(approvals, { onCorrupt }), [good.id]);
    assert.deepEqual(told, [bad.id]);
  });
}
