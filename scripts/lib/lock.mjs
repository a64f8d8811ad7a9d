// One process at a time: a folder that only one can make. A lock whose owner has died is taken over.
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const WAIT_MS = 20 * 60 * 1000;
const NAMELESS_MS = 10_000; // how long an owner may take to write its name

/**
 * Runs `work` while no other process runs under the same lock.
 * @template T
 * @param {string} folder the lock
 * @param {() => Promise<T>} work
 * @param {(owner: number | undefined) => void} [onWait] called once if another process has the lock
 * @returns {Promise<T>}
 */
export async function withLock(folder, work, onWait = () => {}) {
  await acquire(folder, onWait);
  try {
    return await work();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function acquire(folder, onWait) {
  const start = Date.now();
  for (let waited = false; !tryMake(folder); waited = true) {
    if (isStale(folder)) {
      takeAway(folder);
      continue;
    }
    if (!waited) onWait(ownerOf(folder));
    if (Date.now() - start > WAIT_MS)
      throw new Error(`still locked after 20 minutes: remove ${folder} if nothing is running`);
    await sleep(200);
  }
}

function tryMake(folder) {
  try {
    mkdirSync(folder);
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
  writeFileSync(join(folder, 'pid'), String(process.pid));
  return true;
}

function ownerOf(folder) {
  try {
    return Number(readFileSync(join(folder, 'pid'), 'utf8')) || undefined;
  } catch {
    return undefined;
  }
}

function isStale(folder) {
  const owner = ownerOf(folder);
  if (owner !== undefined) return !isAlive(owner);
  try {
    return Date.now() - statSync(folder).mtimeMs > NAMELESS_MS;
  } catch {
    return false; // gone meanwhile
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM'; // it lives, but belongs to someone else
  }
}

/** Renaming succeeds for one process only, so two that wait cannot both take the same lock away. */
function takeAway(folder) {
  const aside = `${folder}.${process.pid}`;
  try {
    renameSync(folder, aside);
  } catch {
    return; // someone else was faster
  }
  rmSync(aside, { recursive: true, force: true });
}
