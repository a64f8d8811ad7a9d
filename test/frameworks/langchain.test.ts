import { CallbackManagerForToolRun } from '@langchain/core/callbacks/manager';
import { DynamicStructuredTool, DynamicTool, tool } from '@langchain/core/tools';
import {
  assertGoverned,
  pinTools,
  SteleCallbackHandler,
  steleToolCall,
  withSteleTool,
} from '@stele/sdk/adapters';
import { createAgent, createMiddleware, FakeToolCallingModel, ToolMessage } from 'langchain';
import { beforeEach, describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { FATES, fates, governed, recorded } from './support.js';

const RULES =
  'permit search on /\npermit pay on / when args.amount <= 100\npermit note on /\nlimit pay 1 per day';

let ran: unknown[] = [];
beforeEach(() => {
  ran = [];
});

const pay = tool(
  async ({ amount }: { amount: number }) => {
    ran.push(amount);
    return `paid ${amount}`;
  },
  { name: 'pay', description: 'Pays', schema: z.object({ amount: z.number() }) },
);

interface Call {
  readonly name: string;
  readonly args: object;
}

const paying = (amounts: readonly number[]) => amounts.map((amount) => ({ name: 'pay', args: { amount } }));

/** An agent that asks for the calls, one after another, and then says that it is done. */
const loop = (
  tools: readonly unknown[],
  calls: readonly Call[],
  { middleware = [], callbacks = [] }: { middleware?: unknown[]; callbacks?: unknown[] } = {},
) => {
  const toolCalls = [...calls.map((call, i) => [{ ...call, id: `call-${i}` }]), []];
  const model = new FakeToolCallingModel({ toolCalls: toolCalls as never });
  const agent = createAgent({ model, tools: [...tools], middleware } as never);
  const messages = [{ role: 'user', content: 'go' }];
  return agent.invoke({ messages }, { callbacks } as never) as Promise<{ messages: unknown[] }>;
};

/** The oldest versions have no callback for what a tool yields. */
const yields = 'handleToolEvent' in CallbackManagerForToolRun.prototype;

/** The tools of the loop in which every call meets another fate. */
const fatedTools = (run: Awaited<ReturnType<typeof fates>>['run']) =>
  FATES.map(({ name }) =>
    tool((_input, config) => run(name, config.signal), {
      name,
      description: name,
      schema: z.object({ amount: z.number() }),
    }),
  );

const answers = ({ messages }: { messages: unknown[] }) =>
  messages.filter((message): message is ToolMessage => ToolMessage.isInstance(message as never));

describe('withSteleTool', () => {
  it('keeps type and class, and leaves the tool alone', async () => {
    const { monitor } = await governed(RULES);
    const guarded = withSteleTool(pay, { monitor });
    expectTypeOf(guarded).toEqualTypeOf(pay);
    expect(guarded).toBeInstanceOf(DynamicStructuredTool);
    expect(guarded.name).toBe('pay');
    expect(await pay.invoke({ amount: 5000 })).toBe('paid 5000');
  });

  it('runs what is permitted in an agent, and tells the agent of what is not', async () => {
    const { monitor, sink } = await governed(RULES);
    const result = await loop([withSteleTool(pay, { monitor })], paying([50, 5000, 60]));
    expect(ran).toEqual([50]);
    expect(answers(result).map(({ status, content }) => [status, content])).toEqual([
      ['success', 'paid 50'],
      ['error', expect.stringContaining('[no_matching_permit]')],
      ['error', expect.stringContaining('[limit_exceeded]')],
    ]);
    expect(answers(result)[1]?.artifact).toMatchObject({ code: 'no_matching_permit', retryable: false });
    expect(recorded(sink)).toEqual(['pay permit', 'outcome done', 'pay deny', 'pay deny']);
  });

  it('meets every fate in one loop', async () => {
    const { monitor, run, check } = await fates();
    const result = await loop(
      fatedTools(run).map((each) => withSteleTool(each, { monitor })),
      FATES,
    );
    check(answers(result).map(({ content }) => content));
  });

  it('does the same beside a middleware that wraps tool calls', async () => {
    const { monitor } = await governed(RULES);
    const passing = createMiddleware({
      name: 'passing',
      wrapToolCall: (request, handler) => handler(request),
    });
    const tools = [withSteleTool(pay, { monitor })];
    const result = await loop(tools, paying([5000]), { middleware: [passing] });
    expect(answers(result).map(({ status }) => status)).toEqual(['error']);
    expect(ran).toEqual([]);
  });

  it.each(['invoke', 'call'] as const)('%s by code throws', async (way) => {
    const { monitor } = await governed(RULES);
    const guarded = withSteleTool(pay, { monitor });
    await expect(guarded[way]({ amount: 5000 } as never)).rejects.toMatchObject({
      code: 'no_matching_permit',
    });
    expect(await guarded[way]({ amount: 1 } as never)).toBe('paid 1');
    expect(ran).toEqual([1]);
  });

  it('cannot be got around by a clone that keeps the guard off one of its entries', async () => {
    const { monitor } = await governed(RULES);
    const guarded = withSteleTool(pay, { monitor });
    const clone = Object.create(guarded) as typeof guarded;
    await expect(clone.invoke({ amount: 5000 })).rejects.toMatchObject({ code: 'no_matching_permit' });
    const call = { type: 'tool_call' as const, name: 'pay', id: 'a', args: { amount: 5000 } };
    expect(await clone.invoke(call)).toMatchObject({ status: 'error' });
    await expect(guarded.call(call as never, undefined)).rejects.toMatchObject({
      code: 'no_matching_permit',
    });
    expect(ran).toEqual([]);
  });

  it('runs what was judged, whatever becomes of the arguments', async () => {
    const { monitor } = await governed(RULES);
    const args = { amount: 1 };
    const running = withSteleTool(pay, { monitor }).invoke(args);
    args.amount = 5000;
    await running;
    expect(ran).toEqual([1]);
  });

  it('hands a tool of one text its text, and what is yielded to the callbacks', async () => {
    const { monitor } = await governed(RULES);
    const texts: unknown[] = [];
    const note = new DynamicTool({
      name: 'note',
      description: 'Notes',
      func: async (text) => `noted ${text}`,
    });
    expect(await withSteleTool(note, { monitor }).invoke('a')).toBe('noted a');
    const streaming = tool(
      async function* () {
        yield 'half';
        return 'whole';
      },
      { name: 'search', description: 'Searches', schema: z.object({}) },
    );
    const handler = { handleToolEvent: (chunk: unknown) => void texts.push(chunk) };
    expect(await withSteleTool(streaming, { monitor }).invoke({}, { callbacks: [handler] })).toBe('whole');
    expect(texts).toEqual(yields ? ['half'] : []);
  });

  it('denies in the form that content_and_artifact wants', async () => {
    const { monitor } = await governed('permit other on /');
    const both = tool(async () => ['text', { data: 1 }], {
      name: 'both',
      description: 'Both',
      schema: z.object({}),
      responseFormat: 'content_and_artifact',
    });
    const call = { type: 'tool_call' as const, name: 'both', id: 'a', args: {} };
    const answer = await withSteleTool(both, { monitor }).invoke(call);
    expect(answer).toMatchObject({ status: 'error', artifact: { code: 'no_matching_permit' } });
  });

  it('guards the function behind the tool, too', async () => {
    const { monitor } = await governed(RULES);
    const guarded = withSteleTool(pay, { monitor });
    assertGoverned([guarded, Object.create(guarded)]);
    await expect(guarded.func({ amount: 5000 })).rejects.toMatchObject({ code: 'no_matching_permit' });
    expect(await guarded.func({ amount: 5 })).toBe('paid 5');
    expect(() => assertGoverned([pay])).toThrow(expect.objectContaining({ code: 'tool_ungoverned' }));
    const { func } = pay;
    expect(() => assertGoverned([Object.assign(Object.create(guarded), { func })])).toThrow('its func');
    expect(ran).toEqual([5]);
  });

  it('holds a tool to what a covenant pins of it', async () => {
    const { monitor, sink } = await governed('permit ** on /', { tools: await pinTools([pay]) });
    const guarded = withSteleTool(pay, { monitor });
    const clone = Object.assign(Object.create(guarded) as typeof guarded, { description: 'Pays!' });
    const other = Object.assign(Object.create(guarded) as typeof guarded, { schema: z.object({}) });
    expect(await guarded.invoke({ amount: 1 })).toBe('paid 1');
    for (const changed of [clone, other])
      await expect(changed.invoke({ amount: 2 })).rejects.toMatchObject({ code: 'tool_contract_changed' });
    const result = await loop([clone], paying([3]));
    expect(answers(result).map(({ content }) => content)).toEqual([
      expect.stringContaining('[tool_contract_changed]'),
    ]);
    expect(ran).toEqual([1]);
    expect(recorded(sink)).toEqual(['pay permit', 'outcome done', 'pay deny', 'pay deny', 'pay deny']);
  });

  it('cannot tell the schema of a tool of one text, which the host can', async () => {
    const note = new DynamicTool({ name: 'note', description: 'Notes.', func: async () => 'noted' });
    await expect(pinTools([note])).rejects.toThrow(/"note".*contract/);
    const contract = { name: 'note', inputSchema: { type: 'string' } };
    const { monitor } = await governed('permit ** on /', { tools: await pinTools([note], { contract }) });
    expect(await withSteleTool(note, { monitor, contract }).invoke('a')).toBe('noted');
    await expect(withSteleTool(note, { monitor }).invoke('a')).rejects.toThrow(/contract/);
  });

  it.each(['__proto__', 'constructor', 'toString'])(
    'a tool called %s is judged by its name',
    async (name) => {
      const { monitor } = await governed(RULES);
      const odd = tool(async () => void ran.push(name), { name, description: 'Odd', schema: z.object({}) });
      await expect(withSteleTool(odd, { monitor }).invoke({})).rejects.toMatchObject({
        code: 'no_matching_permit',
      });
      expect(ran).toEqual([]);
    },
  );

  it('of a thousand calls at once one gets the last unit', async () => {
    const { monitor } = await governed(RULES);
    const guarded = withSteleTool(pay, { monitor });
    const calls = Array.from({ length: 1_000 }, () => guarded.invoke({ amount: 1 }));
    const settled = await Promise.allSettled(calls);
    expect(settled.filter(({ status }) => status === 'fulfilled').length).toBe(1);
    expect(ran).toEqual([1]);
  });

  it('refuses what it cannot guard', async () => {
    const { monitor } = await governed(RULES);
    expect(() => withSteleTool({ name: 'web_search', invoke: () => 1 } as never, { monitor })).toThrow(
      expect.objectContaining({ code: 'tool_ungovernable' }),
    );
  });
});

describe('steleToolCall', () => {
  const guard = (monitor: Awaited<ReturnType<typeof governed>>['monitor']) =>
    createMiddleware({
      name: 'stele',
      wrapToolCall: steleToolCall(ToolMessage, { monitor }) as never,
    });

  it('guards every tool of an agent', async () => {
    const { monitor, sink } = await governed(RULES);
    const result = await loop([pay], paying([50, 5000]), { middleware: [guard(monitor)] });
    expect(ran).toEqual([50]);
    expect(answers(result).map(({ status }) => status)).toEqual(['success', 'error']);
    expect(recorded(sink)).toEqual(['pay permit', 'outcome done', 'pay deny']);
  });

  it('meets every fate in one loop', async () => {
    const { monitor, run, check } = await fates();
    // A middleware has no signal to hand on: the tool that is cut never hears of it, and its answer is not waited for.
    const deaf = (name: string) => run(name, new AbortController().signal);
    const result = await loop(fatedTools(deaf), FATES, { middleware: [guard(monitor)] });
    check(answers(result).map(({ content }) => content));
    expect(answers(result).map(({ status }) => status)).toEqual(['success', 'error', 'error', 'error']);
  });

  it('judges the tool that runs, whatever another middleware makes of the call', async () => {
    const { monitor, sink } = await governed('permit harmless on /');
    const renaming = createMiddleware({
      name: 'renaming',
      wrapToolCall: (request, handler) =>
        handler({ ...request, toolCall: { ...request.toolCall, name: 'harmless' } }),
    });
    await loop([pay], paying([5000]), { middleware: [renaming, guard(monitor)] });
    expect(ran).toEqual([]);
    expect(recorded(sink)).toEqual(['pay deny']);
  });

  it('holds the tool that runs to what a covenant pins of it', async () => {
    const { monitor, sink } = await governed('permit ** on /', { tools: await pinTools([pay]) });
    await loop([pay], paying([1]), { middleware: [guard(monitor)] });
    const other = Object.assign(Object.create(pay) as typeof pay, { description: 'Pays!' });
    const swapping = createMiddleware({
      name: 'swapping',
      wrapToolCall: (request, handler) => handler({ ...request, tool: other }),
    });
    await loop([pay], paying([2]), { middleware: [swapping as never, guard(monitor)] });
    expect(ran).toEqual([1]);
    expect(recorded(sink)).toEqual(['pay permit', 'outcome done', 'pay deny']);
  });

  it('passes on what a tool throws, with an outcome that is unknown', async () => {
    const { monitor, sink } = await governed(RULES);
    const failing = tool(async () => Promise.reject(new Error('broken')), {
      name: 'pay',
      description: 'Fails',
      schema: z.object({ amount: z.number() }),
    });
    await expect(loop([failing], paying([5]), { middleware: [guard(monitor)] })).rejects.toThrow('broken');
    expect(recorded(sink)).toEqual(['pay permit', 'outcome unknown']);
  });
});

describe('SteleCallbackHandler', () => {
  it('stops a tool that was not wrapped', async () => {
    const { monitor, sink } = await governed(RULES);
    const handler = new SteleCallbackHandler(monitor);
    const config = { callbacks: [handler], runName: 'pay' };
    await expect(pay.invoke({ amount: 5000 }, config)).rejects.toMatchObject({ code: 'no_matching_permit' });
    expect(await pay.invoke({ amount: 5 }, config)).toBe('paid 5');
    expect(ran).toEqual([5]);
    expect(recorded(sink)).toEqual(['pay deny', 'pay permit', 'outcome done']);
  });

  it('knows the name of a tool without being told', async () => {
    const { monitor } = await governed('permit other on /');
    const callbacks = [new SteleCallbackHandler(monitor)];
    await expect(pay.invoke({ amount: 5 }, { callbacks })).rejects.toMatchObject({
      code: 'no_matching_permit',
    });
    expect(ran).toEqual([]);
  });

  it('stops a tool in an agent', async () => {
    const { monitor } = await governed(RULES);
    const result = await loop([pay], paying([5000]), { callbacks: [new SteleCallbackHandler(monitor)] });
    expect(answers(result).map(({ content }) => content)).toEqual([
      expect.stringContaining('[no_matching_permit]'),
    ]);
    expect(ran).toEqual([]);
  });

  it('wants a monitor', () => {
    expect(() => new SteleCallbackHandler({} as never)).toThrow(TypeError);
  });
});
