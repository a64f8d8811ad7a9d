import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { name: 'refund-agent', include: ['test/**/*.test.ts'], testTimeout: 60_000 },
});
