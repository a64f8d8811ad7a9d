/** Schemas of one test file, which are dropped after it. */
import { Pool } from 'pg';
import { afterAll } from 'vitest';
import { postgresUrl } from '../../../../test/support/postgres.js';

const run = `t${process.pid}_${Date.now().toString(36)}`;
const made: string[] = [];

/** A name that no schema has. */
export function freshSchema(): string {
  const name = `stele_${run}_${made.length}`;
  made.push(name);
  return name;
}

/** For tests of what is counted or kept, not of what survives: nobody waits for the disk. */
export const unsyncedUrl = withOptions(postgresUrl, '-c synchronous_commit=off');

function withOptions(url: string, options: string): string {
  const changed = new URL(url);
  changed.searchParams.set('options', options);
  return changed.href.replaceAll('+', '%20');
}

/** A connection to look at what was written, and to break it. */
export const inspector = new Pool({ connectionString: postgresUrl, max: 4, connectionTimeoutMillis: 10_000 });

afterAll(async () => {
  for (const name of made) await inspector.query(`DROP SCHEMA IF EXISTS ${name} CASCADE`).catch(() => {});
  await inspector.end();
}, 60_000);
