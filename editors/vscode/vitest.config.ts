import { defineConfig } from 'vitest/config';

// The properties run many cases, and the server is a process of its own, which a busy machine may take long over.
export default defineConfig({
  test: { name: 'vscode', include: ['test/**/*.test.ts'], testTimeout: 120_000 },
});
