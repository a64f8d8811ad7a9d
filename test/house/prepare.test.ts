import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { installIfChanged } from '../../scripts/lib/install.mjs';
import { withLock } from '../../scripts/lib/lock.mjs';
import { CommandError, root, run } from '../../scripts/lib/run.mjs';

function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'stele-prepare-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe('withLock', () => {
  it('lets one in at a time, and tells who waits', async () => {
    const lock = join(tempFolder(), 'lock');
    let inside = 0;
    const owners: unknown[] = [];
    const work = async () => {
      expect(++inside).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      inside--;
    };
    await Promise.all([1, 2, 3].map(() => withLock(lock, work, (owner) => owners.push(owner))));
    expect(owners.length).toBeGreaterThan(0);
    expect(owners.every((owner) => owner === process.pid || owner === undefined)).toBe(true);
    expect(existsSync(lock)).toBe(false);
  });

  it('lets one process in at a time', async () => {
    const folder = tempFolder();
    const lockModule = pathToFileURL(join(root, 'scripts/lib/lock.mjs')).href;
    const program = `
      import { appendFileSync } from 'node:fs';
      import { setTimeout } from 'node:timers/promises';
      import { withLock } from ${JSON.stringify(lockModule)};
      await withLock(${JSON.stringify(join(folder, 'lock'))}, async () => {
        appendFileSync(${JSON.stringify(join(folder, 'log'))}, 'in ');
        await setTimeout(20);
        appendFileSync(${JSON.stringify(join(folder, 'log'))}, 'out ');
      });`;
    const children = [1, 2, 3].map(() => spawn(process.execPath, ['--input-type=module', '-e', program]));
    expect(await Promise.all(children.map(async (child) => (await once(child, 'close'))[0]))).toEqual([
      0, 0, 0,
    ]);
    expect(readFileSync(join(folder, 'log'), 'utf8')).toBe('in out '.repeat(3));
  });

  it('is free again after a failure, whose error it passes on', async () => {
    const lock = join(tempFolder(), 'lock');
    await expect(withLock(lock, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await withLock(lock, async () => 'yes')).toBe('yes');
  });

  it('is taken over from an owner that has died', async () => {
    const lock = join(tempFolder(), 'lock');
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    mkdirSync(lock);
    writeFileSync(join(lock, 'pid'), String(pid));
    expect(await withLock(lock, async () => 'mine')).toBe('mine');
  });

  it('is taken over when nobody wrote a name into it for long', async () => {
    const lock = join(tempFolder(), 'lock');
    mkdirSync(lock);
    utimesSync(lock, new Date(0), new Date(0));
    expect(await withLock(lock, async () => 'mine')).toBe('mine');
  });

  it('does not hide that its folder cannot be made', async () => {
    await expect(withLock(join(tempFolder(), 'missing', 'lock'), async () => 1)).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });
});

describe('run', () => {
  it('gives the output, and keeps it for the error', async () => {
    expect(await run([process.execPath, '-e', 'console.log("fine")'])).toBe('fine\n');
    const failing = run([process.execPath, '-e', 'console.error("because"); process.exit(3)']);
    await expect(failing).rejects.toMatchObject({ code: 3, output: 'because\n' });
    await expect(failing).rejects.toBeInstanceOf(CommandError);
  });

  it('fails for a program that does not exist', async () => {
    await expect(run([join(tempFolder(), 'missing')])).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('installIfChanged', () => {
  const lockfile = {
    name: 'a',
    version: '1.0.0',
    lockfileVersion: 3,
    requires: true,
    packages: { '': { name: 'a', version: '1.0.0' } },
  };

  function project(): { folder: string; stamp: string; write: (name: string, content: object) => void } {
    const folder = tempFolder();
    const write = (name: string, content: object) =>
      writeFileSync(join(folder, name), JSON.stringify(content));
    write('package.json', { name: 'a', version: '1.0.0' });
    write('package-lock.json', lockfile);
    return { folder, stamp: join(folder, 'node_modules', '.stele-install'), write };
  }

  it('installs once, and again when the lockfile or the machine has changed', async () => {
    const { folder, stamp, write } = project();
    await installIfChanged(folder);
    const first = readFileSync(stamp, 'utf8');
    expect(first).toContain(
      `node ${process.versions.node.split('.')[0]} ${process.platform} ${process.arch}`,
    );

    const leftover = join(folder, 'node_modules', 'leftover');
    mkdirSync(leftover);
    await installIfChanged(folder);
    expect(existsSync(leftover)).toBe(true);

    writeFileSync(stamp, first.replace(/node \d+/, 'node 18'));
    await installIfChanged(folder);
    expect(existsSync(leftover)).toBe(false);
    expect(readFileSync(stamp, 'utf8')).toBe(first);

    write('package-lock.json', { ...lockfile, version: '1.0.1' });
    await installIfChanged(folder);
    expect(readFileSync(stamp, 'utf8')).not.toBe(first);
  });

  it('leaves no stamp when the installation fails', async () => {
    const { folder, stamp, write } = project();
    write('package.json', { name: 'a', version: '1.0.0', dependencies: { 'not-in-the-lockfile': '1.0.0' } });
    await expect(installIfChanged(folder)).rejects.toBeInstanceOf(CommandError);
    expect(existsSync(stamp)).toBe(false);
  });
});
