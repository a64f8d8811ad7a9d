/** The lock of a log's one writer. */
import assert from 'node:assert/strict';
import fs, { existsSync, mkdirSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { FileLogBackend } from '../src/index.js';
import { takeLock } from '../src/lib/lock.js';
import { codeOf } from './support/entries.js';
import { goneProcess } from './support/faulty-disk.js';
import { memoryFolder } from './support/folders.js';

const root = memoryFolder();
let made = 0;

function freshLock(): string {
  const folder = join(root, String(made++));
  mkdirSync(folder);
  return join(folder, 'lock');
}

/** Lets a call of `node:fs` do something else, for as long as a piece of code runs. */
function withCall<K extends 'linkSync' | 'readFileSync'>(
  name: K,
  stand: (real: (typeof fs)[K]) => unknown,
  run: () => void,
): void {
  const real = fs[name];
  Object.assign(fs, { [name]: stand(real) });
  syncBuiltinESMExports();
  try {
    run();
  } finally {
    Object.assign(fs, { [name]: real });
    syncBuiltinESMExports();
  }
}

const isLinux = existsSync('/proc/self/stat');

describe('a lock', () => {
  it('is held by one, and given back', async () => {
    const path = freshLock();
    const unlock = takeLock(path, 'it');
    assert.equal(await codeOf(() => takeLock(path, 'it')), 'audit_log_locked');
    unlock();
    assert.equal(existsSync(path), false);
    takeLock(path, 'it')();
  });

  it('of a process that is gone is taken over, by one of many', async () => {
    const path = freshLock();
    writeFileSync(path, `${hostname()} ${goneProcess()} 1 00000000-0000-0000-0000-000000000000`);
    const codes = await Promise.all(Array.from({ length: 8 }, () => codeOf(() => void takeLock(path, 'it'))));
    assert.equal(codes.filter((code) => code === undefined).length, 1);
    assert.equal(codes.filter((code) => code === 'audit_log_locked').length, 7);
    assert.deepEqual(readdirSync(join(path, '..')), ['lock']);
  });

  it('that cannot be read, or is of another host, is respected', async () => {
    for (const text of [
      '',
      'x',
      `elsewhere.example ${goneProcess()} 1 x`,
      `${hostname()} 0 1 x`,
      `${hostname()} -1 1 x`,
    ]) {
      const path = freshLock();
      writeFileSync(path, text);
      assert.equal(await codeOf(() => takeLock(path, 'it')), 'audit_log_locked', text);
    }
  });

  it.skipIf(!isLinux)('with our own number, of a process before us, is taken over', () => {
    const path = freshLock();
    writeFileSync(path, `${hostname()} ${process.pid} 1 x`);
    takeLock(path, 'it')();
  });

  it('is not taken over while another takes it, unless that one died long ago', async () => {
    const path = freshLock();
    const holder = `${hostname()} ${goneProcess()} 1 x`;
    writeFileSync(path, holder);
    const right = `${path}.${holder.replace(/[^A-Za-z0-9-]/g, '_')}`;
    writeFileSync(right, 'another');
    assert.equal(await codeOf(() => takeLock(path, 'it')), 'audit_log_locked');
    utimesSync(right, 1, 1);
    assert.equal(await codeOf(() => takeLock(path, 'it')), 'audit_log_locked');
    takeLock(path, 'it')();
  });

  it('is not taken over where another was faster, who leaves nothing of the attempt', () => {
    const path = freshLock();
    writeFileSync(path, `${hostname()} ${goneProcess()} 1 x`);
    const faster = (link: typeof fs.linkSync) => (from: string, to: string) => {
      link(from, to);
      // The first link finds the lock there and fails; the second is the right to replace it.
      writeFileSync(path, 'another');
    };
    withCall('linkSync', faster, () => {
      assert.throws(() => takeLock(path, 'it'), { code: 'audit_log_locked' });
    });
    assert.deepEqual(readdirSync(join(path, '..')), ['lock']);
    assert.equal(fs.readFileSync(path, 'utf8'), 'another');
  });

  it('is not taken over where the right to it is given back just now', () => {
    const path = freshLock();
    writeFileSync(path, `${hostname()} ${goneProcess()} 1 x`);
    const taken = () => () => {
      throw Object.assign(new Error('it is there'), { code: 'EEXIST' });
    };
    withCall('linkSync', taken, () => {
      assert.throws(() => takeLock(path, 'it'), { code: 'audit_log_locked' });
    });
    assert.deepEqual(readdirSync(join(path, '..')), ['lock']);
  });

  it('of a process whose beginning the system does not tell is respected', () => {
    const untold = [
      () => {
        throw new Error('there is no such file');
      },
      () => '1 (node) S',
    ];
    for (const tell of untold) {
      const path = freshLock();
      const reading = (read: typeof fs.readFileSync) =>
        ((file: string, how: 'utf8') =>
          file.startsWith('/proc/') ? tell() : read(file, how)) as typeof fs.readFileSync;
      withCall('readFileSync', reading, () => {
        const unlock = takeLock(path, 'it');
        assert.match(fs.readFileSync(path, 'utf8'), / unknown /);
        assert.throws(() => takeLock(path, 'it'), { code: 'audit_log_locked' });
        unlock();
        writeFileSync(path, `${hostname()} ${process.pid} 1 x`);
        assert.throws(() => takeLock(path, 'it'), { code: 'audit_log_locked' });
      });
    }
  });

  it('that cannot be made is audit_log_unavailable', async () => {
    const path = join(root, 'nowhere', 'lock');
    assert.equal(await codeOf(() => takeLock(path, 'it')), 'audit_log_unavailable');
  });

  it('is one, whatever name the folder has', async () => {
    const folder = join(root, String(made++));
    const log = new FileLogBackend(folder);
    await log.open();
    symlinkSync(folder, `${folder}-link`);
    for (const name of [`${folder}-link`, `${folder}/`, `${folder}/../${made - 1}`]) {
      assert.equal(await codeOf(() => new FileLogBackend(name).open()), 'audit_log_locked', name);
    }
    await log.close();
    const other = new FileLogBackend(`${folder}-link`);
    await other.open();
    assert.equal(await codeOf(() => new FileLogBackend(folder).open()), 'audit_log_locked');
    await other.close();
  });
});
