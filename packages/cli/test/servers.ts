/** Places on the servers of the tests, which are empty, and emptied afterwards. */
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { afterAll } from 'vitest';
import { postgresUrl } from '../../../test/support/postgres.js';
import { redisUrl } from '../../../test/support/redis.js';

const run = `cli_${process.pid}_${Date.now().toString(36)}`;
const schemas: string[] = [];
const prefixes: string[] = [];
const databases: string[] = [];

/** A schema that is not there. */
export const freshSchema = (): string => named(schemas);

/** The URL of a database of its own, with nothing in it, for what leaves its schema to the defaults. */
export async function freshDatabase(): Promise<string> {
  const name = named(databases);
  await withClient((client) => client.query(`CREATE DATABASE ${name}`));
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** A prefix under which there is nothing. */
export const freshPrefix = (): string => named(prefixes);

function named(made: string[]): string {
  const name = `stele_${run}_${made.length}`;
  made.push(name);
  return name;
}

afterAll(async () => {
  if (schemas.length + databases.length > 0) await withClient(drop).catch(() => undefined);
  if (prefixes.length > 0) await deleteKeys().catch(() => undefined);
}, 60_000);

async function drop(client: Client): Promise<void> {
  for (const name of schemas) await client.query(`DROP SCHEMA IF EXISTS ${name} CASCADE`);
  for (const name of databases) await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}

async function withClient(work: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client({ connectionString: postgresUrl, connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

async function deleteKeys(): Promise<void> {
  const client = new Redis(redisUrl, { lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => {});
  await client.connect();
  for (const prefix of prefixes) {
    const keys = await client.keys(`{${prefix}}*`);
    if (keys.length > 0) await client.unlink(...keys);
  }
  client.disconnect();
}
