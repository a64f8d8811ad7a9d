/** The lock of a folder, and holders of all kinds. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, it } from 'vitest';
import { FileBackend } from '../src/lib/file-backend.js';
import { FileLock } from '../src/lib/file-lock.js';
import { isGone, thisProcess } from '../src/lib/process-identity.js';
import { failsWith } from './support/assert.js';
import { covenantIdOf } from './support/backends.js';
import { goneProcess, withFs, withoutSyncs } from './support/faulty-fs.js';
import { filled, freshFolder, put } from './support/folders.js';

afterAll(withoutSyncs());

describe('the lock of a folder', () => {
  const lockOf = (folder: string) => join(folder, 'lock');
  const [boot, space, , start] = thisProcess.split(' ');

  it('of a process that is gone is removed at once', async () => {
    const folder = freshFolder();
    const backend = await filled(folder, 1);
    const holders = [
      [boot, space, goneProcess(), start],
      // Its number was given to another: this process, which began at another time.
      [boot, space, process.pid, '1'],
    ];
    for (const [i, holder] of holders.entries()) {
      writeFileSync(lockOf(folder), `${holder.join(' ')} 00000000-0000-4000-8000-000000000000`);
      assert.equal(await put(backend, 10 + i), true);
      writeFileSync(lockOf(folder), `${holder.join(' ')} 00000000-0000-4000-8000-000000000000`);
      assert.equal(await put(new FileBackend(folder), 20 + i), true);
    }
    assert.equal(existsSync(lockOf(folder)), false);
  });

  it('of one who may be alive is not, until nothing has moved for ten seconds', async () => {
    const elsewhere = [`another-start ${space} 1 1`, `${boot} another-space 1 1`, 'x', ''];
    // As a number of a process these would mean a group of them, this one, or nothing.
    const strange = ['0', '-1', '1.5', 'one', ''].map((pid) => `${boot} ${space} ${pid} 1`);
    for (const holder of [thisProcess, ...elsewhere, ...strange]) assert.equal(isGone(holder), false, holder);
    const folder = freshFolder();
    const backend = await filled(folder, 1);
    const holder = `another-start ${space} 1 1 00000000-0000-4000-8000-000000000000`;
    writeFileSync(lockOf(folder), holder);
    // Whoever was about to remove it has died.
    writeFileSync(join(folder, 'lock-00000000-0000-4000-8000-000000000000'), '');
    const other = new FileBackend(folder);
    assert.equal(readFileSync(lockOf(folder), 'utf8'), holder);
    assert.equal(await other.has('covenant', covenantIdOf(0)), true);
    await other.close();
    assert.equal(await put(backend, 1), true);
    assert.equal(existsSync(lockOf(folder)), false);
  }, 60_000);

  it('that its process could not remove is removed by any store of that process', async () => {
    const folder = freshFolder();
    const backend = await filled(folder, 1);
    const noDisk = (original: (path: unknown) => unknown, path: unknown) => {
      if (path === lockOf(folder)) throw Object.assign(new Error('injected'), { code: 'EIO' });
      return original(path);
    };
    assert.equal(await withFs('unlinkSync', noDisk, () => put(backend, 1)), true);
    assert.equal(existsSync(lockOf(folder)), true);
    const other = new FileBackend(folder);
    assert.equal(existsSync(lockOf(folder)), false);
    assert.equal(await put(other, 2), true);
  });

  it('of a process whose start cannot be told is not, although its number may be another’s', async () => {
    const other = [boot, space, process.pid, '1'].join(' ');
    assert.equal(isGone(other), true);
    for (const stat of ['', '1 (node) S 1']) {
      const told = await withFs(
        'readFileSync',
        (read, path, ...rest) => (path === `/proc/${process.pid}/stat` ? stat : read(path, ...rest)),
        async () => isGone(other),
      );
      assert.equal(told, false);
    }
  });

  it('that changes hands all the time is waited for, and not for ever', async () => {
    const folder = freshFolder();
    await filled(folder, 1);
    const next = (turn: number) => {
      writeFileSync(join(folder, 'x'), `another-start ${space} 1 ${turn} x`);
      renameSync(join(folder, 'x'), lockOf(folder));
    };
    next(0);
    let turn = 0;
    const change = setInterval(() => next(++turn), 1);
    const lock = new FileLock(folder, { leaseMs: 300_000, patienceMs: 100 });
    await failsWith('store_unavailable', () => lock.run(() => undefined));
    clearInterval(change);
    assert.match(readFileSync(lockOf(folder), 'utf8'), /^another-start /);
  });

  it('is taken from a holder without a name, and after a remover that died, when the lease is over', async () => {
    const token = '00000000-0000-4000-8000-000000000000';
    const holders = ['x', '', `${boot} ${space} ${goneProcess()} ${start} ${token}`];
    for (const holder of holders) {
      const folder = freshFolder();
      await filled(folder, 1);
      writeFileSync(lockOf(folder), holder);
      writeFileSync(join(folder, `lock-${token}`), '');
      const lock = new FileLock(folder, { leaseMs: 20, patienceMs: 60_000 });
      assert.equal(await lock.run(() => 'done'), 'done');
      assert.equal(existsSync(lockOf(folder)), false);
    }
  });

  it('is not taken from under one who is just removing it, though the lease is over', async () => {
    const folder = freshFolder();
    await filled(folder, 1);
    const token = '00000000-0000-4000-8000-000000000000';
    const right = join(folder, `lock-${token}`);
    writeFileSync(lockOf(folder), `another-start ${space} 1 1 ${token}`);
    const lock = new FileLock(folder, { leaseMs: 0, patienceMs: 100 });
    let removers = 0;
    await withFs(
      'openSync',
      (original, ...args) => {
        // Each time that it looks, another has come to remove the lock.
        if (args[0] === lockOf(folder)) writeFileSync(right, String(++removers));
        return original(...args);
      },
      () => failsWith('store_unavailable', () => lock.run(() => undefined)),
    );
    assert.equal(readFileSync(right, 'utf8'), String(removers));
    assert.equal(existsSync(lockOf(folder)), true);
  });

  it('is left alone when another has it by then', async () => {
    const folder = freshFolder();
    await filled(folder, 1);
    const token = '00000000-0000-4000-8000-000000000000';
    const gone = `${boot} ${space} ${goneProcess()} ${start} ${token}`;
    writeFileSync(lockOf(folder), gone);
    let others = 0;
    const lock = new FileLock(folder);
    // Another removes it and takes it, just before this one would remove it; then gives it back.
    const result = await withFs(
      'writeFileSync',
      (original, path, ...rest) => {
        if (path === join(folder, `lock-${token}`) && others++ === 0) {
          writeFileSync(join(folder, 'y'), `${gone}x`);
          renameSync(join(folder, 'y'), lockOf(folder));
          setTimeout(() => rmSync(lockOf(folder), { force: true }), 20);
        }
        return original(path, ...rest);
      },
      () => lock.run(() => existsSync(lockOf(folder))),
    );
    assert.deepEqual([result, others], [true, 1]);
  });

  it('goes to one of two who come at once', async () => {
    const folder = freshFolder();
    await filled(folder, 1);
    writeFileSync(lockOf(folder), thisProcess);
    let looks = 0;
    const lock = new FileLock(folder);
    await withFs(
      'statSync',
      (original, ...args) => {
        // There was no lock when it was looked for, and there is one when it is made.
        if (args[0] !== lockOf(folder) || looks++ > 0) return original(...args);
        setTimeout(() => rmSync(lockOf(folder), { force: true }), 5);
        return undefined;
      },
      () => lock.run(() => undefined),
    );
    assert.ok(looks > 1);
  });

  it('that was lost is noticed before anything is changed', async () => {
    const folder = freshFolder();
    await filled(folder, 1);
    const lock = new FileLock(folder);
    await failsWith('store_unavailable', () =>
      lock.run(() => {
        writeFileSync(lockOf(folder), 'somebody else');
        lock.assertHeld();
      }),
    );
    assert.equal(readFileSync(lockOf(folder), 'utf8'), 'somebody else');
    rmSync(lockOf(folder));
    await failsWith('store_unavailable', () =>
      lock.run(() => {
        rmSync(lockOf(folder));
        lock.assertHeld();
      }),
    );
  });

  it('cannot be taken where the folder is gone', async () => {
    const folder = freshFolder();
    const backend = await filled(folder, 1);
    rmSync(folder, { recursive: true });
    await failsWith('store_unavailable', () => put(backend, 1));
    assert.equal(existsSync(folder), false);
    await failsWith('store_unavailable', () => backend.probe());
    await failsWith('store_unavailable', () => backend.latestChange());
    await backend.close();
    for (const use of [
      () => backend.get('covenant', covenantIdOf(0)),
      () => backend.count('covenant'),
      () => put(backend, 1),
    ]) {
      await failsWith('store_closed', use);
    }
  });

  it('leaves names and modes alone', async () => {
    const folder = freshFolder();
    await filled(folder, 1);
    assert.equal(statSync(join(folder, 'journal')).mode & 0o777, 0o600);
    assert.equal(statSync(join(folder, 'feed', 'current')).mode & 0o777, 0o600);
  });
});
