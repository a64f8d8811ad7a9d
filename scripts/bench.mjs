// Runs the measurements of bench/, which has its own install: who only runs or tests Stele does not pay for its peers.
// Usage: npm run bench [-- arguments of bench/run.mjs]
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installIfChanged } from './lib/install.mjs';
import { main, root, run } from './lib/run.mjs';

const bench = join(root, 'bench');

await main(async () => {
  const prepare = [process.execPath, join(root, 'scripts/prepare.mjs')];
  await run(prepare, { label: 'Installing and building', quietMs: 3_000 });
  await installIfChanged(bench, 'Installing what the measurements compare with');
  const command = ['run.mjs', ...process.argv.slice(2)];
  return spawnSync(process.execPath, command, { cwd: bench, stdio: 'inherit' }).status ?? 1;
});
