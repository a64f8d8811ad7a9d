/** Schemas of one test file, which are dropped after it. */
import { Pool } from 'pg';
import { afterAll } from 'vitest';
import { postgresUrl } from '../../../../test/support/postgres.js';

const run = `t${process.pid}_${Date.now().toString(36)}`;
const made: string[] = [];

/** A name that no schema has. */
export function freshSchema(): string {
  const name = `stele_audit_${run}_${made.length}`;
  made.push(name);
  return name;
}

/** A connection to look at what was written, and to break it. */
export const inspector = new Pool({ connectionString: postgresUrl, max: 4, connectionTimeoutMillis: 10_000 });

afterAll(async () => {
  for (const name of made) await inspector.query(`DROP SCHEMA IF EXISTS ${name} CASCADE`).catch(() => {});
  await inspector.end();
}, 60_000);
