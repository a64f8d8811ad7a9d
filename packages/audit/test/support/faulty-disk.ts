/** A disk that fails at a chosen operation. It stands in for node:fs and node:fs/promises in this process. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import promises, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';

/**
 * How an operation fails: with an error of the system, once; as if the process had died there; or as if the machine had,
 * which loses any sectors of what was not synced.
 */
export type FaultKind = 'EIO' | 'ENOSPC' | 'death' | 'power';

export interface Fault {
  /** Which operation fails, from 1. */
  readonly at: number;
  readonly how: FaultKind;
}

type Call = (this: unknown, ...args: unknown[]) => unknown;
type Table = Record<string, Call>;

const SYNC = ['writeFileSync', 'linkSync', 'renameSync', 'rmSync'];
const ASYNC = ['mkdir', 'rename', 'unlink', 'rmdir'];
const HANDLE = ['write', 'sync', 'datasync', 'truncate'];
const SECTOR = 512;

/** What was written and is not on the disk yet. */
interface Unsynced {
  readonly path: string;
  readonly position: number;
  readonly before: Buffer;
}

/** Runs a piece of code on a disk that fails. @returns whether the operation was reached, and what the code threw */
export async function withFault(
  fault: Fault,
  run: () => Promise<void>,
): Promise<{ reached: boolean; thrown?: unknown }> {
  const disk = new FaultyDisk(fault);
  await disk.install();
  try {
    await run();
    return { reached: disk.reached };
  } catch (thrown) {
    return { reached: disk.reached, thrown };
  } finally {
    disk.remove();
  }
}

class FaultyDisk {
  readonly #fault: Fault;
  readonly #undo: (() => void)[] = [];
  readonly #paths = new WeakMap<object, { path: string; synced: boolean }>();
  readonly #unsynced: Unsynced[] = [];
  #count = 0;
  #random: number;

  constructor(fault: Fault) {
    this.#fault = fault;
    this.#random = fault.at;
  }

  get reached(): boolean {
    return this.#count >= this.#fault.at;
  }

  async install(): Promise<void> {
    const handle = await promises.open('/dev/null');
    const prototype = Object.getPrototypeOf(handle) as Table;
    await handle.close();
    for (const name of SYNC) this.#patch(fs as unknown as Table, name, (call) => this.#plain(call, true));
    for (const name of ASYNC)
      this.#patch(promises as unknown as Table, name, (call) => this.#plain(call, false));
    for (const name of HANDLE) this.#patch(prototype, name, (call) => this.#onHandle(name, call));
    this.#patch(promises as unknown as Table, 'open', (call) => this.#opening(call));
    syncBuiltinESMExports();
  }

  remove(): void {
    for (const undo of this.#undo) undo();
    syncBuiltinESMExports();
  }

  #patch(table: Table, name: string, stand: (call: Call) => Call): void {
    const original = table[name] as Call;
    table[name] = stand(original);
    this.#undo.push(() => {
      table[name] = original;
    });
  }

  #plain(call: Call, isSync: boolean): Call {
    return (...args) => {
      const error = this.#failure();
      if (error === undefined) return call(...args);
      if (isSync) throw error;
      return Promise.reject(error);
    };
  }

  #opening(call: Call): Call {
    return async (...args) => {
      const [path, flags = 'r'] = args as [string, string | number | undefined];
      const { O_WRONLY, O_RDWR, O_DSYNC } = fs.constants;
      const writes = typeof flags === 'number' ? (flags & (O_WRONLY | O_RDWR)) !== 0 : flags !== 'r';
      const error = writes ? this.#failure() : undefined;
      if (error !== undefined) throw error;
      const handle = (await call(...args)) as FileHandle;
      const synced = typeof flags === 'number' && (flags & O_DSYNC) === O_DSYNC;
      this.#paths.set(handle, { path, synced });
      return handle;
    };
  }

  #onHandle(name: string, call: Call): Call {
    const disk = this;
    return async function (this: unknown, ...args) {
      const file = disk.#paths.get(this as object);
      const error = disk.#failure();
      if (error !== undefined) {
        if (name === 'write' && file !== undefined && disk.#isAtFault)
          await disk.#half(this, call, args, file.path);
        throw error;
      }
      const undo = name === 'write' && file !== undefined ? before(file.path, args) : undefined;
      const result = await call.apply(this, args);
      if (undo !== undefined && file?.synced === false) disk.#unsynced.push(undo);
      if (name.endsWith('sync') && file !== undefined) disk.#forget(file.path);
      return result;
    };
  }

  /** A write that fails may have been done in part. */
  async #half(handle: unknown, call: Call, args: unknown[], path: string): Promise<void> {
    const { how } = this.#fault;
    if (how === 'power') {
      const undo = before(path, args);
      await call.apply(handle, args);
      this.#loseSectors([undo]);
    } else if (how !== 'EIO') {
      const [bytes, offset, length, position] = args as [Uint8Array, number, number, number];
      await call.apply(handle, [bytes, offset, Math.floor(length / 2), position]);
    }
  }

  get #isAtFault(): boolean {
    return this.#count === this.#fault.at;
  }

  /** The error of the next operation, if it fails. */
  #failure(): Error | undefined {
    this.#count++;
    const { at, how } = this.#fault;
    const isDead = (how === 'death' || how === 'power') && this.#count > at;
    if (!this.#isAtFault && !isDead) return undefined;
    if (this.#isAtFault && how === 'power') this.#loseSectors(this.#unsynced.splice(0).reverse());
    return Object.assign(new Error(`injected ${how}`), { code: how.startsWith('E') ? how : 'EIO' });
  }

  #forget(path: string): void {
    for (let i = this.#unsynced.length - 1; i >= 0; i--) {
      if (this.#unsynced[i]?.path === path) this.#unsynced.splice(i, 1);
    }
  }

  /** Puts back about half of the sectors. */
  #loseSectors(writes: readonly Unsynced[]): void {
    for (const { path, position, before: bytes } of writes) {
      if (!fs.existsSync(path)) continue;
      const file = fs.openSync(path, 'r+');
      for (let at = 0; at < bytes.length; at += SECTOR) {
        const part = bytes.subarray(at, Math.min(bytes.length, at + SECTOR));
        if (this.#toss()) fs.writeSync(file, part, 0, part.length, position + at);
      }
      fs.closeSync(file);
    }
  }

  #toss(): boolean {
    this.#random = (Math.imul(this.#random, 1_103_515_245) + 12_345) >>> 0;
    return ((this.#random >>> 16) & 1) === 1;
  }
}

/** What stands where a write goes; zeroes where the file ends before. */
function before(path: string, args: readonly unknown[]): Unsynced {
  const [, , length, position] = args as [Uint8Array, number, number, number];
  const bytes = Buffer.alloc(length);
  const file = fs.openSync(path, 'r');
  fs.readSync(file, bytes, 0, length, position);
  fs.closeSync(file);
  return { path, position, before: bytes };
}

let gone: number | undefined;

/** A process number that nobody has. */
export function goneProcess(): number {
  gone ??= spawnSync(process.execPath, ['--version']).pid;
  return gone;
}

/** Makes the lock of this process, if it holds one on a log, that of a process which is gone. */
export function disown(folder: string): void {
  const path = join(`${folder}.private`, 'lock');
  if (!fs.existsSync(path)) return;
  const [host, , ...rest] = fs.readFileSync(path, 'utf8').split(' ');
  fs.writeFileSync(path, [host, goneProcess(), ...rest].join(' '));
}
