// Runs before `npm start` and `npm test`: installs the dependencies if they are not those of the lockfile, then builds.
// Plain Node, because nothing is installed yet when it runs first.
import { join } from 'node:path';
import { installIfChanged } from './lib/install.mjs';
import { withLock } from './lib/lock.mjs';
import { main, root, run } from './lib/run.mjs';

const OLDEST_NODE = [20, 19];

function requireNode(version) {
  const [major, minor] = version.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  process.stderr.write(
    `Stele needs Node ${OLDEST_NODE.join('.')} or newer, and this is Node ${version}.\n` +
      'Install a current version from https://nodejs.org (or with your version manager: nvm install 22), then run the command again.\n',
  );
  process.exit(1);
}

async function installAndBuild() {
  await installIfChanged(
    root,
    'Installing dependencies (the native SQLite module compiles for a minute or two)',
  );
  const build = [
    process.execPath,
    join(root, 'scripts/turbo.mjs'),
    'run',
    'build',
    '--output-logs=errors-only',
  ];
  await run(build, { label: 'Building packages', quietMs: 3_000 });
}

function sayWaiting(owner) {
  process.stderr.write(`Waiting for another installation or build (process ${owner ?? 'unknown'})\n`);
}

requireNode(process.versions.node);
await main(() => withLock(join(root, '.stele-prepare.lock'), installAndBuild, sayWaiting));
