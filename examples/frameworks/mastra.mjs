// An agent of Mastra: `withSteleMastra` guards each tool.
import { Agent } from '@mastra/core/agent';
import { createTool } from '@mastra/core/tools';
import { withSteleMastra } from '@stele/sdk/adapters/mastra';
import { MockLanguageModelV3 } from 'ai/test';
import { z } from 'zod';
import { bank, CALLS, governed, TOOL_RULES } from './bank.mjs';
import { scripted, toldOf } from './scripted.mjs';

const balance = createTool({
  id: 'balance',
  description: 'Says how much there is',
  inputSchema: z.object({ account: z.string() }),
  execute: async (input) => bank.balance(input),
});
const pay = createTool({
  id: 'pay',
  description: 'Pays',
  inputSchema: z.object({ to: z.string(), amount: z.number() }),
  execute: async (input) => bank.pay(input),
});

const model = new MockLanguageModelV3(scripted(CALLS)); // a real model goes here
const monitor = await governed(TOOL_RULES);
const agent = new Agent({
  id: 'teller',
  name: 'teller',
  instructions: 'You pay bills.',
  model,
  tools: { balance: withSteleMastra(balance, { monitor }), pay: withSteleMastra(pay, { monitor }) },
});
agent.__setLogger({ debug() {}, info() {}, warn() {}, error() {}, trackException() {} }); // a denial is no fault of the program

const { text } = await agent.generate('Pay my bills.', { maxSteps: 5 });
for (const told of toldOf(model)) console.log(`the model is told: ${told}`);
console.log(`the agent says: ${text}`);
