// The public formats of the log: hashes, proofs, tiles, notes, checkpoints and what is built of them.
import { configOf } from './lib/config.mjs';

const sources = 'packages/audit/src/lib';

export default configOf('audit', {
  mutate: [
    `${sources}/{merkle,tile-format,tiles,tree-edge}.ts`,
    `${sources}/{strict-text,verifier-key,note,checkpoint,cosignature,quorum,proof-file}.ts`,
  ],
  testRunner: 'quick',
  plugins: ['quick/audit.mjs', 'ignore-messages.mjs'].map((file) => new URL(file, import.meta.url).pathname),
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
