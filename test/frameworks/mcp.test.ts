import { Client as Client2, InMemoryTransport as Memory2 } from '@modelcontextprotocol/client';
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTaskStore } from '@modelcontextprotocol/sdk/experimental/tasks/stores/in-memory.js';
import { InMemoryTransport as Memory1 } from '@modelcontextprotocol/sdk/inMemory.js';
import { McpServer as Server1 } from '@modelcontextprotocol/sdk/server/mcp.js';
import { ResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { McpServer as Server2 } from '@modelcontextprotocol/server';
import { toolDigest } from '@stele/sdk';
import { actionOf, guardMcpServer, type McpGuardOptions, ungoverned } from '@stele/sdk/adapters';
import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { FATES, fates, governed, recorded } from './support.js';

const RULES = 'permit pay on / when args.amount <= 100\nlimit pay 1 per day\npermit bank.read:2e:all on /';

let ran: unknown[] = [];
beforeEach(() => {
  ran = [];
});

interface Result {
  readonly isError?: boolean;
  readonly content: { readonly text?: string }[];
  readonly _meta?: Record<string, unknown>;
}

interface Offered {
  readonly name: string;
  readonly description?: string | undefined;
  readonly inputSchema: unknown;
}

interface Pair {
  readonly list: () => Promise<{ readonly tools: Offered[] }>;
  readonly server: {
    readonly server: object;
    registerTool(name: string, config: object, run: (args: never) => unknown): unknown;
  };
  connect(): Promise<(name: string, args: object) => Promise<Result>>;
}

const identity = { name: 'test', version: '1' };

const versions: [string, () => Pair][] = [
  [
    'SDK 1',
    () => {
      const server = new Server1(identity);
      const client = new Client1(identity);
      const [a, b] = Memory1.createLinkedPair();
      const connect = async () => {
        await Promise.all([server.connect(b), client.connect(a)]);
        return (name: string, args: object) =>
          client.callTool({ name, arguments: args as never }) as Promise<never>;
      };
      return { server: server as never, connect, list: () => client.listTools() };
    },
  ],
  [
    'SDK 2',
    () => {
      const server = new Server2(identity);
      const client = new Client2(identity);
      const [a, b] = Memory2.createLinkedPair();
      const connect = async () => {
        await Promise.all([server.connect(b as never), client.connect(a)]);
        return (name: string, args: object) =>
          client.callTool({ name, arguments: args as never }) as Promise<never>;
      };
      return { server: server as never, connect, list: () => client.listTools() };
    },
  ],
];

const schema = z.object({ amount: z.number() });
const pay = async ({ amount }: { amount: number }) => {
  ran.push(amount);
  return { content: [{ type: 'text', text: `paid ${amount}` }] };
};

describe.each(versions)('guardMcpServer with %s', (_name, pairOf) => {
  async function guarded(options: Partial<McpGuardOptions> = {}) {
    const { monitor, sink } = await governed(RULES);
    const pair = pairOf();
    pair.server.registerTool('pay', { inputSchema: schema }, pay as never);
    guardMcpServer(pair.server, { monitor, ...options } as McpGuardOptions);
    return { ...pair, sink, monitor };
  }

  it('runs what is permitted, and answers the rest with a result that is an error', async () => {
    const { connect, sink } = await guarded();
    const call = await connect();
    expect(await call('pay', { amount: 5 })).toMatchObject({ content: [{ text: 'paid 5' }] });
    const denied = await call('pay', { amount: 5000 });
    expect(denied.isError).toBe(true);
    expect(denied.content[0]?.text).toContain('no_matching_permit');
    expect(denied._meta?.['stele/denial']).toMatchObject({ code: 'no_matching_permit', retryable: false });
    expect(ran).toEqual([5]);
    expect(recorded(sink)).toEqual(['pay permit', 'outcome done', 'pay deny']);
  });

  it('meets every fate, one after another', async () => {
    const { monitor, run, check } = await fates();
    const { server, connect } = pairOf();
    for (const { name } of FATES) {
      const tool = async (
        _args: unknown,
        extra: { signal?: AbortSignal; mcpReq?: { signal: AbortSignal } },
      ) => ({
        content: [{ type: 'text', text: await run(name, extra.mcpReq?.signal ?? extra.signal) }],
      });
      server.registerTool(name, { inputSchema: schema }, tool as never);
    }
    guardMcpServer(server, { monitor });
    const call = await connect();
    const told: unknown[] = [];
    for (const { name, args } of FATES) told.push((await call(name, args)).content);
    check(told);
  });

  it('passes on what a tool throws, with an outcome that is unknown', async () => {
    const { monitor, sink } = await governed(RULES);
    const { server, connect } = pairOf();
    server.registerTool('pay', { inputSchema: schema }, async () => Promise.reject(new Error('broken')));
    guardMcpServer(server, { monitor });
    const call = await connect();
    expect(await call('pay', { amount: 5 })).toMatchObject({ isError: true, content: [{ text: 'broken' }] });
    expect(recorded(sink)).toEqual(['pay permit', 'outcome unknown']);
  });

  it('guards a tool that is registered, updated or renamed later', async () => {
    const { server, connect } = await guarded();
    const later = server.registerTool('later', { inputSchema: schema }, pay as never) as {
      update(change: object): void;
    };
    later.update({ callback: pay, name: 'renamed' });
    const call = await connect();
    for (const name of ['later', 'renamed', 'unknown', '__proto__', 'constructor'])
      expect((await call(name, { amount: 1 })).isError).toBe(true);
    expect(ran).toEqual([]);
  });

  it('judges the tools of somebody else under the name that the host chose', async () => {
    const { server, connect } = await guarded({ server: 'bank' });
    server.registerTool('read.all', { inputSchema: schema }, pay as never);
    const call = await connect();
    expect((await call('read.all', { amount: 7 })).isError).not.toBe(true);
    expect((await call('pay', { amount: 1 })).isError).toBe(true);
    expect(ran).toEqual([7]);
  });

  it('holds tools to what a covenant pins of them, as they are listed at the call', async () => {
    const config = { description: 'Pays.', inputSchema: schema };
    const before = pairOf();
    before.server.registerTool('pay', config, pay as never);
    await before.connect();
    const [listed] = (await before.list()).tools as [Offered];
    const { monitor } = await governed('permit ** on /', { tools: { 'bank.pay': toolDigest(listed) } });

    const { server, connect } = pairOf();
    const tool = server.registerTool('pay', config, pay as never) as { update(change: object): void };
    guardMcpServer(server, { monitor, server: 'bank' });
    server.registerTool('later', config, pay as never);
    const call = await connect();
    expect((await call('pay', { amount: 1 })).isError).not.toBe(true);
    const suspended = async (name: string) =>
      expect((await call(name, { amount: 2 }))._meta?.['stele/denial']).toMatchObject({
        code: 'tool_contract_changed',
      });
    for (const name of ['later', 'nobody', '__proto__']) await suspended(name);
    tool.update({ description: 'Pays!' });
    await suspended('pay');
    tool.update({ description: 'Pays.' });
    expect((await call('pay', { amount: 3 })).isError).not.toBe(true);
    tool.update({ paramsSchema: { amount: z.number(), to: z.string().optional() } });
    await suspended('pay');
    tool.update({ name: 'renamed' });
    await suspended('renamed');
    await suspended('pay');
    expect(ran).toEqual([1, 3]);
  });

  it('shows that it is guarded, those registered later included, until somebody takes the guard away', async () => {
    const { server, connect } = await guarded();
    expect(ungoverned({ bank: server })).toEqual([]);
    const bare = pairOf();
    bare.server.registerTool('pay', { inputSchema: schema }, pay as never);
    expect(ungoverned({ bank: bare.server })).toMatchObject([{ name: 'bank' }]);
    server.registerTool('later', { inputSchema: schema }, pay as never);
    expect(ungoverned([server])).toEqual([]);
    expect((await (await connect())('later', { amount: 1 })).isError).toBe(true);
    const low = server.server as { _requestHandlers: Map<string, unknown> };
    low._requestHandlers.set('tools/call', async () => ({ content: [] }));
    expect(ungoverned([server])).toHaveLength(1);
  });

  it('of many calls at once one gets the last unit', async () => {
    const { connect } = await guarded();
    const call = await connect();
    const results = await Promise.all(Array.from({ length: 100 }, () => call('pay', { amount: 1 })));
    expect(results.filter(({ isError }) => isError !== true).length).toBe(1);
    expect(ran).toEqual([1]);
  });

  it('is refused before there are tools, and a second time', async () => {
    const { monitor } = await governed(RULES);
    expect(() => guardMcpServer(pairOf().server, { monitor })).toThrow(
      expect.objectContaining({ code: 'tool_ungovernable' }),
    );
    const { server } = await guarded();
    expect(() => guardMcpServer(server, { monitor })).toThrow(
      expect.objectContaining({ code: 'tool_ungovernable' }),
    );
  });
});

// The oldest version has no tasks.
describe.skipIf(!('experimental' in Server1.prototype))('a tool of SDK 1 that runs as a task', () => {
  it('is judged before there is a task, and has not ended with its call', async () => {
    const { monitor, sink } = await governed('permit slow on / when args.amount <= 100');
    const tasks = new InMemoryTaskStore();
    const server = new Server1(identity, {
      capabilities: { tasks: { requests: { tools: { call: {} } } } },
      taskStore: tasks,
    } as never);
    const created: unknown[] = [];
    server.experimental.tasks.registerToolTask(
      'slow',
      { inputSchema: schema, execution: { taskSupport: 'required' } } as never,
      {
        createTask: async (args: { amount: number }, extra: never) => {
          created.push(args.amount);
          const { taskStore } = extra as { taskStore: { createTask(of: object): Promise<object> } };
          return { task: await taskStore.createTask({ ttl: 60_000 }) };
        },
        getTask: async () => ({}),
        getTaskResult: async () => ({ content: [] }),
      } as never,
    );
    guardMcpServer(server, { monitor });
    const client = new Client1(identity);
    const [a, b] = Memory1.createLinkedPair();
    await Promise.all([server.connect(b), client.connect(a)]);
    const call = (amount: number) =>
      client.request(
        { method: 'tools/call', params: { name: 'slow', arguments: { amount }, task: { ttl: 60_000 } } },
        ResultSchema,
      );
    expect(await call(5)).toMatchObject({ task: { status: 'working' } });
    expect(await call(5000)).toMatchObject({ isError: true });
    expect(created).toEqual([5]);
    expect(recorded(sink)).toEqual(['slow permit', 'outcome unknown', 'slow deny']);
    tasks.cleanup();
  });
});

describe('actionOf', () => {
  it('never gives two tools one action', () => {
    const names = [
      'read.all',
      'read:2e:all',
      'read_all',
      'read-all',
      'readall',
      'read all',
      'read/all',
      'read.:all',
      'é',
      '😀',
    ];
    const actions = names.map((name) => actionOf(name, 'bank'));
    expect(new Set(actions).size).toBe(names.length);
    for (const action of actions) expect(action).toMatch(/^bank\.[A-Za-z0-9_:-]+$/);
  });
});
