/** What monitors hand to a sink, whatever the sink is. */
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  ActionFailedError,
  ActionNotPerformedError,
  type CovenantDocument,
  createMonitor,
  type Decision,
  type DecisionEntry,
  type DecisionRecord,
  type DecisionSink,
  denialOf,
  MemoryLimits,
  MemorySink,
  type Monitor,
  type MonitorOptions,
} from '../src/index.js';
import { type Cast, Clock, cast } from './support.js';
import { tracers } from './telemetry-support.js';

let parties: Cast;
let covenant: CovenantDocument;
let clock: Clock;

beforeAll(async () => {
  parties = await cast();
  covenant = await parties.covenant(
    "permit pay on '/orders/**'\npermit read on '/a/*'; permit read on '/b/*'\nlimit pay 100 of args.amount per 1 hour\ndeny pay on '/orders/secret/**'",
  );
});

beforeEach(() => {
  clock = new Clock();
});

const monitorOf = (options: Partial<MonitorOptions> = {}): Promise<Monitor> =>
  createMonitor({ covenant, clock: clock.read, limits: new MemoryLimits({ clock: clock.read }), ...options });

const pay = (amount = 1) => ({ action: 'pay', resource: '/orders/7', context: { args: { amount } } });
const nothing = { action: 'nothing', resource: '/' };

const decisions = (sink: MemorySink) =>
  sink.entries.filter((entry): entry is DecisionRecord & { seq: number } => entry.kind === 'decision');

/** A sink whose appends wait, as long as it hangs. */
class SlowSink implements DecisionSink {
  readonly entries: DecisionEntry[] = [];
  readonly waiting: (() => void)[] = [];
  hangs = true;
  closed = false;
  append(entry: DecisionEntry): Promise<{ seq: number }> {
    return new Promise((resolve) => {
      this.waiting.push(() => resolve({ seq: this.entries.push(entry) - 1 }));
      if (!this.hangs) this.go();
    });
  }
  async close(): Promise<void> {
    this.closed = true;
  }
  /** Lets go all that waits, in order, and whatever comes. */
  go(): void {
    this.hangs = false;
    for (const each of this.waiting.splice(0)) each();
  }
}

it('numbers what was read back from another sink anew', async () => {
  const [first, second] = [new MemorySink(), new MemorySink()];
  const monitor = await monitorOf({ sink: first });
  await monitor.check(pay());
  await monitor.check(pay());
  for (const entry of [...first.entries].reverse()) await second.append(entry);
  expect(second.entries.map(({ seq }) => seq)).toEqual([0, 1]);
});

describe('a flood of denials', () => {
  it('becomes 100 entries and one with their count, in a second', async () => {
    const sink = new MemorySink();
    const monitor = await monitorOf({ sink });
    for (let i = 0; i < 1_000; i++) await monitor.check(nothing);
    await monitor.close();
    const counts = decisions(sink).map(({ count }) => count);
    expect(counts).toEqual([...Array(100).fill(undefined), 900]);
  });

  it('is told with the first decision after the second, which begins another', async () => {
    const sink = new MemorySink();
    const monitor = await monitorOf({ sink });
    for (let i = 0; i < 103; i++) await monitor.check(nothing);
    clock.advance(999);
    await monitor.check(nothing);
    expect(decisions(sink)).toHaveLength(100);
    clock.advance(1);
    await monitor.check({ ...nothing, resource: '/next' });
    expect(decisions(sink).slice(100)).toMatchObject([{ count: 4 }, { resource: '/next' }]);
    expect(decisions(sink)[101]).not.toHaveProperty('count');
    await monitor.close();
    expect(decisions(sink)).toHaveLength(102);
  });

  it('is told a second later at the latest, also by a clock that stands still', async () => {
    vi.useFakeTimers();
    try {
      const sink = new MemorySink();
      const monitor = await monitorOf({ sink });
      for (let round = 0; round < 2; round++) {
        for (let i = 0; i < 150; i++) await monitor.check(nothing);
        await vi.advanceTimersByTimeAsync(1_000);
      }
      expect(decisions(sink).flatMap(({ count = 1 }) => (count > 1 ? [count] : []))).toEqual([50, 150]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('of one code hides none of another, nor a permit', async () => {
    const sink = new MemorySink();
    const monitor = await monitorOf({ sink });
    for (let i = 0; i < 150; i++) await monitor.check(nothing);
    await monitor.check({ action: 'pay', resource: '/orders/secret/1' });
    expect((await monitor.check(pay())).receipt).toEqual({ seq: 101 });
    expect(decisions(sink).slice(100)).toMatchObject([{ code: 'denied_by_rule' }, { code: 'permitted' }]);
  });

  it('is counted over all monitors of a sink, by agent', async () => {
    const sink = new MemorySink();
    const other = await parties.covenant('permit a on **', { beneficiary: { id: parties.manager.did } });
    const monitors = [await monitorOf({ sink }), await monitorOf({ sink })];
    const another = await monitorOf({ sink, covenant: other });
    for (let i = 0; i < 80; i++) for (const each of [...monitors, another]) await each.check(nothing);
    await monitors[0]?.close();
    const of = (agent: string) => decisions(sink).filter((entry) => entry.agent === agent);
    expect(of(parties.agent.did).map(({ count }) => count)).toEqual([...Array(100).fill(undefined), 60]);
    expect(of(parties.manager.did)).toHaveLength(80);
  });

  it('that a clock without a time judges is counted, too', async () => {
    const sink = new MemorySink();
    const monitor = await monitorOf({ sink });
    clock.now = Number.NaN;
    for (let i = 0; i < 200; i++) await monitor.check(nothing);
    await monitor.close();
    expect(decisions(sink)).toHaveLength(101);
  });

  it('loses as many as an entry stood for when that entry is lost', async () => {
    let full = false;
    const inner = new MemorySink();
    const sink: DecisionSink = {
      append: async (entry) => {
        if (full) throw new Error('disk full');
        return inner.append(entry);
      },
      close: async () => {},
    };
    const monitor = await monitorOf({ sink });
    for (let i = 0; i < 150; i++) await monitor.check(nothing);
    full = true;
    clock.advance(1_000);
    await monitor.check(nothing);
    await new Promise((resolve) => setImmediate(resolve));
    full = false;
    await monitor.check(pay());
    expect(decisions(inner).at(-1)).toMatchObject({ code: 'permitted', lost: 51 });
  });

  it('does not grow what waits for a sink that hangs', async () => {
    const sink = new SlowSink();
    const monitor = await monitorOf({ sink });
    for (let i = 0; i < 1_500; i++) {
      clock.advance(1_000);
      await monitor.check(nothing);
    }
    expect(sink.waiting).toHaveLength(1_000);
    sink.go();
    await new Promise((resolve) => setImmediate(resolve));
    expect((await monitor.check(pay())).permitted).toBe(true);
    expect(sink.entries.at(-1)).toMatchObject({ lost: 500 });
    await monitor.check(nothing);
    expect(sink.entries).toHaveLength(1_002);
  });
});

describe('a receipt', () => {
  const answering = (answer: unknown): DecisionSink => ({
    append: async () => answer as { seq: number },
    close: async () => {},
  });

  it('is what a log answers, field by field and frozen', async () => {
    const leafHash = 'ab'.repeat(32);
    const sink = answering({ seq: 5, index: 5, origin: 'log.example/a', leafHash, more: 'x' });
    const { receipt } = await (await monitorOf({ sink })).check(pay());
    expect(receipt).toEqual({ seq: 5, index: 5, origin: 'log.example/a', leafHash });
    expect(Object.isFrozen(receipt)).toBe(true);
  });

  it('leaves out what is not of its type', async () => {
    const sink = answering({ seq: 0, index: '0', origin: 7, leafHash: null });
    expect((await (await monitorOf({ sink })).check(pay())).receipt).toEqual({ seq: 0 });
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['no number', {}],
    ['a text', { seq: '1' }],
    ['a negative number', { seq: -1 }],
    ['a fraction', { seq: 0.5 }],
  ])('a sink that answers with %s has recorded nothing', async (_, answer) => {
    const decision = await (await monitorOf({ sink: answering(answer) })).check(pay());
    expect(decision).toMatchObject({ permitted: false, code: 'record_failed' });
    expect(decision.receipt).toBeUndefined();
  });

  it('of a denial is there once its entry is durable, and the denial waits for nothing', async () => {
    const sink = new SlowSink();
    const decision = await (await monitorOf({ sink })).check(nothing);
    expect(decision.receipt).toBeUndefined();
    expect(denialOf(decision)).not.toHaveProperty('receipt');
    sink.go();
    await vi.waitUntil(() => decision.receipt !== undefined);
    expect(decision.receipt).toEqual({ seq: 0 });
    expect(denialOf(decision)).toMatchObject({ receipt: { seq: 0 } });
    expect(JSON.parse(JSON.stringify(decision))).toMatchObject({ receipt: { seq: 0 } });
    expect(Object.isFrozen(decision)).toBe(true);
  });

  it('is shared by denials that are counted together', async () => {
    const monitor = await monitorOf({ sink: new MemorySink() });
    const all = [];
    for (let i = 0; i < 103; i++) all.push(await monitor.check(nothing));
    expect(all.slice(99).map(({ receipt }) => receipt?.seq)).toEqual([99, undefined, undefined, undefined]);
    await monitor.close();
    expect(all.slice(99).map(({ receipt }) => receipt?.seq)).toEqual([99, 100, 100, 100]);
  });

  it('what is no sink is the caller’s mistake', async () => {
    for (const sink of [{}, 7, { append: async () => ({ seq: 0 }) }] as never[])
      await expect(monitorOf({ sink })).rejects.toThrow(TypeError);
  });
});

describe('an entry', () => {
  it('names the resource pattern of the statement that decided', async () => {
    const sink = new MemorySink();
    const monitor = await monitorOf({ sink });
    const asked = [
      pay(),
      { action: 'read', resource: '/b/1' },
      { action: 'read', resource: '/a/1' },
      { ...pay(), resource: '/orders/secret/1' },
      pay(1_000),
      { ...pay(), context: {} },
      nothing,
      { action: 'a..b', resource: '/' },
    ];
    const told = [];
    for (const request of asked) told.push((await monitor.check(request)).pattern);
    await monitor.close();
    const patterns = ['/orders/**', '/b/*', '/a/*', '/orders/secret/**', '**', '**', undefined, undefined];
    expect(decisions(sink).map(({ pattern }) => pattern)).toEqual(patterns);
    expect(told).toEqual(patterns);
  });

  it('says of a permit that is only asked for that nobody will tell its outcome', async () => {
    const sink = new MemorySink();
    const monitor = await monitorOf({ sink });
    await monitor.check(pay());
    await monitor.check(nothing);
    await monitor.enforce(pay(), () => 1);
    expect(decisions(sink).map(({ settles }) => settles)).toEqual([false, undefined, undefined]);
  });

  it('has no trace where the active span has none that is valid', async () => {
    // Without a tracer, which would begin a trace of its own.
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    onTestFinished(() => context.disable());
    const sink = new MemorySink();
    const monitor = await monitorOf({ sink });
    for (const traceId of ['0'.repeat(32), 'x', 7 as never]) {
      const span = trace.wrapSpanContext({ traceId, spanId: 'ab'.repeat(8), traceFlags: 1 });
      await context.with(trace.setSpan(context.active(), span), () => monitor.check(pay()));
    }
    expect(decisions(sink).map((entry) => 'trace' in entry)).toEqual([false, false, false]);
  });

  it('names the pattern also where a covenant above has decided', async () => {
    const sink = new MemorySink();
    const chain = await parties.chain("deny read on '/a/**'\npermit ** on **", 'permit read on **');
    const decision = await (await monitorOf({ sink, covenant: chain })).check({
      action: 'read',
      resource: '/a/1',
    });
    expect(decision).toMatchObject({ code: 'denied_by_rule', pattern: '/a/**' });
    expect(decision.statement).toBeUndefined();
    expect(denialOf(decision)).not.toHaveProperty('pattern');
    expect(decisions(sink)[0]?.pattern).toBe('/a/**');
  });

  it('has the trace of the active span', async () => {
    const { inside, spans } = tracers();
    const sink = new MemorySink();
    const monitor = await monitorOf({ sink });
    await inside(async () => {
      await monitor.check(pay());
      await monitor.check(nothing);
    });
    await monitor.check(pay());
    const { traceId } = (spans()[0] as ReturnType<typeof spans>[0]).spanContext();
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(decisions(sink).map(({ trace }) => trace)).toEqual([traceId, traceId, undefined]);
  });
});

describe('an outcome', () => {
  it('is failed where host code says so, which keeps the charge', async () => {
    const sink = new MemorySink();
    const monitor = await monitorOf({ sink });
    const failing = () => {
      throw new ActionFailedError('half of it was paid');
    };
    await expect(monitor.enforce(pay(60), failing)).rejects.toThrow(ActionFailedError);
    expect((await monitor.check(pay(60))).code).toBe('limit_exceeded');
    const lookalike = Object.assign(new Error('x'), { name: 'ActionFailedError', code: 'action_failed' });
    await expect(monitor.enforce(pay(), () => Promise.reject(lookalike))).rejects.toBe(lookalike);
    const outcomes = sink.entries.flatMap((entry) => (entry.kind === 'outcome' ? [entry.outcome] : []));
    expect(outcomes).toEqual(['failed', 'unknown']);
  });

  it('that is none is the caller’s mistake, and the true one may still be told', async () => {
    const sink = new MemorySink();
    const { settle } = await (await monitorOf({ sink })).admit(pay());
    await expect(settle('finished' as never)).rejects.toThrow(TypeError);
    await settle('failed');
    expect(sink.entries.at(-1)).toMatchObject({ kind: 'outcome', outcome: 'failed' });
  });

  it('that a sink hangs on does not hold the result back, and is recorded when it can be', async () => {
    const sink = new SlowSink();
    sink.hangs = false;
    const monitor = await monitorOf({ sink, recordTimeoutMs: 20 });
    const run = () => {
      sink.hangs = true;
      return 'paid';
    };
    expect(await monitor.enforce(pay(), run)).toBe('paid');
    expect(sink.entries).toHaveLength(1);
    sink.go();
    expect(sink.entries[1]).toMatchObject({ kind: 'outcome', of: 0, outcome: 'done' });
  });
});

describe('the time of an entry', () => {
  it.each([
    [true, 'permit'],
    ['pending' as const, 'pending'],
    [false, 'deny'],
  ])(
    'is that of the decision, not of the request, where obligations took long: %s',
    async (met, decision) => {
      const sink = new MemorySink();
      const asking = await parties.covenant("permit read on '/a/*'\nrequire approval on **");
      const asked = clock.now;
      const approval = async () => {
        clock.now += 60_000;
        return met;
      };
      const monitor = await monitorOf({ covenant: asking, sink, obligations: { approval } });
      await monitor.check({ action: 'read', resource: '/a/1' });
      await monitor.close();
      expect(sink.entries).toMatchObject([{ decision, time: new Date(asked + 60_000).toISOString() }]);
    },
  );
});

describe('a ledger that never settles a charge', () => {
  class Unsettled extends MemoryLimits {
    override commit(): Promise<void> {
      return new Promise(() => {});
    }
    override release(): Promise<void> {
      return new Promise(() => {});
    }
  }

  it.each([
    ['done', () => 'paid'],
    ['not_performed', () => Promise.reject(new ActionNotPerformedError('not now'))],
  ])('keeps no outcome out of the record, and no result back: %s', async (outcome, run) => {
    const sink = new MemorySink();
    const monitor = await monitorOf({ sink, limits: new Unsettled(), recordTimeoutMs: 20 });
    await Promise.allSettled([monitor.enforce(pay(), run)]);
    expect(sink.entries).toMatchObject([{ decision: 'permit' }, { kind: 'outcome', of: 0, outcome }]);
  });

  it('holds up no decision', async () => {
    const limits = new Unsettled();
    const monitor = await monitorOf({ limits, recordTimeoutMs: 20 });
    expect((await monitor.check(pay())).permitted).toBe(true);
    const failing = { append: () => Promise.reject(new Error('disk')), close: async () => {} };
    const unrecorded = await monitorOf({ limits, sink: failing, recordTimeoutMs: 20 });
    expect((await unrecorded.check(pay())).code).toBe('record_failed');
  });
});

describe('a sink that hangs', () => {
  it('permits nothing, charges nothing, and a record that comes too late says that nothing was done', async () => {
    const sink = new SlowSink();
    const monitor = await monitorOf({ sink, recordTimeoutMs: 20 });
    let ran = false;
    const run = () => {
      ran = true;
    };
    await expect(monitor.enforce(pay(100), run)).rejects.toMatchObject({
      code: 'record_failed',
      decision: { retryable: true, detail: expect.stringContaining('in time') },
    });
    sink.go();
    await vi.waitUntil(() => sink.entries.length === 3);
    expect(sink.entries).toMatchObject([
      { kind: 'decision', decision: 'permit' },
      { code: 'record_failed' },
      { kind: 'outcome', of: 0, outcome: 'not_performed' },
    ]);
    expect(ran).toBe(false);
    expect((await monitor.check(pay(100))).permitted).toBe(true);
  });

  it('does not keep a monitor from closing', async () => {
    const sink = new SlowSink();
    const monitor = await monitorOf({ sink, recordTimeoutMs: 20 });
    await monitor.check(nothing);
    await monitor.close();
    expect(sink.closed).toBe(true);
  });

  it.each([0, 1.5, 600_001, Number.NaN, '9'])('is not waited for %s ms', async (recordTimeoutMs) => {
    await expect(monitorOf({ recordTimeoutMs: recordTimeoutMs as number })).rejects.toThrow(RangeError);
  });
});

describe('the newest entry of the record', () => {
  const at = (lastTime: () => unknown): DecisionSink => {
    const inner = new MemorySink();
    return {
      append: (entry) => inner.append(entry),
      get lastTime() {
        return lastTime() as number;
      },
      close: async () => {},
    };
  };

  it('is what a clock may not stand far behind, and is read at each decision', async () => {
    let last: number | undefined;
    const monitor = await monitorOf({ sink: at(() => last) });
    const codes = [];
    for (const ahead of [undefined, 0, 60_000, 60_001, 59_999]) {
      last = ahead === undefined ? undefined : clock.now + ahead;
      codes.push((await monitor.check(pay())).code);
    }
    expect(codes).toEqual(['permitted', 'permitted', 'permitted', 'clock_suspect', 'permitted']);
  });

  it.each<[string, () => unknown]>([
    ['is no time', () => Number.NaN],
    ['is a text', () => 'yesterday'],
    [
      'cannot be told',
      () => {
        throw new Error('away');
      },
    ],
  ])('that %s denies', async (_, lastTime) => {
    expect((await (await monitorOf({ sink: at(lastTime) })).check(pay())).code).toBe('clock_suspect');
  });

  it('is looked at again after obligations were met', async () => {
    let last = clock.now;
    const asking = await parties.covenant('permit pay on **\nrequire ok for pay on **');
    const obligations = {
      ok: () => {
        last = clock.now + 60_001;
        return true;
      },
    };
    const monitor = await monitorOf({ covenant: asking, obligations, sink: at(() => last) });
    expect((await monitor.check(pay())).code).toBe('clock_suspect');
  });
});

describe('what need not be waited for', () => {
  const read = { action: 'read', resource: '/a/1' };

  it('is let in, denied and recorded at once, in the same order and with the same words', async () => {
    const [waiting, prompt] = [new MemorySink(), new MemorySink()];
    const [slow, fast] = [await monitorOf({ sink: waiting }), await monitorOf({ sink: prompt })];
    // A sink that somebody looks on is waited for.
    waiting.append = (entry) => MemorySink.prototype.append.call(waiting, entry);
    for (const request of [read, nothing, { action: 1 } as never, read]) {
      const later = await slow.admit(request).catch((error: unknown) => error as Error);
      let now: unknown;
      try {
        now = fast.admitSoon(request);
      } catch (error) {
        now = error;
      }
      expect(now).not.toBeInstanceOf(Promise);
      expect(prompt.entries).toHaveLength(waiting.entries.length);
      const decided = (answer: unknown) => ({ ...(answer as { decision: Decision }).decision, receipt: 0 });
      expect(decided(now)).toEqual(decided(later));
      if (!(later instanceof Error)) await later.settle('done');
      if (!(now instanceof Error)) await (now as { settle: typeof fast.admit }).settle('done' as never);
    }
    expect(prompt.entries).toEqual(waiting.entries);
    expect(prompt.entries.map(({ kind }) => kind)).toEqual([
      'decision',
      'outcome',
      'decision',
      'decision',
      'decision',
      'outcome',
    ]);
  });

  it('is waited for where there is a limit', async () => {
    const monitor = await monitorOf();
    const admitted = monitor.admitSoon(pay());
    expect(admitted).toBeInstanceOf(Promise);
    await (await admitted).settle('done');
  });

  it.each<[string, () => DecisionSink]>([
    [
      'a class of its own',
      () =>
        new (class extends MemorySink {
          override async append(): Promise<{ seq: number }> {
            throw new Error('the disk is full');
          }
        })(),
    ],
    [
      'a method put on one',
      () => {
        const sink = new MemorySink();
        sink.append = () => Promise.reject(new Error('the disk is full'));
        return sink;
      },
    ],
    [
      'a class whose other method fails',
      () =>
        new (class extends MemorySink {
          override appendNow(): { seq: number } {
            throw new Error('the disk is full');
          }
        })(),
    ],
    ['a proxy', () => new Proxy(new MemorySink(), {})],
    [
      'the class itself',
      () => {
        const append = vi.spyOn(MemorySink.prototype, 'append');
        onTestFinished(() => append.mockRestore());
        append.mockRejectedValue(new Error('the disk is full'));
        return new MemorySink();
      },
    ],
  ])('is not let in past a sink in memory that was changed: %s', async (_what, sink) => {
    const monitor = await monitorOf({ sink: sink() });
    expect(await monitor.check(read)).toMatchObject({ permitted: false, code: 'record_failed' });
  });

  it('is told of what was lost by the next entry', async () => {
    let fails = true;
    class Failing extends MemorySink {
      override appendNow(entry: DecisionEntry): { seq: number } {
        if (fails) throw new Error('the disk is full');
        return super.appendNow(entry);
      }
    }
    const sink = new Failing();
    const monitor = await monitorOf({ sink });
    await monitor.check(nothing);
    await monitor.check(nothing);
    await Promise.resolve();
    fails = false;
    const admitted = await monitor.admit(read);
    fails = true;
    await admitted.settle('done');
    fails = false;
    await monitor.check(read);
    expect(sink.entries.map(({ kind, lost }) => [kind, lost])).toEqual([
      ['decision', 2],
      ['decision', 1],
    ]);
  });

  it('is not asked of a sink of somebody else’s: one that can no longer be looked at loses an outcome, no more', async () => {
    const kept = new MemorySink();
    let isAway = false;
    const monitor = await monitorOf({
      sink: {
        get append() {
          if (isAway) throw new Error('away');
          return kept.append.bind(kept);
        },
        close: async () => undefined,
      },
    });
    const { settle } = await monitor.admit(read);
    isAway = true;
    await expect(settle('done')).resolves.toBeUndefined();
    isAway = false;
    await monitor.check(read);
    expect(kept.entries.map(({ kind, lost }) => [kind, lost])).toEqual([
      ['decision', undefined],
      ['decision', 1],
    ]);
  });

  it('is told from a promise of another make than the one that the host has put in its place', async () => {
    vi.stubGlobal('Promise', class extends Promise<unknown> {});
    onTestFinished(() => void vi.unstubAllGlobals());
    const monitor = await monitorOf();
    for (const request of [read, pay()]) {
      const { decision, settle } = await monitor.admit(request);
      expect(decision.code).toBe('permitted');
      await settle('done');
    }
    await expect(monitor.admit(pay(1_000))).rejects.toMatchObject({ decision: { code: 'limit_exceeded' } });
  });
});
