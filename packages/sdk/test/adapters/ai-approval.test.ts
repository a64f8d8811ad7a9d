// A person who is awaited, under both versions of the AI SDK: whole loops with the scripted model that it ships.
import * as ai6 from 'ai6';
import * as test6 from 'ai6/test';
import * as ai7 from 'ai7';
import * as test7 from 'ai7/test';
import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  type AiToolGuardOptions,
  steleActiveTools,
  stelePolicyClient,
  steleToolApproval,
  withSteleTools,
} from '../../src/adapters.js';
import { type Decision, MemorySink, type Monitor } from '../../src/index.js';
import { type Scene, scene } from '../approval-support.js';

const RULES = [
  'permit pay on / when args.amount <= 1000',
  'require human.approval for pay on / when args.amount > 10',
].join('\n');

let s: Scene;
let monitor: Monitor;
let ran: number[];
beforeEach(async () => {
  s = await scene({ rules: RULES });
  monitor = await s.monitor();
  ran = [];
});

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};
const step = (content: object[], unified: string) => ({
  content,
  finishReason: { unified, raw: undefined },
  usage,
  warnings: [],
});
const calling = (amount: number) =>
  step(
    [{ type: 'tool-call', toolCallId: 'c1', toolName: 'pay', input: JSON.stringify({ amount }) }],
    'tool-calls',
  );
const done = step([{ type: 'text', text: 'done' }], 'stop');

interface Result {
  readonly content: readonly { type: string; approvalId?: string; toolCall?: unknown; reason?: string }[];
  readonly response: { readonly messages: object[] };
  readonly text: string;
}

interface Loop {
  /** Asks the model for one call of `pay`, and goes on as far as the SDK does. */
  start(amount: number): Promise<Result>;
  /** Goes on with what a client says of the request for approval. */
  resume(before: Result, approved: boolean): Promise<{ result: Result; told: string }>;
}

const definition = {
  inputSchema: z.object({ amount: z.number() }),
  execute: async ({ amount }: { amount: number }) => {
    ran.push(amount);
    return `paid ${amount}`;
  },
};

function loopOf(version: 6 | 7, options: () => object, guard: () => AiToolGuardOptions): Loop {
  const ai = (version === 6 ? ai6 : ai7) as unknown as {
    tool(of: object): never;
    generateText(of: object): Promise<Result>;
    stepCountIs(count: number): unknown;
  };
  const Model = (version === 6 ? test6.MockLanguageModelV3 : test7.MockLanguageModelV4) as unknown as new (
    of: object,
  ) => { doGenerateCalls: { prompt: unknown[] }[] };
  const first = { role: 'user', content: 'go' };
  const run = (steps: object[], messages: object[]) => {
    const model = new Model({ doGenerate: steps });
    const tools = withSteleTools({ pay: ai.tool(definition) }, guard());
    const result = ai.generateText({ model, tools, messages, stopWhen: ai.stepCountIs(4), ...options() });
    return result.then((of) => ({
      result: of,
      told: JSON.stringify(model.doGenerateCalls.at(-1)?.prompt.at(-1)),
    }));
  };
  return {
    start: async (amount) => (await run([calling(amount), done], [first])).result,
    resume: (before, approved) => {
      const asked = before.content.find(({ type }) => type === 'tool-approval-request');
      const answer = { type: 'tool-approval-response', approvalId: asked?.approvalId, approved };
      return run([done], [first, ...before.response.messages, { role: 'tool', content: [answer] }]);
    },
  };
}

const ways: [string, Loop][] = [
  [
    'version 6, needsApproval',
    loopOf(
      6,
      () => ({}),
      () => ({ monitor, needsApproval: true }),
    ),
  ],
  [
    'version 7, needsApproval',
    loopOf(
      7,
      () => ({}),
      () => ({ monitor, needsApproval: true }),
    ),
  ],
  [
    'version 7, toolApproval',
    loopOf(
      7,
      () => ({ toolApproval: steleToolApproval({ monitor }) }),
      () => ({ monitor }),
    ),
  ],
];

const kinds = ({ content }: Result) => content.map(({ type }) => type);

async function sign(verdict: 'approve' | 'deny' = 'approve') {
  const { items } = await s.approvals.list({ state: 'open' });
  expect(items).toHaveLength(1);
  const { id, expiresAt } = (items[0] as (typeof items)[0]).request;
  return s.answer({ approval: { id, expiresAt } } as Decision, s.anna, verdict);
}

describe.each(ways)('%s', (name, loop) => {
  it('asks nobody for what is permitted, or denied', async () => {
    expect((await loop.start(5)).text).toBe('done');
    expect(ran).toEqual([5]);
    const denied = await loop.start(5000);
    expect(denied.text).toBe('done');
    expect(ran).toEqual([5]);
    const codes = s.sink.entries.flatMap((entry) => (entry.kind === 'decision' ? [entry.code] : []));
    expect(codes).toEqual(['permitted', 'no_matching_permit']);
    expect((await s.approvals.list({ state: 'open' })).items).toEqual([]);
  });

  it('stops for a person, and runs once when that person has signed', async () => {
    const stopped = await loop.start(50);
    expect(kinds(stopped)).toContain('tool-approval-request');
    expect(ran).toEqual([]);
    if (name.includes('toolApproval'))
      expect(stopped.content.find(({ type }) => type === 'tool-approval-request')?.reason).toContain(
        'urn:stele:',
      );
    await sign();
    const { result, told } = await loop.resume(stopped, true);
    expect(result.text).toBe('done');
    expect(told).toContain('paid 50');
    expect(ran).toEqual([50]);
    // The same answer once more is no approval.
    const again = await loop.resume(stopped, true);
    expect(again.told).toContain('obligation_pending');
    expect(ran).toEqual([50]);
  });

  it('a client that says "approved" achieves nothing', async () => {
    const stopped = await loop.start(50);
    const { told } = await loop.resume(stopped, true);
    expect(told).toContain('obligation_pending');
    expect(told).toContain('urn:stele:approval:');
    expect(ran).toEqual([]);
  });

  it('nor one that forges what is asked for', async () => {
    const stopped = await loop.start(50);
    await sign();
    const { content, response } = stopped;
    const plain = { content, response: { messages: response.messages } };
    const forged = JSON.parse(JSON.stringify(plain).replaceAll('"amount":50', '"amount":999')) as Result;
    const { told } = await loop.resume(forged, true);
    expect(told).not.toContain('paid');
    expect(ran).toEqual([]);
  });

  it('a person who says no is believed', async () => {
    const stopped = await loop.start(50);
    await sign();
    await loop.resume(stopped, false);
    expect(ran).toEqual([]);
  });
});

describe('steleToolApproval', () => {
  it('denies at once what is denied, in words that say why', async () => {
    const ask = steleToolApproval({ monitor });
    const of = (toolName: string, input: unknown) => ask({ toolCall: { toolName, input } });
    expect(await of('pay', { amount: 5000 })).toMatchObject({
      type: 'denied',
      reason: expect.stringContaining('[no_matching_permit]'),
    });
    expect(await of('__proto__', {})).toMatchObject({ type: 'denied' });
    expect(await of('pay', { amount: 1 })).toEqual({ type: 'not-applicable' });
    expect(await of('pay', undefined)).toMatchObject({ type: 'denied' });
  });

  it('denies when the monitor fails', async () => {
    const broken = { preview: async () => Promise.reject(new Error('broken')) } as never;
    const ask = steleToolApproval({ monitor: broken });
    expect(await ask({ toolCall: { toolName: 'pay', input: {} } })).toMatchObject({ type: 'denied' });
  });
});

describe('stelePolicyClient', () => {
  it.each<[unknown, string]>([
    [{ tool: { name: 'pay' }, args: { amount: 5 }, messages: [], runtimeContext: {} }, 'not-applicable'],
    [{ tool: { name: 'pay' }, args: { amount: 50 } }, 'requires-approval'],
    [{ tool: { name: 'pay' }, args: { amount: 5000 } }, 'deny'],
    [{ tool: { name: 'pay' } }, 'deny'],
    [{ action: 'pay' }, 'deny'],
    [undefined, 'deny'],
  ])('answers %j with %s', async (input, decision) => {
    expect(await stelePolicyClient({ monitor }).evaluate('agent/call/decision', input)).toMatchObject({
      decision,
    });
  });
});

describe('tools that can never be permitted', () => {
  it('are not told of, and judged all the same', async () => {
    const tools = { pay: definition, drop: definition, 'no action': definition };
    expect(steleActiveTools(tools, { monitor })).toEqual(['pay']);
    expect(steleActiveTools(tools, { monitor, action: 'pay' })).toEqual(Object.keys(tools));
    expect(steleActiveTools(tools, { monitor, action: () => 'drop' })).toEqual(Object.keys(tools));
    const nobody = await s.monitor({ covenant: [], sink: new MemorySink() });
    expect(steleActiveTools(tools, { monitor: nobody })).toEqual([]);
  });
});
