/** A disk (node:fs/promises) under a process that dies at a chosen operation: from there on nothing happens any more. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const CALLS = ['open', 'link', 'unlink', 'mkdir', 'rename', 'rm'] as const;
const ON_FILES = ['write', 'writeFile', 'sync', 'datasync', 'truncate'] as const;
type Call = (...args: unknown[]) => Promise<unknown>;
type Table = Record<string, Call>;

/**
 * Runs a piece of code in a process that dies before the operation of this number, from 1. What has been written so far
 * stays, as the operating system keeps it.
 * @returns whether it died, and what the code returned if it did not
 */
export async function dyingAt<T>(at: number, run: () => Promise<T>): Promise<{ died: boolean; result?: T }> {
  const probe = await fs.promises.open('/dev/null', 'r');
  const files = Object.getPrototypeOf(probe) as unknown as Table;
  await probe.close();
  const calls = fs.promises as unknown as Table;
  const real: [Table, string, Call][] = [
    ...CALLS.map((name): [Table, string, Call] => [calls, name, calls[name] as Call]),
    ...ON_FILES.map((name): [Table, string, Call] => [files, name, files[name] as Call]),
  ];
  let count = 0;
  for (const [table, name, call] of real) {
    table[name] = function (this: unknown, ...args: unknown[]) {
      count += 1;
      if (count < at) return call.apply(this, args);
      return Promise.reject(Object.assign(new Error('the process is dead'), { code: 'EIO' }));
    };
  }
  syncBuiltinESMExports();
  try {
    const result = await run();
    return { died: false, result };
  } catch (error) {
    if (count >= at) return { died: true };
    throw error;
  } finally {
    for (const [table, name, call] of real) table[name] = call;
    syncBuiltinESMExports();
  }
}
