/** A PostgreSQL that stops, dies and comes back under what is open: errors while it is away, and nothing lost that was acknowledged. */
import assert from 'node:assert/strict';
import type { CovenantDocument } from '@stele/core';
import { describe, it } from 'vitest';
import { postgresPrograms } from '../../../test/support/postgres.js';
import { eventually } from '../../../test/support/proxy.js';
import { isUnavailable } from '../src/lib/contract/limits-harness.js';
import { sampleCovenant } from '../src/lib/contract/samples.js';
import { PostgresKeyRing, PostgresLimits, PostgresStore } from '../src/postgres.js';
import { failsWith } from './support/assert.js';
import { PostgresServer } from './support/postgres-server.js';

const AMOUNT = 1_000_000;
const one = { key: 'k', amount: AMOUNT, cost: 1, periodMs: 86_400_000 };

describe.skipIf(postgresPrograms === undefined)('a PostgreSQL of its own (needs its programs)', () => {
  it('loses nothing that was acknowledged when it is stopped and when it is killed, and is used again without being opened anew', async () => {
    const server = await PostgresServer.start();
    const options = { timeoutMs: 10_000, maxConnections: 4 };
    const store = new PostgresStore(server.url, options);
    const limits = new PostgresLimits(server.url, options);
    const ring = new PostgresKeyRing(server.url, options);
    const kept: CovenantDocument[] = [];
    const told = new Set<string>();
    const start = await store.latestToken();
    let charged = 0;
    let state: string | undefined;
    let version: number | undefined;
    for (const mode of ['fast', 'immediate'] as const) {
      // Writers that are under way when it goes: each goes on until it is told that it cannot.
      const writers = Array.from({ length: 4 }, async () => {
        for (;;) {
          const document = await sampleCovenant();
          const failed = await store.put(document).then(() => false, refused);
          if (failed) return;
          kept.push(document);
        }
      });
      const spender = (async () => {
        for (;;) {
          const reserved = await limits.reserve([one]).catch(limitRefused);
          if (reserved === undefined) return;
          assert.ok(reserved.ok);
          charged++;
        }
      })();
      state = JSON.stringify({ mode, charged });
      version = (await ring.save(version, state)) ? (version ?? 0) + 1 : assert.fail('others have saved');
      const watch = store.watch({ after: start })[Symbol.asyncIterator]();
      await watch.next();
      const least = kept.length + 8;
      await eventually(async () => assert.ok(kept.length >= least));
      server.stop(mode);
      await Promise.all([...writers, spender]);
      await failsWith('store_unavailable', () => store.get(kept[0]?.id ?? ''));
      await failsWith('store_unavailable', () => store.probe());
      await failsWith('store_unavailable', () => store.latestToken());
      await failsWith('store_unavailable', async () => {
        for (;;) await watch.next().then(({ done }) => assert.equal(done, false));
      });
      await isUnavailable(limits.reserve([one]));
      await failsWith('store_unavailable', () => ring.load());
      server.start();
      for (const { id } of kept) assert.ok(await store.get(id), `${id} was lost`);
      assert.equal((await ring.load())?.state, state);
      const asked = await limits.reserve([{ ...one, cost: 0 }]);
      // What was not acknowledged counts, too, or does not; here at most one call was under way.
      const used = AMOUNT - (asked.remaining?.[0] ?? Number.NaN);
      assert.ok(used >= charged && used <= charged + 1, `${used} of ${charged}`);
      charged = used;
    }
    const present = await store.count();
    assert.ok(present >= kept.length);
    for await (const { id } of store.watch({ after: start })) {
      assert.equal(told.has(id), false);
      if (told.add(id).size === present) break;
    }
    for (const { id } of kept) assert.ok(told.has(id), `the feed does not tell of ${id}`);
    for (const each of [store, limits, ring]) await each.close();
  }, 60_000);
});

function refused(error: { code?: unknown }): true {
  assert.equal(error.code, 'store_unavailable');
  return true;
}

function limitRefused(error: { code?: unknown }): undefined {
  assert.equal(error.code, 'limit_unavailable');
  return undefined;
}
