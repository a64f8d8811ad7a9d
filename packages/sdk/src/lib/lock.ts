import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { SinkError } from '../errors.js';

/**
 * Takes the one writer's lock on a file: `<path>.lock`, made exclusively, naming its holder. The lock of a process that
 * is gone is taken over; of two that try, one succeeds.
 * @returns gives the lock back
 * @throws SinkError `sink_locked`
 */
export function lockFile(path: string): () => void {
  const lock = `${path}.lock`;
  const mine = `${process.pid} ${randomUUID()}`;
  if (!writeNew(lock, mine)) takeOver(lock, mine);
  return () => {
    if (readText(lock) === mine) rmSync(lock, { force: true });
  };
}

function takeOver(lock: string, mine: string): void {
  const theirs = readText(lock);
  const locked = new SinkError('sink_locked', `another process writes to it (lock ${lock}: ${theirs})`, {
    hint: 'close the other writer, or give this one a file of its own',
  });
  if (isAlive(Number.parseInt(theirs, 10))) throw locked;
  // Whoever makes this file, named after the dead holder, may replace its lock; nobody else.
  const right = `${lock}.${theirs.replace(/[^0-9a-f-]/g, '_')}`;
  if (!writeNew(right, mine)) throw locked;
  try {
    if (readText(lock) !== theirs) throw locked;
    writeFileSync(`${right}.new`, mine, { mode: 0o600 });
    renameSync(`${right}.new`, lock);
  } finally {
    rmSync(right, { force: true });
  }
}

function writeNew(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new SinkError('sink_unavailable', `the lock ${path} cannot be made`, { cause: error });
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').slice(0, 128);
  } catch {
    return '';
  }
}

/** An unreadable holder counts as alive: better refused than two writers. Our own pid is alive too. */
function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
