/**
 * Writers of a log of files that are killed (SIGKILL) while 64 callers append. `STELE_KILLS` says how many times, 50 when
 * not given.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { bundleAppender, killWriters } from './crash/killing.js';
import { temporaryFolder } from './support/folders.js';

const KILLS = Number(process.env.STELE_KILLS ?? 50);
/** So many are killed beside each other. */
const TOGETHER = 2;
/** On the disk, where what is written takes its time. */
const folder = temporaryFolder();
let made = 0;

describe('a log of files whose writers are killed', () => {
  it(
    'has all that was acknowledged, verifies, and settles every permit',
    async () => {
      const program = await bundleAppender(folder);
      const place = () => join(folder, `log-${made++}`);
      const totals = await Promise.all(
        Array.from({ length: TOGETHER }, () =>
          killWriters('files', program, Math.ceil(KILLS / TOGETHER), place),
        ),
      );
      for (const { entries } of totals) assert.ok(entries > KILLS / TOGETHER);
    },
    KILLS * 10_000,
  );
});
