// What proves and what verifies.
import { configOf } from './lib/config.mjs';

const sources = 'packages/audit/src';

export default configOf('evidence', {
  mutate: [
    `${sources}/{proofs,verify-log,verify-export,verify-proof}.ts`,
    `${sources}/lib/{examination,since,log-walk,judge,findings,frontier,own-entries,leaf-cursor,ndjson,verifying-keys}.ts`,
  ],
  testRunner: 'quick',
  plugins: ['quick/evidence.mjs', 'ignore-messages.mjs'].map(
    (file) => new URL(file, import.meta.url).pathname,
  ),
  ignorers: ['messages'],
  ignorePatterns: [
    '**',
    '!packages/audit/**',
    '!test/support/**',
    '!tsconfig.base.json',
    '!package.json',
    'packages/audit/{coverage,dist,node_modules}',
  ],
  // The runner itself sees which test does not end.
  timeoutMS: 3_600_000,
  dryRunTimeoutMinutes: 20,
});
