// The policies of the AI SDK's own package, asked by its loop: what they answer decides nothing, and a person is asked where one must be.
import { opaPolicy, shadow, wrapMcpTools } from '@ai-sdk/policy-opa';
import { stelePolicyClient, withSteleTools } from '@stele/sdk/adapters';
import { generateText, isStepCount, type ModelMessage, tool } from 'ai';
import { MockLanguageModelV4 } from 'ai/test';
import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Awaiting, awaiting } from './approval-support.js';

const RULES = [
  'permit pay on / when args.amount <= 100',
  'require human.approval for pay on / when args.amount > 10',
].join('\n');

let a: Awaiting;
let ran: number[];
beforeEach(async () => {
  a = await awaiting(RULES);
  ran = [];
});

const pay = tool({
  description: 'Pays',
  inputSchema: z.object({ amount: z.number() }),
  execute: async ({ amount }) => {
    ran.push(amount);
    return `paid ${amount}`;
  },
});

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};
const step = (part: object, unified: 'stop' | 'tool-calls') =>
  ({ content: [part], finishReason: { unified, raw: undefined }, usage, warnings: [] }) as never;
const asking = (amount: number) =>
  step(
    { type: 'tool-call', toolCallId: 'c', toolName: 'pay', input: JSON.stringify({ amount }) },
    'tool-calls',
  );
const done = step({ type: 'text', text: 'done' }, 'stop');

/** Loose: the package has a copy of the SDK's types of its own, which are no longer the same. */
type Policy = ReturnType<typeof opaPolicy>;

async function loop(policy: Policy, steps: never[], messages: ModelMessage[]) {
  const tools = withSteleTools({ pay }, { monitor: a.monitor });
  const model = new MockLanguageModelV4({ doGenerate: async () => steps.shift() as never });
  const result = await generateText({
    ...{ model, messages, tools, toolApproval: policy as never, stopWhen: isStepCount(4) },
  });
  return { result, told: JSON.stringify(model.doGenerateCalls.at(-1)?.prompt.at(-1)) };
}

const go: ModelMessage = { role: 'user', content: 'go' };
const start = (policy: Policy, amount: number) => loop(policy, [asking(amount), done], [go]);

function resume(policy: Policy, { result }: Awaited<ReturnType<typeof start>>) {
  const asked = result.content.find(({ type }) => type === 'tool-approval-request') as { approvalId: string };
  const answer = { type: 'tool-approval-response' as const, approvalId: asked.approvalId, approved: true };
  return loop(policy, [done], [go, ...result.response.messages, { role: 'tool', content: [answer] }]);
}

const policyOf = (): Policy =>
  opaPolicy({ client: stelePolicyClient({ monitor: a.monitor }), path: 'stele', toInput: (asked) => asked });

describe('opaPolicy over a PolicyClient of ours', () => {
  it('lets through what is permitted, and tells the model of what is not', async () => {
    expect((await start(policyOf(), 5)).told).toContain('paid 5');
    expect((await start(policyOf(), 5000)).told).toContain('[no_matching_permit]');
    expect(ran).toEqual([5]);
  });

  it('stops for a person, whose signature counts for one run', async () => {
    const policy = policyOf();
    const stopped = await start(policy, 50);
    const id = await a.sign();
    expect(JSON.stringify(stopped.result.content)).toContain(id);
    expect((await resume(policy, stopped)).told).toContain('paid 50');
    expect((await resume(policy, stopped)).told).not.toContain('paid');
    expect(ran).toEqual([50]);
  });

  it('a client that says "approved" achieves nothing', async () => {
    const policy = policyOf();
    const { told } = await resume(policy, await start(policy, 50));
    expect(told).toContain('[obligation_pending');
    expect(ran).toEqual([]);
  });

  it('takes its usual input, too', async () => {
    const policy: Policy = opaPolicy({ client: stelePolicyClient({ monitor: a.monitor }), path: 'stele' });
    expect((await start(policy, 5)).told).toContain('paid 5');
    expect((await start(policy, 5000)).told).toContain('[no_matching_permit]');
    expect(ran).toEqual([5]);
  });

  it.each<[string, (policy: Policy) => Policy]>([
    ['shadow', (policy) => shadow(policy as never, { enforce: false }) as Policy],
    [
      'a default of "approved"',
      (policy) =>
        wrapMcpTools({ pay: pay as never }, policy as never, { default: 'approved' }).toolApproval as Policy,
    ],
    ['no policy at all', () => (async () => 'approved') as Policy],
  ])('runs nothing that is denied, whatever is put around it: %s', async (_what, around) => {
    for (const amount of [50, 5000])
      expect((await start(around(policyOf()), amount)).told).not.toContain('paid');
    expect(ran).toEqual([]);
  });
});
