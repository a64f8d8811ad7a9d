/** What drivers and pools may do, whichever they are. */
import assert from 'node:assert/strict';
import { describe, it } from 'vitest';
import { havePostgres, postgresUrl } from '../../../test/support/postgres.js';
import { rejectsWith } from '../src/lib/contract/harness.js';
import { bundleOf, publicationOf, sampleRecords } from '../src/lib/contract/samples.js';
import { isInTheWay, isLost, toAuditError } from '../src/lib/postgres-errors.js';
import { attempt, isDiskLow, isResult } from '../src/lib/sqlite-driver.js';
import { type PostgresClient, PostgresLogBackend, PostgresLogReader } from '../src/postgres.js';
import { freshSchema, inspector } from './support/postgres.js';

describe('an error of a driver of SQLite', () => {
  const codeOf = (error: unknown) => {
    try {
      attempt('here', () => {
        throw error;
      });
    } catch (thrown) {
      return (thrown as { code?: unknown }).code ?? (thrown as Error).name;
    }
  };

  it.each([
    [{ code: 'SQLITE_CORRUPT_VTAB' }, 'audit_log_corrupt'],
    [{ errcode: 11 }, 'audit_log_corrupt'],
    [{ errcode: 26 }, 'audit_log_corrupt'],
    [{ code: 'SQLITE_FULL' }, 'audit_disk_low'],
    [{ errcode: 13 }, 'audit_disk_low'],
    [{ code: 'SQLITE_FULLER' }, 'audit_log_unavailable'],
    [{ errcode: 10 + 256 }, 'audit_log_unavailable'],
    [{ code: 'EACCES' }, 'audit_log_unavailable'],
    [new Error('?'), 'audit_log_unavailable'],
    [undefined, 'audit_log_unavailable'],
    [new RangeError('?'), 'RangeError'],
  ])('%o is %s', (error, code) => {
    assert.equal(codeOf(error), code);
  });

  it('is told by its result code, extended or not', () => {
    assert.equal(isResult({ errcode: 5 + 512 }, 'SQLITE_BUSY'), true);
    assert.equal(isResult({ code: 'SQLITE_BUSY_SNAPSHOT' }, 'SQLITE_BUSY'), true);
    assert.equal(isResult({ code: 5 }, 'SQLITE_BUSY'), false);
    assert.equal(isResult(null, 'SQLITE_BUSY'), false);
    assert.equal(isDiskLow({ code: 'audit_disk_low' }), false);
  });
});

describe('an error of pg', () => {
  const answer = (code: string, severity = 'ERROR') => Object.assign(new Error('words'), { code, severity });

  it.each([
    [answer('XX001'), 'audit_log_corrupt'],
    [answer('42501'), 'audit_log_unavailable'],
    [Object.assign(new Error(), { code: 'ECONNREFUSED' }), 'audit_log_unavailable'],
    [null, 'audit_log_unavailable'],
  ])('%o is %s', (error, code) => {
    assert.equal((toAuditError(error) as { code?: unknown }).code, code);
  });

  it('says whether the connection is lost, and whether to try again', () => {
    assert.deepEqual(
      [isLost(answer('57P01', 'FATAL')), isLost(answer('40001')), isLost(new Error())],
      [true, false, true],
    );
    assert.deepEqual(
      [isInTheWay(answer('40P01')), isInTheWay(answer('42501')), isInTheWay(null)],
      [true, false, false],
    );
    assert.ok(toAuditError(answer('SA001')) instanceof RangeError);
  });
});

describe('a pool', () => {
  const released: (boolean | undefined)[] = [];
  const client = (query: PostgresClient['query']): PostgresClient => ({
    query,
    on: () => undefined,
    off: () => undefined,
    release: (destroy) => void released.push(destroy),
  });

  it('is not waited for longer than the time-out, and gets back what comes too late', async () => {
    let give: (client: PostgresClient) => void = () => undefined;
    const late = new Promise<PostgresClient>((resolve) => {
      give = resolve;
    });
    const log = new PostgresLogBackend({ connect: () => late }, { timeoutMs: 20 });
    await rejectsWith(log.open(), 'audit_log_unavailable');
    give(client(() => Promise.reject(new Error('nobody asks'))));
    await late;
    await Promise.resolve();
    assert.deepEqual(released.splice(0), [false]);
    await log.close();
  });

  it('is not asked by more calls than it can serve', async () => {
    const version = async () => ({ rows: [{ version: 1, size: '0' }], rowCount: 1 });
    let connections = 0;
    const connect = () =>
      connections++ < 3 ? Promise.resolve(client(version)) : new Promise<never>(() => undefined);
    const log = new PostgresLogBackend({ connect }, { timeoutMs: 200 });
    await log.open();
    const calls = await Promise.allSettled(Array.from({ length: 1001 }, () => log.checkpoint()));
    const reasons = calls.map((call) => (call.status === 'rejected' ? String(call.reason.message) : 'done'));
    assert.equal(reasons.filter((reason) => reason.startsWith('too many')).length, 1);
    assert.equal(reasons.filter((reason) => reason.includes('within 200 ms')).length, 1000);
    await log.close();
    released.splice(0);
  });

  it('gets back a connection on which a writer cannot begin', async () => {
    let queries = 0;
    const query = async () => {
      if (++queries > 1) throw Object.assign(new Error('no'), { code: '42501', severity: 'ERROR' });
      return { rows: [{ version: 1 }], rowCount: 1 };
    };
    const log = new PostgresLogBackend({ connect: async () => client(query) }, { timeoutMs: 1000 });
    await rejectsWith(log.open(), 'audit_log_unavailable');
    assert.deepEqual(released.splice(0), [false, true]);
    await log.close();
  });
});

describe.skipIf(!havePostgres)('a role of PostgreSQL that may not make anything (needs it)', () => {
  it('opens no log where there is none, and reads one where it may', async () => {
    const role = freshSchema();
    const schema = freshSchema();
    const url = new URL(postgresUrl);
    url.searchParams.set('options', `-c role=${role}`);
    await inspector.query(
      `CREATE ROLE ${role}; CREATE SCHEMA ${schema}; GRANT USAGE ON SCHEMA ${schema} TO ${role}`,
    );
    try {
      const restricted = url.href.replaceAll('+', '%20');
      const log = new PostgresLogBackend(restricted, { schema });
      await rejectsWith(log.open(), 'audit_log_unavailable');
      const owner = new PostgresLogBackend(postgresUrl, { schema });
      assert.deepEqual(await owner.open(), { size: 0, cutBytes: 0 });
      const records = sampleRecords(0, 3);
      await owner.append(0, records);
      await owner.publish(publicationOf(records, 3));
      await inspector.query(`GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${role}`);
      const reader = new PostgresLogReader(restricted, { schema });
      assert.deepEqual(new Uint8Array((await reader.entries(0, 3)) ?? []), bundleOf(records));
      await log.open();
      await rejectsWith(log.append(3, records), 'audit_log_unavailable');
      for (const each of [log, owner, reader]) await each.close();
    } finally {
      await inspector.query(`DROP SCHEMA ${schema} CASCADE; DROP ROLE ${role}`);
    }
  });
});
