import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { generateKeyPair } from '@stele/sdk';
import { describe, expect, it } from 'vitest';
import { DayClock } from '../src/day.mjs';
import {
  checkFlippedLog,
  checkForgetting,
  checkLog,
  checkNotIn,
  checkOldLog,
  checkProof,
} from '../src/evidence.mjs';
import { openLog } from '../src/owner.mjs';
import { inFolder } from './support.js';

/** A log of `count` outcomes of one decision, or none, with its checkpoints after each of them. */
async function written(folder: string, ...counts: number[]) {
  const path = join(folder, 'log');
  const clock = new DayClock(Date.parse('2026-03-02T08:00:00Z'));
  const signer = await generateKeyPair();
  const { log, key } = await openLog(path, join(folder, 'keys'), signer, clock);
  const checkpoints: string[] = [];
  for (const count of counts) {
    for (let i = 0; i < count; i++) await log.append({ v: 1, kind: 'test', time: '2026-03-02T08:00:00Z' });
    checkpoints.push(await log.checkpoint());
  }
  await log.close();
  return { folder: path, key, checkpoints, signer, clock };
}

describe('the checks at the end', () => {
  it('find what they are to find', () =>
    inFolder(async (folder) => {
      const held = await written(folder, 260, 20);
      expect((await checkFlippedLog(held, join(folder, 'copy'))).good).toBe(true);
      expect((await checkProof(held, [], join(folder, 'proof'))).good).toBe(true);
    }));

  it('fail for a log that misses decisions, or holds too many', () =>
    inFolder(async (folder) => {
      const held = await written(folder, 1);
      expect((await checkLog(held, [])).good).toBe(true);
      const row = { record: { decision: 'permit' } } as never;
      expect((await checkLog(held, [row])).good).toBe(false);
      expect((await checkLog(await written(join(folder, 'other'), 2), [])).good).toBe(false);
    }));

  it('fail for a log that somebody wrote to, and one that is not the one whose checkpoint was kept', () =>
    inFolder(async (folder) => {
      const held = await written(folder, 1);
      const other = await written(join(folder, 'other'), 1);
      expect((await checkLog({ ...held, checkpoints: other.checkpoints }, [])).good).toBe(false);
      expect((await checkLog({ ...held, key: other.key }, [])).good).toBe(false);
      appendFileSync(join(held.folder, 'tile/entries/000.p/1'), '{}');
      expect((await checkLog(held, [])).good).toBe(false);
    }));

  it('fail for an old log that is not older', () =>
    inFolder(async (folder) => {
      const held = await written(folder, 3);
      const [alone, later] = await checkOldLog(held, held.folder);
      expect([alone?.good, later?.good]).toEqual([true, false]);
      rmSync(join(held.folder, 'checkpoint'));
      expect((await checkOldLog(held, held.folder))[0]?.good).toBe(false);
    }));

  it('fail for a log that kept no values', () =>
    inFolder(async (folder) => {
      const held = await written(folder, 1);
      const { log } = await openLog(held.folder, join(folder, 'keys'), held.signer, held.clock);
      const record = { decision: 'deny', resource: '/orders/1' };
      const row = {
        call: { obeys: 'x', customer: 'c', tool: 'refund', time: '2026-03-02T08:00:00Z' },
        record,
        place: Promise.resolve(0),
      } as never;
      await checkProof(held, [row], join(folder, 'proof'));
      const findings = await checkForgetting(held, log, [row], join(folder, 'proof'));
      expect(findings.map(({ good }) => good)).toEqual([false, false, true]);
    }));

  it('fail for a folder in which the words can be read', () =>
    inFolder((folder) => {
      appendFileSync(join(folder, 'plain'), "permit payments.refund on '/**'");
      expect(checkNotIn(folder, ['payments.refund'], '').good).toBe(false);
      expect(checkNotIn(folder, ['payments.other'], '').good).toBe(true);
    }));
});
