// What must never get around a guard, tried on every surface. Of approvals that are forged or old, see the tests of approvals.
import { setImmediate } from 'node:timers/promises';
import type { DecisionSink, Monitor } from '@stele/sdk';
import { describe, expect, it } from 'vitest';
import { governed, recorded } from './support.js';
import { type Args, type Surface, surfaces, type Way } from './surfaces.js';

const SMALL = 5;
const LARGE = 5000;
const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];

/** Rules that permit a call of 5. */
function rulesOf({ asked }: Surface, name = 'pay', more = '') {
  const [action, resource] = asked(name, SMALL);
  const when = resource === '/' ? ` when args.amount = ${SMALL}` : '';
  return `permit ${action} on '${resource}'${when}\n${more.replaceAll('ACTION', action)}`;
}

/** A tool that notes what it ran with, and the ways to it. */
async function guarded(surface: Surface, monitor: Monitor, name = 'pay') {
  const ran: number[] = [];
  const ways = await surface.guard(monitor, name, ({ amount }: Args) => {
    ran.push(amount);
    return 'ran';
  });
  const attempt = (way: Way, args: Args, signal?: AbortSignal) => way(args, signal).catch(() => undefined);
  return { ran, ways: Object.entries(ways), attempt };
}

/** A person who is asked during the check, and answers when told to. */
function person() {
  let asked = () => {};
  let answer = () => {};
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const obligations = {
    person: async () => {
      asked();
      await answered;
      return true;
    },
  };
  return { obligations, isAsked, answer: () => answer() };
}

const asking = 'require person for ACTION on **';

describe.each(surfaces)('%s', (_name, surface) => {
  it('stands on every way to the tool, and on every copy of it', async () => {
    const { monitor } = await governed(rulesOf(surface));
    const { ran, ways, attempt } = await guarded(surface, monitor);
    for (const [, way] of ways) await attempt(way, { amount: LARGE });
    expect(ran).toEqual([]);
    for (const [, way] of ways) await attempt(way, { amount: SMALL });
    expect(ran).toEqual(ways.map(() => SMALL));
  });

  it.each(NAMES)('judges a tool that is called %s like any other', async (name) => {
    const permitted = await guarded(surface, (await governed(rulesOf(surface, name))).monitor, name);
    const denied = await guarded(surface, (await governed(rulesOf(surface))).monitor, name);
    for (const { ways, attempt } of [permitted, denied])
      for (const [, way] of ways) await attempt(way, { amount: SMALL });
    expect(denied.ran).toEqual([]);
    if (!surface.isFussy) expect(permitted.ran).toEqual(permitted.ways.map(() => SMALL));
  });

  it('runs what was judged, whatever becomes of the arguments during the check', async () => {
    const { obligations, isAsked, answer } = person();
    const { monitor } = await governed(rulesOf(surface, 'pay', asking), { obligations });
    const { ran, ways, attempt } = await guarded(surface, monitor);
    const args = { amount: SMALL };
    const running = attempt((ways[0] as [string, Way])[1], args);
    await isAsked;
    args.amount = LARGE;
    answer();
    await running;
    expect(ran).toEqual([SMALL]);
  });

  it('releases nothing before the check has ended', async () => {
    const { obligations, isAsked, answer } = person();
    const { monitor } = await governed(rulesOf(surface, 'pay', asking), { obligations });
    const { ran, ways, attempt } = await guarded(surface, monitor);
    const running = attempt((ways[0] as [string, Way])[1], { amount: SMALL });
    await isAsked;
    expect(ran).toEqual([]);
    answer();
    await running;
    expect(ran).toEqual([SMALL]);
  });

  it('judges each attempt anew, also after the covenant was revoked', async () => {
    const { monitor, revoke, sink } = await governed(rulesOf(surface));
    const { ran, ways, attempt } = await guarded(surface, monitor);
    const [, way] = ways[0] as [string, Way];
    for (const amount of [LARGE, SMALL, LARGE, SMALL]) await attempt(way, { amount });
    await revoke();
    await attempt(way, { amount: SMALL });
    expect(ran).toEqual([SMALL, SMALL]);
    expect(sink.entries.flatMap((entry) => (entry.kind === 'decision' ? [entry.decision] : []))).toEqual([
      'deny',
      'permit',
      'deny',
      'permit',
      'deny',
    ]);
  });

  it('runs nothing when the guard itself fails', async () => {
    const fail = () => Promise.reject(new Error('broken'));
    const monitors = [
      {
        covenants: [],
        check: fail,
        admit: fail,
        enforce: fail,
        enforceStream: () => {
          throw new Error('broken');
        },
      },
      (await governed(rulesOf(surface), { sink: { append: fail, close: async () => {} } as DecisionSink }))
        .monitor,
      (
        await governed(rulesOf(surface), {
          clock: () => {
            throw new Error('broken');
          },
        })
      ).monitor,
      (await governed(rulesOf(surface, 'pay', asking), { obligations: { person: fail } })).monitor,
    ];
    for (const monitor of monitors) {
      const { ran, ways, attempt } = await guarded(surface, monitor as Monitor);
      for (const [, way] of ways) await attempt(way, { amount: SMALL });
      expect(ran).toEqual([]);
    }
  });

  it.skipIf(surface.isDeaf)('does not run what was aborted during the check, and records that', async () => {
    const { obligations, isAsked, answer } = person();
    const { monitor, sink } = await governed(rulesOf(surface, 'pay', asking), { obligations });
    const { ran, ways, attempt } = await guarded(surface, monitor);
    const aborter = new AbortController();
    const running = attempt((ways[0] as [string, Way])[1], { amount: SMALL }, aborter.signal);
    await isAsked;
    aborter.abort();
    await setImmediate(); // the server of a request hears of it a turn later
    answer();
    await running;
    await expect.poll(() => recorded(sink).at(-1)).toBe('outcome not_performed');
    expect(ran).toEqual([]);
  });

  it('of a thousand calls at once for one unit lets one run', async () => {
    const { monitor } = await governed(rulesOf(surface, 'pay', 'limit ACTION 1 per day'));
    const { ran, ways, attempt } = await guarded(surface, monitor);
    const calls = Array.from({ length: 1000 }, (_, i) => ways[i % ways.length] as [string, Way]);
    await Promise.all(calls.map(([, way]) => attempt(way, { amount: SMALL })));
    expect(ran).toEqual([SMALL]);
  });
});
