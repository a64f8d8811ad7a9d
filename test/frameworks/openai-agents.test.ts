import { Agent, type Model, Runner, setTracingDisabled, tool, Usage } from '@openai/agents';
import { assertGoverned, pinTools, withSteleFunction } from '@stele/sdk/adapters';
import { beforeEach, describe, expect, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { FATES, fates, governed, recorded } from './support.js';

setTracingDisabled(true);

const RULES = 'permit pay on / when args.amount <= 100\nlimit pay 1 per day';

let ran: unknown[] = [];
beforeEach(() => {
  ran = [];
});

const pay = tool({
  name: 'pay',
  description: 'Pays',
  parameters: z.object({ amount: z.number() }),
  execute: async ({ amount }) => {
    ran.push(amount);
    return `paid ${amount}`;
  },
});

/** A model that asks for the calls, one after another, and then says that it is done. */
function modelOf(calls: readonly (string | { name: string; args: object })[]): {
  model: Model;
  seen: unknown[];
} {
  const seen: unknown[] = [];
  const left = [...calls];
  const getResponse = async ({ input }: { input: unknown }) => {
    seen.push(input);
    const next = left.shift();
    const output =
      next === undefined
        ? {
            type: 'message',
            role: 'assistant',
            status: 'completed',
            content: [{ type: 'output_text', text: 'done' }],
          }
        : {
            type: 'function_call',
            callId: `call-${left.length}`,
            name: typeof next === 'string' ? 'pay' : next.name,
            arguments: typeof next === 'string' ? next : JSON.stringify(next.args),
            status: 'completed',
          };
    return { usage: new Usage(), output: [output] };
  };
  return { model: { getResponse } as never, seen };
}

describe('withSteleFunction', () => {
  it('keeps the type', async () => {
    const { monitor } = await governed(RULES);
    expectTypeOf(withSteleFunction(pay, { monitor })).toEqualTypeOf(pay);
  });

  it('runs what is permitted, and tells the model of what is not', async () => {
    const { monitor, sink } = await governed(RULES);
    const { model, seen } = modelOf(['{"amount":5}', '{"amount":5000}', '{"amount":6}']);
    const agent = new Agent({ name: 'a', model, tools: [withSteleFunction(pay, { monitor })] });
    const result = await new Runner().run(agent, 'go');
    expect(result.finalOutput).toBe('done');
    expect(ran).toEqual([5]);
    const told = JSON.stringify(seen.at(-1));
    expect(told).toContain('paid 5');
    expect(told).toContain('[no_matching_permit]');
    expect(told).toContain('[limit_exceeded]');
    expect(recorded(sink)).toEqual(['pay permit', 'outcome done', 'pay deny', 'pay deny']);
  });

  it('meets every fate in one loop', async () => {
    const { monitor, run, check } = await fates();
    const tools = FATES.map(({ name }) => {
      const parameters = z.object({ amount: z.number() });
      const execute = (_input: unknown, _context: unknown, details?: { signal?: AbortSignal }) =>
        run(name, details?.signal);
      return withSteleFunction(tool({ name, description: name, parameters, execute: execute as never }), {
        monitor,
      });
    });
    const { model, seen } = modelOf(FATES);
    await new Runner().run(new Agent({ name: 'a', model, tools }), 'go');
    const told = (seen.at(-1) as { type: string; output?: unknown }[]).filter(
      ({ type }) => type === 'function_call_result',
    );
    check(told.map(({ output }) => output));
  });

  it.each(['{', '{"amount":1,"amount":5000}', '[1', 'null'])('denies arguments that are %s', async (text) => {
    const { monitor } = await governed(RULES);
    const guarded = withSteleFunction(pay, { monitor });
    expect(await guarded.invoke({} as never, text)).toMatch(/\[(malformed_request|no_matching_permit)\]/);
    expect(ran).toEqual([]);
  });

  it('stays guarded when it is spread', async () => {
    const { monitor } = await governed(RULES);
    const spread = { ...withSteleFunction(pay, { monitor }) };
    expect(await spread.invoke({} as never, '{"amount":5000}')).toContain('[no_matching_permit]');
    expect(ran).toEqual([]);
  });

  it('does not run a call that was aborted', async () => {
    const { monitor, sink } = await governed(RULES);
    const guarded = withSteleFunction(pay, { monitor });
    const details = { signal: AbortSignal.abort() } as never;
    await expect(guarded.invoke({} as never, '{"amount":5}', details)).rejects.toThrow('aborted');
    expect(ran).toEqual([]);
    expect(recorded(sink)).toEqual(['pay permit', 'outcome not_performed']);
  });

  it('holds a tool to what a covenant pins of it', async () => {
    const { monitor, sink } = await governed('permit ** on /', { tools: await pinTools([pay]) });
    const guarded = withSteleFunction(pay, { monitor });
    assertGoverned([guarded, { ...guarded }]);
    const changed = { ...guarded, description: 'Pays!' };
    for (const tools of [[guarded], [changed]]) {
      const { model } = modelOf(['{"amount":5}']);
      await new Runner().run(new Agent({ name: 'a', model, tools }), 'go');
    }
    expect(ran).toEqual([5]);
    expect(recorded(sink)).toEqual(['pay permit', 'outcome done', 'pay deny']);
  });

  it('refuses what it cannot guard', async () => {
    const { monitor } = await governed(RULES);
    const hosted = { type: 'hosted_tool', name: 'web_search' };
    expect(() => withSteleFunction(hosted as never, { monitor })).toThrow(
      expect.objectContaining({ code: 'tool_ungovernable' }),
    );
  });
});
