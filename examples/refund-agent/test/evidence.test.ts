import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FileSink } from '@stele/sdk';
import { describe, expect, it } from 'vitest';
import { checkCutRecord, checkFlippedRecord, checkNothingInClear, checkRecord } from '../src/evidence.mjs';
import { inFolder } from './support.js';

/** A record of `count` outcomes, which no decision precedes. */
async function record(path: string, count: number) {
  const sink = await FileSink.open(path);
  for (let of = 0; of < count; of++)
    await sink.append({ v: 1, kind: 'outcome', time: '2026-03-02T08:00:00Z', of, outcome: 'done' });
  await sink.close();
  return sink.head;
}

describe('the checks at the end', () => {
  it('find what they are to find', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'record');
      const head = await record(path, 20);
      expect((await checkFlippedRecord(path, join(folder, 'copy'), head)).good).toBe(true);
      for (const { good } of await checkCutRecord(path, join(folder, 'cut'), head)) expect(good).toBe(true);
      expect(checkNothingInClear(folder).good).toBe(true);
    }));

  it('fail for a record that misses decisions', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'record');
      const head = await record(path, 20);
      expect((await checkRecord(path, head, [])).good).toBe(false);
      expect((await checkRecord(path, { ...head, hash: '0'.repeat(64) }, [])).good).toBe(false);
    }));

  it('fail for a record that was cut or that somebody wrote to', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'record');
      const head = await record(path, 0);
      expect((await checkRecord(path, head, [])).good).toBe(true);
      writeFileSync(path, `${readFileSync(path, 'utf8')}{}\n`);
      expect((await checkRecord(path, head, [])).good).toBe(false);
    }));

  it('fail for a store in which the covenant can be read', () =>
    inFolder((folder) => {
      appendFileSync(join(folder, 'plain'), "permit payments.refund on '/**'");
      expect(checkNothingInClear(folder).good).toBe(false);
    }));
});
