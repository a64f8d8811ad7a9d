/** A disk that is really full, and one that may only be read: a small file system of its own, which only root can mount. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, it } from 'vitest';
import { canMountSmallDisks } from '../../../test/support/small-disk.js';
import { haveSqlite, sqliteDriversToTest } from '../../../test/support/sqlite.js';
import { SqliteLimits } from '../src/index.js';
import { isUnavailable } from '../src/lib/contract/limits-harness.js';
import { failsWith } from './support/assert.js';
import { freshPath } from './support/stores.js';

const disk = freshPath('disk');
const mount = (...args: string[]) => assert.equal(spawnSync('mount', args).status, 0);
if (canMountSmallDisks) {
  mkdirSync(disk);
  mount('-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk);
}
afterAll(() => {
  if (canMountSmallDisks) spawnSync('umount', [disk]);
});

describe.skipIf(!canMountSmallDisks || !haveSqlite).each(sqliteDriversToTest)(
  'SqliteLimits on %s',
  (driver) => {
    const charge = (key: string) => [{ key, amount: 2, cost: 1, periodMs: 3_600_000 }];
    const ballast = join(disk, 'ballast');
    const fresh = () => {
      const folder = join(disk, driver.replace(':', '-'));
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder);
      return join(folder, 'limits');
    };

    it('permits nothing on a full disk, keeps what it has, and goes on when there is room again', async () => {
      const path = fresh();
      writeFileSync(ballast, Buffer.alloc(1_000_000));
      const limits = new SqliteLimits(path, { driver });
      let [acknowledged, failed] = [0, false];
      while (!failed) {
        const answer = await limits.reserve(charge(`${acknowledged}`)).catch(async (error: unknown) => {
          await isUnavailable(Promise.reject(error));
          failed = true;
        });
        if (answer !== undefined) acknowledged++;
        assert.ok(acknowledged < 50_000);
      }
      assert.ok(acknowledged > 10, String(acknowledged));
      for (let i = 0; i < 5; i++) await limits.reserve(charge('0')).catch(() => undefined);
      rmSync(ballast);
      for (let i = 1; i < acknowledged; i++) {
        const { remaining } = await limits.reserve([{ ...charge(`${i}`)[0]!, cost: 2 }]);
        assert.deepEqual(remaining, [1], `key ${i}`);
      }
      const again = await limits.reserve(charge(`${acknowledged}`));
      assert.ok(again.ok);
      await limits.close();
    });

    it('cannot be opened on a full disk', async () => {
      const path = fresh();
      try {
        writeFileSync(ballast, Buffer.alloc(4 * 1024 * 1024));
      } catch {
        // Full, as intended.
      }
      await failsWith('store_unavailable', () => new SqliteLimits(path, { driver }));
      rmSync(ballast);
    });

    it('permits nothing where it may only read', async () => {
      const path = fresh();
      const limits = new SqliteLimits(path, { driver });
      await limits.reserve(charge('k'));
      await limits.close();
      mount('-o', 'remount,ro', disk);
      try {
        await failsWith('store_unavailable', () => new SqliteLimits(path, { driver }));
      } finally {
        mount('-o', 'remount,rw', disk);
      }
      const later = new SqliteLimits(path, { driver });
      assert.deepEqual((await later.reserve(charge('k'))).remaining, [0]);
      await later.close();
    });
  },
);
