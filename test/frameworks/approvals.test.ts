// A person who is awaited, in the way that each framework has for it. In each: one call permitted, one denied, one that waits and
// runs once it is signed, and one whose client says "approved" though nobody has signed.
import { tool as langchainTool } from '@langchain/core/tools';
import { Command, interrupt, MemorySaver } from '@langchain/langgraph';
import { Client as Client2, InMemoryTransport as Memory2 } from '@modelcontextprotocol/client';
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport as Memory1 } from '@modelcontextprotocol/sdk/inMemory.js';
import { McpServer as Server1 } from '@modelcontextprotocol/sdk/server/mcp.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { McpServer as Server2 } from '@modelcontextprotocol/server';
import { Agent, type Model, Runner, setTracingDisabled, tool, Usage } from '@openai/agents';
import {
  guardMcpServer,
  steleHooks,
  steleToolCall,
  withSteleFunction,
  withSteleMastra,
} from '@stele/sdk/adapters';
import { createAgent, createMiddleware, FakeToolCallingModel, ToolMessage } from 'langchain';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { type Awaiting, awaiting } from './approval-support.js';

setTracingDisabled(true);

const RULES = [
  'permit pay on / when args.amount <= 100',
  'require human.approval for pay on / when args.amount > 10',
].join('\n');

let ran: unknown[];
let a: Awaiting;
beforeEach(async () => {
  ran = [];
  a = await awaiting(RULES);
});

const paid = (amount: number) => {
  ran.push(amount);
  return `paid ${amount}`;
};

describe('LangChain: interrupt', () => {
  const pay = langchainTool(async ({ amount }: { amount: number }) => paid(amount), {
    name: 'pay',
    description: 'Pays',
    schema: z.object({ amount: z.number() }),
  });

  /** An agent that asks for one call, and then says that it is done. */
  function loop(amount: number) {
    const model = new FakeToolCallingModel({
      toolCalls: [[{ name: 'pay', args: { amount }, id: 'c1' }], []],
    });
    const guard = steleToolCall(ToolMessage, { monitor: a.monitor, interrupt });
    const agent = createAgent({
      model,
      tools: [pay],
      middleware: [createMiddleware({ name: 'stele', wrapToolCall: guard as never })],
      checkpointer: new MemorySaver(),
    } as never);
    const config = { configurable: { thread_id: '1' } };
    const go = async (input: unknown) => {
      const result = (await agent.invoke(input as never, config)) as {
        messages: unknown[];
        __interrupt__?: { value: unknown }[];
      };
      const answers = result.messages.filter((one): one is ToolMessage =>
        ToolMessage.isInstance(one as never),
      );
      return { stopped: result.__interrupt__?.map(({ value }) => value), answers };
    };
    return {
      start: () => go({ messages: [{ role: 'user', content: 'go' }] }),
      resume: (answer: unknown) => go(new Command({ resume: answer })),
    };
  }

  it('permits and denies without a stop', async () => {
    expect((await loop(5).start()).answers).toMatchObject([{ status: 'success', content: 'paid 5' }]);
    const denied = await loop(5000).start();
    expect(denied.stopped).toBeUndefined();
    expect(denied.answers).toMatchObject([{ status: 'error', artifact: { code: 'no_matching_permit' } }]);
    expect(ran).toEqual([5]);
  });

  it('stops, and runs once when it is signed', async () => {
    const { start, resume } = loop(50);
    const { stopped } = await start();
    expect(stopped).toMatchObject([
      { type: 'stele.approval', tool: 'pay', args: { amount: 50 }, denial: { code: 'obligation_pending' } },
    ]);
    const id = await a.sign();
    expect(JSON.stringify(stopped)).toContain(id);
    // What it is resumed with does not matter.
    expect((await resume('no')).answers).toMatchObject([{ status: 'success', content: 'paid 50' }]);
    expect(ran).toEqual([50]);
  });

  it.each(['approved', { approved: true }, true])(
    'a client that resumes with %j achieves nothing',
    async (answer) => {
      const { start, resume } = loop(50);
      await start();
      const { answers } = await resume(answer);
      expect(answers).toMatchObject([{ status: 'error', artifact: { code: 'obligation_pending' } }]);
      expect(ran).toEqual([]);
    },
  );

  it('is told when it is refused', async () => {
    const { start, resume } = loop(50);
    await start();
    await a.sign('deny');
    expect((await resume(true)).answers).toMatchObject([{ artifact: { code: 'obligation_unmet' } }]);
    expect(ran).toEqual([]);
  });
});

describe('OpenAI Agents: needsApproval', () => {
  const pay = tool({
    name: 'pay',
    description: 'Pays',
    parameters: z.object({ amount: z.number() }),
    execute: async ({ amount }) => paid(amount),
  });

  function agentOf(amount: number) {
    const seen: unknown[] = [];
    let asked = false;
    const getResponse = async ({ input }: { input: unknown }) => {
      seen.push(input);
      const call = { type: 'function_call', callId: 'c1', name: 'pay', status: 'completed' };
      const said = { type: 'message', role: 'assistant', status: 'completed' };
      const output = asked
        ? { ...said, content: [{ type: 'output_text', text: 'done' }] }
        : { ...call, arguments: JSON.stringify({ amount }) };
      asked = true;
      return { usage: new Usage(), output: [output] };
    };
    const model = { getResponse } as never as Model;
    const guarded = withSteleFunction(pay, { monitor: a.monitor, needsApproval: true });
    return {
      agent: new Agent({ name: 'a', model, tools: [guarded] }),
      told: () => JSON.stringify(seen.at(-1)),
    };
  }

  it('permits and denies without a stop', async () => {
    const permitted = agentOf(5);
    expect((await new Runner().run(permitted.agent, 'go')).finalOutput).toBe('done');
    const denied = agentOf(5000);
    expect((await new Runner().run(denied.agent, 'go')).interruptions).toEqual([]);
    expect(denied.told()).toContain('[no_matching_permit]');
    expect(ran).toEqual([5]);
  });

  it.each([
    [true, 'paid 50'],
    [false, '[obligation_pending]'],
  ])('stops; approved by the client and signed: %s', async (signed, expected) => {
    const { agent, told } = agentOf(50);
    const stopped = await new Runner().run(agent, 'go');
    expect(stopped.interruptions).toHaveLength(1);
    expect(ran).toEqual([]);
    if (signed) await a.sign();
    stopped.state.approve(stopped.interruptions[0] as never);
    const result = await new Runner().run(agent, stopped.state);
    expect(result.finalOutput).toBe('done');
    expect(told()).toContain(expected);
    expect(ran).toEqual(signed ? [50] : []);
  });
});

describe('Claude Agent SDK: the hook', () => {
  const input = (amount: number) => ({
    hook_event_name: 'PreToolUse',
    tool_name: 'pay',
    tool_input: { amount },
    tool_use_id: `c${amount}`,
  });
  const before = (of: Awaiting) =>
    steleHooks({ monitor: of.monitor }).PreToolUse[0]?.hooks[0] as NonNullable<
      ReturnType<typeof steleHooks>['PreToolUse'][0]['hooks'][0]
    >;

  it('permits, denies, and denies with the request that is to be signed, until it is', async () => {
    const hook = before(a);
    expect(await hook(input(5), 'c5')).toEqual({});
    const reasonOf = async (amount: number) =>
      (await hook(input(amount), `c${amount}`)).hookSpecificOutput?.permissionDecisionReason;
    expect(await reasonOf(5000)).toContain('[no_matching_permit]');
    const reason = await reasonOf(50);
    // "ask" would hand the decision to whoever answers.
    expect(await hook(input(50), 'x')).toMatchObject({ hookSpecificOutput: { permissionDecision: 'deny' } });
    expect(reason).toContain(await a.sign());
    expect(await hook({ ...input(50), approved: true } as never, 'c')).toEqual({});
    expect(await reasonOf(50)).toContain('[obligation_pending]');
  });

  it('waits as long as the monitor does', async () => {
    const waiting = await awaiting(RULES, 60_000);
    const deciding = before(waiting)(input(50), 'c50');
    await vi.waitFor(async () => expect(await waiting.open()).toBe(1));
    await waiting.sign();
    expect(await deciding).toEqual({});
  });
});

describe('Mastra: requireApproval', () => {
  // The framework is not installed here: the members that its agents look at, in its order.
  const pay = { id: 'pay', execute: async ({ amount }: { amount: number }) => paid(amount) };
  const guarded = (own: object = {}) =>
    withSteleMastra({ ...pay, ...own }, { monitor: a.monitor, requireApproval: true }) as typeof pay & {
      requireApproval: boolean;
      needsApprovalFn(input: object): Promise<boolean>;
    };

  it('says which calls wait, and judges them all the same', async () => {
    const tool = guarded();
    expect(tool.requireApproval).toBe(true);
    for (const [amount, asks] of [
      [5, false],
      [50, true],
      [5000, false],
    ] as const)
      expect(await tool.needsApprovalFn({ amount })).toBe(asks);
    expect(await tool.execute({ amount: 5 })).toBe('paid 5');
    await expect(tool.execute({ amount: 50 })).rejects.toMatchObject({ code: 'obligation_pending' });
    await a.sign();
    expect(await tool.execute({ amount: 50 })).toBe('paid 50');
    await expect(tool.execute({ amount: 50 })).rejects.toMatchObject({ code: 'obligation_pending' });
    expect(ran).toEqual([5, 50]);
  });

  it('keeps what the tool itself wants to be asked', async () => {
    expect(await guarded({ requireApproval: true }).needsApprovalFn({ amount: 5 })).toBe(true);
    expect(await guarded({ needsApprovalFn: () => true }).needsApprovalFn({ amount: 5 })).toBe(true);
  });
});

interface Result {
  readonly isError?: boolean;
  readonly content: { readonly text?: string }[];
  readonly _meta?: { 'stele/denial'?: { code?: string; approval?: object } };
}
type Answer = (message: string) => Promise<{ action: 'accept' | 'decline' | 'cancel' }>;
interface Pair {
  readonly server: {
    readonly server: object;
    registerTool(name: string, config: object, run: unknown): unknown;
  };
  connect(answer?: Answer): Promise<(amount: number) => Promise<Result>>;
}

const identity = { name: 'test', version: '1' };
const calling =
  (client: { callTool(of: object): Promise<unknown> }) =>
  (amount: number): Promise<Result> =>
    client.callTool({ name: 'pay', arguments: { amount } }) as Promise<Result>;
const capable = (answer: Answer | undefined) => ({ capabilities: answer ? { elicitation: {} } : {} });

const versions: [string, () => Pair][] = [
  [
    'SDK 1',
    () => {
      const server = new Server1(identity);
      const [here, there] = Memory1.createLinkedPair();
      const connect: Pair['connect'] = async (answer) => {
        const client = new Client1(identity, capable(answer));
        if (answer)
          client.setRequestHandler(ElicitRequestSchema, ({ params }) => answer(params.message) as never);
        await Promise.all([server.connect(there), client.connect(here)]);
        return calling(client as never);
      };
      return { server: server as never, connect };
    },
  ],
  [
    'SDK 2',
    () => {
      const server = new Server2(identity);
      const [here, there] = Memory2.createLinkedPair();
      const connect: Pair['connect'] = async (answer) => {
        const client = new Client2(identity, capable(answer));
        if (answer)
          client.setRequestHandler('elicitation/create', ({ params }) => answer(params.message) as never);
        await Promise.all([server.connect(there as never), client.connect(here)]);
        return calling(client as never);
      };
      return { server: server as never, connect };
    },
  ],
];

describe.each(versions)('MCP, %s: elicitation', (_name, pairOf) => {
  async function connected(answer?: Answer) {
    const pair = pairOf();
    const run = async ({ amount }: { amount: number }) => ({
      content: [{ type: 'text', text: paid(amount) }],
    });
    pair.server.registerTool('pay', { inputSchema: z.object({ amount: z.number() }) }, run);
    guardMcpServer(pair.server, { monitor: a.monitor, elicit: true });
    return pair.connect(answer);
  }

  it('asks nobody for what is permitted, or denied', async () => {
    const answer = vi.fn<Answer>();
    const call = await connected(answer);
    expect(await call(5)).toMatchObject({ content: [{ text: 'paid 5' }] });
    expect((await call(5000))._meta?.['stele/denial']).toMatchObject({ code: 'no_matching_permit' });
    expect(answer).not.toHaveBeenCalled();
  });

  it('tells the person what is to be signed, and runs once it is', async () => {
    const messages: string[] = [];
    const call = await connected(async (message) => {
      messages.push(message);
      await a.sign();
      return { action: 'accept' };
    });
    expect(await call(50)).toMatchObject({ content: [{ text: 'paid 50' }] });
    expect(messages).toEqual([expect.stringMatching(/urn:stele:approval:[0-9a-f]{64}.*\{"amount":50\}/)]);
    expect(ran).toEqual([50]);
  });

  it.each(['accept', 'decline', 'cancel'] as const)(
    'a client that says %s achieves nothing',
    async (action) => {
      const call = await connected(async () => ({ action }));
      const denied = await call(50);
      expect(denied.isError).toBe(true);
      expect(denied._meta?.['stele/denial']).toMatchObject({ code: 'obligation_pending' });
      expect(ran).toEqual([]);
    },
  );

  it('a client without elicitation gets the denial, with the request', async () => {
    const call = await connected();
    const { approval } = (await call(50))._meta?.['stele/denial'] ?? {};
    expect(approval).toMatchObject({ id: await a.sign() });
    expect(await call(50)).toMatchObject({ content: [{ text: 'paid 50' }] });
  });
});
