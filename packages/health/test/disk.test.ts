/** Stores on a disk that is really full or read-only: a small file system of its own, which only root can mount. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CovenantStore, FileStore, SqliteStore } from '@stele/store';
import { afterAll, describe, expect, it } from 'vitest';
import { haveSqlite } from '../../../test/support/sqlite.js';
import { deepHealth, type ProbedStore, readiness } from '../src/index.js';
import { PATIENT } from './support.js';

const disk = mkdtempSync(join(tmpdir(), 'stele-health-'));
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]).status === 0;
afterAll(() => {
  if (mounted) spawnSync('umount', [disk]);
  rmSync(disk, { recursive: true, force: true });
});

const remount = (mode: 'ro' | 'rw') =>
  expect(spawnSync('mount', ['-o', `remount,${mode}`, disk]).status).toBe(0);
const ballast = join(disk, 'ballast');

/** Writes until not one page more fits. */
function fill(): void {
  for (const size of [4 * 1024 * 1024, 4096, 1]) {
    try {
      writeFileSync(ballast, Buffer.alloc(size), { flag: 'a' });
    } catch {
      // Full.
    }
  }
}

const full = { begin: fill, end: () => rmSync(ballast) };
const readOnly = { begin: () => remount('ro'), end: () => remount('rw') };
const files = (path: string) => new FileStore(path);
const database = (path: string) => new SqliteStore(path);

/** A database that is open keeps its disk from being made read-only. */
const cases: [string, boolean, typeof full, (path: string) => CovenantStore & ProbedStore][] = [
  ['a full disk makes a FileStore', true, full, files],
  ['a full disk makes a SqliteStore (needs SQLite)', haveSqlite, full, database],
  ['a read-only disk makes a FileStore', true, readOnly, files],
];

describe.skipIf(!mounted).each(cases)('%s', (_, have, { begin, end }, open) => {
  it.skipIf(!have)('not ready, and unhealthy, until it can be written again', async () => {
    const folder = join(disk, 'folder');
    mkdirSync(folder);
    const store = open(join(folder, 'store'));
    const look = async () => [
      await readiness(store, { timeoutMs: PATIENT.timeoutMs }),
      (await deepHealth({ ...PATIENT, store })).components.find(({ name }) => name === 'store'),
    ];
    expect(await look()).toMatchObject([{ ready: true }, { status: 'healthy' }]);
    begin();
    try {
      const code = 'store_unavailable';
      const unhealthy = { status: 'unhealthy', code };
      expect(await look()).toMatchObject([{ ready: false, probe: 'write', code }, unhealthy]);
    } finally {
      end();
    }
    expect(await look()).toMatchObject([{ ready: true }, { status: 'healthy' }]);
    await store.close();
    rmSync(folder, { recursive: true });
  });
});
