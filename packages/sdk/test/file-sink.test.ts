import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { canonicalizeJson, fromBase64Url, sha256Bytes, toHex } from '@stele/crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canMountSmallDisks } from '../../../test/support/small-disk.js';
import { createMonitor, type DecisionRecord, FileSink, verifyDecisionFile } from '../src/index.js';
import { cast } from './support.js';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stele-sink-'));
  path = join(folder, 'decisions.jsonl');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const entry = (n: number): DecisionRecord => ({
  v: 1,
  kind: 'decision',
  time: '2026-11-21T03:00:00.000Z',
  mode: 'enforce',
  covenant: 'c',
  chain: ['c'],
  policy: 'p',
  agent: 'did:example:agent-marker',
  action: 'orders.read',
  resource: `/orders/marker-${n}`,
  context: { args: { secret: `marker-${n}` } },
  decision: 'permit',
  code: 'permitted',
  statements: [1],
  obligations: [],
});

async function written(count: number, options = {}): Promise<FileSink> {
  const sink = await FileSink.open(path, options);
  await Promise.all(Array.from({ length: count }, (_, i) => sink.append(entry(i))));
  return sink;
}

const lines = () => readFileSync(path, 'utf8').split('\n').slice(0, -1);

describe('a record of decisions', () => {
  it('numbers the entries in the order of the calls, and verifies', async () => {
    const sink = await written(100);
    const receipts = await Promise.all([sink.append(entry(100)), sink.append(entry(101))]);
    expect(receipts.map((receipt) => receipt.seq)).toEqual([100, 101]);
    await sink.close();
    expect(lines().map((line) => JSON.parse(line).entry.seq)).toEqual(
      Array.from({ length: 102 }, (_, i) => i),
    );
    expect(await verifyDecisionFile(path)).toEqual({ valid: true, head: sink.head });
    expect(await verifyDecisionFile(path, sink.head)).toMatchObject({ valid: true });
  });

  it('goes on where it ended', async () => {
    const first = await written(3);
    await first.close();
    const second = await FileSink.open(path);
    expect(second.recovered).toBe(false);
    expect(await second.append(entry(3))).toMatchObject({ seq: 3 });
    await second.close();
    expect(await verifyDecisionFile(path, first.head)).toMatchObject({ valid: true, head: { entries: 4 } });
  });

  it('holds no request data in clear, and commitments that its holder can open', async () => {
    const sink = await written(2, { values: true });
    await sink.close();
    expect(readFileSync(path, 'utf8')).not.toContain('marker');
    const kept = readFileSync(`${path}.values`, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
    const [first, second] = lines().map((line) => JSON.parse(line).entry);
    for (const name of ['agent', 'resource', 'context'] as const) {
      const opened = sha256Bytes(
        Buffer.concat([fromBase64Url(kept[0].salt), Buffer.from(canonicalizeJson(kept[0][name]))]),
      );
      expect(first[name]).toBe(toHex(opened));
    }
    expect(first.agent).not.toBe(second.agent);
    for (const file of [path, `${path}.values`]) expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('keeps no values unless it is asked to', async () => {
    await (await written(1)).close();
    expect(existsSync(`${path}.values`)).toBe(false);
  });
});

describe('damage', () => {
  it('of any byte is found, and its line named', { timeout: 60_000 }, async () => {
    const sink = await written(2);
    await sink.close();
    const original = readFileSync(path);
    const copy = join(folder, 'copy.jsonl');
    const ends = [...original.entries()].filter(([, byte]) => byte === 10).map(([i]) => i);
    for (let i = 0; i < original.length; i += 3) {
      const damaged = Buffer.from(original);
      damaged[i] = (damaged[i] as number) ^ (1 << (i % 8));
      writeFileSync(copy, damaged);
      const report = await verifyDecisionFile(copy, sink.head);
      expect([i, report.valid]).toEqual([i, false]);
      expect(report.problem?.line).toBe(ends.filter((end) => end < i).length + 1);
    }
  });

  it('by lines that are taken out, swapped, doubled or forged is found', async () => {
    const sink = await written(4);
    await sink.close();
    const [a, b, c, d] = lines() as [string, string, string, string];
    const table: [string[], number][] = [
      [[a, c, d], 2],
      [[b, c, d], 1],
      [[a, c, b, d], 2],
      [[a, a, b], 2],
      [[a, '{}', c], 2],
      [[a, '', b], 2],
    ];
    for (const [changed, line] of table) {
      writeFileSync(path, changed.map((text) => `${text}\n`).join(''));
      expect((await verifyDecisionFile(path)).problem?.line).toBe(line);
      await expect(FileSink.open(path)).rejects.toMatchObject({ code: 'sink_corrupt' });
    }
  });

  it('by a cut tail is found against the head that was kept, and only then', async () => {
    const sink = await written(4);
    await sink.close();
    const whole = lines();
    for (let kept = 0; kept < 4; kept++) {
      writeFileSync(
        path,
        whole
          .slice(0, kept)
          .map((text) => `${text}\n`)
          .join(''),
      );
      expect((await verifyDecisionFile(path)).valid).toBe(true);
      expect(await verifyDecisionFile(path, sink.head)).toMatchObject({
        valid: false,
        problem: { line: kept + 1 },
      });
    }
  });

  it('by another record in its place is found against the head', async () => {
    const sink = await written(2);
    await sink.close();
    rmSync(path);
    await (await written(2)).close();
    expect(await verifyDecisionFile(path, sink.head)).toMatchObject({ valid: false });
  });

  it('by a crash in the last line is cut and reported, at every length', async () => {
    await (await written(2)).close();
    const original = readFileSync(path);
    const end = original.indexOf(10) + 1;
    for (const length of [end + 1, end + 10, original.length - 1]) {
      writeFileSync(path, original.subarray(0, length));
      const sink = await FileSink.open(path);
      expect(sink.recovered).toBe(true);
      expect(await sink.append(entry(9))).toMatchObject({ seq: 1 });
      await sink.close();
      expect(await verifyDecisionFile(path)).toMatchObject({ valid: true, head: { entries: 2 } });
    }
  });
});

describe('one writer', () => {
  it('a second is refused while the first lives, and let in afterwards', async () => {
    const first = await FileSink.open(path);
    await expect(FileSink.open(path)).rejects.toMatchObject({ code: 'sink_locked' });
    await first.close();
    await (await FileSink.open(path)).close();
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it('the lock of a process that is gone is taken over, by one of many', async () => {
    const gone = spawnSync(process.execPath, ['-e', '']).pid;
    writeFileSync(`${path}.lock`, `${hostname()} ${gone} 1 00000000-0000-0000-0000-000000000000`);
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => FileSink.open(path)));
    const opened = tries.flatMap((t) => (t.status === 'fulfilled' ? [t.value] : []));
    expect(opened).toHaveLength(1);
    await opened[0]?.close();
  });

  it.each(['garbage', '', `other-host ${process.pid} 1 x`, `${hostname()} ${process.ppid} unknown x`])(
    'the lock %j is respected',
    async (text) => {
      writeFileSync(`${path}.lock`, text);
      await expect(FileSink.open(path)).rejects.toMatchObject({ code: 'sink_locked' });
    },
  );

  it.skipIf(process.platform !== 'linux')(
    'a lock with our own number, of a process before us, is taken over',
    async () => {
      writeFileSync(`${path}.lock`, `${hostname()} ${process.pid} 1 x`);
      await (await FileSink.open(path)).close();
    },
  );

  it('what a crashed takeover left is cleared away', async () => {
    const gone = spawnSync(process.execPath, ['-e', '']).pid;
    const holder = `${hostname()} ${gone} 1 x`;
    writeFileSync(`${path}.lock`, holder);
    const right = `${path}.lock.${holder.replace(/[^A-Za-z0-9-]/g, '_')}`;
    writeFileSync(right, 'crashed');
    await expect(FileSink.open(path)).rejects.toMatchObject({ code: 'sink_locked' });
    utimesSync(right, 1, 1);
    await expect(FileSink.open(path)).rejects.toMatchObject({ code: 'sink_locked' });
    await (await FileSink.open(path)).close();
  });

  it('appending after close is refused', async () => {
    const sink = await FileSink.open(path);
    await sink.close();
    await sink.close();
    await expect(sink.append(entry(0))).rejects.toMatchObject({ code: 'sink_unavailable' });
  });
});

describe('a disk that fails', () => {
  it('gives a typed error where the file cannot be made', async () => {
    await expect(FileSink.open(join(folder, 'no', 'such', 'folder'))).rejects.toMatchObject({
      code: 'sink_unavailable',
    });
    mkdirSync(join(folder, 'dir'));
    await expect(FileSink.open(join(folder, 'dir'))).rejects.toMatchObject({ code: 'sink_unavailable' });
    chmodSync(folder, 0o700);
  });

  it.skipIf(!canMountSmallDisks)(
    'full: no permit, nothing half-written, and on again once there is room',
    async () => {
      const disk = join(folder, 'disk');
      mkdirSync(disk);
      expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=32k', 'tmpfs', disk]).status).toBe(0);
      try {
        const file = join(disk, 'decisions.jsonl');
        const sink = await FileSink.open(file);
        const c = await cast();
        const covenant = await c.covenant('permit a on **', { now: new Date() });
        const monitor = await createMonitor({ covenant, sink });
        let permitted = 0;
        let last = await monitor.check({ action: 'a', resource: '/' });
        for (; last.permitted && permitted < 1000; permitted++)
          last = await monitor.check({ action: 'a', resource: '/' });
        expect(last).toMatchObject({ permitted: false, code: 'record_failed' });
        // The denial is on its way to the record, too: once this has been refused behind it, nothing is.
        await expect(sink.append(entry(0))).rejects.toMatchObject({ code: 'sink_unavailable' });
        expect(await verifyDecisionFile(file, sink.head)).toMatchObject({
          valid: true,
          head: { entries: permitted },
        });
        copyFileSync(file, join(folder, 'kept'));
        spawnSync('mount', ['-o', 'remount,size=64k', disk]);
        expect((await monitor.check({ action: 'a', resource: '/' })).permitted).toBe(true);
        await monitor.close();
        expect((await verifyDecisionFile(file)).valid).toBe(true);
      } finally {
        spawnSync('umount', ['-l', disk]);
      }
    },
  );

  it('/dev/full: every append is refused', async () => {
    if (!existsSync('/dev/full')) return;
    symlinkSync('/dev/full', path);
    const opening = FileSink.open(path);
    const sink = await opening.catch((error) => error);
    if (sink instanceof FileSink) {
      await expect(sink.append(entry(0))).rejects.toMatchObject({ code: 'sink_unavailable' });
      await sink.close();
    } else expect(sink.code).toMatch(/^sink_/);
  });
});

it('after kill -9 every acknowledged entry is there', async () => {
  for (let round = 0; round < 3; round++) {
    const script = fileURLToPath(new URL('./append-forever.mjs', import.meta.url));
    const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    let acknowledged = -1;
    await new Promise<void>((resolve) => {
      let text = '';
      child.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        const end = text.lastIndexOf('\n');
        if (end === -1) return;
        acknowledged = Number(text.slice(0, end).split('\n').at(-1));
        text = text.slice(end + 1);
        if (acknowledged >= 200 * (round + 1)) child.kill('SIGKILL');
      });
      child.once('close', () => resolve());
    });
    const sink = await FileSink.open(path);
    expect(sink.head.entries).toBeGreaterThan(acknowledged);
    await sink.close();
    expect((await verifyDecisionFile(path)).valid).toBe(true);
  }
});
