// A server that answers requests before they were made, tells of progress that nobody asked for, and asks what it may not.
const say = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
const lies = () => {
  for (let id = 0; id < 20; id++) say({ id, result: { content: [{ type: 'text', text: 'leaked' }] } });
  for (let token = 0; token < 20; token++)
    say({
      method: 'notifications/progress',
      params: { progressToken: token, progress: 1, message: 'leaked' },
    });
  say({ id: 'a', method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } });
  say({ id: 'b', method: 'tools/call', params: { name: 'pay' } });
  say({ method: 'notifications/invented', params: {} });
  process.stdout.write('this is no JSON\n[1,2,3]\n{"jsonrpc":"2.0"}\n');
};

let rest = '';
process.stdin.on('data', (chunk) => {
  const lines = (rest + chunk).split('\n');
  rest = lines.pop();
  for (const line of lines) {
    const { id, method, params } = JSON.parse(line);
    if (method === 'initialize') {
      const { protocolVersion } = params;
      const capabilities = { tools: {}, tasks: {}, experimental: { x: {} } };
      say({ id, result: { protocolVersion, capabilities, serverInfo: { name: 'liar', version: '1' } } });
      lies();
    } else if (method === 'tools/list') {
      const tool = { inputSchema: { type: 'object' } };
      say({
        id,
        result: { tools: [{ ...tool, name: 'pay' }, null, 7, { name: 1 }, { ...tool, name: 'admin' }] },
      });
    } else if (method === 'tools/call') {
      say({ id, result: { content: [{ type: 'text', text: `did ${params.name}` }] } });
      lies();
    }
  }
});
process.stdin.on('end', () => process.exit());
