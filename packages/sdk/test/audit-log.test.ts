/** Monitors over a log on files: what an auditor finds of their decisions. */
import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { canMountSmallDisks } from '../../../test/support/small-disk.js';
import {
  ActionFailedError,
  ActionNotPerformedError,
  AuditLog,
  type AuditLogOptions,
  type CovenantDocument,
  createMonitor,
  type DecisionRecord,
  deepHealth,
  documentDigest,
  generateKeyPair,
  type KeyPair,
  logEvidence,
  MemoryStore,
  type MonitorOptions,
  proveEntry,
  SteleClient,
  verifyLog,
  verifyProof,
  Witness,
} from '../src/index.js';
import { type Cast, Clock, cast } from './support.js';

const ORIGIN = 'log.example/stele';

/** In memory where that goes: a process that is killed loses nothing there either, and nobody waits for a disk. */
const PLACE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

let c: Cast;
let covenant: CovenantDocument;
let signer: KeyPair;
let folder: string;
let path: string;
let clock: Clock;

beforeAll(async () => {
  c = await cast();
  covenant = await c.covenant("permit a on **\npermit pay on '/orders/**'");
  signer = await generateKeyPair();
});

beforeEach(() => {
  folder = mkdtempSync(join(PLACE, 'stele-log-'));
  path = join(folder, 'log');
  clock = new Clock();
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const opened = (options: Partial<AuditLogOptions> = {}) =>
  AuditLog.open(path, { signer, origin: ORIGIN, clock: () => new Date(clock.now), ...options });

const monitorOf = (sink: AuditLog, options: Partial<MonitorOptions> = {}) =>
  createMonitor({ covenant, clock: clock.read, sink, ...options });

const verified = (since?: string) =>
  verifyLog(path, { keys: [signer.publicKey], ...(since === undefined ? {} : { since }) });

const request = { action: 'a', resource: '/' };

async function leaves(log: AuditLog): Promise<Record<string, unknown>[]> {
  await log.checkpoint();
  const { size } = await verified();
  const all = await Promise.all(Array.from({ length: size }, (_, i) => log.entry(i)));
  return all as unknown as Record<string, unknown>[];
}

describe('a monitor over a log', () => {
  it('gives receipts by which each decision is found and proved', async () => {
    const log = await opened();
    const monitor = await monitorOf(log);
    const decisions = await Promise.all(Array.from({ length: 100 }, () => monitor.check(request)));
    const denied = await monitor.check({ action: 'b', resource: '/' });
    const [first] = decisions;
    expect(first?.receipt).toEqual({
      origin: ORIGIN,
      seq: 0,
      index: 0,
      leafHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(decisions.map(({ receipt }) => receipt?.index)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    await vi.waitUntil(() => denied.receipt !== undefined);
    await log.checkpoint();
    for (const { receipt, code } of [...decisions.slice(99), denied]) {
      const proof = await proveEntry(log.reader, receipt?.index as number);
      const report = await verifyProof(proof, { keys: [signer.publicKey] });
      expect(report).toMatchObject({ valid: true, leafHash: receipt?.leafHash, entry: { code } });
    }
    await monitor.close();
    expect(await verified()).toMatchObject({ valid: true, size: 101 });
  });

  it('leaves no request data in clear, whatever was asked, neither in the log nor beside it', async () => {
    const log = await opened();
    const monitor = await monitorOf(log);
    const context = { args: { note: 'marker-context' } };
    await monitor.enforce({ action: 'pay', resource: '/orders/marker-resource', context }, () => 1);
    await monitor.check({ action: 'pay', resource: '/other/marker-resource', context });
    await monitor.check({ ...request, context: { args: nested(70) } });
    await monitor.close();
    expect(await verified()).toMatchObject({ valid: true, size: 4 });
    const written = filesOf(folder).map((file) => readFileSync(file, 'latin1'));
    for (const text of written) expect(text).not.toMatch(/marker|z6Mk/);
  });

  it('names what decided, and what became of it', async () => {
    const log = await opened();
    const monitor = await monitorOf(log);
    const pay = { action: 'pay', resource: '/orders/1' };
    await monitor.enforce(pay, () => 1);
    for (const error of [new ActionFailedError(), new ActionNotPerformedError(), new Error('gone')])
      await expect(monitor.enforce(pay, () => Promise.reject(error))).rejects.toBe(error);
    await monitor.check(pay);
    const all = await leaves(log);
    expect(all[0]).toMatchObject({
      v: 1,
      seq: 0,
      kind: 'decision',
      mode: 'enforce',
      covenant: covenant.id,
      chain: [covenant.id],
      action: 'pay',
      decision: 'permit',
      code: 'permitted',
      statements: [2],
      pattern: '/orders/**',
    });
    expect(all.flatMap(({ kind, of, outcome }) => (kind === 'outcome' ? [[of, outcome]] : []))).toEqual([
      [0, 'done'],
      [2, 'failed'],
      [4, 'not_performed'],
      [6, 'unknown'],
    ]);
    expect(all.at(-1)).toMatchObject({ settles: false });
    await monitor.close();
  });

  it('counts a flood of denials, and an entry of any length that an agent provokes is taken', async () => {
    const log = await opened();
    const monitor = await monitorOf(log);
    const face = '\u{1f600}';
    const odd = [
      { action: `${'x'.repeat(511)}${face}`, resource: '/' },
      { action: 'a', resource: `/${'x'.repeat(4094)}${face}` },
      { action: `\u0000\n"${'\u2028'.repeat(600)}`, resource: '/\u0000' },
    ];
    for (const one of odd) expect((await monitor.check(one)).code).toBe('malformed_request');
    const asked = Array.from({ length: 500 }, () => monitor.check({ action: 'b', resource: '/' }));
    await Promise.all([...asked, monitor.check(request)]);
    await monitor.close();
    const again = await opened();
    const all = await leaves(again);
    expect(all.filter(({ lost }) => lost !== undefined)).toEqual([]);
    expect(all).toHaveLength(odd.length + 1 + 101);
    expect(all.at(-1)).toMatchObject({ code: 'no_matching_permit', count: 400 });
    await again.close();
  });

  it('takes an entry that cannot be recorded for no record, and its neighbours are recorded', async () => {
    const log = await opened();
    const refused: unknown[] = [{ kind: 'decision' }, null, { v: 1, kind: 'outcome', of: Number.NaN }];
    const monitor = await monitorOf(log);
    const all = await Promise.allSettled(
      refused.flatMap((one) => [log.append(one as DecisionRecord), monitor.check(request)]),
    );
    for (const [i, each] of all.entries())
      expect(each).toMatchObject(
        i % 2 === 0
          ? { status: 'rejected', reason: { code: 'entry_refused' } }
          : { status: 'fulfilled', value: { permitted: true } },
      );
    await monitor.close();
    expect(await verified()).toMatchObject({ valid: true, size: refused.length });
  });

  it('goes on where it ended, and permits nothing once the log is closed', async () => {
    const first = await opened();
    const monitor = await monitorOf(first);
    await monitor.check(request);
    const kept = await first.checkpoint();
    await monitor.close();
    await monitor.close();
    expect(await monitor.check(request)).toMatchObject({
      permitted: false,
      code: 'record_failed',
      detail: expect.stringContaining('closed'),
    });
    const second = await opened();
    const { receipt } = await (await monitorOf(second)).check(request);
    expect(receipt?.index).toBe(1);
    await second.close();
    expect(await verified(kept)).toMatchObject({ valid: true, size: 2 });
  });

  it('has one writer', async () => {
    const log = await opened();
    await expect(opened()).rejects.toMatchObject({ code: 'audit_log_locked' });
    await log.close();
    await (await opened()).close();
  });

  it('finds a clock that was set back while nobody looked', async () => {
    const first = await opened();
    await (await monitorOf(first)).check(request);
    await first.close();
    clock.advance(-3_600_000);
    const second = await opened();
    const monitor = await monitorOf(second);
    expect((await monitor.check(request)).code).toBe('clock_suspect');
    clock.advance(3_600_000 - 59_000);
    expect((await monitor.check(request)).code).toBe('permitted');
    await monitor.close();
    // The denial has the wrong time, and does not move the newest back.
    clock.advance(-3_600_000);
    const third = await opened();
    expect((await (await monitorOf(third)).check(request)).code).toBe('clock_suspect');
    await third.close();
  });

  it('reports how far its evidence is behind', async () => {
    const log = await opened();
    await (await monitorOf(log)).check(request);
    const health = () => deepHealth({ store: new MemoryStore(), audit: log, timeoutMs: 30_000 });
    const named = async () => (await health()).components.find(({ name }) => name === 'audit');
    expect(await named()).toMatchObject({ status: 'healthy', facts: { entries: 1 } });
    await log.checkpoint();
    expect(await named()).toMatchObject({ status: 'healthy', facts: { entries: 0, ageMs: 0 } });
    await log.close();
  });
});

describe('damage', () => {
  it('of an entry is found and named, a cut tail and another log by a checkpoint that was kept', async () => {
    const log = await opened();
    const monitor = await monitorOf(log);
    for (let i = 0; i < 3; i++) await monitor.check(request);
    const early = join(folder, 'early');
    await log.checkpoint();
    cpSync(path, early, { recursive: true });
    await monitor.check(request);
    await monitor.close();
    const kept = readFileSync(join(path, 'checkpoint'), 'utf8');
    const keys = [signer.publicKey];
    expect(await verifyLog(early, { keys })).toMatchObject({ valid: true, size: 3 });
    expect(await verifyLog(early, { keys, since: kept })).toMatchObject({
      valid: false,
      problem: { code: 'truncated' },
    });
    const other = await AuditLog.open(join(folder, 'other'), { signer, origin: ORIGIN });
    const another = await createMonitor({ covenant, sink: other });
    for (let i = 0; i < 5; i++) await another.check(request);
    await another.close();
    expect(await verifyLog(join(folder, 'other'), { keys, since: kept })).toMatchObject({
      valid: false,
      problem: { code: 'forked' },
    });
  });

  it('by a log that was put back refuses to open', async () => {
    const log = await opened();
    const monitor = await monitorOf(log);
    await monitor.check(request);
    await log.checkpoint();
    for (const part of ['', '.private'])
      cpSync(`${path}${part}`, `${path}.copy${part}`, {
        recursive: true,
        filter: (file) => !file.endsWith('lock'),
      });
    await monitor.check(request);
    await monitor.close();
    for (const part of ['', '.private']) {
      rmSync(`${path}${part}`, { recursive: true });
      cpSync(`${path}.copy${part}`, `${path}${part}`, { recursive: true });
    }
    await expect(opened()).rejects.toMatchObject({ code: 'audit_log_rolled_back' });
  });
});

describe('a client over a log', () => {
  it('has its covenants and revocations in it, and the covenant proved when its key has retired', async () => {
    const log = await AuditLog.open(path, { signer, origin: ORIGIN });
    const store = new MemoryStore();
    const client = new SteleClient({ store, signer: c.owner, log });
    const document = await client.issue({ beneficiary: { id: c.agent.did }, constraints: 'permit a on **' });
    const monitor = await client.monitor(document);
    expect((await monitor.check(request)).receipt?.index).toBe(1);
    await monitor.close();
    await client.revoke(await client.issue({ beneficiary: { id: c.agent.did }, constraints: '' }), 'x');
    const all = await leaves(log);
    expect(all.map(({ kind }) => kind)).toEqual([
      'covenant.put',
      'decision',
      'covenant.put',
      'covenant.revoked',
    ]);
    expect(all[0]).toMatchObject({ covenant: document.id, digest: documentDigest(document) });
    expect(all[0]?.agent).toMatch(/^[0-9a-f]{64}$/);

    const proof = await cosigned(await proveEntry(log.reader, 0));
    await log.close();
    const retired = new Date(Date.now() + 10_000);
    const told = {
      keyStatus: (key: string) =>
        key === c.owner.publicKeyHex ? ({ status: 'retired', since: retired } as const) : undefined,
      evidence: logEvidence({
        proof: (digest) => (digest === documentDigest(document) ? proof.text : undefined),
        origin: ORIGIN,
        keys: [signer.publicKey],
        witnesses: { keys: [proof.witness], quorum: 1 },
      }),
    };
    const later = new SteleClient({ store, trust: [c.owner.did], ...told });
    const now = new Date(retired.getTime() + 1);
    expect((await later.verify(document, { now })).valid).toBe(true);
    const { evidence: _, ...without } = told;
    const blind = new SteleClient({ store, trust: [c.owner.did], ...without });
    expect((await blind.verify(document, { now })).valid).toBe(false);
  });
});

describe('a process that is killed', () => {
  async function dying(how: string, until: (indexes: number[]) => boolean): Promise<number[]> {
    const document = await c.covenant('permit a on **', { now: new Date() });
    const secret = Buffer.from(signer.privateKey).toString('hex');
    const child = fork(fileURLToPath(new URL('./decide-and-die.mjs', import.meta.url)), {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    });
    child.send({ path, origin: ORIGIN, secret, covenant: document, trust: [c.owner.did], how });
    return indexesOf(child, until);
  }

  it('while an action runs leaves its outcome unknown, and that of no other', async () => {
    const [checked, admitted] = await dying('while it runs', () => false);
    const log = await AuditLog.open(path, { signer, origin: ORIGIN });
    const all = await leaves(log);
    expect([checked, admitted]).toEqual([2, 3]);
    const outcomes = all.flatMap(({ kind, of, outcome }) => (kind === 'outcome' ? [[of, outcome]] : []));
    expect(outcomes).toEqual([
      [0, 'done'],
      [3, 'unknown'],
      [4, 'unknown'],
    ]);
    await log.close();
    const again = await AuditLog.open(path, { signer, origin: ORIGIN });
    expect(await leaves(again)).toHaveLength(all.length);
    await again.close();
  });

  it('has lost no permit that was given, at any moment', { timeout: 60_000 }, async () => {
    for (let round = 1; round <= 2; round++) {
      const indexes = await dying('at work', (told) => told.length >= 150 * round);
      const log = await AuditLog.open(path, { signer, origin: ORIGIN });
      const all = await leaves(log);
      for (const index of indexes) expect(all[index]).toMatchObject({ seq: index, decision: 'permit' });
      await log.close();
      expect(await verified()).toMatchObject({ valid: true, size: all.length });
    }
  });
});

describe('a disk that fails', () => {
  it('gives a typed error where the log cannot be made', async () => {
    await expect(AuditLog.open('/dev/null/log', { signer, origin: ORIGIN })).rejects.toMatchObject({
      code: 'audit_log_unavailable',
    });
  });

  it.skipIf(!canMountSmallDisks)(
    'full: no permit, what was permitted is there, and on again once there is room',
    async () => {
      const disk = join(folder, 'disk');
      mkdirSync(disk);
      expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk]).status).toBe(0);
      try {
        path = join(disk, 'log');
        const log = await opened({ checkpointIntervalMs: 60_000 });
        const monitor = await monitorOf(log);
        let permitted = 0;
        let last = await monitor.check(request);
        for (; last.permitted && permitted < 10_000; permitted++) last = await monitor.check(request);
        expect(last).toMatchObject({ permitted: false, code: 'record_failed', retryable: true });
        spawnSync('mount', ['-o', 'remount,size=32m', disk]);
        await expect.poll(async () => (await monitor.check(request)).permitted).toBe(true);
        await monitor.close();
        const report = await verified();
        expect(report.valid).toBe(true);
        expect(report.size).toBeGreaterThan(permitted);
      } finally {
        spawnSync('umount', ['-l', disk]);
      }
    },
  );
});

const nested = (depth: number): object => (depth === 0 ? {} : { marker: nested(depth - 1) });

function filesOf(place: string): string[] {
  if (!existsSync(place)) return [];
  const entries = readdirSync(place, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** The indexes that a child prints, until it dies or has printed enough and is killed. */
async function indexesOf(child: ChildProcess, until: (indexes: number[]) => boolean): Promise<number[]> {
  let text = '';
  const indexes = () =>
    text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .slice(0, -1)
      .map(Number);
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    if (until(indexes())) child.kill('SIGKILL');
  });
  const signal = await new Promise((resolve) => child.once('close', (_, by) => resolve(by)));
  expect(signal).toBe('SIGKILL');
  return indexes();
}

/** A proof whose checkpoint a witness has cosigned. */
async function cosigned(proof: string): Promise<{ text: string; witness: string }> {
  const witness = await Witness.open(join(folder, 'witness'), {
    name: 'witness.example/w',
    signer: await generateKeyPair(),
    logs: [{ origin: ORIGIN, keys: [signer.publicKey] }],
  });
  const checkpoint = proof.slice(proof.indexOf('\n\n') + 2);
  const { status, body } = await witness.addCheckpoint(Buffer.from(`old 0\n\n${checkpoint}`));
  expect(status).toBe(200);
  return { text: proof + body, witness: witness.key };
}
