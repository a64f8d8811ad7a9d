import { createRequire } from 'node:module';
import { createConnection } from 'node:net';
import { fileURLToPath } from 'node:url';

export const POSTGRES = process.env.STELE_POSTGRES ?? 'postgres://root@127.0.0.1:5432/test';

export function havePostgres() {
  const { hostname, port } = new URL(POSTGRES);
  return new Promise((resolve) => {
    const socket = createConnection({ host: hostname, port: Number(port), timeout: 2000 });
    const answer = (found) => () => {
      socket.destroy();
      resolve(found);
    };
    socket.once('connect', answer(true)).once('error', answer(false)).once('timeout', answer(false));
  });
}

export async function dropSchema(schema) {
  const { Client } = createRequire(fileURLToPath(import.meta.resolve('@stele/audit')))('pg');
  const client = new Client({ connectionString: POSTGRES });
  await client.connect();
  await client.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  await client.end();
}
