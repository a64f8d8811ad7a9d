import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileStore, MemoryStore } from '@stele/store';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type ProbedStore, readiness } from '../src/index.js';
import { FAILURES, hanging, never, PRIVATE, readOnly, writable } from './support.js';

afterEach(() => void vi.useRealTimers());

describe('readiness', () => {
  it('is ready when the store can be written and read', async () => {
    const { ready, probe, latencyMs, timestamp, ...rest } = await readiness(writable());
    expect({ ready, probe, rest }).toEqual({ ready: true, probe: 'write', rest: {} });
    expect(latencyMs).toBeGreaterThanOrEqual(0);
    expect(Date.parse(timestamp)).toBeLessThanOrEqual(Date.now());
  });

  it('says of a store without a probe that it was only read', async () => {
    const { get } = new MemoryStore();
    const store = new MemoryStore();
    const bare = { get: get.bind(store) } as ProbedStore;
    expect(await readiness(bare)).toMatchObject({ ready: true, probe: 'read' });
  });

  it('is ready with real stores, and not once they are closed', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stele-health-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    for (const store of [new MemoryStore(), new FileStore(folder)]) {
      expect(await readiness(store)).toMatchObject({ ready: true });
      expect(await store.count()).toBe(0);
      await store.close();
      expect(await readiness(store)).toMatchObject({ ready: false, code: 'store_closed' });
    }
  });

  it('is not ready when the store can be read, but not written', async () => {
    expect(await readiness(readOnly())).toMatchObject({
      ready: false,
      probe: 'write',
      code: 'store_unavailable',
    });
  });

  it('is not ready when the store can be written, but not read as monitors read it', async () => {
    const store = { ...writable(), probe: async () => {}, get: async () => Promise.reject(new Error('x')) };
    expect(await readiness(store)).toMatchObject({ ready: false, probe: 'write', code: 'check_failed' });
  });

  it('tells nothing of what was thrown but a stable code', async () => {
    for (const [error, code] of FAILURES) {
      const get = () => {
        throw error;
      };
      const result = await readiness({ get } as ProbedStore);
      expect(result).toMatchObject({ ready: false, probe: 'read', code });
      expect(JSON.stringify(result)).not.toContain('hunter2');
    }
  });

  it('tells the message where it is asked to, cut and on one line', async () => {
    const { detail } = await readiness(readOnly(), { verbose: true });
    expect(detail).toBe(PRIVATE);
    const get = async () => Promise.reject(new Error(`a\n\u001b[2J${'x'.repeat(1_000)}`));
    const { detail: long } = await readiness({ get }, { verbose: true });
    expect(long).toMatch(/^a\?\?\[2Jx+$/);
    expect(long).toHaveLength(200);
    for (const [error] of FAILURES.slice(4)) {
      const failing = { get: () => Promise.reject(error) };
      expect((await readiness(failing, { verbose: true })).detail).toBe('no message');
    }
  });
});

describe('a store that hangs', () => {
  it('is given up after the time-out', async () => {
    vi.useFakeTimers();
    const asked = readiness(hanging());
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await asked).toMatchObject({ ready: false, probe: 'write', code: 'timed_out', latencyMs: 1_000 });
    const sooner = readiness({ get: never }, { timeoutMs: 5 });
    await vi.advanceTimersByTimeAsync(5);
    expect(await sooner).toMatchObject({ ready: false, probe: 'read', code: 'timed_out', latencyMs: 5 });
  });

  it('is asked once in ten seconds, however often a probe calls', async () => {
    vi.useFakeTimers();
    const store = hanging();
    const results: Promise<{ ready: boolean }>[] = [];
    for (let second = 0; second < 20; second++) {
      results.push(readiness(store), readiness(store, { timeoutMs: 100 }));
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(store.asked).toBe(2);
    expect((await Promise.all(results)).some(({ ready }) => ready)).toBe(false);
  });

  it('is ready again as soon as it answers, also when a lost probe ends later', async () => {
    vi.useFakeTimers();
    const answers: (() => void)[] = [];
    const store = {
      get: async () => undefined,
      probe: () => new Promise<void>((resolve) => void answers.push(resolve)),
    };
    const lost = readiness(store);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await lost).toMatchObject({ ready: false, code: 'timed_out' });
    const open = readiness(store);
    answers[0]?.();
    await vi.advanceTimersByTimeAsync(0);
    const joined = readiness(store);
    answers[1]?.();
    expect([await open, await joined]).toMatchObject([{ ready: true }, { ready: true }]);
    expect(answers).toHaveLength(2);
    const next = readiness(store);
    await vi.advanceTimersByTimeAsync(0);
    answers[2]?.();
    expect(await next).toMatchObject({ ready: true });
  });

  it('leaves no timer behind when it answers', async () => {
    vi.useFakeTimers();
    await readiness(writable());
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('wrong arguments', () => {
  it.each([undefined, null, 'memory', 7])('refuses the store %s', async (store) => {
    await expect(readiness(store as never)).rejects.toThrow(TypeError);
  });

  it.each([0, -1, 60_001, Number.NaN, Number.POSITIVE_INFINITY, '1000'])(
    'refuses the time-out %s',
    async (timeoutMs) => {
      await expect(readiness(writable(), { timeoutMs: timeoutMs as number })).rejects.toThrow(RangeError);
    },
  );
});
