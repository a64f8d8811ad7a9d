/** Sealed values that somebody swaps between entries, beside a log that still verifies. */
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { havePostgres, postgresUrl } from '../../../test/support/postgres.js';
import { sqliteDrivers } from '../../../test/support/sqlite.js';
import { AuditLog } from '../src/audit-log.js';
import type { LogBackend } from '../src/backend.js';
import { PostgresLogBackend } from '../src/postgres.js';
import { SqliteLogBackend } from '../src/sqlite-log.js';
import { MemorySubjectKeys } from '../src/subject-keys.js';
import { verifyLog } from '../src/verify-log.js';
import { keyOf, ORIGIN, vkey } from './support/made-log.js';
import { scratch } from './support/places.js';
import { freshSchema, inspector } from './support/postgres.js';
import { inDatabase } from './support/verify-places.js';

const own = await keyOf(1);

/** Two entries of one subject, before and after their sealed values have changed places. */
async function holds(backend: LogBackend, swap: () => unknown): Promise<void> {
  const values = { keys: new MemorySubjectKeys() };
  const log = await AuditLog.open(backend, { signer: own, origin: ORIGIN, values });
  onTestFinished(() => log.close());
  for (const amount of [1, 2])
    await log.append({
      v: 1,
      kind: 'order.paid',
      time: '2026-01-02T03:04:05Z',
      agent: 'anna',
      context: { amount },
    });
  await log.checkpoint();
  expect((await log.values(0))?.values).toMatchObject({ context: { amount: 1 } });
  await swap();
  for (const index of [0, 1])
    await expect(log.values(index)).rejects.toMatchObject({ code: 'values_unreadable' });
  // They are beside the log: what was signed are the commitments.
  expect(await verifyLog(log, { keys: [vkey(own)] })).toMatchObject({ valid: true, size: 2 });
}

describe('sealed values that were swapped are found on opening', () => {
  it.skipIf(sqliteDrivers.length === 0)('in SQLite', async () => {
    const path = join(scratch(), 'log.db');
    const swap = () => inDatabase(path, 'UPDATE sealed SET idx = idx - 9; UPDATE sealed SET idx = -8 - idx');
    await holds(new SqliteLogBackend(path, { driver: sqliteDrivers[0] }), swap);
  });

  it.skipIf(!havePostgres)('in PostgreSQL', async () => {
    const schema = freshSchema();
    const swap = () =>
      inspector.query(
        `UPDATE ${schema}.audit_sealed SET idx = idx - 9; UPDATE ${schema}.audit_sealed SET idx = -8 - idx`,
      );
    await holds(new PostgresLogBackend(postgresUrl, { schema, timeoutMs: 30_000 }), swap);
  });
});
