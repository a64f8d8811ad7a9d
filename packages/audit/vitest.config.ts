import { defineConfig } from 'vitest/config';

// A file leaves nothing behind that the next one would see. Most tests wait for a disk, which may have much to do besides.
export default defineConfig({
  test: {
    name: 'audit',
    include: ['test/**/*.test.ts'],
    isolate: false,
    setupFiles: ['../../test/support/end-file.ts'],
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
