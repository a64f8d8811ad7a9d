import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { alias: { '#provider': fileURLToPath(new URL('src/provider/node.ts', import.meta.url)) } },
  test: { name: 'crypto', include: ['test/**/*.test.ts'] },
});
