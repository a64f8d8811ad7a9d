import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type CovenantDocument,
  type CovenantStore,
  createMonitor,
  type DecisionEntry,
  FileSink,
  type Head,
  type LimitLedger,
  MemoryLimits,
  MemorySink,
  MemoryStore,
  type MonitorOptions,
  SteleClient,
  verifyDecisionFile,
} from '../src/index.js';
import { Clock, cast } from './support.js';

let folder = '';
let path = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stele-attacks-'));
  path = join(folder, 'decisions.jsonl');
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const entry = (of: number, more: object = {}): DecisionEntry => ({
  v: 1,
  kind: 'outcome',
  time: '2026-11-21T03:00:00.000Z',
  of,
  outcome: 'done',
  ...more,
});

const nested = (depth: number): object => (depth === 0 ? {} : { inner: nested(depth - 1) });

const codes = (results: PromiseSettledResult<unknown>[]) =>
  results.map((result) => (result.status === 'fulfilled' ? 'ok' : (result.reason as { code: string }).code));

describe('an agent cannot keep its attempts out of the record', () => {
  it('nor spoil what is recorded with them, by text that is cut within a character', async () => {
    const c = await cast();
    const clock = new Clock();
    const sink = await FileSink.open(path);
    const monitor = await createMonitor({
      covenant: await c.covenant('permit a on **'),
      sink,
      clock: clock.read,
    });
    const face = '\u{1f600}';
    const asked = [
      { action: 'a', resource: '/' },
      { action: `${'x'.repeat(511)}${face}`, resource: '/' },
      { action: 'a', resource: '/' },
      { action: 'a', resource: `/${'x'.repeat(4094)}${face}` },
    ];
    const decisions = await Promise.all(asked.map((request) => monitor.check(request)));
    expect(decisions.map(({ code }) => code)).toEqual([
      'permitted',
      'malformed_request',
      'permitted',
      'malformed_request',
    ]);
    await monitor.close();
    expect(await verifyDecisionFile(path)).toMatchObject({ valid: true, head: { entries: 4 } });
    expect(readFileSync(path, 'utf8')).not.toContain('"lost"');
  });

  it('an entry that cannot be read again is refused alone, and the record stays readable', async () => {
    const sink = await FileSink.open(path);
    const refused: unknown[] = [
      entry(Number.NaN),
      entry(1e17),
      entry(0, { more: '\ud800' }),
      entry(0, { more: 'x'.repeat(1024 * 1024) }),
      entry(0, { more: nested(64) }),
      entry(0, { toJSON: () => ({}) }),
      { kind: 'decision' },
      null,
    ];
    const all = refused.flatMap((one) => [one, entry(1)]);
    const results = await Promise.allSettled(all.map((one) => sink.append(one as DecisionEntry)));
    expect(codes(results)).toEqual(refused.flatMap(() => ['entry_refused', 'ok']));
    const large = [entry(0, { more: 'x'.repeat(1024 * 1024 - 1000) }), entry(0, { more: nested(61) })];
    for (const one of large) await sink.append(one);
    await sink.close();
    expect(await verifyDecisionFile(path, sink.head)).toMatchObject({ valid: true, head: { entries: 10 } });
    await (await FileSink.open(path)).close();
  });
});

describe('the record of decisions', () => {
  it('has one writer by whatever name it is called', async () => {
    const sink = await FileSink.open(path);
    symlinkSync(path, join(folder, 'link'));
    await expect(FileSink.open(join(folder, 'link'))).rejects.toMatchObject({ code: 'sink_unavailable' });
    symlinkSync(path, join(folder, 'other.values'));
    await expect(FileSink.open(join(folder, 'other'), { values: true })).rejects.toMatchObject({
      code: 'sink_unavailable',
    });
    await sink.close();
  });

  it('does not follow a head that its reader has changed', async () => {
    const sink = await FileSink.open(path);
    (sink.head as { hash: string }).hash = 'f'.repeat(64);
    await sink.append(entry(0));
    await sink.close();
    expect((await verifyDecisionFile(path)).valid).toBe(true);
  });

  it('contains no head but one that it had', async () => {
    const sink = await FileSink.open(path);
    const empty = sink.head;
    await sink.append(entry(0));
    await sink.close();
    expect((await verifyDecisionFile(path, empty)).valid).toBe(true);
    const never: unknown[] = [
      { entries: 0, hash: 'f'.repeat(64) },
      { ...sink.head, entries: -1 },
      { ...sink.head, entries: Number.NaN },
      { ...sink.head, entries: '1' },
      { ...sink.head, entries: 2 },
      {},
    ];
    for (const head of never) expect((await verifyDecisionFile(path, head as Head)).valid).toBe(false);
  });

  it('takes nothing behind something half-written that cannot be removed', async () => {
    const sink = await FileSink.open(path);
    await sink.append(entry(0));
    const handle = await open(path);
    const shared = Object.getPrototypeOf(handle) as FileHandle;
    await handle.close();
    const broken = () => Promise.reject(new Error('EIO'));
    const sync = vi.spyOn(shared, 'datasync').mockImplementationOnce(broken);
    vi.spyOn(shared, 'truncate').mockImplementationOnce(broken);
    const first = sink.append(entry(1));
    // It comes while the first is being written, and so waits behind it.
    const second = vi.waitUntil(() => sync.mock.calls.length > 0).then(() => sink.append(entry(2)));
    expect(codes(await Promise.allSettled([first, second, sink.append(entry(3))]))).toEqual(
      Array(3).fill('sink_unavailable'),
    );
    await expect(sink.append(entry(4))).rejects.toMatchObject({ code: 'sink_unavailable' });
    await sink.close();
    await (await FileSink.open(path)).close();
  });
});

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
