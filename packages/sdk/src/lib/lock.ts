import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { SinkError } from '../errors.js';

/** A takeover is a matter of milliseconds; what is left of one that crashed is cleared away after this time. */
const TAKEOVER_MS = 30_000;

/**
 * Takes the one writer's lock on a file: `<path>.lock`, made exclusively, naming host, process and start of its holder.
 * The lock of a process of this host that is gone is taken over; of several that try, one succeeds. A holder on
 * another host is never taken for gone.
 * @returns gives the lock back
 * @throws SinkError `sink_locked`, `sink_unavailable`
 */
export function lockFile(path: string): () => void {
  const lock = `${path}.lock`;
  const mine = `${hostname()} ${process.pid} ${startOf(process.pid)} ${randomUUID()}`;
  if (!writeNew(lock, mine)) takeOver(lock, mine);
  return () => {
    if (readText(lock) === mine) rmSync(lock, { force: true });
  };
}

function takeOver(lock: string, mine: string): void {
  const theirs = readText(lock);
  const locked = new SinkError('sink_locked', `another process writes to it (${lock}: ${theirs})`, {
    hint: 'close the other writer, or give this one a file of its own; if the holder is surely gone, remove the lock',
  });
  if (!isGone(theirs)) throw locked;
  // Whoever makes this file, named after the dead holder, may replace its lock; nobody else.
  const right = `${lock}.${theirs.replace(/[^A-Za-z0-9-]/g, '_')}`;
  if (!writeNew(right, mine)) {
    if (Date.now() - modified(right) > TAKEOVER_MS) rmSync(right, { force: true });
    throw locked;
  }
  try {
    if (readText(lock) !== theirs) throw locked;
    renameSync(right, lock);
  } catch (error) {
    rmSync(right, { force: true });
    throw error;
  }
}

/** Makes a file that has its whole text as soon as it is there, so that a crash leaves none without a holder's name. */
function writeNew(path: string, text: string): boolean {
  const draft = `${path}.${randomUUID()}`;
  try {
    writeFileSync(draft, text, { flag: 'wx', mode: 0o600 });
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new SinkError('sink_unavailable', `the lock ${path} cannot be made`, { cause: error });
  } finally {
    rmSync(draft, { force: true });
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').slice(0, 512);
  } catch {
    return '';
  }
}

function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now();
}

/** A holder that cannot be read, or lives on another host, counts as there: better refused than two writers. */
function isGone(holder: string): boolean {
  const [host, pid, start] = holder.split(' ');
  const id = Number(pid);
  if (host !== hostname() || !Number.isInteger(id) || id <= 0) return false;
  try {
    process.kill(id, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
  // The number may have been given to another process since: in a container it is 1 every time.
  return start !== 'unknown' && startOf(id) !== 'unknown' && startOf(id) !== start;
}

/** When a process began, in the kernel's ticks since boot; known on Linux. */
function startOf(pid: number): string {
  try {
    // The second field is the name in parentheses and may hold anything; the start is the twentieth after it.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? 'unknown';
  } catch {
    return 'unknown';
  }
}
