import { AuditError } from '../errors.js';
import type { PostgresClient, PostgresConnections } from './postgres-connections.js';
import { sqlState } from './postgres-errors.js';
import { APPEND, BUNDLE, PRUNE, PUBLISH, STAGE, UNSETTLED } from './postgres-functions.js';

/**
 * `audit_head` is what appends take their turn at, and `audit_log` what publications do, so that neither waits for the other.
 * Entry bundles are made of the records, so that no leaf is kept twice, and a leaf's hash is made of the leaf. Leaves are not
 * compressed: half of what is in them are hashes.
 */
const TABLES = (schema: string): string => `
CREATE TABLE ${schema}.audit_head (one boolean PRIMARY KEY CHECK (one), size bigint NOT NULL);
INSERT INTO ${schema}.audit_head VALUES (true, 0);
CREATE TABLE ${schema}.audit_log (one boolean PRIMARY KEY CHECK (one), first bigint NOT NULL, size bigint NOT NULL, checkpoint text);
INSERT INTO ${schema}.audit_log VALUES (true, 0, 0, NULL);
CREATE TABLE ${schema}.audit_records (idx bigint PRIMARY KEY, leaf bytea NOT NULL);
ALTER TABLE ${schema}.audit_records ALTER COLUMN leaf SET STORAGE EXTERNAL;
CREATE TABLE ${schema}.audit_sealed (idx bigint PRIMARY KEY, bytes bytea NOT NULL);
ALTER TABLE ${schema}.audit_sealed ALTER COLUMN bytes SET STORAGE EXTERNAL;
CREATE TABLE ${schema}.audit_tiles (level integer NOT NULL, idx bigint NOT NULL, hashes bytea NOT NULL, PRIMARY KEY (level, idx));
ALTER TABLE ${schema}.audit_tiles ALTER COLUMN hashes SET STORAGE EXTERNAL;
CREATE TABLE ${schema}.audit_writers (id bigint PRIMARY KEY, batch bigint NOT NULL, size bigint NOT NULL, seen timestamptz NOT NULL);
CREATE TABLE ${schema}.audit_permits (idx bigint PRIMARY KEY, writer bigint NOT NULL, left_behind boolean NOT NULL DEFAULT false);
`;

/** The name of this part among those that share a schema, each with a version of its own. */
const PART = 'audit';
/** The steps from each version to the next; the n-th leads to version n + 1. Only ever append. */
const STEPS: readonly ((schema: string) => string)[] = [
  (schema) => [TABLES, APPEND, STAGE, PUBLISH, BUNDLE, PRUNE, UNSETTLED].map((make) => make(schema)).join(''),
];

/** SQLSTATE: no such table, no such schema. */
const ABSENT = ['42P01', '3F000'];
/** There is already a table, a function, an object of this name. */
const PRESENT = ['42P07', '42723', '42710'];

/**
 * Brings the tables to the newest version. Any number of processes may do so at once.
 * @param make whether they are made, or brought up to date; else they must be there
 * @throws AuditError `audit_log_version`, `audit_log_corrupt` for tables of someone else, `audit_log_unavailable`
 */
export async function migrate(connections: PostgresConnections, make: boolean): Promise<void> {
  const { schema } = connections;
  const known = await connections.use((client) => versionOf(client, schema));
  if (known === STEPS.length) return;
  if (!make) {
    throw new AuditError(
      'audit_log_version',
      `the schema ${schema} has version ${known} of a log, which is none or older than this software`,
      {
        hint: 'look at the name of the schema, or open the log for writing once, which brings it up to date',
      },
    );
  }
  await connections.use(async (client) => {
    await client.query('BEGIN');
    try {
      await bringUp(client, schema);
      await client.query('COMMIT');
    } catch (error) {
      if (sqlState(error) !== undefined || error instanceof AuditError) await client.query('ROLLBACK');
      throw error;
    }
  });
}

async function bringUp(client: PostgresClient, schema: string): Promise<void> {
  await client.query('SELECT pg_advisory_xact_lock(pg_catalog.hashtextextended($1, 0))', [
    `stele schema ${schema}`,
  ]);
  // Whoever may not make schemas may use one that is there.
  const { rows } = await client.query('SELECT to_regnamespace($1) IS NULL AS absent', [schema]);
  if ((rows[0] as { absent: boolean }).absent) await client.query(`CREATE SCHEMA "${schema}"`);
  await client.query(
    `CREATE TABLE IF NOT EXISTS "${schema}".stele_parts (name text PRIMARY KEY, version integer NOT NULL)`,
  );
  for (const step of STEPS.slice(await versionOf(client, schema))) await take(client, step(`"${schema}"`));
  await client.query(
    `INSERT INTO "${schema}".stele_parts VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET version = excluded.version`,
    [PART, STEPS.length],
  );
}

/** @returns 0 where there are no tables yet */
async function versionOf(client: PostgresClient, schema: string): Promise<number> {
  const version = await client
    .query(`SELECT version FROM "${schema}".stele_parts WHERE name = $1`, [PART])
    .then(({ rows }) => (rows[0] as { version: number } | undefined)?.version ?? 0)
    .catch((error: unknown) => {
      if (ABSENT.includes(sqlState(error) ?? '')) return 0;
      throw error;
    });
  if (version <= STEPS.length) return version;
  throw new AuditError(
    'audit_log_version',
    `the schema ${schema} has version ${version} of a log, which is newer than this software`,
    {
      hint: 'upgrade Stele, or choose another schema',
    },
  );
}

async function take(client: PostgresClient, step: string): Promise<void> {
  try {
    await client.query(step);
  } catch (cause) {
    if (!PRESENT.includes(sqlState(cause) ?? '')) throw cause;
    throw new AuditError('audit_log_corrupt', 'the schema has tables of someone else', {
      cause,
      hint: 'choose another schema',
    });
  }
}
