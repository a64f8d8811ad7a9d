import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AuditLog } from '../src/audit-log.js';
import { MemorySubjectKeys } from '../src/subject-keys.js';
import { verifyExport } from '../src/verify-export.js';
import { verifyLog } from '../src/verify-log.js';
import { keyOf, ORIGIN, vkey } from './support/made-log.js';
import { scratch } from './support/places.js';

const key = await keyOf(1);
const keys = [vkey(key)];

describe('pruning', () => {
  it('archives, says so, and verifies from there on', async () => {
    const folder = scratch();
    const log = await AuditLog.open(join(folder, 'log'), { signer: key, origin: ORIGIN });
    const old: string[] = [];
    for (let i = 0; i < 3; i++) {
      await Promise.all(
        Array.from({ length: 300 }, (_, n) =>
          log.append({ v: 1, kind: 'test.event', time: '2026-01-01T00:00:00Z', n }),
        ),
      );
      old.push(await log.checkpoint());
    }
    const pruned = await log.prune(512, { policy: 'after a year', archiveTo: join(folder, 'old.tar') });
    expect(pruned).toMatchObject({ before: 512, archive: { from: 0, to: 512, size: 900 } });
    const report = await verifyLog(log, { keys, since: old.slice(1) });
    expect(report).toMatchObject({ valid: true, from: 512, size: 901 });
    expect(await verifyLog(log, { keys, since: old })).toMatchObject({
      valid: false,
      problem: { code: 'since_uncheckable' },
    });
    expect(await verifyExport(join(folder, 'old.tar'), { keys, since: old.slice(0, 1) })).toMatchObject({
      valid: true,
      to: 512,
    });
    await log.close();
    expect(await verifyLog(join(folder, 'log'), { keys, since: old.slice(1) })).toMatchObject({
      valid: true,
      from: 512,
    });
  });
  it('needs a policy, and a place to stop', async () => {
    const folder = scratch();
    const log = await AuditLog.open(join(folder, 'log'), { signer: key, origin: ORIGIN });
    const event = { v: 1, kind: 'test.event', time: '2026-01-01T00:00:00Z' } as const;
    await Promise.all(Array.from({ length: 300 }, () => log.append(event)));
    for (const policy of [undefined, '', 'x'.repeat(1_001), 7])
      await expect(log.prune(256, { policy: policy as string })).rejects.toThrow(TypeError);
    for (const before of [0, 100, 512, 256.5, Number.NaN])
      await expect(log.prune(before, { policy: 'yes' })).rejects.toThrow(RangeError);
    expect(await verifyLog(log, { keys })).toMatchObject({ valid: true, from: 0, size: 300 });
    expect(await log.prune(256, { policy: 'yes' })).toEqual({ before: 256 });
    expect(await log.entry(300)).toMatchObject({ kind: 'log.pruned', before: 256, policy: 'yes' });
    await expect(log.prune(256, { policy: 'yes' })).rejects.toThrow(RangeError);
    await log.close();
  });

  it('that the disk stopped halfway is done again', async () => {
    const path = join(scratch(), 'log');
    const values = { keys: new MemorySubjectKeys() };
    const log = await AuditLog.open(path, { signer: key, origin: ORIGIN, values });
    const event = { v: 1, kind: 'test.event', time: '2026-01-01T00:00:00Z', agent: 'anna' } as const;
    await Promise.all(Array.from({ length: 600 }, () => log.append(event)));
    await log.checkpoint();
    // A folder in the place of a file is what no user, root included, can unlink.
    const [bundle, aside] = [join(path, 'tile/entries/001'), join(path, 'aside')];
    renameSync(bundle, aside);
    mkdirSync(bundle);
    await expect(log.prune(512, { policy: 'yes' })).rejects.toMatchObject({ code: 'audit_log_unavailable' });
    rmdirSync(bundle);
    renameSync(aside, bundle);
    expect(await log.prune(512, { policy: 'yes' })).toEqual({ before: 512 });
    expect(await verifyLog(log, { keys })).toMatchObject({ valid: true, from: 512 });
    expect(readdirSync(join(path, 'tile/entries'))).toEqual(['002.p']);
    expect(readdirSync(join(`${path}.private`, 'values'))).toEqual(['002']);
    await log.close();
  });

  it('removes nothing that its archive does not prove', async () => {
    const folder = scratch();
    const log = await AuditLog.open(join(folder, 'log'), { signer: key, origin: ORIGIN });
    const event = { v: 1, kind: 'test.event', time: '2026-01-01T00:00:00Z' } as const;
    await Promise.all(Array.from({ length: 300 }, () => log.append(event)));
    await log.checkpoint();
    const bundle = join(folder, 'log/tile/entries/000');
    const changed = readFileSync(bundle, 'latin1').replace('test.event', 'test.other');
    chmodSync(bundle, 0o600);
    writeFileSync(bundle, changed, 'latin1');
    await expect(log.prune(256, { policy: 'yes', archiveTo: join(folder, 'old') })).rejects.toMatchObject({
      code: 'audit_log_corrupt',
    });
    await expect(log.prune(256, { policy: 'yes', archiveTo: join(folder, 'old') })).rejects.toMatchObject({
      code: 'export_exists',
    });
    expect(await log.reader.first()).toBe(0);
    await log.close();
  });
});
