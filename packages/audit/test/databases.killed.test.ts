/** Writers of logs in databases that are killed (SIGKILL) while 64 callers append. `STELE_LOG_KILLS` says how many times. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { havePostgres } from '../../../test/support/postgres.js';
import { haveSqlite } from '../../../test/support/sqlite.js';
import { bundleAppender, killWriters } from './crash/killing.js';
import { freshDatabase } from './support/databases.js';
import { temporaryFolder } from './support/folders.js';
import { freshSchema } from './support/postgres.js';

const KILLS = Number(process.env.STELE_LOG_KILLS ?? 50);
const folder = temporaryFolder();

describe.each([
  ['sqlite', haveSqlite, () => freshDatabase(folder)],
  ['postgres', havePostgres, () => join(folder, freshSchema())],
] as const)('a log in %s whose writers are killed (needs it)', (kind, have, place) => {
  it.skipIf(!have)(
    'has all that was acknowledged, verifies, and settles every permit',
    async () => {
      const { entries } = await killWriters(kind, await bundleAppender(folder), KILLS, place);
      assert.ok(entries > KILLS);
    },
    30_000 + KILLS * 10_000,
  );
});
