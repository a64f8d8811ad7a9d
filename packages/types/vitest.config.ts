import { defineConfig } from 'vitest/config';

// A file leaves nothing behind that the next one would see. Some try many cases, which a busy machine may take long over.
export default defineConfig({
  test: { name: 'types', include: ['test/**/*.test.ts'], isolate: false, testTimeout: 60_000 },
});
