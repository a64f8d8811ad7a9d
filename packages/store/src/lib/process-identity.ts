/** Which process this is, among all of this machine since it was started, and whether another is still there. */
import { readFileSync, readlinkSync } from 'node:fs';

const UNKNOWN = 'unknown';

/** Names this start of the machine; known on Linux. */
export const bootId: string = read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());

/** The space in which process numbers mean something from here: a container has one of its own. */
const space: string = read(() => readlinkSync('/proc/self/ns/pid'));

/** This process as others can ask after it: start of the machine, space, number, start of the process. No member has a blank. */
export const thisProcess: string = [bootId, space, process.pid, startOf(process.pid)].join(' ');

/**
 * Whether a process, named as `thisProcess` is, is certainly gone. One that cannot be seen from here is not. Its number may have
 * been given to another since: in a container it is 1 every time.
 */
export function isGone(name: string): boolean {
  const [boot, itsSpace, pid, start] = name.split(' ');
  if (boot !== bootId || itsSpace !== space) return false;
  const id = Number(pid);
  if (!Number.isInteger(id) || id <= 0) return false;
  try {
    process.kill(id, 0);
  } catch (error) {
    return (error as { code?: unknown }).code === 'ESRCH';
  }
  const now = startOf(id);
  return start !== UNKNOWN && now !== UNKNOWN && now !== start;
}

/** When a process began, in the kernel's ticks since the start of the machine. */
function startOf(pid: number): string {
  return read(() => {
    // The second field is the name in parentheses and may hold anything; the start is the twentieth after it.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  });
}

function read(step: () => string | undefined): string {
  try {
    return step()?.replaceAll(' ', '_') || UNKNOWN;
  } catch {
    return UNKNOWN;
  }
}
