import { context, type MeterProvider, metrics, trace } from '@opentelemetry/api';
import { METRIC_TABLE } from '@stele/types/metrics';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  ActionNotPerformedError,
  activeTrace,
  type CovenantStore,
  createLogger,
  createMonitor,
  DECISION_CODES,
  type DecisionSink,
  KeyManager,
  MemoryLimits,
  MemorySink,
  MemoryStore,
  type Monitor,
  type MonitorOptions,
  observeKeyManager,
  observeStore,
  SteleClient,
  StoreError,
} from '../src/index.js';
import { type Cast, Clock, cast } from './support.js';
import { meters, tracers } from './telemetry-support.js';

let parties: Cast;
beforeAll(async () => {
  parties = await cast();
});

const RULES = `permit files.* on '/**'
deny files.delete on '/**' severity critical
limit files.write 1 per 1 hours
require human.approval for files.send on '/**'`;

const SECRET = 's3cret-value-of-the-request';
const read = { action: 'files.read', resource: `/${SECRET}`, context: { args: { note: SECRET } } };
const to = (action: string) => ({ ...read, action });

async function monitorOf(options: Partial<MonitorOptions> = {}): Promise<Monitor> {
  return createMonitor({
    covenant: await parties.covenant(RULES),
    trust: [parties.owner.did],
    limits: new MemoryLimits(),
    clock: new Clock().read,
    ...options,
  });
}

const broken: DecisionSink = {
  append: async () => {
    throw new Error('disk full');
  },
  close: async () => {},
};

describe('the measurements of a monitor', () => {
  it('count decisions by code and effect, and denials by severity; what is awaited is no denial', async () => {
    const { values } = meters();
    const monitor = await monitorOf({ obligations: { 'human.approval': () => 'pending' } });
    for (const action of ['files.read', 'files.read', 'files.delete', 'mail.send', 'files.send'])
      await monitor.check(to(action));
    expect(await values('stele.decision.count')).toEqual([
      [{ code: 'permitted', effect: 'permit' }, 2],
      [{ code: 'denied_by_rule', effect: 'deny' }, 1],
      [{ code: 'no_matching_permit', effect: 'deny' }, 1],
      [{ code: 'obligation_pending', effect: 'pending' }, 1],
    ]);
    expect(await values('stele.enforcement.deny.count')).toEqual([
      [{ code: 'denied_by_rule', severity: 'critical' }, 1],
      [{ code: 'no_matching_permit', severity: 'high' }, 1],
    ]);
    expect(await values('stele.decision.latency_ms')).toEqual([
      [{ effect: 'permit', obligations: 'no' }, 2],
      [{ effect: 'deny', obligations: 'no' }, 2],
      [{ effect: 'pending', obligations: 'yes' }, 1],
    ]);
    expect(await values('stele.ccl.evaluate.latency_ms')).toEqual([[{}, 5]]);
  });

  it('tell a whole verification from a look at what can change', async () => {
    const { values } = meters();
    const monitor = await monitorOf({ store: new MemoryStore() });
    await monitor.check(read);
    await monitor.check(read);
    expect(await values('stele.covenant.verify.latency_ms')).toEqual([
      [{ scope: 'whole' }, 1],
      [{ scope: 'standing' }, 2],
    ]);
  });

  it('tell of no look where only the time can change anything', async () => {
    const { values } = meters();
    const monitor = await monitorOf();
    await monitor.check(read);
    expect(await values('stele.covenant.verify.latency_ms')).toEqual([[{ scope: 'whole' }, 1]]);
  });

  it('count what the limits granted and refused, and a ledger that fails', async () => {
    const { values } = meters();
    const monitor = await monitorOf();
    await monitor.check(to('files.write'));
    expect((await monitor.check(to('files.write'))).code).toBe('limit_exceeded');
    const limits = {
      reserve: async () => {
        throw new Error('away');
      },
      commit: async () => {},
      release: async () => {},
    };
    const unlimited = await monitorOf({ limits });
    expect((await unlimited.check(to('files.write'))).code).toBe('limit_unavailable');
    expect(await values('stele.limit.charge.latency_ms')).toEqual([
      [{ answer: 'granted' }, 1],
      [{ answer: 'refused' }, 1],
      [{ answer: 'failed' }, 1],
    ]);
  });

  it('time the record, count its failures and its losses, and what became of actions', async () => {
    const { values } = meters();
    const monitor = await monitorOf();
    await monitor.enforce(read, () => 1);
    const gone = () => {
      throw new ActionNotPerformedError();
    };
    await expect(monitor.enforce(read, gone)).rejects.toThrow(ActionNotPerformedError);
    expect(await values('stele.action.outcome.count')).toEqual([
      [{ outcome: 'done' }, 1],
      [{ outcome: 'not_performed' }, 1],
    ]);
    expect(await values('stele.record.write.latency_ms')).toEqual([
      [{ kind: 'decision' }, 2],
      [{ kind: 'outcome' }, 2],
    ]);
    expect(await values('stele.record.error.count')).toEqual([]);
    const kept = new MemorySink();
    let failing = true;
    const sink = { ...broken, append: (entry: never) => (failing ? broken : kept).append(entry) };
    const losing = await monitorOf({ sink });
    expect((await losing.check(read)).code).toBe('record_failed'); // the permit's entry, then that of the denial
    failing = false;
    expect((await losing.check(read)).code).toBe('permitted');
    await losing.close();
    expect(await values('stele.record.error.count')).toEqual([[{ kind: 'decision' }, 2]]);
    expect(await values('stele.record.lost.count')).toEqual([[{}, 1]]);
  });

  it('begin with an SDK that is registered after the monitor was made', async () => {
    const monitor = await monitorOf();
    await monitor.check(read);
    const { values } = meters();
    await monitor.check(read);
    expect(await values('stele.decision.count')).toEqual([[{ code: 'permitted', effect: 'permit' }, 1]]);
  });

  it('are those of the table in name, unit, labels and bounds, and hold nothing of a request', async () => {
    const { series } = meters();
    const monitor = await monitorOf({ store: observeStore(new MemoryStore()) });
    for (const action of ['files.read', 'files.write', 'files.write', 'files.send', SECRET])
      await monitor.check(to(action));
    await monitor.enforce(read, () => 1);
    await (await monitorOf({ sink: broken })).check(read);
    onTestFinished(observeKeyManager(await initialized()));
    const table = new Map(Object.values(METRIC_TABLE).map((info) => [info.name, info]));
    const all = await series();
    expect(all.length).toBeGreaterThan(15);
    for (const { name, unit, labels, bounds } of all) {
      const info = table.get(name);
      expect([unit, Object.keys(labels).sort()]).toEqual([
        info?.unit,
        Object.keys(info?.labels ?? {}).sort(),
      ]);
      for (const threshold of [50, 100, 200, 250, 500]) expect(bounds ?? [threshold]).toContain(threshold);
      for (const [label, value] of Object.entries(labels)) {
        if (label === 'code' && name !== 'stele.store.error.count')
          expect(Object.keys(DECISION_CODES)).toContain(value);
        else if (label !== 'use' && label !== 'code') expect(info?.labels[label]).toContain(`\`${value}\``);
      }
    }
    expect(JSON.stringify(all.map(({ labels }) => labels))).not.toMatch(/s3cret|did:key|files/);
  });
});

const initialized = async (options = {}): Promise<KeyManager> => {
  const manager = new KeyManager(options);
  await manager.initialize();
  return manager;
};

describe('observeStore', () => {
  it('times reads and writes, and counts failures by code', async () => {
    const { values } = meters();
    const covenant = await parties.covenant(RULES);
    const store = observeStore(new MemoryStore());
    await store.put(covenant);
    await store.get(covenant.id);
    await store.getRevocations(covenant.id);
    await store.close();
    await expect(store.has(covenant.id)).rejects.toThrow(expect.objectContaining({ code: 'store_closed' }));
    expect(await values('stele.store.write.latency_ms')).toEqual([[{ operation: 'put' }, 1]]);
    expect(await values('stele.store.read.latency_ms')).toEqual([
      [{ operation: 'get' }, 1],
      [{ operation: 'get_revocations' }, 1],
      [{ operation: 'has' }, 1],
    ]);
    expect(await values('stele.store.error.count')).toEqual([
      [{ operation: 'has', code: 'store_closed' }, 1],
    ]);
  });

  it('keeps labels few, whatever a store of someone else throws', async () => {
    const { values } = meters();
    let thrown: unknown;
    const get = async () => {
      throw thrown;
    };
    const store = observeStore({ get } as unknown as CovenantStore);
    const errors = [new StoreError(SECRET as never, 'x'), new Error(SECRET), { code: SECRET }, null];
    for (thrown of errors) await store.get('x').catch(() => {});
    expect(await values('stele.store.error.count')).toEqual([[{ operation: 'get', code: 'other' }, 4]]);
  });

  it('is the same store in all else: methods, kind, getters, what is added later, and frozen ones', async () => {
    meters();
    class Extended extends MemoryStore {
      readonly #secret = 7;
      get secret() {
        return this.#secret;
      }
      tell() {
        return this.#secret;
      }
    }
    const bare = new Extended();
    const store = observeStore(bare);
    expect(store).toBeInstanceOf(Extended);
    expect(store.constructor).toBe(Extended);
    expect([store.secret, store.tell()]).toEqual([7, 7]);
    expect(store.get).toBe(store.get);
    bare.count = async () => 42;
    expect(await store.count()).toBe(42);
    const frozen = Object.freeze({ count: async () => 3 }) as unknown as CovenantStore;
    expect(await observeStore(frozen).count()).toBe(3);
    for await (const _ of store.iterate()) expect.unreachable();
    expect('getBatch' in store).toBe('getBatch' in bare);
  });

  it('measures nothing twice: not what is observed already, nor through client and monitor', async () => {
    const { values } = meters();
    const bare = new MemoryStore();
    const store = observeStore(bare);
    expect(observeStore(store)).toBe(store);
    expect(observeStore(bare)).toBe(store);
    const client = new SteleClient({ store, signer: parties.owner });
    const covenant = await client.issue({ beneficiary: { id: parties.agent.did }, constraints: RULES });
    const monitor = await client.monitor(covenant.id);
    await monitor.check(read);
    await client.verify(covenant);
    expect(await values('stele.store.write.latency_ms')).toEqual([[{ operation: 'put' }, 1]]);
    expect(await values('stele.store.read.latency_ms')).toEqual([
      [{ operation: 'get' }, 1],
      [{ operation: 'get_revocations' }, 2],
    ]);
    expect(await values('stele.covenant.verify.latency_ms')).toContainEqual([{ scope: 'whole' }, 2]);
  });

  it('works without an SDK', async () => {
    const store = observeStore(new MemoryStore());
    expect(await store.count()).toBe(0);
  });

  it.each([undefined, null, 7])('refuses %s', (store) => {
    expect(() => observeStore(store as never)).toThrow(TypeError);
  });
});

describe('observeKeyManager', () => {
  it('reports age and need of rotation when metrics are collected, until it is ended', async () => {
    const { values } = meters();
    const clock = new Clock();
    const manager = await initialized({ clock: clock.read, maxAgeMs: 10 * 86_400_000 });
    const end = observeKeyManager(manager);
    onTestFinished(end);
    clock.advance(3 * 86_400_000);
    expect(await values('stele.key.rotation.age_days')).toEqual([[{ use: 'covenant' }, 3]]);
    expect(await values('stele.key.rotation.due')).toEqual([[{ use: 'covenant' }, 0]]);
    clock.advance(7 * 86_400_000);
    expect(await values('stele.key.rotation.due')).toEqual([[{ use: 'covenant' }, 1]]);
    await manager.rotate();
    expect(await values('stele.key.rotation.age_days')).toEqual([[{ use: 'covenant' }, 0]]);
    end();
    clock.advance(86_400_000); // an SDK may go on showing the last value; it is not asked for again
    expect(await values('stele.key.rotation.age_days')).toEqual([[{ use: 'covenant' }, 0]]);
  });

  it('reports the oldest of several for one use, and leaves out one without a key', async () => {
    const { values } = meters();
    const ages = [
      { ageDays: 1, needsRotation: () => true },
      { use: 'covenant', ageDays: 5, needsRotation: () => false },
      { use: 'audit', ageDays: 2, needsRotation: () => false },
      new KeyManager({ use: 'later' }),
    ];
    for (const each of ages) onTestFinished(observeKeyManager(each));
    expect(await values('stele.key.rotation.age_days')).toEqual([
      [{ use: 'covenant' }, 5],
      [{ use: 'audit' }, 2],
    ]);
    expect(await values('stele.key.rotation.due')).toEqual([
      [{ use: 'covenant' }, 1],
      [{ use: 'audit' }, 0],
    ]);
  });

  it('takes no more than a hundred', async () => {
    const keys = () => ({ ageDays: 0, needsRotation: () => false });
    const first = keys();
    const ends = [first, ...Array.from({ length: 99 }, keys)].map(observeKeyManager);
    try {
      expect(() => observeKeyManager(keys())).toThrow(RangeError);
      expect(() => observeKeyManager(first)).not.toThrow();
    } finally {
      for (const end of ends) end();
    }
  });
});

describe('the span of a decision', () => {
  it('stands inside the active span of the host and holds code, effect and severity alone', async () => {
    const { spans, inside } = tracers();
    const monitor = await monitorOf();
    await inside(() => monitor.check(to('files.delete')));
    const [span, host] = spans();
    expect(span).toMatchObject({
      name: 'stele.decision',
      status: { code: 0 },
      events: [],
      attributes: {
        'stele.decision.code': 'denied_by_rule',
        'stele.decision.effect': 'deny',
        'stele.decision.severity': 'critical',
      },
    });
    expect(Object.keys(span?.attributes ?? {})).toHaveLength(3);
    expect(span?.parentSpanContext?.spanId).toBe(host?.spanContext().spanId);
  });

  it('holds what obligations and stores do; the action itself is the host’s', async () => {
    const { spans, inside } = tracers();
    const seen: unknown[] = [];
    const see = () => void seen.push(activeTrace()?.spanId);
    const approve = () => {
      see();
      return true;
    };
    const monitor = await monitorOf({ obligations: { 'human.approval': approve } });
    await inside(() => monitor.enforce(to('files.send'), see));
    const [decision, host] = spans().map((span) => span.spanContext().spanId);
    expect(seen).toEqual([decision, host]);
  });

  it('gives its ids to the lines that are logged inside it', async () => {
    const { spans, inside } = tracers();
    const lines: string[] = [];
    const logger = createLogger({ trace: activeTrace, destination: { write: (line) => lines.push(line) } });
    const approve = () => {
      logger.info('asked');
      return true;
    };
    const monitor = await monitorOf({ obligations: { 'human.approval': approve } });
    await inside(() => monitor.check(to('files.send')));
    logger.info('outside');
    const { traceId, spanId } = spans()[0]?.spanContext() ?? {};
    const [inner, outer] = lines.map((line) => JSON.parse(line));
    expect(inner).toMatchObject({ trace_id: traceId, span_id: spanId, msg: 'asked' });
    expect(outer).not.toHaveProperty('trace_id');
  });

  it('is an error where the host is at fault, and says no more than the code', async () => {
    const { spans, inside } = tracers();
    const monitor = await monitorOf({ sink: broken });
    await inside(() => monitor.check(read));
    expect(spans()[0]).toMatchObject({
      status: { code: 2 },
      attributes: { 'stele.decision.code': 'record_failed' },
    });
    expect(spans()[0]?.status.message).toBeUndefined();
  });

  it('is of one decision, also of one that fails before there is anything to wait for', async () => {
    const { inside } = tracers();
    const monitor = await monitorOf();
    let looks = 0;
    const asking = {
      get tool(): never {
        looks++;
        throw new Error('away');
      },
    };
    await expect(inside(() => monitor.check(read, asking))).rejects.toThrow('away');
    expect(looks).toBe(1);
  });

  it('is none where the host has none', async () => {
    const { spans } = tracers();
    await (await monitorOf()).check(read);
    expect(spans()).toEqual([]);
    expect(activeTrace()).toBeUndefined();
  });
});

describe('an SDK that fails', () => {
  const fail = () => {
    throw new Error('broken SDK');
  };

  const decides = async () => {
    const monitor = await monitorOf({ store: new MemoryStore() });
    expect((await monitor.check(read)).code).toBe('permitted');
    expect(await monitor.enforce(to('files.write'), () => 7)).toBe(7);
    expect((await monitor.check(to('files.delete'))).code).toBe('denied_by_rule');
  };

  const register = (provider: unknown) => {
    metrics.setGlobalMeterProvider(provider as MeterProvider);
    onTestFinished(() => metrics.disable());
  };

  it('changes no decision when it has no meter', async () => {
    register({ getMeter: fail });
    await decides();
  });

  it('changes no decision when its instruments throw', async () => {
    const gauge = { addCallback: fail };
    const createHistogram = () => ({ record: fail });
    const createCounter = () => ({ add: fail });
    const addCallback = () => {};
    const createObservableGauge = () => ({ ...gauge, addCallback });
    register({ getMeter: () => ({ createHistogram, createCounter, createObservableGauge }) });
    await decides();
  });

  const spanContext = () => ({ traceId: '0'.repeat(32), spanId: '0'.repeat(16), traceFlags: 0 });
  const hostile: [string, object][] = [
    ['starts no span', { startSpan: fail }],
    ['has spans that throw', { startSpan: () => ({ setAttributes: fail, end: fail, spanContext }) }],
  ];

  it.each(hostile)('changes no decision when it %s', async (_, tracer) => {
    const { inside } = tracers();
    await inside(async () => {
      trace.disable();
      trace.setGlobalTracerProvider({ getTracer: () => tracer } as never);
      await decides();
    });
  });

  it.each([false, true])('decides once when its context manager throws (having run it: %s)', async (runs) => {
    const { inside } = tracers();
    const sink = new MemorySink();
    const monitor = await monitorOf({ sink });
    const active = await inside(async () => context.active());
    context.disable();
    const manager = {
      active: () => active,
      with: (_: unknown, run: () => unknown) => {
        if (runs) run();
        return fail();
      },
      bind: (_: unknown, target: unknown) => target,
      enable: () => manager,
      disable: () => manager,
    };
    context.setGlobalContextManager(manager as never);
    expect((await monitor.check(read)).code).toBe('permitted');
    expect(sink.entries).toHaveLength(1);
  });
});
