import { SteleError } from '@stele/types/errors';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type DeepHealthOptions, deepHealth, type HealthComponent, type ListLike } from '../src/index.js';
import { FAILURES, hanging, never, PATIENT, PRIVATE, readOnly, writable } from './support.js';

const DAY_MS = 86_400_000;

afterEach(() => void vi.useRealTimers());

/** The report without the parts that every process has. */
async function report(options: Partial<DeepHealthOptions> = {}) {
  const { components, ...rest } = await deepHealth({ store: writable(), ...PATIENT, ...options });
  const own = components.filter(({ name }) => name !== 'memory' && name !== 'event_loop');
  return { ...rest, components: own.map(({ latencyMs: _, ...component }) => component) };
}

/** The component that one option adds. */
const added = async (options: Partial<DeepHealthOptions>) => (await report(options)).components.at(1);

describe('a report', () => {
  it('says version, time, uptime and how each part fares', async () => {
    const clock = () => Date.UTC(2026, 10, 21);
    const { components, ...rest } = await deepHealth({
      store: writable(),
      ...PATIENT,
      version: '1.2.3',
      clock,
    });
    expect(rest).toEqual({
      status: 'healthy',
      timestamp: '2026-11-21T00:00:00.000Z',
      version: '1.2.3',
      uptimeSeconds: expect.any(Number),
    });
    expect(components.map(({ name, status }) => [name, status])).toEqual([
      ['store', 'healthy'],
      ['memory', 'healthy'],
      ['event_loop', 'healthy'],
    ]);
    for (const { latencyMs } of components) expect(latencyMs).toBeGreaterThanOrEqual(0);
  });

  it('has no version where there is none', async () => {
    const { version } = process.env;
    expect(await deepHealth({ store: writable(), version })).not.toHaveProperty('version');
  });

  it('has the status of the worst component', async () => {
    const degraded = () => ({ status: 'degraded' as const });
    expect(await report({ checks: { a: degraded } })).toMatchObject({ status: 'degraded' });
    expect(await report({ checks: { a: degraded, b: () => false } })).toMatchObject({ status: 'unhealthy' });
  });

  it('looks at all at once, each with its own time-out', async () => {
    vi.useFakeTimers();
    const hung = { ageDays: 1, needsRotation: () => false };
    const asked = report({
      store: hanging(),
      timeoutMs: 50,
      keyManager: hung,
      audit: { lag: never },
      limits: { probe: never, reserve: never, release: never },
      revocationLists: never,
      checks: { other: never },
    });
    await vi.advanceTimersByTimeAsync(50);
    const { status, components } = await asked;
    expect(status).toBe('unhealthy');
    expect(components.map(({ name, code }) => [name, code])).toEqual([
      ['store', 'timed_out'],
      ['keys', undefined],
      ['audit', 'timed_out'],
      ['revocation_lists', 'timed_out'],
      ['limits', 'timed_out'],
      ['other', 'timed_out'],
    ]);
  });

  it('tells nothing of what was thrown but a stable code', async () => {
    for (const [error, code] of FAILURES) {
      const fail = () => {
        throw error;
      };
      const { components, ...rest } = await report({
        store: { get: fail },
        keyManager: { ageDays: 1, needsRotation: fail },
        audit: { lag: fail },
        limits: { reserve: fail, release: fail },
        revocationLists: fail,
        checks: { one: fail, other: async () => fail() },
      });
      expect(components).toHaveLength(7);
      for (const component of components) expect(component).toMatchObject({ status: 'unhealthy', code });
      expect(JSON.stringify([components, rest])).not.toContain('hunter2');
    }
  });

  it('tells messages where it is asked to', async () => {
    const { components } = await report({ store: readOnly(), verbose: true });
    expect(components[0]).toMatchObject({ code: 'store_unavailable', detail: PRIVATE });
  });
});

describe('the store', () => {
  it('is degraded when it is slow', async () => {
    expect((await report({ storeLatencyThresholdMs: 60_000 })).components).toEqual([
      { name: 'store', status: 'healthy', facts: { probe: 'write', thresholdMs: 60_000 } },
    ]);
    vi.useFakeTimers();
    const get = () => new Promise<undefined>((resolve) => void setTimeout(() => resolve(undefined), 201));
    const slow = report({ store: { get }, storeLatencyThresholdMs: undefined });
    await vi.advanceTimersByTimeAsync(201);
    expect(await slow).toMatchObject({
      status: 'degraded',
      components: [{ status: 'degraded', code: 'store_slow', facts: { probe: 'read', thresholdMs: 200 } }],
    });
  });

  it('is unhealthy when it cannot be written', async () => {
    expect((await report({ store: readOnly() })).components[0]).toMatchObject({
      status: 'unhealthy',
      code: 'store_unavailable',
    });
  });
});

describe('keys', () => {
  const aged = (ageDays: number) => ({ use: 'covenant', ageDays, needsRotation: () => ageDays >= 90 });

  it('are healthy while they are young, and degraded when they are due', async () => {
    expect(await added({ keyManager: aged(89.994) })).toEqual({
      name: 'keys.covenant',
      status: 'healthy',
      facts: { ageDays: 89.99 },
    });
    expect(await added({ keyManager: aged(90) })).toEqual({
      name: 'keys.covenant',
      status: 'degraded',
      code: 'key_rotation_due',
      facts: { ageDays: 90 },
    });
  });

  it('are unhealthy when there are none, or when the active one was revoked', async () => {
    const empty = {
      get ageDays(): number {
        throw new SteleError('key_manager_uninitialized', PRIVATE);
      },
      needsRotation: () => false,
    };
    expect(await added({ keyManager: empty })).toEqual({
      name: 'keys',
      status: 'unhealthy',
      code: 'key_manager_uninitialized',
    });
    const revoked = { ...aged(1), activeKey: { state: 'revoked' } };
    expect(await added({ keyManager: revoked })).toMatchObject({ status: 'unhealthy', code: 'key_revoked' });
  });

  it('may be those of several managers', async () => {
    const { components } = await report({ keyManager: [aged(1), aged(91)] });
    expect(components.map(({ status }) => status)).toEqual(['healthy', 'healthy', 'degraded']);
    const many = Array.from({ length: 33 }, () => aged(0));
    await expect(report({ keyManager: many })).rejects.toThrow(RangeError);
  });
});

describe('the audit log', () => {
  const lagging = (entries: number, ageMs: number) =>
    added({ audit: { lag: () => ({ entries, ageMs }) }, auditLagThresholdMs: 5_000 });

  it('is degraded when entries wait too long for a checkpoint', async () => {
    expect(await lagging(9, 5_000)).toMatchObject({ name: 'audit', status: 'healthy' });
    expect(await lagging(1, 5_001)).toMatchObject({ status: 'degraded', code: 'audit_lagging' });
  });

  it.each([
    [-1, 0],
    [0, Number.NaN],
    [undefined, undefined],
  ])('is unhealthy when it tells %s entries and %s ms', async (entries, ageMs) => {
    expect(await lagging(entries as number, ageMs as number)).toMatchObject({
      status: 'unhealthy',
      code: 'check_failed',
    });
  });
});

describe('revocation lists', () => {
  const START = Date.UTC(2026, 0, 1);
  const list = (days: { issued?: number; due: number; number?: number; issuer?: string }): ListLike => ({
    issuer: days.issuer ?? 'a',
    number: days.number ?? 1,
    issuedAt: new Date(START + (days.issued ?? 0) * DAY_MS).toISOString(),
    nextUpdate: new Date(START + days.due * DAY_MS).toISOString(),
  });
  const at = async (day: number, ...lists: ListLike[]) => {
    const found = (await added({
      revocationLists: lists,
      clock: () => START + day * DAY_MS,
    })) as HealthComponent;
    return [found.status, found.code, found.facts?.issuers];
  };

  it('age, and are stale from the moment at which the next is due', async () => {
    expect(await at(8.9, list({ due: 10 }))).toEqual(['healthy', undefined, 1]);
    expect(await at(9, list({ due: 10 }))).toEqual(['degraded', 'revocation_list_aging', 1]);
    expect(await at(10, list({ due: 10 }))).toEqual(['unhealthy', 'revocation_list_stale', 1]);
  });

  it('count once for each issuer, the newest of them', async () => {
    const old = list({ due: 1, number: 1 });
    const fresh = list({ issued: 1, due: 10, number: 2 });
    expect(await at(2, old, fresh)).toEqual(['healthy', undefined, 1]);
    expect(await at(2, fresh, old)).toEqual(['healthy', undefined, 1]);
    expect(await at(2, fresh, list({ due: 1, issuer: 'b' }))).toEqual([
      'unhealthy',
      'revocation_list_stale',
      2,
    ]);
  });

  it('are unhealthy when none is there, when one is from the future, or makes no sense', async () => {
    expect(await at(0)).toEqual(['unhealthy', 'revocation_list_missing', undefined]);
    const future = list({ issued: 1, due: 10 });
    expect(await at(0, future)).toEqual(['unhealthy', 'revocation_list_from_the_future', 1]);
    expect(await at(1 - 1 / 1440, future)).toEqual(['healthy', undefined, 1]);
    for (const broken of [{ issuedAt: 'soon' }, { nextUpdate: 'later' }])
      expect(await at(0, { ...future, ...broken })).toEqual([
        'unhealthy',
        'revocation_list_malformed',
        undefined,
      ]);
    const many = Array.from({ length: 65 }, () => future);
    expect(await at(0, ...many)).toEqual(['unhealthy', 'check_failed', undefined]);
    expect(await added({ revocationLists: (() => 'none') as never })).toMatchObject({ code: 'check_failed' });
  });

  it('may come from wherever the host keeps them', async () => {
    const revocationLists = async () => [list({ due: 10 })];
    expect(await added({ revocationLists, clock: () => START })).toEqual({
      name: 'revocation_lists',
      status: 'healthy',
      facts: { issuers: 1, nextUpdate: '2026-01-11T00:00:00.000Z' },
    });
  });
});

describe('limits', () => {
  const ledger = () => {
    const calls: unknown[] = [];
    return {
      calls,
      reserve: async (charges: readonly { cost: number }[]) => {
        calls.push(charges.map(({ cost }) => cost));
        return { ok: true, id: '1' };
      },
      release: async (id: string) => void calls.push(id),
    };
  };

  it('are charged nothing, and given it back', async () => {
    const limits = ledger();
    expect(await added({ limits })).toEqual({ name: 'limits', status: 'healthy' });
    expect(limits.calls).toEqual([[0], '1']);
  });

  it('are asked by their own probe where they have one', async () => {
    const limits = { ...ledger(), probe: async () => Promise.reject(new Error(PRIVATE)) };
    expect(await added({ limits })).toMatchObject({ status: 'unhealthy', code: 'check_failed' });
    expect(limits.calls).toEqual([]);
  });

  it('are unhealthy when they refuse a charge of nothing, or do not take it back', async () => {
    const refuse = async () => ({ ok: false });
    const fail = async () => Promise.reject(new Error(PRIVATE));
    const reserve = async () => ({ ok: true, id: '1' });
    for (const limits of [
      { reserve: refuse, release: async () => {} },
      { reserve, release: fail },
    ])
      expect(await added({ limits })).toMatchObject({ status: 'unhealthy', code: 'check_failed' });
  });
});

describe('checks of the host', () => {
  const checked = async (answer: unknown) => added({ checks: { own: (async () => answer) as never } });

  it.each([
    [undefined, { status: 'healthy' }],
    [true, { status: 'healthy' }],
    [false, { status: 'unhealthy', code: 'check_failed' }],
    [{ status: 'healthy' }, { status: 'healthy' }],
    [
      { status: 'degraded', code: 'queue_long', facts: { length: 7 }, secret: 1 },
      { status: 'degraded', code: 'queue_long', facts: { length: 7 } },
    ],
    [{ status: 'unhealthy' }, { status: 'unhealthy' }],
    [null, { status: 'unhealthy', code: 'check_failed' }],
    [7, { status: 'unhealthy', code: 'check_failed' }],
    [{ status: 'fine' }, { status: 'unhealthy', code: 'check_failed' }],
  ])('that answer %j', async (answer, finding) => {
    expect(await checked(answer)).toEqual({ name: 'own', ...finding });
  });

  it('are not called again while they hang', async () => {
    let calls = 0;
    const own = () => {
      calls++;
      return never();
    };
    await Promise.all([1, 2, 3].map(() => report({ checks: { own }, timeoutMs: 1 })));
    expect(calls).toBe(1);
  });

  it.each(['', 'Upper', 'a b', '../x', 'a'.repeat(65), '__proto__'])('cannot be named %j', async (name) => {
    const checks = Object.fromEntries([[name, () => true]]);
    await expect(report({ checks })).rejects.toThrow(TypeError);
  });

  it('are functions, and 32 at most', async () => {
    await expect(report({ checks: { a: true as never } })).rejects.toThrow(TypeError);
    const many = Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`c${i}`, () => true]));
    await expect(report({ checks: many })).rejects.toThrow(RangeError);
  });
});

describe('wrong options', () => {
  it.each([
    { store: undefined as never },
    { store: null as never },
    { timeoutMs: 0 },
    { storeLatencyThresholdMs: -1 },
    { storeLatencyThresholdMs: Number.NaN },
    { auditLagThresholdMs: '9' as never },
    { eventLoopThresholdMs: -1 },
    { memoryThreshold: 1.1 },
  ])('%j', async (options) => {
    await expect(report(options)).rejects.toThrow(/must be/);
  });
});
