// What proves and what verifies. The suites that need a server or start programs are left out: a mutant does not reach them.
import { configOf } from './lib/config.mjs';

const sources = 'packages/audit/src';

export default configOf('evidence', {
  mutate: [
    `${sources}/{proofs,verify-log,verify-export,verify-proof}.ts`,
    `${sources}/lib/{examination,since,log-walk,judge,findings,frontier,own-entries,leaf-cursor,ndjson,verifying-keys}.ts`,
  ],
  testRunner: 'vitest',
  vitest: { configFile: 'fuzz/mutation/vitest.evidence.config.ts', dir: 'packages/audit', related: false },
  plugins: ['@stryker-mutator/vitest-runner', new URL('ignore-messages.mjs', import.meta.url).pathname],
  ignorers: ['messages'],
  ignorePatterns: [
    '**',
    '!packages/audit/**',
    '!test/support/**',
    '!fuzz/mutation/vitest.evidence.config.ts',
    '!tsconfig.base.json',
    '!package.json',
    'packages/audit/{dist,node_modules}',
  ],
  // What a suite makes before its tests begin is the same for all of them.
  ignoreStatic: true,
  timeoutMS: 60_000,
});
