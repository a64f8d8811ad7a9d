import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    name: 'ccl',
    include: ['test/**/*.test.ts'],
    // The properties run many cases, which a busy machine may take long over.
    testTimeout: 120_000,
    coverage: {
      provider: 'v8',
      include: ['src/**'],
      reporter: ['text', 'json'],
      thresholds: { lines: 100, branches: 100, functions: 100, statements: 100 },
    },
  },
});
