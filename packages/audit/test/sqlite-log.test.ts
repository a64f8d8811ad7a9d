import { describe, it } from 'vitest';
import { haveSqlite, sqliteDriversToTest } from '../../../test/support/sqlite.js';
import { SqliteLogBackend } from '../src/sqlite-log.js';
import { logBackendContract } from '../src/testing.js';
import { freshDatabase } from './support/databases.js';
import { temporaryFolder } from './support/folders.js';

const folder = temporaryFolder();

describe.skipIf(!haveSqlite).each(sqliteDriversToTest)('on %s', (driver) => {
  logBackendContract(
    'SqliteLogBackend',
    () => {
      const path = freshDatabase(folder);
      return { backend: () => new SqliteLogBackend(path, { driver }) };
    },
    { describe, it },
  );
});
