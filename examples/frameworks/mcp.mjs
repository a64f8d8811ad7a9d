// A server of the Model Context Protocol: `guardMcpServer` guards all its tools, those that are registered later, too.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { guardMcpServer } from '@stele/sdk/adapters/mcp';
import { z } from 'zod';
import { bank, CALLS, governed, TOOL_RULES } from './bank.mjs';

const asText = (run) => async (args) => ({ content: [{ type: 'text', text: run(args) }] });

const server = new McpServer({ name: 'bank', version: '1.0.0' });
server.registerTool('balance', { inputSchema: { account: z.string() } }, asText(bank.balance));
guardMcpServer(server, { monitor: await governed(TOOL_RULES) });
server.registerTool('pay', { inputSchema: { to: z.string(), amount: z.number() } }, asText(bank.pay));

// What an agent does with it, in one process here.
const client = new Client({ name: 'teller', version: '1.0.0' });
const [here, there] = InMemoryTransport.createLinkedPair();
await Promise.all([server.connect(there), client.connect(here)]);
for (const { name, args } of CALLS) {
  const { content, isError } = await client.callTool({ name, arguments: args });
  console.log(`the model is told: ${content[0].text}${isError ? ' (an error)' : ''}`);
}
await client.close();
