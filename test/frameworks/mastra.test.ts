import { Agent } from '@mastra/core/agent';
import { createTool, Tool } from '@mastra/core/tools';
import { withSteleMastra } from '@stele/sdk/adapters';
import { MockLanguageModelV3 } from 'ai7/test';
import { beforeEach, describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { FATES, fates, governed, recorded } from './support.js';

const RULES = 'permit pay on / when args.amount <= 100\nlimit pay 1 per day';

let ran: unknown[] = [];
beforeEach(() => {
  ran = [];
});

const inputSchema = z.object({ amount: z.number() });
const pay = createTool({
  id: 'pay',
  description: 'Pays',
  inputSchema,
  execute: async ({ amount }) => {
    ran.push(amount);
    return { paid: amount };
  },
});

interface Call {
  readonly name: string;
  readonly args: object;
}

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
  outputTokens: { total: 1, text: 1, reasoning: 0 },
};

/** The double that the AI SDK ships, whose models Mastra takes. It asks for the calls, one after another, and then says that it is done. */
function modelOf(calls: readonly Call[]) {
  const prompts: { content: unknown }[][] = [];
  let turn = 0;
  const step = (prompt: unknown) => {
    prompts.push(prompt as never);
    const call = calls[turn++];
    const input = call && JSON.stringify(call.args);
    const content = call
      ? [{ type: 'tool-call' as const, toolCallId: `call-${turn}`, toolName: call.name, input: input ?? '' }]
      : [{ type: 'text' as const, text: 'done' }];
    const finishReason = { unified: call ? ('tool-calls' as const) : ('stop' as const), raw: undefined };
    return { content, finishReason, usage };
  };
  const model = new MockLanguageModelV3({
    doGenerate: async ({ prompt }) => ({ ...step(prompt), warnings: [] }),
  });
  /** What the model was told of each call. */
  const told = () =>
    (prompts.at(-1) ?? [])
      .flatMap(({ content }) => content as { type: string; output?: unknown }[])
      .filter(({ type }) => type === 'tool-result')
      .map(({ output }) => output);
  return { model, told };
}

const agentOf = (model: unknown, tools: object) =>
  new Agent({ id: 'a', name: 'a', instructions: 'go', model: model as never, tools: tools as never });

describe('withSteleMastra', () => {
  it('keeps type and class, and leaves the tool alone', async () => {
    const { monitor } = await governed(RULES);
    const guarded = withSteleMastra(pay, { monitor });
    expectTypeOf(guarded).toEqualTypeOf(pay);
    expect(guarded).toBeInstanceOf(Tool);
    expect(guarded.id).toBe('pay');
    expect(await pay.execute?.({ amount: 5000 }, {} as never)).toEqual({ paid: 5000 });
  });

  it('runs what is permitted in an agent, and tells the model of what is not', async () => {
    const { monitor, sink } = await governed(RULES);
    const calls = [5, 5000, 6].map((amount) => ({ name: 'pay', args: { amount } }));
    const { model, told } = modelOf(calls);
    const agent = agentOf(model, { pay: withSteleMastra(pay, { monitor }) });
    const { text } = await agent.generate('go', { maxSteps: 5 });
    expect(text).toBe('done');
    expect(ran).toEqual([5]);
    expect(told().map((each) => JSON.stringify(each))).toEqual([
      expect.stringContaining('"paid":5'),
      expect.stringContaining('[no_matching_permit]'),
      expect.stringContaining('[limit_exceeded'),
    ]);
    expect(recorded(sink)).toEqual(['pay permit', 'outcome done', 'pay deny', 'pay deny']);
  });

  it('meets every fate in one loop', async () => {
    const { monitor, run, check } = await fates();
    const tools = FATES.map(({ name }) => {
      const execute = (_input: unknown, context: { abortSignal?: AbortSignal }) =>
        run(name, context.abortSignal);
      const tool = createTool({ id: name, description: name, inputSchema, execute: execute as never });
      return [name, withSteleMastra(tool, { monitor })] as const;
    });
    const { model, told } = modelOf(FATES);
    await agentOf(model, Object.fromEntries(tools)).generate('go', { maxSteps: 6 });
    check(told());
  });

  it('judges what the schema has read, and answers what it refuses without a decision', async () => {
    const { monitor, sink } = await governed(RULES);
    const guarded = withSteleMastra(pay, { monitor });
    const { model } = modelOf([{ name: 'pay', args: { amount: 'five' } }]);
    await agentOf(model, { pay: guarded }).generate('go', { maxSteps: 3 });
    expect(ran).toEqual([]);
    expect(recorded(sink).filter((entry) => entry.endsWith('permit'))).toEqual([]);
  });

  it('refuses a tool that runs in a client', async () => {
    const { monitor } = await governed(RULES);
    const client = createTool({ id: 'client', description: 'Elsewhere', inputSchema });
    expect(() => withSteleMastra(client as never, { monitor })).toThrow(
      expect.objectContaining({ code: 'tool_ungovernable' }),
    );
  });
});
