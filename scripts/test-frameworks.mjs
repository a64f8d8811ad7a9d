// Runs the adapters under the frameworks themselves, which have installs of their own: they are large, and who only runs or
// tests Stele does not pay for them. Usage: npm run test:frameworks [-- --newest] [arguments of vitest]
//   --newest   leaves out the oldest versions, whose install takes as long as all else
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installNewest, installOldest, tests } from './lib/frameworks.mjs';
import { main, root, run } from './lib/run.mjs';

const newestOnly = process.argv[2] === '--newest';
const given = process.argv.slice(newestOnly ? 3 : 2);
if (newestOnly) given.push('--project', 'newest');

await main(async () => {
  const prepare = [process.execPath, join(root, 'scripts/prepare.mjs')];
  await run(prepare, { label: 'Installing and building', quietMs: 3_000 });
  await Promise.all([installNewest(), ...(newestOnly ? [] : [installOldest()])]);
  for (const [tool, ...args] of [
    ['typescript/bin/tsc', '--noEmit', '-p', tests],
    ['vitest/vitest.mjs', 'run', '--root', tests, ...given],
  ]) {
    const command = [join(root, 'node_modules', tool), ...args];
    const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' });
    if (status !== 0) return status ?? 1;
  }
  return 0;
});
