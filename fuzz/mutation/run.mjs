// Mutation tests of the language's evaluator, matcher and proofs. Fails when 5 % of the mutants or more survive.
// Usage: npm run mutate [-- files to mutate, with commas between them]
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installIfChanged } from '../../scripts/lib/install.mjs';
import { main, root } from '../../scripts/lib/run.mjs';

const folder = join(root, 'fuzz/mutation');

await main(async () => {
  await installIfChanged(folder, 'Installing what mutates');
  const stryker = join(folder, 'node_modules/@stryker-mutator/core/bin/stryker.js');
  const [files] = process.argv.slice(2);
  const only = files === undefined ? [] : ['--mutate', files];
  const command = [stryker, 'run', join(folder, 'stryker.config.mjs'), ...only];
  return spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' }).status ?? 1;
});
