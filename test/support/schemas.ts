/** Schemas of PostgreSQL, which are dropped after the test file that asked for them. */
import { Pool } from 'pg';
import { afterEveryFile } from './file-hooks.js';
import { postgresUrl } from './postgres.js';

const run = `t${process.pid}_${Date.now().toString(36)}`;
let count = 0;
let made: string[] = [];

/** A name that no schema has. */
export function freshSchema(): string {
  const name = `stele_${run}_${count++}`;
  made.push(name);
  return name;
}

/** A connection to look at what was written, and to break it. */
export const inspector = new Pool({
  connectionString: postgresUrl,
  max: 4,
  connectionTimeoutMillis: 10_000,
  allowExitOnIdle: true,
});

afterEveryFile(async () => {
  for (const name of made) await inspector.query(`DROP SCHEMA IF EXISTS ${name} CASCADE`).catch(() => {});
  made = [];
});
