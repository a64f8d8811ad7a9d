import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  AuditLog,
  type CovenantDocument,
  createMonitor,
  generateKeyPair,
  Lifecycle,
  MemoryLimits,
  MemorySink,
  type MonitorOptions,
  verifyLog,
} from '../src/index.js';
import { type Cast, cast } from './support.js';

const temp = mkdtempSync(join(tmpdir(), 'stele-shadow-'));
let c: Cast;
let live: CovenantDocument;

beforeAll(async () => {
  c = await cast();
  live = await of('permit pay on / when args.amount <= 100\npermit read on /\nlimit pay 3 per day');
});

afterAll(() => rmSync(temp, { recursive: true, force: true }));

const of = (rules: string) => c.covenant(rules, { now: new Date() });
const pay = (amount: number) => ({ action: 'pay', resource: '/', context: { args: { amount } } });

async function governed(candidate: string | CovenantDocument, options: Partial<MonitorOptions> = {}) {
  const sink = new MemorySink();
  const limits = new MemoryLimits();
  const shadow = typeof candidate === 'string' ? await of(candidate) : candidate;
  const monitor = await createMonitor({ covenant: live, shadow, sink, limits, ...options });
  const shadows = () =>
    sink.entries.flatMap((entry) =>
      entry.kind === 'decision' && entry.mode === 'shadow'
        ? [[entry.action, entry.decision, entry.code, entry.covenant === shadow.id]]
        : [],
    );
  return { monitor, sink, shadows };
}

describe('a candidate that is judged beside', () => {
  it('decides nothing, and is recorded where its rules would decide otherwise', async () => {
    const { monitor, shadows } = await governed('permit pay on / when args.amount <= 50\npermit write on /');
    expect((await monitor.check(pay(20))).code).toBe('permitted');
    expect((await monitor.check(pay(80))).code).toBe('permitted');
    expect((await monitor.check({ action: 'write', resource: '/' })).code).toBe('no_matching_permit');
    expect((await monitor.check({ action: 'read', resource: '/' })).code).toBe('permitted');
    await monitor.close();
    expect(shadows()).toEqual([
      ['pay', 'deny', 'no_matching_permit', true],
      ['write', 'permit', 'permitted', true],
      ['read', 'deny', 'no_matching_permit', true],
    ]);
    expect(monitor.shadow).toEqual({ judged: 4, differs: 3 });
  });

  it('charges nothing, and is not blamed for what the live limits deny', async () => {
    const { monitor, shadows } = await governed('permit pay on /\nlimit pay 1 per day');
    for (let i = 0; i < 3; i++) expect((await monitor.check(pay(1))).permitted).toBe(true);
    expect((await monitor.check(pay(1))).code).toBe('limit_exceeded');
    await monitor.close();
    expect(shadows()).toEqual([]);
    expect(monitor.shadow).toEqual({ judged: 4, differs: 0 });
  });

  it('asks nobody, and tells an approval from a permit', async () => {
    let asked = 0;
    const { monitor, shadows } = await governed('permit pay on /\nrequire human.approval for pay on /', {
      obligations: {
        'human.approval': () => {
          asked++;
          return true;
        },
      },
    });
    expect((await monitor.check(pay(1))).permitted).toBe(true);
    await monitor.close();
    expect(asked).toBe(0);
    expect(shadows()).toEqual([['pay', 'pending', 'obligation_pending', true]]);
  });

  it('that does not verify would deny everything, and is never a reason to deny', async () => {
    const candidate = await of('permit pay on /');
    const forged = { ...candidate, constraints: 'permit ** on **' } as CovenantDocument;
    const { monitor, shadows } = await governed(forged);
    expect((await monitor.check(pay(1))).permitted).toBe(true);
    await monitor.close();
    expect(shadows()).toMatchObject([['pay', 'deny', 'covenant_invalid', expect.anything()]]);
  });

  it('never stands alone, and no covenant can switch it on', async () => {
    await expect(createMonitor({ shadow: live } as unknown as MonitorOptions)).rejects.toThrow(TypeError);
    const open = await c.covenant('permit pay on /', { now: new Date(), metadata: { shadow: true } });
    const monitor = await createMonitor({ covenant: open, sink: new MemorySink() });
    expect(monitor.shadow).toBeUndefined();
    expect((await monitor.check({ action: 'other', resource: '/' })).permitted).toBe(false);
  });

  it('goes into a log that verifies, and so does its promotion', async () => {
    const signer = await generateKeyPair();
    const folder = join(temp, 'log');
    const log = await AuditLog.open(folder, { signer, origin: 'stele.example/shadow' });
    const candidate = await of('permit pay on / when args.amount <= 50\npermit read on **');
    const monitor = await createMonitor({
      covenant: live,
      shadow: candidate,
      sink: log,
      limits: new MemoryLimits(),
    });
    await monitor.check(pay(80));
    await monitor.enforce(pay(10), () => undefined);
    await new Lifecycle(log).covenantPromoted(candidate, live);
    await monitor.close();
    expect(await verifyLog(folder, { keys: [signer] })).toMatchObject({ valid: true });
    const again = await AuditLog.open(folder, { signer, origin: 'stele.example/shadow' });
    const kinds = [];
    for (let i = 0; i < 5; i++) kinds.push(await again.entry(i));
    expect(kinds.filter((entry) => (entry as { mode?: string }).mode === 'shadow')).toMatchObject([
      { decision: 'deny', covenant: candidate.id },
    ]);
    expect(kinds.find(({ kind }) => kind === 'covenant.promoted')).toMatchObject({ replaces: live.id });
    await again.close();
  });
});
