import { describe, it } from 'vitest';
import { havePostgres, postgresUrl } from '../../../test/support/postgres.js';
import { PostgresLogBackend } from '../src/postgres.js';
import { logBackendContract } from '../src/testing.js';
import { freshSchema, inspector } from './support/postgres.js';

const schema = freshSchema();
const tables = ['records', 'sealed', 'tiles', 'permits', 'writers'].map((name) => `${schema}.audit_${name}`);
let made = false;

/** Tables are made once: making them takes longer than most of what is tested. */
async function clear(): Promise<void> {
  if (made) {
    await inspector.query(
      `TRUNCATE ${tables.join(', ')}; UPDATE ${schema}.audit_head SET size = 0;
       UPDATE ${schema}.audit_log SET first = 0, size = 0, checkpoint = NULL`,
    );
  }
  made = true;
}

describe.skipIf(!havePostgres)('PostgreSQL', () => {
  logBackendContract(
    'PostgresLogBackend',
    async () => {
      await clear();
      return { backend: () => new PostgresLogBackend(postgresUrl, { schema, timeoutMs: 30_000 }) };
    },
    { describe, it },
  );
});
