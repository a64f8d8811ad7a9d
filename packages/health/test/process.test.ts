import { describe, expect, it } from 'vitest';
import {
  type DelayHistogram,
  EventLoopWatch,
  eventLoopComponent,
  memoryComponent,
  watchEventLoop,
} from '../src/lib/process.js';

const look = { timeoutMs: 1_000, verbose: false, now: 0 };

describe('memory', () => {
  const limited = (used: number) => async (path: string) =>
    ({
      '/proc/self/cgroup': '0::/\n',
      '/sys/fs/cgroup/memory.max': '1000\n',
      '/sys/fs/cgroup/memory.current': String(used),
    })[path];

  it('is degraded above its share of the real limit', async () => {
    expect(await memoryComponent(0.9, look, limited(900))).toMatchObject({
      name: 'memory',
      status: 'healthy',
      facts: { usedBytes: 900, limitBytes: 1000, share: 0.9, source: 'cgroup2' },
    });
    expect(await memoryComponent(0.9, look, limited(901))).toMatchObject({
      status: 'degraded',
      code: 'memory_high',
    });
  });

  it('is that of the process against the machine where there is no limit', async () => {
    const { facts, status } = await memoryComponent(0.9, look, async () => undefined);
    expect({ status, source: facts?.source }).toEqual({ status: 'healthy', source: 'machine' });
    expect(facts?.usedBytes).toBeGreaterThan(1e6);
    expect(await memoryComponent(1, look)).toMatchObject({ name: 'memory', status: 'healthy' });
  });
});

describe('the event loop', () => {
  const MS = 1e6;

  function histogram(p99: number, max: number): DelayHistogram & { resets: number } {
    const fake = { max, percentile: () => p99, resets: 0, reset: () => void fake.resets++ };
    return fake;
  }

  /** A watch that was begun so many milliseconds ago. */
  function begun(agoMs: number, { p99 = 0, max = 0 } = {}) {
    let now = 0;
    const fake = histogram(p99 * MS, max * MS);
    const watch = new EventLoopWatch(fake, () => now);
    now = agoMs;
    const at = (ms: number) => {
      now = ms;
      return watch.finding(1).facts?.windowSeconds;
    };
    return { watch, fake, at };
  }

  it('is degraded when timers run late by more than the threshold', () => {
    const { watch } = begun(10_000, { p99: 220, max: 500 });
    expect(watch.finding(200)).toEqual({
      status: 'healthy',
      facts: { p99Ms: 200, maxMs: 480, windowSeconds: 10, thresholdMs: 200 },
    });
    expect(watch.finding(199)).toMatchObject({ status: 'degraded', code: 'event_loop_slow' });
  });

  it('is not judged by a few intervals, nor late when it is early', () => {
    expect(begun(9_999, { p99: 9_000, max: 9_000 }).watch.finding(1)).toMatchObject({
      status: 'healthy',
      facts: { p99Ms: 8_980 },
    });
    expect(begun(10_000).watch.finding(0)).toMatchObject({ status: 'healthy', facts: { p99Ms: 0 } });
  });

  it('begins anew once it was asked after more than a minute', () => {
    const { at, fake } = begun(0);
    expect([at(59_999), fake.resets]).toEqual([60, 0]);
    expect([at(90_000), fake.resets]).toEqual([90, 1]);
    expect([at(100_000), fake.resets]).toEqual([10, 1]);
  });

  it('is watched once, with a real histogram', () => {
    expect(watchEventLoop()).toBe(watchEventLoop());
    expect(eventLoopComponent(60_000)).toMatchObject({ name: 'event_loop', status: 'healthy' });
  });
});
