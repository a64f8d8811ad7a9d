// Installs what a lockfile names, unless that is what is installed already.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { npmCommand, run } from './run.mjs';

const FLAGS = ['--include=dev', '--loglevel=error', '--no-audit', '--no-fund', '--no-progress'];

/**
 * @param {string} folder holds package-lock.json
 * @param {string} [label] is shown while it takes its time
 * @param {{ andThen?: () => Promise<unknown>, omitOptional?: boolean }} [options] `andThen` is part of the installation; then no
 *   package runs a script of its own before it. `omitOptional` leaves optional dependencies out
 * @returns {Promise<boolean>} false when what is installed was right already
 */
export async function installIfChanged(folder, label, { andThen, omitOptional = false } = {}) {
  const stampFile = join(folder, 'node_modules', '.stele-install');
  const stamp = wantedStamp(folder);
  if (readOrNothing(stampFile) === stamp) return false;
  const optional = omitOptional ? '--omit=optional' : '--include=optional';
  const flags = [...FLAGS, optional, ...(andThen === undefined ? [] : ['--ignore-scripts'])];
  await run([...npmCommand(), 'ci', ...flags], { cwd: folder, label });
  await andThen?.();
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  writeFileSync(stampFile, stamp); // last: an interrupted installation has no stamp and is done again
  return true;
}

/** What an installation depends on: the lockfile, and the Node and machine that native modules are compiled for. */
function wantedStamp(folder) {
  const lockfile = createHash('sha256')
    .update(readFileSync(join(folder, 'package-lock.json')))
    .digest('hex');
  return `${lockfile} node ${process.versions.node.split('.')[0]} ${process.platform} ${process.arch}\n`;
}

function readOrNothing(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
