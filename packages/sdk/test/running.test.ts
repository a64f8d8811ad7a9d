import { once } from 'node:events';
import { beforeAll, describe, expect, it } from 'vitest';
import { steleToolCall, withStele } from '../src/adapters.js';
import {
  CovenantCutError,
  type CovenantDocument,
  createMonitor,
  MemorySink,
  MemoryStore,
  type Monitor,
  type MonitorOptions,
  revokeCovenant,
} from '../src/index.js';
import { type Cast, cast } from './support.js';

const REQUEST = { action: 'work', resource: '/' };

let c: Cast;
let covenant: CovenantDocument;

beforeAll(async () => {
  c = await cast();
  covenant = await c.covenant('permit work on /', { now: new Date() });
});

async function governed(options: Partial<MonitorOptions> = {}) {
  const store = new MemoryStore();
  await store.put(covenant);
  const sink = new MemorySink();
  const monitor = await createMonitor({ covenant, store, sink, revocationMaxAgeMs: 5, ...options });
  const revoke = async () =>
    store.putRevocation(await revokeCovenant(covenant, { signer: c.owner, reason: 'misused' }));
  return { store, sink, monitor, revoke };
}

/** Runs until it is told to stop, and says why. */
const working = (monitor: Monitor, started: () => void) =>
  monitor.enforce(REQUEST, async (_judged, { signal }) => {
    started();
    await once(signal, 'abort');
    throw signal.reason;
  });

describe('an action that runs', () => {
  it('is told to stop when its covenant is revoked, and the record says so', async () => {
    const { monitor, sink, revoke } = await governed();
    const stopped = working(monitor, () => void revoke());
    await expect(stopped).rejects.toMatchObject({ code: 'covenant_cut', because: 'covenant_invalid' });
    expect(sink.events).toMatchObject([
      { kind: 'covenant.cut', covenant: covenant.id, code: 'covenant_invalid', actions: 1 },
    ]);
    expect(sink.entries.map((entry) => (entry.kind === 'outcome' ? entry.outcome : entry.decision))).toEqual([
      'permit',
      'unknown',
    ]);
    expect((await monitor.check(REQUEST)).code).toBe('covenant_invalid');
  });

  it('is told with all others at once, and none after it', async () => {
    const { monitor, sink, revoke } = await governed();
    let started = 0;
    const all = Array.from({ length: 20 }, () => working(monitor, () => ++started === 20 && void revoke()));
    const settled = await Promise.allSettled(all);
    expect(settled.every(({ status }) => status === 'rejected')).toBe(true);
    expect(sink.events).toMatchObject([{ actions: 20 }]);
  });

  it('is told when its covenant expires', async () => {
    let now = Date.now();
    const expiring = await c.covenant('permit work on /', {
      now: new Date(now),
      expiresAt: new Date(now + 60_000),
    });
    const { monitor } = await governed({ covenant: expiring, clock: () => now, clockSkewMs: 0 });
    const stopped = working(monitor, () => {
      now += 120_000;
    });
    await expect(stopped).rejects.toMatchObject({ code: 'covenant_cut' });
  });

  it('goes on when nobody can tell, while new requests are denied', async () => {
    const { monitor, store } = await governed();
    let looked = 0;
    const result = monitor.enforce(REQUEST, async (_judged, { signal }) => {
      await new Promise<void>((resolve) => {
        store.getRevocations = async () => {
          if (++looked === 3) resolve();
          throw new Error('away');
        };
      });
      return signal.aborted;
    });
    expect(await result).toBe(false);
    expect((await monitor.check(REQUEST)).code).toBe('revocation_unknown');
  });

  it('is not looked after once it has ended', async () => {
    const { monitor, store, sink, revoke } = await governed();
    expect(await monitor.enforce(REQUEST, () => 'done')).toBe('done');
    await revoke();
    const { signal, settle } = await governed().then(({ monitor: other }) => other.admit(REQUEST));
    await settle('done');
    expect(signal.aborted).toBe(false);
    expect(sink.events).toEqual([]);
    await store.close();
  });

  it('of a stream is told, too', async () => {
    const { monitor, revoke } = await governed();
    const stream = monitor.enforceStream(REQUEST, async function* (_judged, { signal }) {
      yield 'first';
      await once(signal, 'abort');
      throw signal.reason;
    });
    const seen: string[] = [];
    await expect(
      (async () => {
        for await (const part of stream) {
          seen.push(part);
          void revoke();
        }
      })(),
    ).rejects.toMatchObject({ code: 'covenant_cut' });
    expect(seen).toEqual(['first']);
  });

  it('as a tool gets the signal in the place of its framework', async () => {
    const { monitor, revoke } = await governed();
    const execute = async (_input: unknown, options: { abortSignal: AbortSignal }) => {
      void revoke();
      await once(options.abortSignal, 'abort');
      return (options.abortSignal.reason as { code: string }).code;
    };
    const tool = withStele({ inputSchema: {}, execute }, { monitor, name: 'work' });
    expect(await tool.execute({}, {} as never)).toBe('covenant_cut');
  });

  it('of a middleware is told, too, when it was cut before anybody listened', async () => {
    const { monitor } = await governed();
    const admission = await monitor.admit(REQUEST);
    const signal = AbortSignal.abort(new CovenantCutError('covenant_invalid', 'revoked'));
    const cutAtOnce = { admit: async () => ({ ...admission, signal }) } as unknown as Monitor;
    class Message {
      constructor(readonly fields: { status: string; artifact: unknown }) {}
    }
    const wrap = steleToolCall(Message as never, { monitor: cutAtOnce });
    const handler = () => new Promise<Message>(() => {});
    const answer = await wrap({ toolCall: { name: 'work', args: {}, id: 'a' } }, handler);
    expect(answer.fields).toMatchObject({ status: 'error', artifact: { code: 'covenant_cut' } });
  });

  it('wants a sensible time', async () => {
    for (const revocationMaxAgeMs of [0, -1, 1.5, 600_001, Number.NaN])
      await expect(governed({ revocationMaxAgeMs })).rejects.toThrow(RangeError);
  });
});
