/** A database that others use, too: what they have made there, and how its text is kept. */
import assert from 'node:assert/strict';
import { Pool } from 'pg';
import { afterAll, describe, it } from 'vitest';
import { havePostgres, postgresUrl } from '../../../test/support/postgres.js';
import { collect } from '../src/lib/contract/harness.js';
import { sampleCovenant } from '../src/lib/contract/samples.js';
import { PostgresLimits, PostgresStore } from '../src/postgres.js';
import { freshSchema, inspector } from './support/postgres.js';

const one = { key: 'k', amount: 3, cost: 1, periodMs: 60_000 };

/** What would be called instead of PostgreSQL's own, for its arguments fit better. */
const TRAPS = `
  CREATE FUNCTION public.hashtextextended(text, integer) RETURNS bigint LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
  CREATE FUNCTION public.contains(text[], text[]) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
  CREATE OPERATOR public.@> (FUNCTION = public.contains, LEFTARG = text[], RIGHTARG = text[]);
  CREATE FUNCTION public.same(bigint, numeric) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
  CREATE OPERATOR public.= (FUNCTION = public.same, LEFTARG = bigint, RIGHTARG = numeric);
  CREATE FUNCTION public.array_remove(bigint[], bigint) RETURNS bigint[] LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
`;

describe.skipIf(!havePostgres)('in a database of others (needs PostgreSQL)', () => {
  const made: string[] = [];
  afterAll(async () => {
    for (const name of made) await inspector.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  }, 60_000);

  async function database(options: string): Promise<string> {
    const name = freshSchema();
    made.push(name);
    await inspector.query(`CREATE DATABASE ${name} TEMPLATE template0 ${options}`);
    const url = new URL(postgresUrl);
    url.pathname = `/${name}`;
    return url.href;
  }

  it.each([
    ['functions and operators that fit better than its own', '', TRAPS],
    ['LATIN1', "ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'", ''],
    ['SQL_ASCII', "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'", ''],
  ])(
    'with %s everything is found and counted',
    async (_, options, sql) => {
      const url = await database(options);
      const pool = new Pool({ connectionString: url, max: 1 });
      await pool.query(sql);
      await pool.end();
      const store = new PostgresStore(url, { timeoutMs: 30_000 });
      const limits = new PostgresLimits(url, { timeoutMs: 30_000 });
      const covenant = await sampleCovenant();
      const token = await store.latestToken();
      await store.put(covenant);
      await store.probe();
      const { id, issuer } = covenant;
      assert.deepEqual(await collect(store.iterate({ issuer: issuer.id })), [covenant]);
      assert.equal(await store.count({ issuer: issuer.id }), 1);
      for await (const event of store.watch({ after: token })) {
        assert.deepEqual([event.type, event.id], ['put', id]);
        break;
      }
      assert.deepEqual((await limits.reserve([one])).remaining, [2]);
      await Promise.all([store.close(), limits.close()]);
    },
    60_000,
  );
});
