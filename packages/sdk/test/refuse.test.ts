import { describe, expect, it } from 'vitest';
import { enforceToolCall, refuseToolCall } from '../src/adapters.js';
import { buildCovenant, createMonitor, generateKeyPair, MemorySink } from '../src/index.js';

async function governed(constraints: string) {
  const owner = await generateKeyPair();
  const agent = await generateKeyPair();
  const covenant = await buildCovenant({
    issuer: {},
    beneficiary: { id: agent.did },
    constraints,
    signer: owner,
  });
  const sink = new MemorySink();
  return { sink, monitor: await createMonitor({ covenant, trust: [owner.did], sink }) };
}

const because = { code: 'tool_contract_changed', reason: 'the tool has changed' } as const;

describe('a denial of the host', () => {
  it('is recorded and told of like every other, and charges nothing', async () => {
    const { monitor, sink } = await governed('permit bank.pay on /\nlimit bank.pay 1 per day');
    const denied = await refuseToolCall(
      monitor,
      { server: 'bank' },
      { name: 'pay', arguments: { amount: 1 } },
      because,
    );
    expect(denied).toMatchObject({
      isError: true,
      _meta: { 'stele/denial': { ...because, retryable: false } },
    });
    expect(denied.content[0]?.text).toBe('the tool has changed [tool_contract_changed]');
    const run = await enforceToolCall(monitor, { server: 'bank' }, { name: 'pay' }, () => 'ran');
    expect(run).toBe('ran');
    const records = sink.entries.map((entry) =>
      entry.kind === 'decision' ? [entry.action, entry.decision, entry.code] : [entry.kind],
    );
    expect(records).toEqual([
      ['bank.pay', 'deny', 'tool_contract_changed'],
      ['bank.pay', 'permit', 'permitted'],
      ['outcome'],
    ]);
  });

  it('stands for what is no request, too', async () => {
    const { monitor } = await governed('permit bank.pay on /');
    const odd = { action: 7, resource: '/' } as never;
    expect(await monitor.refuse(odd, 'tool_contract_changed', 'no')).toMatchObject({
      permitted: false,
      code: because.code,
    });
    const denied = await refuseToolCall(monitor, {}, { name: 'pay', arguments: { f: () => 1 } }, because);
    expect(denied._meta['stele/denial']).toMatchObject(because);
  });
});

describe('enforceToolCall', () => {
  it('runs with the arguments that were judged, and the rest as it was', async () => {
    const { monitor } = await governed('permit bank.pay on / when args.amount <= 10');
    const args = { amount: 5 };
    const params = { name: 'pay', arguments: args, _meta: { progressToken: 1 } };
    const running = enforceToolCall(monitor, { server: 'bank' }, params, (judged) => judged);
    args.amount = 5_000;
    params.name = 'steal';
    expect(await running).toEqual({ ...params, name: 'pay', arguments: { amount: 5 } });
  });

  it('answers a denial, and lets through what the tool throws', async () => {
    const { monitor } = await governed('permit bank.pay on /');
    const denied = await enforceToolCall(monitor, { server: 'bank' }, { name: 'steal' }, () => 'ran');
    expect(denied).toMatchObject({
      isError: true,
      _meta: { 'stele/denial': { code: 'no_matching_permit' } },
    });
    const failing = enforceToolCall(monitor, { server: 'bank' }, { name: 'pay' }, () => {
      throw new Error('broken');
    });
    await expect(failing).rejects.toThrow('broken');
  });
});
