import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AuditLog } from '../src/audit-log.js';
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
});
