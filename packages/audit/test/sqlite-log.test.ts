import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { haveSqlite, sqliteDriversToTest } from '../../../test/support/sqlite.js';
import { SqliteLogBackend } from '../src/sqlite-log.js';
import { logBackendContract } from '../src/testing.js';

describe.skipIf(!haveSqlite).each(sqliteDriversToTest)('on %s', (driver) => {
  logBackendContract(
    'SqliteLogBackend',
    () => {
      const path = join(mkdtempSync(join(tmpdir(), 'stele-audit-')), 'log.db');
      return { backend: () => new SqliteLogBackend(path, { driver }) };
    },
    { describe, it },
  );
});
