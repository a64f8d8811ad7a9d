// Runs before `npm start` and `npm test`: installs the dependencies if they are not those of the lockfile, then builds.
// Plain Node, because nothing is installed yet when it runs first.
import { join } from 'node:path';
import { build } from './lib/build.mjs';
import { installIfChanged } from './lib/install.mjs';
import { withLock } from './lib/lock.mjs';
import { CommandError, main, npmCommand, root, run } from './lib/run.mjs';

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

/** The one native module takes longer to compile than everything else takes to install and build, so both go side by side. */
async function installAndBuild() {
  const isNew = await installIfChanged(root, 'Installing dependencies', {
    andThen: () => Promise.all([compileSqlite(), build({}).then(linkCommands)]),
  });
  if (!isNew) await build();
}

/** Stele does without the module where it cannot be compiled. */
async function compileSqlite() {
  const command = [...npmCommand(), 'rebuild', 'better-sqlite3', '--loglevel=error'];
  // JOBS lets it compile on every processor.
  const env = { ...process.env, JOBS: 'max' };
  try {
    await run(command, { env, label: 'Building, and compiling SQLite, which takes a minute or two' });
  } catch (error) {
    if (!(error instanceof CommandError) || error.code === 130) throw error;
    process.stderr.write(
      'SQLite could not be compiled here (that takes python3, make and a C++ compiler); Stele goes on without the module,\n' +
        'with the SQLite of Node 22 and newer, or with files.\n',
    );
  }
}

/** `npm ci` links only commands that are there, and `stele` is built after it; this makes `npx stele` work. */
async function linkCommands() {
  await run([...npmCommand(), 'rebuild', 'stele', '--ignore-scripts', '--loglevel=error']);
}

function sayWaiting(owner) {
  process.stderr.write(`Waiting for another installation or build (process ${owner ?? 'unknown'})\n`);
}

requireNode(process.versions.node);
await main(() => withLock(join(root, '.stele-prepare.lock'), installAndBuild, sayWaiting));
