/** Processes that append to logs in databases, and are killed. They run the built package. */
import assert from 'node:assert/strict';
import { generateKeyPair } from '@stele/crypto';
import { describe, it } from 'vitest';
import { havePostgres, postgresUrl } from '../../../test/support/postgres.js';
import { eventually } from '../../../test/support/proxy.js';
import { haveSqlite } from '../../../test/support/sqlite.js';
import { AuditLog, SqliteLogBackend } from '../src/index.js';
import { PostgresLogBackend } from '../src/postgres.js';
import { freshDatabase } from './support/databases.js';
import { examine } from './support/examine.js';
import { temporaryFolder } from './support/folders.js';
import { LogWriter } from './support/log-writers.js';
import { freshSchema } from './support/postgres.js';

/** How many writers are killed on each kind of database; many more in the nightly run. */
const KILLS = Number(process.env.STELE_LOG_KILLS ?? 4);
/** How many entries each of four processes appends. */
const ENTRIES = Number(process.env.STELE_LOG_ENTRIES ?? 400);
const TIMEOUT = 60_000 + KILLS * 10_000 + ENTRIES * 100;

const signer = await generateKeyPair();
const options = { signer, origin: 'example.org/log' };
const folder = temporaryFolder();

describe.skipIf(!haveSqlite)('a writer of a log in SQLite', () => {
  it(
    `loses nothing that it acknowledged, killed ${KILLS} times`,
    async () => {
      const place = freshDatabase(folder);
      const acknowledged = new Map<number, string>();
      for (let n = 1; n <= KILLS; n++) {
        const writer = new LogWriter({ kind: 'sqlite', place, key: signer.privateKey });
        await writer.ready();
        // A second one is kept out as long as this one lives, and no longer.
        await assert.rejects(AuditLog.open(new SqliteLogBackend(place), options), {
          code: 'audit_log_locked',
        });
        writer.go(1 + ((n * 7919) % 300));
        const { receipts, code } = await writer.end();
        assert.equal(code, null);
        for (const [index, hash] of receipts) acknowledged.set(index, hash);
        const log = await AuditLog.open(new SqliteLogBackend(place), options);
        const { size } = await examine(log, signer, acknowledged);
        assert.ok(size >= acknowledged.size && receipts.size > 0);
        await log.close();
      }
    },
    TIMEOUT,
  );
});

describe.skipIf(!havePostgres)('writers of one log in PostgreSQL (need it)', () => {
  const writers = (schema: string, count?: number) =>
    Array.from({ length: 4 }, () => {
      const options = { kind: 'postgres', place: postgresUrl, schema, key: signer.privateKey } as const;
      return new LogWriter({ ...options, ...(count !== undefined && { count }) });
    });
  // The server may take a moment to notice that a process is gone; until then it counts as alive, and nobody settles its permits.
  const examined = async (schema: string, acknowledged: ReadonlyMap<number, string>) => {
    const log = await AuditLog.open(
      new PostgresLogBackend(postgresUrl, { schema, timeoutMs: 30_000 }),
      options,
    );
    return examine(log, signer, acknowledged).finally(() => log.close());
  };

  it(
    `lose nothing that they acknowledged, ${KILLS} of them killed`,
    async () => {
      const schema = freshSchema();
      const acknowledged = new Map<number, string>();
      for (let killed = 0; killed < KILLS; ) {
        const wave = writers(schema);
        await Promise.all(wave.map((writer) => writer.ready()));
        for (const [i, writer] of wave.entries()) writer.go(1 + (((killed + i) * 7919) % 300));
        for (const writer of wave) {
          const { receipts, code } = await writer.end();
          assert.equal(code, null);
          for (const [index, hash] of receipts) {
            assert.equal(acknowledged.has(index), false, `entry ${index} was acknowledged twice`);
            acknowledged.set(index, hash);
          }
          killed++;
        }
        await eventually(() => examined(schema, acknowledged));
      }
    },
    TIMEOUT,
  );

  it(
    `make one history, of ${ENTRIES} entries each, though one is stopped for a while and one killed`,
    async () => {
      const schema = freshSchema();
      const wave = writers(schema, ENTRIES);
      await Promise.all(wave.map((writer) => writer.ready()));
      const [first, second, ...rest] = wave;
      assert.ok(first && second);
      second.go(ENTRIES / 2);
      for (const writer of [first, ...rest]) writer.go();
      first.signal('SIGSTOP');
      const ended = await Promise.all(rest.map((writer) => writer.end()));
      first.signal('SIGCONT');
      const all = [...ended, await first.end(), await second.end()];
      assert.deepEqual(
        all.map(({ code }) => code),
        [0, 0, 0, null],
      );
      const acknowledged = new Map(all.flatMap(({ receipts }) => [...receipts]));
      assert.equal(
        acknowledged.size,
        all.reduce((sum, { receipts }) => sum + receipts.size, 0),
      );
      const { size, unknown } = await eventually(() => examined(schema, acknowledged));
      assert.ok(size >= acknowledged.size && unknown > 0, `${size} entries, ${unknown} unknown outcomes`);
    },
    TIMEOUT,
  );
});
