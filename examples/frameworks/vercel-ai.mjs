// An agent of the Vercel AI SDK: `withSteleTools` puts a whole set of tools under the covenant, each under its key.
import { withSteleTools } from '@stele/sdk/adapters/vercel-ai';
import { generateText, stepCountIs, tool } from 'ai';
import { MockLanguageModelV4 } from 'ai/test';
import { z } from 'zod';
import { bank, CALLS, governed, TOOL_RULES } from './bank.mjs';
import { scripted, toldOf } from './scripted.mjs';

const tools = {
  balance: tool({
    inputSchema: z.object({ account: z.string() }),
    execute: async (input) => bank.balance(input),
  }),
  pay: tool({
    inputSchema: z.object({ to: z.string(), amount: z.number() }),
    execute: async (input) => bank.pay(input),
  }),
};

const model = new MockLanguageModelV4(scripted(CALLS)); // a real model goes here
const { text } = await generateText({
  model,
  tools: withSteleTools(tools, { monitor: await governed(TOOL_RULES) }),
  stopWhen: stepCountIs(5),
  prompt: 'Pay my bills.',
});

for (const told of toldOf(model)) console.log(`the model is told: ${told}`);
console.log(`the agent says: ${text}`);
