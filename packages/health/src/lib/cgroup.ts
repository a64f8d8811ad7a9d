/** The memory that this process may use, as the kernel's control groups limit it. */
import { readFile } from 'node:fs/promises';

/** What is used of a limit, in bytes. */
export interface MemoryUse {
  readonly usedBytes: number;
  readonly limitBytes: number;
  readonly source: 'cgroup2' | 'cgroup1' | 'machine';
}

/** The text of a file; undefined when it cannot be read. */
export type ReadText = (path: string) => Promise<string | undefined>;

/** Where each version of control groups keeps what. */
const VERSIONS = {
  cgroup2: { root: '/sys/fs/cgroup', limit: 'memory.max', used: 'memory.current', prefix: '' },
  cgroup1: {
    root: '/sys/fs/cgroup/memory',
    limit: 'memory.limit_in_bytes',
    used: 'memory.usage_in_bytes',
    prefix: 'total_',
  },
} as const;

const MAX_DEPTH = 32;

export const readText: ReadText = (path) => readFile(path, 'utf8').catch(() => undefined);

/**
 * The tightest limit of the groups that this process is in, and what they use of it; undefined where there is none
 * below the memory of the machine.
 */
export async function cgroupMemory(machineBytes: number, read: ReadText): Promise<MemoryUse | undefined> {
  const group = groupOf((await read('/proc/self/cgroup')) ?? '');
  if (group === undefined) return undefined;
  const files = VERSIONS[group.version];
  let tightest: { readonly folder: string; readonly limitBytes: number } | undefined;
  for (const folder of foldersOf(files.root, group.path)) {
    const limitBytes = numberIn(await read(`${folder}/${files.limit}`));
    if (limitBytes < (tightest?.limitBytes ?? machineBytes)) tightest = { folder, limitBytes };
  }
  if (tightest === undefined) return undefined;
  const { folder, limitBytes } = tightest;
  const used = numberIn(await read(`${folder}/${files.used}`));
  if (!Number.isFinite(used)) return undefined;
  // The kernel drops cached files before it kills anyone, so they are not counted.
  const cached = cachedBytes((await read(`${folder}/memory.stat`)) ?? '', files.prefix);
  return { usedBytes: Math.max(0, used - cached), limitBytes, source: group.version };
}

interface Group {
  readonly version: 'cgroup1' | 'cgroup2';
  readonly path: string;
}

/** Lines are `<number>:<controllers>:<path>`. Where both versions are mounted, memory belongs to the first. */
function groupOf(text: string): Group | undefined {
  const lines = text.split('\n').map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line));
  const pathOf = (is: (controllers: string) => boolean) =>
    lines.find((line) => line !== null && is(line[1] as string))?.[2];
  const first = pathOf((controllers) => controllers.split(',').includes('memory'));
  if (first !== undefined) return { version: 'cgroup1', path: first };
  const second = pathOf((controllers) => controllers === '');
  return second === undefined ? undefined : { version: 'cgroup2', path: second };
}

/**
 * The folder of the group and those above it: each of them may limit. In a container the path is often that of the host,
 * of which only the root is mounted.
 */
function foldersOf(root: string, path: string): string[] {
  const names = path.split('/').filter((name) => name !== '');
  if (names.includes('..') || names.length > MAX_DEPTH) return [root];
  return [root, ...names.map((_, i) => [root, ...names.slice(0, i + 1)].join('/'))];
}

/** No number, such as `max`, is no limit. */
function numberIn(text: string | undefined): number {
  const trimmed = text?.trim() ?? '';
  return /^\d+$/.test(trimmed) ? Number(trimmed) : Number.POSITIVE_INFINITY;
}

function cachedBytes(stat: string, prefix: string): number {
  const names = [`${prefix}inactive_file`, `${prefix}active_file`];
  const values = stat.split('\n').map((line) => line.split(' '));
  const cached = values.filter(([name = '', value = '']) => names.includes(name) && /^\d+$/.test(value));
  return cached.reduce((sum, [, value]) => sum + Number(value), 0);
}
