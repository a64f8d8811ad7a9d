import { describe, expect, it, vi } from 'vitest';
import {
  type CovenantDocument,
  type CovenantStore,
  createMonitor,
  type LimitLedger,
  MemoryLimits,
  MemorySink,
  MemoryStore,
  type MonitorOptions,
  SteleClient,
} from '../src/index.js';
import { Clock, cast } from './support.js';

describe('what governs cannot be changed from outside', () => {
  it('the lists that a monitor and its records hand out are frozen', async () => {
    const c = await cast();
    const sink = new MemorySink();
    const covenant = await c.chain('permit a.read on **', 'permit a.* on **');
    const monitor = await createMonitor({ covenant, sink, clock: new Clock().read });
    const request = { action: 'a.delete', resource: '/' };
    expect((await monitor.check(request)).permitted).toBe(false);
    expect(() => (monitor.covenants as unknown[]).shift()).toThrow(TypeError);
    const [recorded] = sink.entries as unknown as { chain: string[] }[];
    expect(() => recorded?.chain.pop()).toThrow(TypeError);
    expect((await monitor.check(request)).permitted).toBe(false);
  });

  it('a covenant that cannot even be read denies', async () => {
    const c = await cast();
    const good = await c.covenant('permit a on **');
    const unreadable = new Proxy(good, {
      get: () => {
        throw new Error('trapped');
      },
      ownKeys: () => {
        throw new Error('trapped');
      },
    });
    const monitor = await createMonitor({ covenant: [good, unreadable], clock: new Clock().read });
    expect(await monitor.check({ action: 'a', resource: '/' })).toMatchObject({
      permitted: false,
      code: 'covenant_invalid',
    });
  });

  it('a store that answers with another covenant has none', async () => {
    const c = await cast();
    const [narrow, wide] = [await c.covenant('permit a on **'), await c.covenant('permit ** on **')];
    const store: CovenantStore = new MemoryStore();
    store.get = async (): Promise<CovenantDocument> => wide;
    const client = new SteleClient({ store, signer: c.owner });
    await expect(client.verify(narrow.id)).rejects.toMatchObject({ code: 'covenant_missing' });
    await expect(client.monitor(narrow.id)).rejects.toMatchObject({ code: 'covenant_missing' });
  });
});

describe('parts of the host that fail', () => {
  it('a clock beyond what a date can hold is suspect, and never an exception', async () => {
    const c = await cast();
    const clock = new Clock();
    const covenant = await c.covenant('permit a on **\nrequire ok for b on **\npermit b on **');
    const obligations: MonitorOptions['obligations'] = {
      ok: () => {
        clock.now = 1e18;
        return true;
      },
    };
    const monitor = await createMonitor({ covenant, obligations, clock: clock.read });
    const check = async (action: string) => (await monitor.check({ action, resource: '/' })).code;
    const { now } = clock;
    for (const wrong of [1e18, 8.64e15 + 1, -1e18, Number.NaN, Infinity, -Infinity]) {
      clock.now = wrong;
      expect(await check('a')).toBe('clock_suspect');
    }
    clock.now = now;
    expect(await check('b')).toBe('clock_suspect');
    clock.now = now;
    expect(await check('a')).toBe('permitted');
  });

  it('an onlooker that fails later disturbs nobody', async () => {
    const c = await cast();
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const seen: string[] = [];
    const monitor = await createMonitor({
      covenant: await c.covenant('permit a on **'),
      clock: new Clock().read,
      onDecision: async ({ code }) => {
        seen.push(code);
        throw new Error('later');
      },
    });
    expect((await monitor.check({ action: 'a', resource: '/' })).permitted).toBe(true);
    expect((await monitor.check({ action: 'b', resource: '/' })).permitted).toBe(false);
    // Rejections are reported once the queue of promises is empty.
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', unhandled);
    expect(seen).toEqual(['permitted', 'no_matching_permit']);
    expect(unhandled).not.toHaveBeenCalled();
  });

  it('a ledger that throws at once neither undoes a permit nor hides a result', async () => {
    const c = await cast();
    const inner = new MemoryLimits();
    const thrown = (): never => {
      throw new Error('at once');
    };
    const limits: LimitLedger = {
      reserve: (charges) => inner.reserve(charges),
      commit: thrown,
      release: thrown,
    };
    const covenant = await c.covenant('permit a on **\nlimit a 5 per 1 hour');
    const monitor = await createMonitor({ covenant, limits, clock: new Clock().read });
    const request = { action: 'a', resource: '/' };
    expect((await monitor.check(request)).code).toBe('permitted');
    expect(await monitor.enforce(request, () => 7)).toBe(7);
  });

  it('a cost that never fits is not worth another try, one that fits later is', async () => {
    const c = await cast();
    const covenant = await c.covenant('permit a on **\nlimit a 5 of args.n per 1 hour');
    const monitor = await createMonitor({ covenant, clock: new Clock().read });
    const ask = (n: number) => monitor.check({ action: 'a', resource: '/', context: { args: { n } } });
    const never = await ask(6);
    expect(never).toMatchObject({ code: 'limit_exceeded', retryable: false });
    expect(never.retryAfterMs).toBeUndefined();
    await ask(5);
    expect(await ask(1)).toMatchObject({ code: 'limit_exceeded', retryable: true, retryAfterMs: 3_600_000 });
  });
});
