import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cgroupMemory, readText } from '../src/lib/cgroup.js';

const MACHINE = 64_000;

/** Looks at a file system of these files. */
const look = (files: Record<string, string>) => cgroupMemory(MACHINE, async (path) => files[path]);

describe('control groups of version 2', () => {
  const root = '/sys/fs/cgroup';
  const container = (more: Record<string, string> = {}) => ({
    '/proc/self/cgroup': '0::/\n',
    [`${root}/memory.max`]: '1000\n',
    [`${root}/memory.current`]: '900\n',
    [`${root}/memory.stat`]: 'anon 500\ninactive_file 200\nactive_file 100\nfile 400\n',
    ...more,
  });

  it('give limit and use of a container; cached files do not count', async () => {
    expect(await look(container())).toEqual({ usedBytes: 600, limitBytes: 1000, source: 'cgroup2' });
  });

  it('give the tightest limit on the way up', async () => {
    const nested = container({
      '/proc/self/cgroup': '0::/pod/app\n',
      [`${root}/pod/memory.max`]: '500\n',
      [`${root}/pod/memory.current`]: '400\n',
      [`${root}/pod/app/memory.max`]: '800\n',
      [`${root}/pod/app/memory.current`]: '10\n',
    });
    expect(await look(nested)).toEqual({ usedBytes: 400, limitBytes: 500, source: 'cgroup2' });
  });

  it('are found at the root when the path is that of the host', async () => {
    for (const path of ['/docker/0123', '/../..', '/kubepods/../x', `/${'a/'.repeat(100)}`]) {
      const found = await look(container({ '/proc/self/cgroup': `0::${path}\n` }));
      expect(found).toMatchObject({ limitBytes: 1000 });
    }
  });

  it('without statistics count all, and never less than nothing', async () => {
    const { [`${root}/memory.stat`]: _, ...bare } = container();
    expect(await look(bare)).toMatchObject({ usedBytes: 900 });
    expect(await look(container({ [`${root}/memory.stat`]: 'inactive_file lots\n' }))).toMatchObject({
      usedBytes: 900,
    });
    expect(await look(container({ [`${root}/memory.stat`]: 'inactive_file 5000\n' }))).toMatchObject({
      usedBytes: 0,
    });
  });

  it.each(['max', '', '-1', '1e3', '0x10', '64000', '9223372036854771712'])(
    '%j is no limit',
    async (text) => {
      expect(await look(container({ [`${root}/memory.max`]: `${text}\n` }))).toBeUndefined();
    },
  );

  it('tell nothing when the use cannot be read', async () => {
    expect(await look(container({ [`${root}/memory.current`]: 'x' }))).toBeUndefined();
  });
});

describe('control groups of version 1', () => {
  const root = '/sys/fs/cgroup/memory';
  const files = {
    '/proc/self/cgroup': '12:cpu,cpuacct:/app\n9:memory:/app\n0::/elsewhere\n',
    [`${root}/memory.limit_in_bytes`]: '9223372036854771712\n',
    [`${root}/app/memory.limit_in_bytes`]: '2000\n',
    [`${root}/app/memory.usage_in_bytes`]: '1500\n',
    [`${root}/app/memory.stat`]: 'inactive_file 7\ntotal_inactive_file 150\ntotal_active_file 50\n',
  };

  it('give limit and use of the memory controller, wherever it stands', async () => {
    expect(await look(files)).toEqual({ usedBytes: 1300, limitBytes: 2000, source: 'cgroup1' });
    const together = { ...files, '/proc/self/cgroup': '4:cpuset,memory,pids:/app\n' };
    expect(await look(together)).toMatchObject({ limitBytes: 2000 });
  });
});

describe('elsewhere', () => {
  it.each(['', '0::relative\n', 'garbage', '9:cpu:/app\n', '::/\n'])('%j names no group', async (text) => {
    expect(await look({ '/proc/self/cgroup': text })).toBeUndefined();
  });

  it('there are no control groups', async () => {
    expect(await look({})).toBeUndefined();
  });

  it('any text is taken without an error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.string(), async (group, content) => {
        const read = async (path: string) => (path === '/proc/self/cgroup' ? group : content);
        const found = await cgroupMemory(MACHINE, read);
        if (found !== undefined) expect(found.limitBytes).toBeLessThan(MACHINE);
      }),
    );
  });

  it('what cannot be read has no text', async () => {
    expect(await readText('/proc/self/no-such-file')).toBeUndefined();
  });
});
