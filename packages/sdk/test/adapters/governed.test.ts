import { beforeAll, describe, expect, it } from 'vitest';
import {
  assertGoverned,
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
