/**
 * A connection to PostgreSQL that is cut at one message after the other, of the client and of the server. `STELE_FAULT_STRIDE=1` takes every
 * message where `npm test` takes some, from a different one each time.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { afterAll, describe, it } from 'vitest';
import { havePostgres } from '../../../test/support/postgres.js';
import { eventually, FaultyProxy } from '../../../test/support/proxy.js';
import { PostgresStore } from '../src/postgres.js';
import { failsWith } from './support/assert.js';
import { freshSchema, inspector, unsyncedUrl } from './support/postgres.js';
import { CutWire } from './support/postgres-messages.js';
import { someSteps } from './support/some-steps.js';
import { assertSteps, perform, type Step, statesOf } from './support/steps.js';

const STRIDE = Number(process.env.STELE_FAULT_STRIDE ?? 7);
const FEWEST_MESSAGES = 50;
const timeoutMs = 60_000;
const steps = await someSteps();
const states = statesOf(steps);

/** What the server was asked for before a connection was cut it may still do, until it has noticed. */
async function noticed(ports: ReadonlySet<number>): Promise<void> {
  const values = [[...ports]];
  const { rowCount } = await inspector.query(
    'SELECT 1 FROM pg_stat_activity WHERE client_port = ANY($1)',
    values,
  );
  assert.equal(rowCount, 0);
}

describe.skipIf(!havePostgres)('a PostgresStore whose connection is cut (needs PostgreSQL)', () => {
  const proxies: FaultyProxy[] = [];
  afterAll(async () => {
    for (const proxy of proxies) await proxy.down();
  });

  it.each([
    ['behind each message of the client', 'client'],
    ['before each message of the server', 'server'],
  ] as const)(
    '%s has what was acknowledged, nothing by half, and goes on',
    async (_, side) => {
      const proxy = await FaultyProxy.before(unsyncedUrl);
      proxies.push(proxy);
      let n = 1 + randomInt(STRIDE);
      for (let reached = true; reached; n += STRIDE) {
        const schema = freshSchema();
        const store = new PostgresStore(proxy.url, { schema, timeoutMs, maxConnections: 1 });
        const wire = new CutWire(proxy, side, n);
        let done = 0;
        while (done < steps.length) {
          const step = steps[done] as Step;
          const error = await perform(store, step).then(
            () => undefined,
            (reason: unknown) => reason ?? assert.fail(),
          );
          if (error === undefined) {
            done++;
            continue;
          }
          await failsWith('store_unavailable', () => Promise.reject(error));
          await eventually(() => noticed(wire.cut));
          done = await eventually(() => assertSteps(store, states, done));
        }
        assert.equal(await eventually(() => assertSteps(store, states, done)), steps.length);
        reached = wire.count >= n;
        await store.close();
        const beside = new PostgresStore(unsyncedUrl, { schema, timeoutMs });
        await assertSteps(beside, states, steps.length);
        await beside.close();
      }
      assert.ok(n > FEWEST_MESSAGES, `${n} messages`);
    },
    600_000,
  );
});
