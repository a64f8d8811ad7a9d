/** Processes that spend one budget together, two of which are killed half-way. They run the built package. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';
import { havePostgres } from '../../../test/support/postgres.js';
import { haveRedis, redisUrl } from '../../../test/support/redis.js';
import { PostgresLimits } from '../src/postgres.js';
import { RedisLimits } from '../src/redis.js';
import { freshSchema, unsyncedUrl } from './support/postgres.js';
import { freshPrefix } from './support/redis.js';

const CHARGER = fileURLToPath(new URL('./support/remote-charger.mjs', import.meta.url));
/** Charges of a tenth each; a million of them in the nightly run. */
const OPERATIONS = Number(process.env.STELE_LIMIT_OPERATIONS ?? 10_000);
const PROCESSES = 8;

const kinds = [
  { kind: 'postgres', have: havePostgres, url: unsyncedUrl, fresh: freshSchema },
  { kind: 'redis', have: haveRedis, url: redisUrl, fresh: freshPrefix },
] as const;

function open(kind: 'postgres' | 'redis', url: string, place: string): PostgresLimits | RedisLimits {
  return kind === 'postgres'
    ? new PostgresLimits(url, { schema: place, timeoutMs: 60_000 })
    : new RedisLimits(url, { prefix: place, timeoutMs: 60_000 });
}

for (const { kind, have, url, fresh } of kinds)
  describe.skipIf(!have)(`eight processes on one budget in ${kind} (needs it)`, () => {
    it(
      `never exceed it with ${OPERATIONS} charges, and use it up, though two of them are killed`,
      async () => {
        const place = fresh();
        const amount = OPERATIONS / 10;
        const limits = open(kind, url, place);
        await limits.reserve([{ key: 'shared', amount, cost: 0, periodMs: 86_400_000 }]);
        const chargers = Array.from({ length: PROCESSES }, () => {
          const child = fork(CHARGER, [kind, url, place, String(amount), '0.1'], {
            stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
          });
          return { child, told: counting(child), ended: once(child, 'close') };
        });
        for (const [i, { child, told }] of chargers.entries()) {
          if (i < 2) told.whenever(() => told.count >= OPERATIONS / 20 && child.kill('SIGKILL'));
          child.send('go');
        }
        const codes = (await Promise.all(chargers.map(({ ended }) => ended))).map(
          ([code]) => code as number | null,
        );
        assert.deepEqual(codes.slice(2), [0, 0, 0, 0, 0, 0]);
        assert.deepEqual(codes.slice(0, 2), [null, null]);
        const told = chargers.reduce((sum, charger) => sum + charger.told.count, 0);
        // Of each killed one at most one charge was made and not told, or was to be given back.
        assert.ok(told <= OPERATIONS && told >= OPERATIONS - 2, `${told} charges of ${OPERATIONS}`);
        const left = await limits.reserve([{ key: 'shared', amount, cost: 0, periodMs: 86_400_000 }]);
        assert.deepEqual(left.remaining, [0]);
        await limits.close();
      },
      60_000 + OPERATIONS * 20,
    );
  });

interface Counting {
  readonly count: number;
  whenever(check: () => unknown): void;
}

function counting(child: ChildProcess): Counting {
  let count = 0;
  const checks: (() => unknown)[] = [];
  child.stdout?.on('data', (bytes: Buffer) => {
    count += bytes.length;
    for (const check of checks) check();
  });
  return {
    get count() {
      return count;
    },
    whenever: (check) => checks.push(check),
  };
}
