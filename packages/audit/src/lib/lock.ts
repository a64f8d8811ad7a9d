/** The lock of a log's one writer. */
import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { AuditError } from '../errors.js';

/** A takeover is a matter of milliseconds; what is left of one that crashed is cleared away after this time. */
const TAKEOVER_MS = 30_000;

/**
 * Takes a lock: a file, made exclusively, that names host, process and start of its holder. The lock of a process of
 * this host that is gone is taken over; of several that try, one succeeds. A holder on another host is never taken for
 * gone.
 * @param what is locked, for messages
 * @returns gives the lock back
 * @throws AuditError `audit_log_locked`, `audit_log_unavailable`
 */
export function takeLock(lock: string, what: string): () => void {
  const mine = `${hostname()} ${process.pid} ${startOf(process.pid)} ${randomUUID()}`;
  if (!writeNew(lock, mine)) takeOver(lock, mine, what);
  return () => {
    if (readText(lock) === mine) rmSync(lock, { force: true });
  };
}

function takeOver(lock: string, mine: string, what: string): void {
  const theirs = readText(lock);
  const locked = new AuditError('audit_log_locked', `${what} has another writer (${lock}: ${theirs})`, {
    hint: 'Close the other writer, or give this one a log of its own. If the holder is surely gone, remove the lock.',
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
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new AuditError('audit_log_unavailable', `the lock ${path} cannot be made`, {
      cause,
      hint: 'Look at the free space and the permissions of its folder.',
    });
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
