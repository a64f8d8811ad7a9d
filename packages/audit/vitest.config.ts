import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    name: 'audit',
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    // It takes long: `npm run nightly` asks for it, and needs PostgreSQL.
    coverage: {
      provider: 'v8',
      include: ['src/**'],
      reporter: ['text', 'json'],
      thresholds: { branches: 100 },
    },
  },
});
