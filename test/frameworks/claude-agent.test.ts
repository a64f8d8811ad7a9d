// The hooks as the Claude Agent SDK calls them, with its own types, and its own servers for tools; the program that runs its
// loop, of some 400 MB, is not installed here.
import {
  createSdkMcpServer,
  type HookCallbackMatcher,
  type Options,
  tool,
} from '@anthropic-ai/claude-agent-sdk';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { guardMcpServer, steleHooks } from '@stele/sdk/adapters';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { FATES, fates, governed, recorded } from './support.js';

const RULES = 'permit mcp__bank__pay on / when args.amount <= 100\nlimit mcp__bank__pay 1 per day';

const input = (amount: unknown, id = 'a') => ({
  hook_event_name: 'PreToolUse',
  tool_name: 'mcp__bank__pay',
  tool_input: { amount },
  tool_use_id: id,
});

async function hooks() {
  const { monitor, sink } = await governed(RULES);
  const { PreToolUse, PostToolUse, PostToolUseFailure } = steleHooks({ monitor });
  const first = (matchers: typeof PreToolUse) => {
    const hook = matchers[0]?.hooks[0];
    if (hook === undefined) throw new Error('no hook');
    return hook;
  };
  return {
    before: first(PreToolUse),
    after: first(PostToolUse),
    failed: first(PostToolUseFailure),
    PreToolUse,
    sink,
  };
}

describe('steleHooks', () => {
  it('says nothing of what is permitted, and denies the rest with the reason', async () => {
    const { before, after, sink } = await hooks();
    expect(await before(input(5), 'a')).toEqual({});
    await after(input(5), 'a');
    expect(await before(input(5000, 'b'), 'b')).toMatchObject({
      hookSpecificOutput: {
        permissionDecision: 'deny',
        permissionDecisionReason: expect.stringContaining('[no_matching_permit]'),
      },
    });
    expect(recorded(sink)).toEqual(['mcp__bank__pay permit', 'outcome done', 'mcp__bank__pay deny']);
  });

  it('blocks when it fails', async () => {
    const { PreToolUse } = await hooks();
    expect(PreToolUse).toMatchObject([{ onFailure: 'block' }]);
    const broken = steleHooks({
      monitor: { admit: async () => Promise.reject(new Error('broken')) } as never,
    });
    expect(await broken.PreToolUse[0]?.hooks[0]?.(input(5), 'a')).toMatchObject({
      hookSpecificOutput: { permissionDecision: 'deny' },
    });
  });

  it('records what failed as unknown', async () => {
    const { before, failed, sink } = await hooks();
    await before(input(5), 'a');
    await failed(input(5), 'a');
    expect(recorded(sink)).toEqual(['mcp__bank__pay permit', 'outcome unknown']);
  });

  it('loses no outcome where an id comes twice', async () => {
    const { monitor, sink } = await governed('permit mcp__bank__pay on /');
    const { PreToolUse, PostToolUse } = steleHooks({ monitor });
    for (let i = 0; i < 2; i++) await PreToolUse[0]?.hooks[0]?.(input(5), 'a');
    await PostToolUse[0]?.hooks[0]?.(input(5), 'a');
    const outcomes = sink.entries.filter(({ kind }) => kind === 'outcome');
    expect(outcomes).toMatchObject([
      { of: 0, outcome: 'unknown' },
      { of: 1, outcome: 'done' },
    ]);
  });

  it('denies a call without a name', async () => {
    const { before } = await hooks();
    expect(await before({ hook_event_name: 'PreToolUse' }, 'a')).toMatchObject({
      hookSpecificOutput: { permissionDecision: 'deny' },
    });
  });

  it('of many calls at once one gets the last unit', async () => {
    const { before } = await hooks();
    const answers = await Promise.all(Array.from({ length: 1_000 }, (_, i) => before(input(1), `call-${i}`)));
    expect(answers.filter(({ hookSpecificOutput }) => hookSpecificOutput === undefined).length).toBe(1);
  });
});

/** One call as the SDK makes it: hooks first, then the tool on the server, then the hooks that are told of its end. */
async function agentOf(hooks: Options['hooks'], instance: object) {
  const client = new Client({ name: 'agent', version: '1' });
  const [a, b] = InMemoryTransport.createLinkedPair();
  await Promise.all([(instance as { connect(t: unknown): Promise<void> }).connect(b), client.connect(a)]);
  const tell = async (
    event: 'PreToolUse' | 'PostToolUse' | 'PostToolUseFailure',
    input: object,
    id: string,
  ) => {
    const matchers: HookCallbackMatcher[] = hooks?.[event] ?? [];
    const given = { hook_event_name: event, tool_use_id: id, session_id: 's', cwd: '/', ...input };
    const outputs = [];
    for (const hook of matchers.flatMap((each) => each.hooks))
      outputs.push(await hook(given as never, id, { signal: new AbortController().signal }));
    return outputs as {
      hookSpecificOutput?: { permissionDecision?: string; permissionDecisionReason?: string };
    }[];
  };
  return async (name: string, args: object, id: string): Promise<unknown> => {
    const input = { tool_name: `mcp__bank__${name}`, tool_input: args };
    const [answer] = await tell('PreToolUse', input, id);
    const { permissionDecision, permissionDecisionReason } = answer?.hookSpecificOutput ?? {};
    if (permissionDecision === 'deny') return permissionDecisionReason;
    const result = await client.callTool({ name, arguments: args as never });
    await tell(result.isError === true ? 'PostToolUseFailure' : 'PostToolUse', input, id);
    return result.content;
  };
}

const bank = (run: (name: string, signal: AbortSignal) => Promise<string>) =>
  createSdkMcpServer({
    name: 'bank',
    version: '1.0.0',
    tools: FATES.map(({ name }) =>
      tool(name, name, { amount: z.number() }, async (_args, extra) => ({
        content: [{ type: 'text', text: await run(name, (extra as { signal: AbortSignal }).signal) }],
      })),
    ),
  });

describe("the SDK's own servers", () => {
  it('run a tool only where the hooks say nothing against it', async () => {
    const { monitor, sink } = await governed('permit mcp__bank__pay on / when args.amount <= 100');
    const hooks: Options['hooks'] = steleHooks({ monitor });
    const ran: string[] = [];
    const { instance } = bank(async (name) => {
      ran.push(name);
      return `${name} ran`;
    });
    const call = await agentOf(hooks, instance);
    expect(await call('pay', { amount: 5 }, 'a')).toMatchObject([{ text: 'pay ran' }]);
    expect(await call('pay', { amount: 5000 }, 'b')).toContain('[no_matching_permit]');
    expect(await call('look', { amount: 5 }, 'c')).toContain('[no_matching_permit]');
    expect(ran).toEqual(['pay']);
    const prefix = 'mcp__bank__';
    expect(recorded(sink)).toEqual(
      ['pay permit', 'outcome done', 'pay deny', 'look deny'].map((entry) =>
        entry.startsWith('outcome') ? entry : prefix + entry,
      ),
    );
  });

  it('meet every fate where they are guarded themselves: a hook has no signal to hand to a tool', async () => {
    const { monitor, run, check } = await fates();
    const { instance } = bank(run);
    guardMcpServer(instance as never, { monitor });
    const call = await agentOf({}, instance);
    const told: unknown[] = [];
    for (const [i, { name, args }] of FATES.entries()) told.push(await call(name, args, `call-${i}`));
    check(told);
  });

  it('deny a call that the SDK no longer waits for', async () => {
    const { monitor, sink } = await governed('permit mcp__bank__pay on /');
    const hook = steleHooks({ monitor }).PreToolUse[0]?.hooks[0];
    expect(await hook?.(input(5), 'a', { signal: AbortSignal.abort() })).toMatchObject({
      hookSpecificOutput: { permissionDecision: 'deny' },
    });
    expect(recorded(sink)).toEqual(['mcp__bank__pay permit', 'outcome not_performed']);
  });
});
