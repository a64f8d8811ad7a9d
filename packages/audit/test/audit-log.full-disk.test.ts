/** A disk that is really full: a small file system of its own, which only root can mount. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { generateKeyPair } from '@stele/crypto';
import { afterAll, describe, it } from 'vitest';
import { AuditLog, verifyLog } from '../src/index.js';
import { codeOf, decision } from './support/entries.js';
import { temporaryFolder } from './support/folders.js';
import { event } from './support/samples.js';

const disk = join(temporaryFolder(), 'disk');
mkdirSync(disk);
const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'tmpfs', disk]).status === 0;
afterAll(() => {
  if (mounted) spawnSync('umount', [disk]);
});

const ballast = join(disk, 'ballast');

/** Writes until nothing more fits. */
function fill(): void {
  for (const bytes of [1024 * 1024, 4096]) {
    const chunk = Buffer.alloc(bytes, 1);
    try {
      for (;;) appendFileSync(ballast, chunk);
    } catch {
      // Full, as intended.
    }
  }
}

describe.skipIf(!mounted)('a log on a full disk', () => {
  it('keeps what is left for permits, says so to others, and goes on when there is room again', async () => {
    const signer = await generateKeyPair();
    const path = join(disk, 'log');
    const options = { signer, origin: 'example.org/log', checkpointIntervalMs: 60_000 };
    const log = await AuditLog.open(path, options);
    const filler = 'x'.repeat(20_000);
    await log.append(event(1, { filler }));
    assert.equal(statSync(`${path}.private/reserve`).size, 3 * 1024 * 1024);
    fill();
    let minor = 1;
    while ((await codeOf(() => log.append(event(minor, { filler })))) === undefined) minor++;
    assert.equal(await codeOf(() => log.append(event(minor, { filler }))), 'audit_disk_low');
    // Now flooding cannot silence permits: their journal and their tiles take what was kept.
    for (let i = 0; i < 200; i++) {
      await log.append(decision());
      if (i % 50 === 0) await log.checkpoint();
    }
    assert.equal(await codeOf(() => log.append(event(0))), 'audit_disk_low');
    await log.checkpoint();
    assert.ok(statSync(`${path}.private/reserve`).size < 3 * 1024 * 1024);
    assert.deepEqual((await verifyLog(path, { keys: [signer] })).problems, []);

    rmSync(ballast);
    await log.append(decision());
    await log.checkpoint();
    await log.append(event(2, { filler }));
    assert.equal(statSync(`${path}.private/reserve`).size, 3 * 1024 * 1024);
    await log.close();
    assert.deepEqual((await verifyLog(path, { keys: [signer] })).problems, []);
  });

  it('refuses permits too when nothing at all is left, and has what was acknowledged', async () => {
    const signer = await generateKeyPair();
    const path = join(disk, 'second');
    const options = { signer, origin: 'example.org/log', checkpointIntervalMs: 60_000 };
    const log = await AuditLog.open(path, options);
    fill();
    const context = { args: { filler: 'x'.repeat(100) } };
    let index = -1;
    for (let last: string | undefined; last === undefined; ) {
      fill(); // somebody else takes whatever is given up
      last = await codeOf(async () => {
        index = (await log.append(decision({ context, obligations: ['y'.repeat(60_000)] }))).index;
      });
      if (last !== undefined) assert.equal(last, 'audit_disk_low');
    }
    assert.ok(index >= 3, String(index));
    rmSync(ballast);
    await log.close();
    const again = await AuditLog.open(path, options);
    assert.equal((await again.entry(index)).kind, 'decision');
    await again.close();
    assert.deepEqual((await verifyLog(path, { keys: [signer] })).problems, []);
  });
});
