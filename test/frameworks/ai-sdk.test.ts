// The adapter itself is tested beside the package, under both versions of the SDK; here is the loop that every agent framework goes through.
import { withSteleTools } from '@stele/sdk/adapters';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sdks } from '../../packages/sdk/test/adapters/ai-support.js';
import { FATES, fates } from './support.js';

const inputSchema = z.object({ amount: z.number() });

describe.each(sdks)('%s', (_name, sdk) => {
  it('meets every fate in one loop', async () => {
    const { monitor, run, check } = await fates();
    const tools = FATES.map(({ name }) => {
      const execute = (_input: never, { abortSignal }: { abortSignal?: AbortSignal }) =>
        run(name, abortSignal);
      return [name, sdk.tool({ inputSchema, execute })] as const;
    });
    const steps = FATES.map(({ name, args }) => [{ toolName: name, input: args }]);
    const ran = await sdk.runSteps(withSteleTools(Object.fromEntries(tools), { monitor }), steps);
    expect(ran.text).toBe('done');
    check(ran.told.map(({ output }) => output));
  });
});
