// What rotates, revokes and keeps keys. The suites that start processes are left out: a mutant does not reach them.
import { configOf } from './lib/config.mjs';

const sources = 'packages/crypto/src/lib';

export default configOf('keys', {
  mutate: [
    `${sources}/{key-manager,managed-key}.ts`,
    `${sources}/key-ring{,-file,-format,-history,-keeper,-sealer}.ts`,
  ],
  testRunner: 'vitest',
  vitest: { configFile: 'fuzz/mutation/vitest.keys.config.ts', dir: 'packages/crypto', related: false },
  plugins: ['@stryker-mutator/vitest-runner', new URL('ignore-messages.mjs', import.meta.url).pathname],
  ignorers: ['messages'],
  ignorePatterns: [
    '**',
    '!packages/crypto/**',
    '!test/support/**',
    '!fuzz/mutation/vitest.keys.config.ts',
    '!tsconfig.base.json',
    '!package.json',
    'packages/crypto/{coverage,dist,node_modules}',
  ],
  timeoutMS: 60_000,
});
