import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { name: 'agent-traces', include: ['test/**/*.test.ts'], testTimeout: 60_000 },
});
