// The Claude Agent SDK: `steleHooks` judges every tool of an agent before it runs, its own and those of MCP servers.
import { createSdkMcpServer, query, tool } from '@anthropic-ai/claude-agent-sdk';
import { steleHooks } from '@stele/sdk/adapters/claude-agent';
import { z } from 'zod';
import { bank, CALLS, governed, TOOL_RULES } from './bank.mjs';

const asText = (run) => async (args) => ({ content: [{ type: 'text', text: run(args) }] });
const tools = [
  tool('balance', 'Says how much there is', { account: z.string() }, asText(bank.balance)),
  tool('pay', 'Pays', { to: z.string(), amount: z.number() }, asText(bank.pay)),
];

const monitor = await governed(TOOL_RULES);
// The SDK calls the tool `mcp__bank__pay`; the covenant calls it `pay`.
const action = (_args, { name }) => name.replace(/^mcp__bank__/, '');
const options = {
  mcpServers: { bank: createSdkMcpServer({ name: 'bank', version: '1.0.0', tools }) },
  hooks: steleHooks({ monitor, action }),
};

if (process.env.ANTHROPIC_API_KEY) {
  for await (const message of query({ prompt: 'Pay 20 to ann, then 5000 to mallory.', options }))
    if (message.type === 'result') console.log(message.result, message.permission_denials);
} else {
  // Without a key the program that runs the SDK's loop is not started. This is what it does with each call.
  for (const { name, args } of CALLS) {
    const call = { hook_event_name: 'PreToolUse', tool_name: `mcp__bank__${name}`, tool_input: args };
    const [{ hooks }] = options.hooks.PreToolUse;
    const { hookSpecificOutput: denial } = await hooks[0](call, name);
    const told = denial?.permissionDecisionReason ?? (await runTool(name, args));
    console.log(`the model is told: ${told}`);
  }
}

async function runTool(name, args) {
  const { content } = await tools.find((each) => each.name === name).handler(args, {});
  return content[0].text;
}
