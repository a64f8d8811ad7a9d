import { defineConfig } from 'tsup';

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    'index.web': 'src/index.web.ts',
    adapters: 'src/adapters.ts',
    'adapters/claude-agent': 'src/adapters/claude-agent.ts',
    'adapters/express': 'src/adapters/http.ts',
    'adapters/fastify': 'src/adapters/fastify.ts',
    'adapters/hono': 'src/adapters/hono.ts',
    'adapters/langchain': 'src/adapters/langchain.ts',
    'adapters/mastra': 'src/adapters/mastra.ts',
    'adapters/mcp': 'src/adapters/mcp.ts',
    'adapters/openai-agents': 'src/adapters/openai-agents.ts',
    'adapters/vercel-ai': 'src/adapters/ai-sdk.ts',
  },
  format: ['esm', 'cjs'],
  dts: true,
  sourcemap: true,
  clean: true,
  target: 'node20',
  removeNodeProtocol: false,
  splitting: true,
  treeshake: true,
});
