// An agent of the OpenAI Agents SDK: `withSteleFunction` guards a function tool.
import { Agent, Runner, setTracingDisabled, tool, Usage } from '@openai/agents';
import { withSteleFunction } from '@stele/sdk/adapters/openai-agents';
import { z } from 'zod';
import { bank, CALLS, governed, TOOL_RULES } from './bank.mjs';

setTracingDisabled(true);

const tools = [
  tool({
    name: 'balance',
    description: 'Says how much there is',
    parameters: z.object({ account: z.string() }),
    execute: bank.balance,
  }),
  tool({
    name: 'pay',
    description: 'Pays',
    parameters: z.object({ to: z.string(), amount: z.number() }),
    execute: bank.pay,
  }),
];

/** The SDK ships no model for tests; this one makes the calls, one after another. */
let turn = 0;
const model = {
  async getResponse() {
    const call = CALLS[turn++];
    const says = { type: 'output_text', text: 'I did what I may.' };
    const output = call
      ? { type: 'function_call', callId: `${turn}`, name: call.name, arguments: JSON.stringify(call.args) }
      : { type: 'message', role: 'assistant', content: [says] };
    return { usage: new Usage(), output: [{ ...output, status: 'completed' }] };
  },
};

const monitor = await governed(TOOL_RULES);
const guarded = tools.map((each) => withSteleFunction(each, { monitor }));
const agent = new Agent({ name: 'teller', model, tools: guarded });
const { newItems, finalOutput } = await new Runner().run(agent, 'Pay my bills.');

for (const item of newItems)
  if (item.type === 'tool_call_output_item') console.log(`the model is told: ${item.output}`);
console.log(`the agent says: ${finalOutput}`);
