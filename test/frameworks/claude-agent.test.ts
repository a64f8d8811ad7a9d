// The hooks as the Claude Agent SDK calls them; the SDK's own program, of some 400 MB, is not installed here.
import { steleHooks } from '@stele/sdk/adapters';
import { describe, expect, it } from 'vitest';
import { governed, recorded } from './support.js';

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
