/** A PostgreSQL to test with: `STELE_POSTGRES`, or the one of this machine. Every test works in a schema of its own. */
import { existsSync, readdirSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';

export const postgresUrl = process.env.STELE_POSTGRES ?? 'postgres://root@127.0.0.1:5432/test';

/** Whether something listens where a URL points. */
export function listens(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = createConnection({ host: hostname, port: Number(port), timeout: 2000 });
    const answer = (found: boolean) => () => {
      socket.destroy();
      resolve(found);
    };
    socket.once('connect', answer(true)).once('error', answer(false)).once('timeout', answer(false));
  });
}

/** False where there is none. Use as `describe.skipIf(!havePostgres)`. */
export const havePostgres: boolean = await listens(postgresUrl);

const INSTALLED = '/usr/lib/postgresql';

/** The folder with `initdb` and `pg_ctl`, of which a test starts a server of its own; undefined where they are missing. */
export const postgresPrograms: string | undefined =
  process.env.STELE_POSTGRES_PROGRAMS ??
  (existsSync(INSTALLED) ? readdirSync(INSTALLED) : [])
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(INSTALLED, version, 'bin'))
    .find((folder) => existsSync(join(folder, 'initdb')));
