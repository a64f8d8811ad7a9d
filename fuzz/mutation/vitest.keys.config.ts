import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const folder = new URL('../../packages/crypto/', import.meta.url);

/** The suites of keys over time that run in one process. */
export default defineConfig({
  resolve: { alias: { '#provider': fileURLToPath(new URL('src/provider/node.ts', folder)) } },
  test: {
    name: 'crypto',
    root: fileURLToPath(folder),
    include: ['test/key-manager*.test.ts', 'test/key-ring.*.test.ts'],
    exclude: ['test/key-ring.{processes,killed}*.test.ts'],
    testTimeout: 60_000,
  },
});
