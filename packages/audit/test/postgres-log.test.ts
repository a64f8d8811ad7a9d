import { describe, it } from 'vitest';
import { havePostgres, postgresUrl } from '../../../test/support/postgres.js';
import { PostgresLogBackend } from '../src/postgres.js';
import { logBackendContract } from '../src/testing.js';
import { freshSchema } from './support/postgres.js';

describe.skipIf(!havePostgres)('PostgreSQL', () => {
  logBackendContract(
    'PostgresLogBackend',
    () => {
      const schema = freshSchema();
      return { backend: () => new PostgresLogBackend(postgresUrl, { schema, timeoutMs: 30_000 }) };
    },
    { describe, it },
  );
});
