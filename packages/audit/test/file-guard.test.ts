import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, it, vi } from 'vitest';

import { AuditError } from '../src/index.js';
import { FileGuard } from '../src/lib/file-guard.js';
import { memoryFolder } from './support/folders.js';

afterEach(() => void vi.useRealTimers());

/** A database and its log, and others of the same names elsewhere. */
function place() {
  const [here, there] = [join(memoryFolder(), 'here'), join(memoryFolder(), 'there')];
  for (const folder of [here, there]) {
    mkdirSync(folder);
    for (const name of ['db', 'db-wal']) writeFileSync(join(folder, name), name);
  }
  return { here, there, path: join(here, 'db') };
}

/** File times may stand still for some milliseconds. */
function untilLater(folder: string): void {
  const other = join(memoryFolder(), 'later');
  do writeFileSync(other, '');
  while (statSync(other).ctimeMs <= statSync(folder).ctimeMs);
}

type Place = ReturnType<typeof place>;

const fates: [string, (place: Place) => void][] = [
  ['the database is deleted', ({ path }) => rmSync(path)],
  ['the log is deleted', ({ path }) => rmSync(`${path}-wal`)],
  ['the database is replaced', ({ path, there }) => renameSync(join(there, 'db'), path)],
  ['the log is replaced', ({ path, there }) => renameSync(join(there, 'db-wal'), `${path}-wal`)],
  ['the folder is moved', ({ here }) => renameSync(here, `${here}.away`)],
  [
    'another folder stands in its place',
    ({ here, there }) => {
      renameSync(here, `${here}.away`);
      renameSync(there, here);
    },
  ],
];

describe('the guard of a database', () => {
  it.each(fates)('notices when %s, at once and when all was well for long', (_, fate) => {
    for (const long of [false, true]) {
      const all = place();
      const guard = new FileGuard(all.path);
      if (long) {
        untilLater(all.here);
        vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10_000 });
      }
      for (let n = 0; n < 3; n++) guard.check();
      fate(all);
      for (let n = 0; n < 3; n++) {
        assert.throws(
          () => guard.check(),
          (error) => error instanceof AuditError && error.code === 'audit_log_unavailable',
        );
      }
      vi.useRealTimers();
    }
  });

  it.each(['db', 'db-wal'])('notices when %s, moved behind a link meanwhile, is replaced there', (name) => {
    const { path, here, there } = place();
    const guard = new FileGuard(path);
    renameSync(join(here, name), join(there, 'moved'));
    symlinkSync(join(there, 'moved'), join(here, name));
    untilLater(here);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10_000 });
    for (let n = 0; n < 3; n++) guard.check();
    renameSync(join(there, name), join(there, 'moved'));
    assert.throws(() => guard.check(), AuditError);
  });

  it('is content once all is back, and does not mind what happens beside', () => {
    const { path, here } = place();
    const guard = new FileGuard(path);
    untilLater(here);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10_000 });
    guard.check();
    renameSync(path, `${path}.away`);
    assert.throws(() => guard.check(), AuditError);
    renameSync(`${path}.away`, path);
    guard.check();
    writeFileSync(join(here, 'other'), '');
    writeFileSync(path, 'written');
    guard.check();
  });
});
