/** Monitors that count in one file. The processes run the built package. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LimitLedger } from '@stele/ccl';
import { SqliteLimits } from '@stele/store';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { haveSqlite } from '../../../test/support/sqlite.js';
import {
  ActionNotPerformedError,
  type CovenantDocument,
  createMonitor,
  type MonitorOptions,
} from '../src/index.js';
import { type Cast, cast } from './support.js';

const checker = fileURLToPath(new URL('./check-often.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'stele-limits-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let c: Cast;
let path: string;
let limits: SqliteLimits;
let made = 0;

beforeAll(async () => {
  c = await cast();
});

const LIMITED = 'permit pay on **\nlimit pay 20 per 1 day; limit pay 1000 of args.amount per 1 day';
const pay = (amount = 1) => ({ action: 'pay', resource: '/orders/1', context: { args: { amount } } });
/** The processes have no clock but the system's. */
const now = () => ({ now: new Date() });

/** Runs a process that checks so often. @returns the codes of its decisions */
async function checks(covenant: MonitorOptions['covenant'], count: number): Promise<string[]> {
  const child = fork(checker, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const answer = once(child, 'message');
  child.send({ path, covenant, trust: [c.owner.did], request: pay(), count });
  const [codes] = (await answer) as [string[]];
  await once(child, 'close');
  return codes;
}

const permitted = (codes: readonly string[]) => codes.filter((code) => code === 'permitted').length;

describe.skipIf(!haveSqlite)('monitors with SqliteLimits', () => {
  beforeEach(() => {
    path = join(folder, `limits-${made++}`);
    limits = new SqliteLimits(path);
  });
  afterEach(() => limits.close());

  const monitorOf = (covenant: MonitorOptions['covenant'], ledger: LimitLedger = limits) =>
    createMonitor({ covenant, trust: [c.owner.did], limits: ledger });

  it('of two processes share one count of a covenant', async () => {
    const covenant = await c.covenant(LIMITED, now());
    const codes = await Promise.all([checks(covenant, 15), checks(covenant, 15)]);
    expect(permitted(codes.flat())).toBe(20);
    expect(new Set(codes.flat())).toEqual(new Set(['permitted', 'limit_exceeded']));
    const decision = await (await monitorOf(covenant)).check(pay());
    expect(decision).toMatchObject({ code: 'limit_exceeded', retryable: true });
    expect(decision.limits.map(({ remaining }) => remaining)).toEqual([0, 980]);
  }, 60_000);

  it('of two delegates in two processes share the count of the covenant above, and no other', async () => {
    const leaf = 'permit pay on **\nlimit pay 15 per 1 day';
    const [root, first] = await c.chain(LIMITED, leaf, { root: now(), leaf: now() });
    const sibling = await siblingOf(root, leaf);
    const codes = await Promise.all([checks([root, first], 12), checks([root, sibling], 12)]);
    expect(permitted(codes.flat())).toBe(20);
    const other = await c.covenant(LIMITED, now());
    expect((await (await monitorOf(other)).check(pay())).limits.map(({ remaining }) => remaining)).toEqual([
      19, 999,
    ]);
  }, 60_000);

  const siblingOf = (root: CovenantDocument, constraints: string) =>
    c.covenant(constraints, { signer: c.manager, parent: root, allowWider: true, ...now() });

  it('count by line, statement and the beneficiary of the covenant that states the limit', async () => {
    const [root, leaf] = await c.chain(LIMITED, 'permit pay on **\nlimit pay 3 per 1 day', {
      root: now(),
      leaf: now(),
    });
    const keys: string[] = [];
    const watched: LimitLedger = {
      reserve: (charges, options) => {
        keys.push(...charges.map(({ key }) => key));
        return limits.reserve(charges, options);
      },
      commit: (id) => limits.commit(id),
      release: (id, which) => limits.release(id, which),
    };
    await (await monitorOf([root, leaf], watched)).check(pay());
    const named = (covenant: CovenantDocument, subject: string) =>
      keys.filter((key) => key.includes(covenant.id) && key.includes(subject));
    expect(new Set(keys).size).toBe(3);
    expect(named(root, c.manager.did)).toHaveLength(2);
    expect(named(leaf, c.agent.did)).toHaveLength(1);
  });

  it('give back what was not performed, of budgets alone, and keep the rest', async () => {
    const monitor = await monitorOf(await c.covenant(LIMITED, now()));
    const not = async () => {
      throw new ActionNotPerformedError('no');
    };
    const failed = async () => {
      throw new Error('who knows');
    };
    await expect(monitor.enforce(pay(600), not)).rejects.toThrow(ActionNotPerformedError);
    await expect(monitor.enforce(pay(600), failed)).rejects.toThrow('who knows');
    const { limits: left, code } = await monitor.check(pay(600));
    expect([code, left.map(({ remaining }) => remaining)]).toEqual(['limit_exceeded', [18, 400]]);
    expect((await monitor.check(pay(400))).permitted).toBe(true);
  });

  it('say limit_unavailable and permit nothing once the file is gone', async () => {
    const covenant = await c.covenant(`${LIMITED}\npermit look on **`, now());
    const monitor = await monitorOf(covenant);
    expect((await monitor.check(pay())).code).toBe('permitted');
    renameSync(path, `${path}.away`);
    expect(await monitor.check(pay())).toMatchObject({ permitted: false, code: 'limit_unavailable' });
    expect((await monitor.check({ action: 'look', resource: '/' })).permitted).toBe(true);
    renameSync(`${path}.away`, path);
    expect((await monitor.check(pay())).limits.map(({ remaining }) => remaining)).toEqual([18, 998]);
  });
});
