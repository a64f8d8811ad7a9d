// The second pass: all tests, as Vitest runs them.
import { configOf } from './lib/config.mjs';

export default configOf('full', {
  plugins: ['@stryker-mutator/vitest-runner'],
  testRunner: 'vitest',
  vitest: { configFile: 'fuzz/mutation/vitest.config.ts', dir: 'packages/ccl', related: false },
  timeoutMS: 30_000,
});
