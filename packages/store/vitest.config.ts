import { configDefaults, defineConfig } from 'vitest/config';

/** What weighs the memory of its process, which must be its own; `vitest.memory.config.ts` runs it. */
export const memory = ['test/list-memory.test.ts'];

export const settings = {
  setupFiles: ['../../test/support/end-file.ts'],
  testTimeout: 60_000, // most tests wait for a disk, which may have much to do besides
};

export default defineConfig({
  test: {
    ...settings,
    name: 'store',
    include: ['test/**/*.test.ts'],
    exclude: [...configDefaults.exclude, ...memory],
    isolate: false, // a file leaves nothing behind that the next one would see
  },
});
