import { describe } from 'vitest';
import { havePostgres } from '../../../test/support/postgres.js';
import { PostgresLimits } from '../src/postgres.js';
import { limitContract } from '../src/testing.js';
import { patient } from './support/patient.js';
import { freshSchema, unsyncedUrl } from './support/postgres.js';

describe.skipIf(!havePostgres)('PostgreSQL', () => {
  limitContract(
    'PostgresLimits',
    (setup) => new PostgresLimits(unsyncedUrl, { ...setup, schema: freshSchema(), maxConnections: 4 }),
    patient,
  );
});
