/** Health over the real parts that it is told about. */
import { buildRevocationList } from '@stele/core';
import { describe, expect, it } from 'vitest';
import { haveSqlite } from '../../../test/support/sqlite.js';
import {
  type DeepHealthOptions,
  deepHealth,
  EncryptedStore,
  generateKeyPair,
  type HealthComponent,
  KeyManager,
  MemoryLimits,
  MemoryStore,
  observeStore,
  randomBytes,
  readiness,
  SqliteLimits,
  SqliteStore,
} from '../src/index.js';

const DAY_MS = 86_400_000;

/** Time enough for a machine that is busy with other tests. */
const PATIENT = { timeoutMs: 30_000, storeLatencyThresholdMs: 60_000 };

const added = async (options: Partial<DeepHealthOptions>): Promise<HealthComponent | undefined> =>
  (await deepHealth({ store: new MemoryStore(), ...PATIENT, ...options })).components[1];

describe('health', () => {
  it('sees through encryption and observation whether a store can be used', async () => {
    const bare = new MemoryStore();
    const store = observeStore(new EncryptedStore({ store: bare, encryptionKey: randomBytes(32) }));
    expect(await readiness(store)).toMatchObject({ ready: true });
    expect(await bare.count()).toBe(0);
    await store.close();
    expect(await readiness(store)).toMatchObject({ ready: false, code: 'store_closed' });
  });

  it('knows the age of a key, and a manager that has none', async () => {
    let now = Date.UTC(2026, 0, 1);
    const keyManager = new KeyManager({ maxAgeMs: 90 * DAY_MS, clock: () => now });
    expect(await added({ keyManager })).toMatchObject({
      name: 'keys.covenant',
      status: 'unhealthy',
      code: 'key_manager_uninitialized',
    });
    await keyManager.initialize();
    now += 90 * DAY_MS;
    expect(await added({ keyManager })).toMatchObject({
      status: 'degraded',
      code: 'key_rotation_due',
      facts: { ageDays: 90 },
    });
    await keyManager.rotate();
    expect(await added({ keyManager })).toMatchObject({ status: 'healthy', facts: { ageDays: 0 } });
  });

  it('charges a ledger nothing', async () => {
    const limits = new MemoryLimits();
    expect(await added({ limits })).toMatchObject({ name: 'limits', status: 'healthy' });
    const charge = { key: 'stele.health', amount: 1, cost: 1, periodMs: 1_000 };
    expect(await limits.reserve([charge])).toMatchObject({ ok: true, remaining: [0] });
  });

  it('takes a signed revocation list as it is', async () => {
    const nextUpdate = new Date(Date.now() + DAY_MS);
    const list = await buildRevocationList({ number: 7, nextUpdate, signer: await generateKeyPair() });
    expect(await added({ revocationLists: [list] })).toMatchObject({
      name: 'revocation_lists',
      status: 'healthy',
      facts: { issuers: 1 },
    });
    const clock = () => nextUpdate.getTime();
    expect(await added({ revocationLists: [list], clock })).toMatchObject({ code: 'revocation_list_stale' });
  });

  describe.skipIf(!haveSqlite)('over SQLite', () => {
    it('asks store and limits', async () => {
      const store = new SqliteStore(':memory:');
      const limits = new SqliteLimits(':memory:');
      const ask = async () => (await deepHealth({ store, limits, ...PATIENT })).components.slice(0, 2);
      expect(await ask()).toMatchObject([{ status: 'healthy' }, { status: 'healthy' }]);
      await store.close();
      await limits.close();
      expect(await ask()).toMatchObject([
        { name: 'store', status: 'unhealthy', code: 'store_closed' },
        { name: 'limits', status: 'unhealthy' },
      ]);
    });
  });
});
