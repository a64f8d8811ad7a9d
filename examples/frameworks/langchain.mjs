// An agent of LangChain: `withSteleTool` guards a tool where `invoke`, `call` and every agent go through.
import { withSteleTool } from '@stele/sdk/adapters/langchain';
import { createAgent, FakeToolCallingModel, ToolMessage, tool } from 'langchain';
import { z } from 'zod';
import { bank, CALLS, governed, TOOL_RULES } from './bank.mjs';

const tools = [
  tool(bank.balance, {
    name: 'balance',
    description: 'Says how much there is',
    schema: z.object({ account: z.string() }),
  }),
  tool(bank.pay, {
    name: 'pay',
    description: 'Pays',
    schema: z.object({ to: z.string(), amount: z.number() }),
  }),
];

const monitor = await governed(TOOL_RULES);
const toolCalls = [...CALLS.map((call, i) => [{ ...call, id: `${i}` }]), []];
const agent = createAgent({
  model: new FakeToolCallingModel({ toolCalls }), // a real model goes here
  tools: tools.map((each) => withSteleTool(each, { monitor })),
});

const { messages } = await agent.invoke({ messages: [{ role: 'user', content: 'Pay my bills.' }] });
for (const message of messages.filter((each) => ToolMessage.isInstance(each)))
  console.log(`the model is told: ${message.content} (${message.status})`);
