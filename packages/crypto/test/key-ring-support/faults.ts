/** Makes the n-th thing done to the file system fail, or the last that this process does. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const CHANGING = [
  'mkdirSync',
  'openSync',
  'writeFileSync',
  'fsyncSync',
  'closeSync',
  'linkSync',
  'ftruncateSync',
  'rmSync',
] as const;

export type Fault = 'throw' | 'kill before' | 'kill after';

/**
 * Counts what is done to files from now on, and plays the fault when it comes to the n-th, from 1.
 * @returns what was counted, and an end to it
 */
export function playFault(n: number, fault: Fault): { count: () => number; end: () => void } {
  const originals = CHANGING.map((name) => [name, fs[name]] as const);
  const table = fs as unknown as Record<string, (...args: unknown[]) => unknown>;
  let count = 0;
  for (const [name, original] of originals) {
    table[name] = (...args) => {
      count++;
      const hit = count === n;
      if (hit && fault === 'kill before') process.kill(process.pid, 'SIGKILL');
      if (hit && fault === 'throw') {
        // What is closed is closed: leaking it would tell nothing.
        if (name === 'closeSync') Reflect.apply(original, fs, args);
        throw Object.assign(new Error(`no ${name} today`), { code: 'EIO' });
      }
      const result = Reflect.apply(original, fs, args);
      if (hit && fault === 'kill after') process.kill(process.pid, 'SIGKILL');
      return result;
    };
  }
  syncBuiltinESMExports();
  return {
    count: () => count,
    end: () => {
      for (const [name, original] of originals) table[name] = original as never;
      syncBuiltinESMExports();
    },
  };
}
