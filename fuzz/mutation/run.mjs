// Mutation tests of the language's evaluator, matcher and proofs, or of keys over time. Fails when 5 % of the mutants or more survive.
// Usage: npm run mutate [-- keys | files to mutate, with commas between them]
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installIfChanged } from '../../scripts/lib/install.mjs';
import { main, root } from '../../scripts/lib/run.mjs';

const folder = join(root, 'fuzz/mutation');

await main(async () => {
  await installIfChanged(folder, 'Installing what mutates');
  const stryker = join(folder, 'node_modules/@stryker-mutator/core/bin/stryker.js');
  const [files] = process.argv.slice(2);
  const ofKeys = files === 'keys' || files?.startsWith('packages/crypto/');
  const config = ofKeys ? 'stryker.keys.config.mjs' : 'stryker.config.mjs';
  const only = files === undefined || files === 'keys' ? [] : ['--mutate', files];
  const command = [stryker, 'run', join(folder, config), ...only];
  return spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' }).status ?? 1;
});
