// Checks the types of everything that git knows a tsconfig.json of, in one process: what the projects share is read once.
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build } from './lib/build.mjs';
import { main, root } from './lib/run.mjs';

const OWN_INSTALL = ['test/frameworks/tsconfig.json']; // npm run test:frameworks checks it

function projects() {
  const files = ['ls-files', '-z', '--', 'tsconfig.json', '**/tsconfig.json'];
  const tracked = execFileSync('git', files, { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean);
  return tracked.filter((file) => !OWN_INSTALL.includes(file));
}

await main(async () => {
  await build();
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  // Forced, because what is built of other packages does not count as an input, so a project may look up to date and not be.
  const command = [tsc, '--build', '--force', '--noEmit', ...projects()];
  return spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' }).status ?? 1;
});
