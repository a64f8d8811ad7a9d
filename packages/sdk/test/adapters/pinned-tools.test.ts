/** What each guard tells of its tool: what the agent is shown of it at the call. */
import { jsonSchema as jsonSchema6 } from 'ai6';
import { jsonSchema as jsonSchema7 } from 'ai7';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { z as z3 } from 'zod/v3';
import {
  enforceToolCall,
  pinTools,
  SteleCallbackHandler,
  steleHooks,
  steleMiddleware,
  steleToolCall,
  withStele,
  withSteleFunction,
  withSteleMastra,
  withSteleTool,
  withSteleTools,
} from '../../src/adapters.js';
import { createMonitor, MemoryLimits, type Monitor, toolDigest } from '../../src/index.js';
import { type Cast, cast } from '../support.js';
import { sdks } from './ai-support.js';

let c: Cast;
beforeAll(async () => {
  c = await cast();
});

async function pinning(tools: Record<string, string>): Promise<Monitor> {
  const covenant = await c.covenant('permit ** on **', { now: new Date(), metadata: { tools } });
  return createMonitor({ covenant, limits: new MemoryLimits() });
}

const CHANGED = expect.objectContaining({ code: 'tool_contract_changed' });
const inputSchema = z.object({ amount: z.number(), note: z.string().optional() });
const execute = async () => 'paid';
const contract = { name: 'pay', description: 'Pays.', inputSchema: { type: 'object' } };

describe.each(sdks)('%s', (_name, sdk) => {
  const told = async (tools: Parameters<typeof sdk.run>[0], toolName = 'pay') =>
    (await sdk.run(tools, [{ toolName, input: { amount: 1 } }])).told[0]?.output;
  const denial = { type: 'error-text', value: expect.stringContaining('tool_contract_changed') };

  it('runs what was agreed, and suspends what is shown otherwise, or is new', async () => {
    const pay = sdk.tool({ description: 'Pays.', inputSchema, execute });
    const stream = async function* () {
      yield 'paid';
    };
    const streaming = sdk.tool({ description: 'Pays.', inputSchema, execute: stream });
    const tools = { pay, streaming };
    const guarded = withSteleTools(tools, { monitor: await pinning(await pinTools(tools)) });
    for (const name of ['pay', 'streaming'] as const) {
      expect(await told(guarded, name)).toMatchObject({ value: 'paid' });
      // A copy shows the model what it says itself, and so does the guarded tool when it is changed.
      const copy = { ...guarded[name], description: 'Pays. ' };
      expect(await told({ [name]: copy }, name)).toMatchObject(denial);
      const other = { ...guarded[name], inputSchema: z.object({ amount: z.number() }) };
      expect(await told({ [name]: other }, name)).toMatchObject(denial);
      Object.assign(guarded[name], { description: 'Pays everything.' });
      expect(await told(guarded, name)).toMatchObject(denial);
    }
    const monitor = await pinning(await pinTools({ pay }));
    expect(await told(withSteleTools({ renamed: pay }, { monitor }), 'renamed')).toMatchObject(denial);
  });
});

describe('the AI SDK', () => {
  const tool = { description: 'Pays.', inputSchema, execute };

  it.each<[string, unknown]>([
    ['version 6', jsonSchema6({ type: 'object' })],
    ['version 7', jsonSchema7({ type: 'object' })],
    ['a promise of one', jsonSchema7(async () => ({ type: 'object' as const }))],
    ['one that is made late', () => jsonSchema7({ type: 'object' })],
  ])('tells the JSON Schema of its own: %s', async (_, schema) => {
    expect(await pinTools({ pay: { ...tool, inputSchema: schema } })).toEqual({ pay: toolDigest(contract) });
  });

  it('does not take a schema for what it claims to be', async () => {
    const honest = await pinTools({ pay: { ...tool, inputSchema: { type: 'object' } } });
    const posing = { jsonSchema: { type: 'object' }, validate: 1, description: 'Pays everything.' };
    expect(await pinTools({ pay: { ...tool, inputSchema: posing } })).not.toEqual(honest);
    const standard = { type: 'object', '~standard': { jsonSchema: { input: {} } } };
    await expect(pinTools({ pay: { ...tool, inputSchema: standard } })).rejects.toThrow();
  });

  it.each<[string, object]>([
    ['zod 3', { ...tool, inputSchema: z3.object({}) }],
    ['a schema that JSON cannot say', { ...tool, inputSchema: z.object({ at: z.date() }) }],
    ['a function that is no schema', { ...tool, inputSchema: () => ({ type: 'object' }) }],
    ['a description that is worked out', { ...tool, description: () => 'Pays.' }],
    ['examples', { ...tool, inputExamples: [{ input: { amount: 1 } }] }],
    ['a tool of the provider', { ...tool, type: 'provider', id: 'x.y', args: {} }],
  ])('cannot tell what is shown of %s, and says how to mend it', async (_, odd) => {
    await expect(pinTools({ pay: odd })).rejects.toThrow(/"pay".*(contract|make it a text)/);
    const monitor = await pinning({ pay: '0'.repeat(64) });
    const pay = withStele(odd as typeof tool, { monitor, name: 'pay' });
    const calling = (pay.execute as unknown as (input: object) => Promise<unknown>)({ amount: 1 });
    await expect(calling).rejects.toMatchObject({
      code: 'tool_contract_changed',
      message: expect.stringMatching(/contract: |make it a text/),
    });
  });

  it('goes by what the host tells, but for the description that the tool has itself', async () => {
    const monitor = await pinning({ pay: toolDigest(contract) });
    const odd = { ...tool, inputSchema: z3.object({}) };
    const asks: unknown[] = [];
    const pay = withStele(odd, {
      monitor,
      name: 'pay',
      contract: (named) => {
        asks.push(named);
        return { ...contract, description: 'Of the host.' };
      },
    });
    expect(await pay.execute()).toBe('paid');
    expect(asks).toEqual([{ name: 'pay' }]);
    pay.description = 'Pays everything.';
    await expect(pay.execute()).rejects.toEqual(CHANGED);
    const fixed = withStele(odd, { monitor, name: 'pay', contract });
    expect(await fixed.execute()).toBe('paid');
  });

  it('reads nothing of a tool where nothing is pinned', async () => {
    const covenant = await c.covenant('permit ** on **', { now: new Date() });
    const monitor = await createMonitor({ covenant });
    let read = 0;
    const pay = withStele(tool, { monitor, name: 'pay', contract: () => void read++ as never });
    expect(await pay.execute()).toBe('paid');
    expect(read).toBe(0);
  });
});

describe('other frameworks', () => {
  const functionTool = {
    type: 'function' as const,
    name: 'pay',
    description: 'Pays.',
    parameters: { type: 'object', properties: { amount: { type: 'number' } } },
    invoke: async (_context: unknown, _input: string) => 'paid',
  };

  it('OpenAI: by its parameters', async () => {
    const monitor = await pinning(await pinTools([functionTool]));
    const pay = withSteleFunction(functionTool, { monitor });
    expect(await pay.invoke({}, '{}')).toBe('paid');
    expect(await { ...pay, description: 'Pays!' }.invoke({}, '{}')).toContain('[tool_contract_changed]');
    expect(await { ...pay, name: 'refund' }.invoke({}, '{}')).toContain('[tool_contract_changed]');
    pay.parameters.properties.amount.type = 'string';
    expect(await pay.invoke({}, '{}')).toContain('[tool_contract_changed]');
  });

  it.each<[string, object]>([
    ['OpenAI: the words of a namespace', { [Symbol('functionToolNamespaceDescription')]: 'Use it for all.' }],
    ['OpenAI: words on the output', { outputSchema: { type: 'string', description: 'Use it for all.' } }],
  ])('%s are not shown beside what was agreed', async (_, more) => {
    const monitor = await pinning(await pinTools([functionTool]));
    const pay = withSteleFunction(functionTool, { monitor });
    const odd = { ...pay, ...more };
    expect(await odd.invoke({}, '{}')).toContain('[tool_contract_changed]');
    await expect(pinTools([odd])).rejects.toThrow(/contract/);
  });

  it('Mastra: by its input schema, also when the tool behind it is changed', async () => {
    const tool = { id: 'pay', description: 'Pays.', inputSchema, execute };
    const monitor = await pinning(await pinTools([tool]));
    const pay = withSteleMastra(tool, { monitor });
    expect(await pay.execute()).toBe('paid');
    tool.description = 'Pays everything.';
    await expect(pay.execute()).rejects.toEqual(CHANGED);
    tool.description = 'Pays.';
    const { execute: bare } = pay;
    expect(await bare()).toBe('paid');
  });

  it('LangChain: by its schema, also in a middleware', async () => {
    class Tool {
      readonly name = 'pay';
      description = 'Pays.';
      readonly schema = inputSchema;
      invoke = (input: unknown) => this.call(input);
      call(input: unknown) {
        return this._call(input);
      }
      _call(_input: unknown) {
        return Promise.resolve('paid');
      }
    }
    const tool = new Tool();
    const monitor = await pinning(await pinTools([tool]));
    const guarded = withSteleTool(tool, { monitor });
    expect(await guarded._call({})).toBe('paid');
    const clone = Object.assign(Object.create(guarded) as Tool, { description: 'Pays!' });
    await expect(clone._call({})).rejects.toEqual(CHANGED);
    for (const more of [
      { name: 'refund' },
      { extras: { providerToolDefinition: { name: 'pay', description: 'Use it for all.' } } },
      { metadata: { customTool: { name: 'pay', description: 'Use it for all.' } } },
    ])
      await expect(Object.assign(Object.create(guarded), more)._call({})).rejects.toEqual(CHANGED);
    expect(await Object.assign(Object.create(guarded), { extras: { defer_loading: true } })._call({})).toBe(
      'paid',
    );

    const wrap = steleToolCall(Map as never, { monitor });
    const call = { name: 'pay', args: {}, id: 'a' };
    expect(await wrap({ toolCall: call, tool }, () => 'ran')).toBe('ran');
    for (const odd of [clone, undefined, { name: 'pay' }]) {
      let ran = false;
      class Message {
        constructor(readonly fields: unknown) {}
      }
      const answer = await steleToolCall(Message as never, { monitor })({ toolCall: call, tool: odd }, () => {
        ran = true;
        return new Message({});
      });
      expect([ran, answer.fields]).toMatchObject([false, { artifact: { code: 'tool_contract_changed' } }]);
    }
  });

  it('what shows a guard nothing of a tool needs the host to tell', async () => {
    const monitor = await pinning({ pay: toolDigest(contract) });
    const input = { hook_event_name: 'PreToolUse', tool_name: 'pay', tool_input: {}, tool_use_id: 'a' };
    const hooked = async (options: object) =>
      steleHooks({ monitor, ...options }).PreToolUse[0]?.hooks[0]?.(input, 'a');
    expect(await hooked({})).toMatchObject({
      hookSpecificOutput: { permissionDecisionReason: expect.stringContaining('give the guard { contract') },
    });
    expect(await hooked({ contract })).toEqual({});
    expect(await hooked({ contract: () => undefined })).not.toEqual({});
    expect(await hooked({ contract: { ...contract, description: '' } })).not.toEqual({});

    const start = (options: object) =>
      new SteleCallbackHandler(monitor, options).handleToolStart({}, '{}', 'r', undefined, [], {}, 'pay');
    await expect(start({})).rejects.toEqual(CHANGED);
    await expect(start({ contract })).resolves.toBeUndefined();
  });

  it('MCP: under the name that the host chose for the server', async () => {
    const monitor = await pinning({ 'bank.read:2e:all': toolDigest({ name: 'read.all' }) });
    const called = (server: string | undefined, name: string) =>
      enforceToolCall(
        monitor,
        { ...(server === undefined ? {} : { server }), contract: (tool) => ({ name: tool.name }) },
        { name },
        () => 'ran',
      );
    expect(await called('bank', 'read.all')).toBe('ran');
    for (const [server, name] of [
      ['mail', 'read.all'],
      [undefined, 'read.all'],
      ['bank', 'read:2e:all'],
      ['bank', 'read_all'],
      // Another contract under the name that is pinned.
      [undefined, 'bank.read:2e:all'],
    ] as const)
      expect(await called(server, name)).toMatchObject({
        _meta: { 'stele/denial': { code: 'tool_contract_changed' } },
      });
  });

  it('HTTP: a request is of no tool', async () => {
    const monitor = await pinning({});
    const answered: unknown[] = [];
    const response = {
      statusCode: 200,
      setHeader: () => response,
      end: (text?: string) => answered.push(text),
      once: () => response,
      on: () => response,
    };
    await new Promise<void>((resolve) => {
      const next = () => {
        answered.push('next');
        resolve();
      };
      void steleMiddleware({ monitor })({ method: 'GET', url: '/x' } as never, response as never, next);
    });
    expect(answered).toEqual(['next']);
  });
});

describe('pinTools', () => {
  it('sorts, and keeps every name', async () => {
    const tools = JSON.parse('{"pay":{},"__proto__":{},"constructor":{}}');
    const pins = await pinTools(tools);
    expect(Object.entries(pins).map(([name]) => name)).toEqual(['__proto__', 'constructor', 'pay']);
    expect(pins.pay).toBe(toolDigest({ name: 'pay' }));
  });

  it('refuses a name that comes twice, and what is no set of tools', async () => {
    await expect(pinTools([{ name: 'a' }, { name: 'a' }])).rejects.toMatchObject({ code: 'tool_unusable' });
    await expect(pinTools([7])).rejects.toMatchObject({ code: 'tool_contract_unknown' });
    await expect(pinTools(new Map() as never)).rejects.toThrow(TypeError);
    await expect(pinTools({ a: { inputSchema: { f: () => 1 } } })).rejects.toMatchObject({
      code: 'not_json',
    });
  });
});
