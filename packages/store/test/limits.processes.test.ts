/** Processes that share one file of limits, and processes that are killed. They run the built package. */
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'vitest';
import { haveSqlite } from '../../../test/support/sqlite.js';
import { SqliteLimits } from '../src/index.js';
import { freshPath } from './support/stores.js';

const CHARGER = fileURLToPath(new URL('./support/charger.mjs', import.meta.url));
const DAY = 86_400_000;

type Mode = 'commit' | 'keep';

interface Charger {
  /** Lets it begin. */
  go(): void;
  /** Settles when it has said so many ids. */
  said(count: number): Promise<void>;
  kill(): void;
  /** The ids that it said, and its exit code: null if it was killed. */
  readonly ended: Promise<{ ids: string[]; code: number | null }>;
}

/** Runs the charger as a process of its own. */
function charger(path: string, options: { amount: number; cost?: number; mode: Mode }): Charger {
  const { amount, cost = 1, mode } = options;
  const child = fork(CHARGER, [path, String(amount), String(DAY), String(cost), mode], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  let text = '';
  const ids = () => text.split('\n').slice(0, -1);
  const heard = new EventEmitter();
  child.stdout?.setEncoding('utf8').on('data', (more: string) => {
    text += more;
    heard.emit('more');
  });
  return {
    go: () => child.send('go'),
    said: async (count) => {
      while (ids().length < count) await once(heard, 'more');
    },
    kill: () => child.kill('SIGKILL'),
    ended: once(child, 'close').then(([code]) => ({ ids: ids(), code: code as number | null })),
  };
}

/** Lets a charger charge and kills it once it has said so many ids. */
async function killed(path: string, mode: Mode, count: number): Promise<string[]> {
  const victim = charger(path, { amount: 10_000, mode });
  victim.go();
  await victim.said(count);
  victim.kill();
  return (await victim.ended).ids;
}

/** What a file holds, asked with a cost of 0. */
async function left(path: string, amount: number): Promise<number> {
  const limits = new SqliteLimits(path);
  const answer = await limits.reserve([{ key: 'shared', amount, cost: 0, periodMs: DAY }]);
  await limits.close();
  return answer.remaining[0] as number;
}

describe.skipIf(!haveSqlite).each(['commit', 'keep'] as const)('processes on one file that %s', (mode) => {
  it('never exceed the cap together, and use it up', async () => {
    const path = freshPath('limits');
    const three = [1, 2, 3].map(() => charger(path, { amount: 30, cost: 0.1, mode }));
    for (const each of three) each.go();
    const all = await Promise.all(three.map(({ ended }) => ended));
    assert.deepEqual(
      all.map(({ code }) => code),
      [0, 0, 0],
    );
    const ids = all.flatMap((one) => one.ids);
    assert.equal(ids.length, 300);
    assert.equal(new Set(ids).size, 300);
    assert.equal(await left(path, 30), 0);
  }, 60_000);

  it('count what a killed one was told, and at most one charge more', async () => {
    const path = freshPath('limits');
    const amount = 2000;
    const victim = charger(path, { amount, mode });
    const survivor = charger(path, { amount, cost: 10, mode });
    victim.go();
    await victim.said(30);
    survivor.go();
    await victim.said(35);
    victim.kill();
    const [dead, alive] = await Promise.all([victim.ended, survivor.ended]);
    assert.deepEqual([dead.code, alive.code], [null, 0]);
    const told = dead.ids.length + 10 * alive.ids.length;
    const used = amount - (await left(path, amount));
    assert.ok(used > amount - 10 && used <= amount);
    assert.ok(used === told || used === told + 1, `${used} used, ${told} acknowledged`);
  }, 60_000);

  it('find everything that was acknowledged after each of many deaths', async () => {
    const path = freshPath('limits');
    let told = 0;
    for (const [deaths, count] of [1, 2, 7, 23].entries()) {
      told += (await killed(path, mode, count)).length;
      const used = 10_000 - (await left(path, 10_000));
      assert.ok(used >= told && used <= told + deaths + 1, `${used} of ${told}`);
    }
  }, 60_000);
});

describe.skipIf(!haveSqlite)('a reservation of a process that was killed', () => {
  it('can be given back by another until it expires', async () => {
    const path = freshPath('limits');
    const ids = await killed(path, 'keep', 3);
    const before = await left(path, 10_000);
    const limits = new SqliteLimits(path);
    await limits.release(ids[0] as string);
    await limits.release(ids[0] as string);
    await limits.close();
    assert.equal(await left(path, 10_000), before + 1);
    const later = new SqliteLimits(path, { clock: () => Date.now() + 600_000 });
    await later.release(ids[1] as string);
    const asked = { key: 'shared', amount: 10_000, cost: 0, periodMs: DAY };
    assert.deepEqual((await later.reserve([asked])).remaining, [before + 1]);
    await later.close();
  }, 60_000);
});
