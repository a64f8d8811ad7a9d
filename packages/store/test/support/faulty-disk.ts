/** A disk that fails at a chosen call, as a process sees it that was started with it. Needs a C compiler, on Linux. */
import { closeSync, openSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { compileLibrary } from '../../../../test/support/compiler.js';

/** What happens to a call: an error, or the death of the process, or half of what it was to write without an error. */
export type Action = 'EIO' | 'ENOSPC' | 'EROFS' | 'kill' | 'half, then kill' | 'short';

/** As `faulty-disk.c` knows them. */
const ACTIONS: Readonly<Record<Action, number>> = {
  ...{ EIO: constants.errno.EIO, ENOSPC: constants.errno.ENOSPC, EROFS: constants.errno.EROFS },
  ...{ kill: 0, 'half, then kill': -1, short: -2 },
};

const NUMBERS = 4;
const NEVER = 0;
/** No call has a higher number. */
export const FOR_EVER = Number.MAX_SAFE_INTEGER;

/** Tells the disk of a process what to do; from outside, or from within. */
export class FaultyDisk {
  readonly #control: number;

  /** @param path the file that controls it */
  constructor(path: string) {
    this.#control = openSync(path, 'r+');
  }

  /** Calls are counted from 1 anew, and those from the first to the last fail. */
  plan(action: Action, first: number, last: number): void {
    this.#write(0, [0, first, last, ACTIONS[action]]);
  }

  /** No call fails any more. */
  heal(): void {
    this.#write(1, [NEVER, NEVER]);
  }

  /** How many calls there were since the plan. */
  count(): number {
    const [count] = this.#read();
    return Number(count);
  }

  close(): void {
    closeSync(this.#control);
  }

  #read(): BigInt64Array {
    const numbers = new BigInt64Array(NUMBERS);
    readSync(this.#control, numbers, 0, numbers.byteLength, 0);
    return numbers;
  }

  #write(at: number, numbers: readonly number[]): void {
    writeSync(this.#control, BigInt64Array.from(numbers.map(BigInt)), 0, numbers.length * 8, at * 8);
  }
}

/** @returns the environment of a process whose calls count that change what is in the folder, and the file that controls them */
export function faultyDiskFor(folder: string, control: string): NodeJS.ProcessEnv {
  writeFileSync(control, new BigInt64Array(NUMBERS));
  const source = fileURLToPath(new URL('./faulty-disk.c', import.meta.url));
  return {
    LD_PRELOAD: compileLibrary(source, `${control}.so`),
    STELE_DISK_FOLDER: folder,
    STELE_DISK_CONTROL: control,
  };
}
