import { defineConfig } from 'vitest/config';

// A file leaves nothing behind that the next one would see. Most tests wait for a disk, which may have much to do besides.
export default defineConfig({
  test: {
    name: 'audit',
    include: ['test/**/*.test.ts'],
    isolate: false,
    setupFiles: ['../../test/support/end-file.ts'],
    testTimeout: 60_000,
  },
});
