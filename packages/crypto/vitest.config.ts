import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const whole = { lines: 100, branches: 100, functions: 100, statements: 100 };

export default defineConfig({
  resolve: { alias: { '#provider': fileURLToPath(new URL('src/provider/node.ts', import.meta.url)) } },
  test: {
    name: 'crypto',
    include: ['test/**/*.test.ts'],
    isolate: false, // a file leaves nothing behind that the next one would see
    setupFiles: ['../../test/support/end-file.ts'],
    // Some derive keys, start processes or fill a ring, which a busy machine may take long over.
    testTimeout: 60_000,
    coverage: {
      provider: 'v8',
      include: ['src/**'],
      reporter: ['text', 'json'],
      // What rotates, revokes and keeps keys.
      thresholds: { 'src/lib/{key-manager,managed-key,key-ring*}.ts': whole },
    },
  },
});
