/** A file system that fails at a chosen operation. It stands in for node:fs in this process. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';

/** What changes a disk. Those of the second list may be cut short by a crash. */
const STEPS = [
  'fsyncSync',
  'fdatasyncSync',
  'renameSync',
  'unlinkSync',
  'linkSync',
  'mkdirSync',
  'ftruncateSync',
  'truncateSync',
] as const;
const WRITES = ['writeFileSync', 'appendFileSync', 'writeSync'] as const;

type Name = (typeof STEPS)[number] | (typeof WRITES)[number] | 'openSync';
type Call = (...args: unknown[]) => unknown;

/** How an operation fails: with an error of the system, once; or as if the process had died there. */
export type Fault = { readonly at: number; readonly how: 'EIO' | 'ENOSPC' | 'death' };

const table = fs as unknown as Record<Name, Call>;
const real = Object.fromEntries(
  [...STEPS, ...WRITES, 'openSync' as const].map((name) => [name, table[name]]),
) as Record<Name, Call>;

/**
 * Runs a piece of code on a file system that fails.
 * @returns what it returned or threw, and whether the operation to fail was ever reached
 */
export async function withFault<T>(
  fault: Fault,
  run: () => Promise<T>,
): Promise<{ reached: boolean; thrown?: unknown }> {
  let count = 0;
  const hit = (name: Name, args: readonly unknown[]): void => {
    count++;
    const dead = fault.how === 'death' && count > fault.at;
    if (count !== fault.at && !dead) return;
    if (!dead && fault.how !== 'EIO' && WRITES.some((write) => write === name)) half(name, args);
    throw Object.assign(new Error(`injected ${fault.how}`), {
      code: fault.how === 'death' ? 'EIO' : fault.how,
    });
  };
  for (const name of [...STEPS, ...WRITES]) {
    table[name] = (...args) => {
      hit(name, args);
      return real[name](...args);
    };
  }
  table.openSync = (...args) => {
    if (writes(args[1])) hit('openSync', args);
    return real.openSync(...args);
  };
  syncBuiltinESMExports();
  try {
    await run();
    return { reached: count >= fault.at };
  } catch (thrown) {
    return { reached: count >= fault.at, thrown };
  } finally {
    Object.assign(table, real);
    syncBuiltinESMExports();
  }
}

/** Whether flags of `openSync` open a file for writing. */
function writes(flags: unknown): boolean {
  const { O_WRONLY, O_RDWR } = fs.constants;
  return typeof flags === 'number'
    ? (flags & (O_WRONLY | O_RDWR)) !== 0
    : flags !== undefined && flags !== 'r';
}

function half(name: Name, [target, data, ...rest]: readonly unknown[]): void {
  const bytes = Buffer.from(data as string | Uint8Array);
  // Of the further arguments only options mean the same for half the bytes.
  const options = rest.filter((argument) => typeof argument === 'object');
  real[name](target, bytes.subarray(0, Math.floor(bytes.length / 2)), ...options);
}

/** Runs a piece of code while one function of node:fs is another. */
export async function withFs<T>(
  name: string,
  stand: (original: Call, ...args: unknown[]) => unknown,
  run: () => Promise<T>,
): Promise<T> {
  const all = fs as unknown as Record<string, Call>;
  const original = all[name] as Call;
  all[name] = (...args) => stand(original, ...args);
  syncBuiltinESMExports();
  try {
    return await run();
  } finally {
    all[name] = original;
    syncBuiltinESMExports();
  }
}

/** Makes syncs cost nothing, for tests of what is done and not of what a machine keeps. @returns undoes it */
export function withoutSyncs(): () => void {
  const [fsync, fdatasync] = [real.fsyncSync, real.fdatasyncSync];
  const nothing = (): void => undefined;
  real.fsyncSync = nothing;
  real.fdatasyncSync = nothing;
  Object.assign(table, { fsyncSync: nothing, fdatasyncSync: nothing });
  syncBuiltinESMExports();
  return () => {
    Object.assign(real, { fsyncSync: fsync, fdatasyncSync: fdatasync });
    Object.assign(table, real);
    syncBuiltinESMExports();
  };
}

let gone: number | undefined;

/** A process number that nobody has. */
export function goneProcess(): number {
  gone ??= spawnSync(process.execPath, ['--version']).pid;
  return gone;
}

/** Makes the lock of this process, if it holds one on the folder, that of a process which is gone. */
export function disown(folder: string): void {
  const path = join(folder, 'lock');
  if (!fs.existsSync(path)) return;
  const [boot, space, , ...rest] = fs.readFileSync(path, 'utf8').split(' ');
  fs.writeFileSync(path, [boot, space, goneProcess(), ...rest].join(' '));
}
