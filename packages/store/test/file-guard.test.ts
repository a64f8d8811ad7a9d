import assert from 'node:assert/strict';
import {
  copyFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, it, vi } from 'vitest';
import { StoreError } from '../src/errors.js';
import { FileGuard } from '../src/lib/file-guard.js';
import { freshPath } from './support/stores.js';

afterEach(() => void vi.useRealTimers());

/** A folder with what a database has there, and as much again elsewhere. */
function place() {
  const root = freshPath('guard');
  const [here, there] = [join(root, 'here'), join(root, 'there')];
  for (const folder of [here, there]) {
    mkdirSync(folder, { recursive: true });
    for (const name of ['db', 'db-wal', 'db-shm']) writeFileSync(join(folder, name), name);
  }
  return { root, here, there, path: join(here, 'db') };
}

/** A guard that has come to trust the folder, if it ever does. */
function trusting(path: string, folder: string): FileGuard {
  const guard = new FileGuard(path);
  trust(guard, folder);
  return guard;
}

function trust(guard: FileGuard, folder: string): void {
  untilLater(folder);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 10_000 });
  for (let n = 0; n < 3; n++) guard.check();
}

/** File times may stand still for some milliseconds. */
function untilLater(folder: string): void {
  const other = freshPath('later');
  for (let n = 0; ; n++) {
    writeFileSync(other, `${n}`);
    if (statSync(other).ctimeMs > statSync(folder).ctimeMs) return;
  }
}

/** `check` throws at once, and what it throws says so. */
function isLost(check: () => void): void {
  assert.throws(check, (error) => error instanceof StoreError && error.code === 'store_unavailable');
}

type Place = ReturnType<typeof place>;

const fates: [string, (place: Place) => void][] = [
  ['the database is deleted', ({ path }) => rmSync(path)],
  ['the log is deleted', ({ path }) => rmSync(`${path}-wal`)],
  ['the database is moved', ({ path }) => renameSync(path, `${path}.away`)],
  ['the log is moved', ({ path }) => renameSync(`${path}-wal`, `${path}.away`)],
  ['the database is replaced', ({ path, there }) => renameSync(join(there, 'db'), path)],
  ['the log is replaced', ({ path, there }) => renameSync(join(there, 'db-wal'), `${path}-wal`)],
  [
    'the database is moved and copied back',
    ({ path }) => {
      renameSync(path, `${path}.away`);
      copyFileSync(`${path}.away`, path);
    },
  ],
  [
    'the database is a folder by now',
    ({ path }) => {
      rmSync(path);
      mkdirSync(path);
    },
  ],
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
  it.each(fates)('notices when %s, however long all was well', (_, fate) => {
    const all = place();
    const guard = trusting(all.path, all.here);
    fate(all);
    for (let n = 0; n < 3; n++) isLost(() => guard.check());
  });

  it.each(fates)('notices when %s, at once', (_, fate) => {
    const all = place();
    const guard = new FileGuard(all.path);
    guard.check();
    fate(all);
    isLost(() => guard.check());
  });

  it('is content once all is back where it was', () => {
    const { path, here } = place();
    const guard = trusting(path, here);
    renameSync(`${path}-wal`, `${path}.away`);
    isLost(() => guard.check());
    renameSync(`${path}.away`, `${path}-wal`);
    guard.check();
  });

  it('does not mind what happens beside the database', () => {
    const { path, here } = place();
    const guard = trusting(path, here);
    writeFileSync(join(here, 'other'), '');
    guard.check();
    rmSync(join(here, 'db-shm'));
    guard.check();
    writeFileSync(path, 'written');
    guard.check();
  });

  describe('that is opened by a link', () => {
    function linked() {
      const all = place();
      const link = join(all.root, 'link');
      symlinkSync(all.path, link);
      return { ...all, link, guard: trusting(link, all.root) };
    }

    it.each(fates)('notices when %s', (_, fate) => {
      const all = linked();
      fate(all);
      isLost(() => all.guard.check());
    });

    it('notices when the link leads elsewhere', () => {
      const { link, there, guard } = linked();
      unlinkSync(link);
      symlinkSync(join(there, 'db'), link);
      isLost(() => guard.check());
    });
  });

  it.each(['db', 'db-wal'])('notices when %s, moved behind a link meanwhile, is replaced there', (name) => {
    const { here, there, path } = place();
    const guard = new FileGuard(path);
    renameSync(join(here, name), join(there, 'moved'));
    symlinkSync(join(there, 'moved'), join(here, name));
    trust(guard, here);
    renameSync(join(there, name), join(there, 'moved'));
    isLost(() => guard.check());
  });

  it('notices when a link in its path leads elsewhere', () => {
    const { root, here, there } = place();
    const link = join(root, 'link');
    symlinkSync(here, link);
    const guard = trusting(join(link, 'db'), here);
    unlinkSync(link);
    symlinkSync(there, link);
    isLost(() => guard.check());
  });

  it.each(['db', 'link to db'])('follows a link before it goes up from there to %s', (name) => {
    const { root, here, path } = place();
    const link = join(root, 'link');
    mkdirSync(join(here, 'below'));
    symlinkSync(join(here, 'below'), link);
    symlinkSync(path, join(here, 'link to db'));
    const guard = trusting(`${link}/../${name}`, here);
    rmSync(`${path}-wal`);
    isLost(() => guard.check());
  });

  it('stays where it was when the process goes elsewhere', () => {
    const { here, there, path } = place();
    const before = process.cwd();
    try {
      process.chdir(here);
      const guard = new FileGuard('db');
      process.chdir(there);
      trust(guard, here);
      rmSync(path);
      isLost(() => guard.check());
    } finally {
      process.chdir(before);
    }
  });

  it('has nothing to notice of a database in memory', () => {
    new FileGuard(':memory:').check();
  });
});
