import { configDefaults, defineConfig } from 'vitest/config';

/** What tries cases chosen at random; `vitest.chance.config.ts` runs it. The others must reach every line without it. */
export const chance = [
  'test/**/*.property.test.ts',
  'test/attack/**/*.test.ts',
  'test/prove/{finite-worlds,soundness}.test.ts',
];

export default defineConfig({
  test: {
    name: 'ccl',
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...chance],
    isolate: false, // a file leaves nothing behind that the next one would see
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
