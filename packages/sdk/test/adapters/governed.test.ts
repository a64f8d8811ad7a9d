import { beforeAll, describe, expect, it, vi } from 'vitest';
import {
  assertGoverned,
  guardMcpServer,
  ungoverned,
  withStele,
  withSteleFunction,
  withSteleMastra,
  withSteleTool,
  withSteleTools,
} from '../../src/adapters.js';
import type { Monitor } from '../../src/index.js';
import { createMonitor } from '../../src/index.js';
import { cast } from '../support.js';

let monitor: Monitor;

beforeAll(async () => {
  const c = await cast();
  monitor = await createMonitor({ covenant: await c.covenant('permit ** on **', { now: new Date() }) });
});

const execute = async () => 1;
const aiTool = { inputSchema: {}, execute };
const functionTool = { type: 'function' as const, name: 'f', invoke: async () => 'x' };
const mastraTool = { id: 'm', execute };

/** As the classes of LangChain are: every way in goes through `_call`, and `func` stands behind it. */
class LangChainTool {
  readonly name = 'l';
  readonly func = execute;
  invoke(input?: unknown): Promise<number> {
    return this.call(input);
  }
  call(_input?: unknown): Promise<number> {
    return this._call();
  }
  _call(): Promise<number> {
    return this.func();
  }
}
const langchainTool = new LangChainTool();

describe('assertGoverned', () => {
  it('is content with tools that are guarded, also when they are copied', () => {
    const guarded = withSteleTools({ a: aiTool, b: aiTool }, { monitor });
    expect(() => assertGoverned(guarded)).not.toThrow();
    expect(() => assertGoverned({ copy: { ...guarded.a } })).not.toThrow();
    expect(() =>
      assertGoverned([
        withStele(aiTool, { monitor, name: 'a' }),
        withSteleFunction(functionTool, { monitor }),
        withSteleMastra(mastraTool, { monitor }),
        withSteleTool(langchainTool, { monitor }),
      ]),
    ).not.toThrow();
  });

  it('names every tool that is not', () => {
    const guarded = withSteleTools({ a: aiTool }, { monitor });
    const found = ungoverned({
      fine: guarded.a,
      bare: aiTool,
      swapped: { ...guarded.a, execute },
      hosted: { type: 'provider', id: 'web_search' },
      nothing: undefined,
      toString: functionTool,
    });
    expect(found.map(({ name }) => name)).toEqual(['bare', 'swapped', 'hosted', 'nothing', 'toString']);
  });

  it('calls tools of a list by their own name', () => {
    expect(ungoverned([functionTool, mastraTool, langchainTool]).map(({ name }) => name)).toEqual([
      'f',
      'm',
      'l',
    ]);
  });

  it('sees the unguarded member behind a guarded one', () => {
    const wrapped = withSteleTool(langchainTool, { monitor });
    expect(ungoverned([Object.assign(Object.create(wrapped), { _call: execute })])).toMatchObject([
      { name: 'l', why: 'its _call is not guarded' },
    ]);
  });

  it('sees other ways in beside the guarded one, whatever the framework', () => {
    const whyOf = (tool: object) => ungoverned([tool])[0]?.why;
    const ai = withStele(aiTool, { monitor, name: 'a' });
    expect(whyOf(Object.assign({ handler: execute }, ai))).toBe('its handler is not guarded');
    const openAi = { ...functionTool, execute };
    expect(whyOf(withSteleFunction(openAi, { monitor }))).toBe('its execute is not guarded');
    const mastra = withSteleMastra(mastraTool, { monitor });
    expect(whyOf(Object.assign(Object.create(mastra), { call: execute }))).toBe('its call is not guarded');
    const served = { name: 's', handler: execute, enabled: true };
    expect(whyOf(served)).toBe('its handler is not guarded');

    const guarded = withSteleTool(langchainTool, { monitor });
    expect(whyOf(guarded)).toBeUndefined();
    const clone = (change: object) => Object.assign(Object.create(guarded), change);
    expect(whyOf(clone({}))).toBeUndefined();
    for (const name of ['_call', 'func', 'invoke', 'call', 'execute'])
      expect(whyOf(clone({ [name]: execute }))).toBe(`its ${name} is not guarded`);
    // Put on the tool before it was guarded, and bound to what is inside.
    const patched = new LangChainTool();
    patched.invoke = patched.invoke.bind(patched);
    expect(whyOf(withSteleTool(patched, { monitor }))).toBe('its invoke is not guarded');
    // What was spread lost its class, and with it the way that the framework takes.
    expect(whyOf({ ...guarded })).toBeUndefined();
    expect(whyOf({ ...guarded, invoke: langchainTool.invoke })).toBe('its invoke is not guarded');
  });

  it('leaves no way around the guard of a LangChain tool', async () => {
    const c = await cast();
    const covenant = await c.covenant('deny ** on **', { now: new Date() });
    const tool = withSteleTool(langchainTool, { monitor: await createMonitor({ covenant }) });
    for (const way of ['invoke', 'call', '_call', 'func'] as const)
      await expect(Promise.resolve(tool[way]())).rejects.toMatchObject({ code: 'denied_by_rule' });
    const { func } = tool;
    await expect(func()).rejects.toMatchObject({ code: 'denied_by_rule' });
  });

  it('knows whether the calls of a server of MCP are guarded, and stay so', () => {
    const handler = async () => ({ content: [] });
    const server = { server: { _requestHandlers: new Map([['tools/call', handler]]) } };
    expect(ungoverned({ bank: server })).toEqual([
      { name: 'bank', why: 'its calls of tools are not guarded' },
    ]);
    guardMcpServer(server, { monitor });
    for (const one of [server, server.server]) expect(ungoverned({ bank: one })).toEqual([]);
    server.server._requestHandlers.set('tools/call', handler);
    expect(ungoverned([server])).toHaveLength(1);
    expect(ungoverned([{ server: { _requestHandlers: new Map() } }])).toHaveLength(1);
  });

  it('knows what another copy of the package guards', async () => {
    const guarded = withStele(aiTool, { monitor, name: 'a' });
    vi.resetModules();
    const copy = await import('../../src/adapters/governed.js');
    expect(copy.ungoverned).not.toBe(ungoverned);
    expect(copy.ungoverned({ guarded, aiTool }).map(({ name }) => name)).toEqual(['aiTool']);
  });

  it.each([
    ['a Map', new Map([['bare', aiTool]])],
    ['a Set', new Set([aiTool])],
    ['a generator', [aiTool].values()],
    ['nothing', undefined],
    ['null', null],
    ['a function', execute],
  ])('does not take %s for tools that are all guarded', (_, tools) => {
    expect(() => assertGoverned(tools as never)).toThrow(TypeError);
  });

  it('throws with all their names, and of very many with some', () => {
    expect(() => assertGoverned({ bare: aiTool })).toThrow(
      expect.objectContaining({ code: 'tool_ungoverned', message: expect.stringContaining('"bare"') }),
    );
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`t${i}`, aiTool]));
    expect(() => assertGoverned(many)).toThrow(/and 30 more/);
  });
});
