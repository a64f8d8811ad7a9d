/** Places on the servers of the tests, which are empty, and emptied afterwards. */
import { Redis } from 'ioredis';
import { afterEveryFile } from '../../../test/support/file-hooks.js';
import { postgresUrl } from '../../../test/support/postgres.js';
import { redisUrl } from '../../../test/support/redis.js';
import { freshSchema, inspector } from '../../../test/support/schemas.js';

export { freshSchema };

const run = `stele_cli_${process.pid}_${Date.now().toString(36)}`;
let count = 0;
let prefixes: string[] = [];
let databases: string[] = [];

/** The URL of a database of its own, with nothing in it, for what leaves its schema to the defaults. */
export async function freshDatabase(): Promise<string> {
  const name = `${run}_${count++}`;
  databases.push(name);
  await inspector.query(`CREATE DATABASE ${name}`);
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** A prefix under which there is nothing. */
export function freshPrefix(): string {
  const prefix = `${run}_${count++}`;
  prefixes.push(prefix);
  return prefix;
}

afterEveryFile(async () => {
  for (const name of databases)
    await inspector.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`).catch(() => undefined);
  if (prefixes.length > 0) await deleteKeys().catch(() => undefined);
  databases = [];
  prefixes = [];
});

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
