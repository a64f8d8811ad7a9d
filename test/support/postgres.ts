/** A PostgreSQL to test with: `STELE_POSTGRES`, or the one of this machine. Every test works in a schema of its own. */
import { createConnection } from 'node:net';

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
