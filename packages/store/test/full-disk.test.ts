/** A disk that is really full: a small file system of its own, which only root can mount. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, it } from 'vitest';
import { sqliteDrivers } from '../../../test/support/sqlite.js';
import { EncryptedStore, FileStore, SqliteStore, type StoreWithBackend } from '../src/index.js';
import { sampleCovenant } from '../src/lib/contract/samples.js';
import { failsWith } from './support/assert.js';
import { KEY } from './support/backends.js';
import { freshPath } from './support/stores.js';

const disk = freshPath('disk');
mkdirSync(disk);
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]).status === 0;
afterAll(() => {
  if (mounted) spawnSync('umount', [disk]);
});

const kinds: [string, (path: string) => StoreWithBackend][] = [
  ['FileStore', (path) => new FileStore(path)],
  ...sqliteDrivers.map((driver): [string, (path: string) => StoreWithBackend] => [
    `SqliteStore (${driver})`,
    (path) => new SqliteStore(path, { driver }),
  ]),
];

describe.skipIf(!mounted).each(kinds)('%s on a full disk', (_, open) => {
  it('says store_unavailable, keeps what it has, and goes on when there is room again', async () => {
    const folder = join(disk, 'folder');
    mkdirSync(folder);
    const path = join(folder, 'store');
    const ballast = join(disk, 'ballast');
    writeFileSync(ballast, Buffer.alloc(200_000));
    const store = new EncryptedStore({ store: open(path), encryptionKey: KEY });
    const metadata = { filler: 'x'.repeat(20_000) };
    const kept = [];
    let refused = await sampleCovenant('ada', 'bot', { metadata });
    for (; ; refused = await sampleCovenant('ada', 'bot', { metadata })) {
      const error = await store.put(refused).catch((reason: unknown) => reason);
      if (error !== undefined) {
        await failsWith('store_unavailable', () => {
          throw error;
        });
        break;
      }
      kept.push(refused);
      assert.ok(kept.length < 100);
    }
    assert.ok(kept.length > 5);
    assert.equal(await store.get(refused.id), undefined);
    assert.equal(await store.count(), kept.length);
    for (const covenant of kept) assert.deepEqual(await store.get(covenant.id), covenant);
    rmSync(ballast);
    await store.put(refused);
    assert.deepEqual(await store.get(refused.id), refused);
    await store.close();
    const again = new EncryptedStore({ store: open(path), encryptionKey: KEY });
    assert.equal(await again.count(), kept.length + 1);
    await again.close();
    rmSync(folder, { recursive: true });
  });

  it('cannot be opened, and leaves the disk as it was', async () => {
    const ballast = join(disk, 'ballast');
    fill(ballast);
    await failsWith('store_unavailable', async () => {
      const store = open(join(disk, 'new'));
      await store.put(await sampleCovenant());
    });
    rmSync(ballast);
    rmSync(join(disk, 'new'), { recursive: true, force: true });
  });
});

describe.skipIf(!mounted)('FileStore on a disk that is read-only for a while', () => {
  it('says store_unavailable for what would write, reads all the same, and goes on afterwards', async () => {
    const folder = join(disk, 'folder');
    mkdirSync(folder);
    const store = new FileStore(join(folder, 'store'));
    const [kept, refused] = [await sampleCovenant(), await sampleCovenant()];
    await store.put(kept);
    await store.probe();
    remount('ro');
    try {
      for (const use of [
        () => store.put(refused),
        () => store.delete(kept.id),
        () => store.putBatch([refused, kept]),
        () => store.probe(),
      ]) {
        await failsWith('store_unavailable', use);
      }
      assert.deepEqual(await store.get(kept.id), kept);
      assert.deepEqual((await store.list({ issuer: kept.issuer.id })).items, [kept]);
      assert.equal(await store.count(), 1);
    } finally {
      remount('rw');
    }
    await store.put(refused);
    assert.equal(await store.count(), 2);
    await store.close();
    rmSync(folder, { recursive: true });
  });
});

const ballast = join(disk, 'ballast');
const unwritable: [string, () => void, () => void][] = [
  ['read-only', () => remount('ro'), () => remount('rw')],
  ['full', () => fill(ballast), () => rmSync(ballast)],
];

describe.skipIf(!mounted).each(unwritable)(
  'FileStore on a disk that is %s from the start',
  (_, begin, end) => {
    it('reads what is there', async () => {
      const folder = join(disk, 'folder');
      mkdirSync(folder);
      const covenant = await sampleCovenant();
      const first = new FileStore(join(folder, 'store'));
      await first.put(covenant);
      await first.close();
      begin();
      try {
        const store = new FileStore(join(folder, 'store'));
        assert.deepEqual(await store.get(covenant.id), covenant);
        assert.equal(await store.count({ issuer: covenant.issuer.id }), 1);
        assert.equal((await store.getRevocations(covenant.id)).length, 0);
        await failsWith('store_unavailable', () => store.delete(covenant.id));
        await failsWith('store_unavailable', () => store.probe());
        await store.close();
        await failsWith('store_unavailable', () => new FileStore(join(folder, 'new')));
      } finally {
        end();
      }
      rmSync(folder, { recursive: true });
    });
  },
);

function remount(mode: 'ro' | 'rw'): void {
  assert.equal(spawnSync('mount', ['-o', `remount,${mode}`, disk]).status, 0);
}

/** Writes until nothing more fits. */
function fill(path: string): void {
  try {
    writeFileSync(path, Buffer.alloc(4 * 1024 * 1024));
  } catch {
    // Full, as intended.
  }
}
