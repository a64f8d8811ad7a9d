/** Processes that append to one log in PostgreSQL when they are told to. Run as a program, this is one of them. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const SELF = fileURLToPath(import.meta.url);

export class LogWriters {
  #children;

  constructor(children) {
    this.#children = children;
  }

  static async start(count, { url, schema, key, callers }) {
    const args = [url, schema, Buffer.from(key).toString('hex'), String(callers)];
    const children = Array.from({ length: count }, () => fork(SELF, args));
    await Promise.all(children.map((child) => once(child, 'message')));
    return new LogWriters(children);
  }

  /** Each appends so many. */
  async append(count, entry) {
    const done = this.#children.map((child) => once(child, 'message'));
    for (const child of this.#children) child.send({ count, entry });
    await Promise.all(done);
  }

  async end() {
    const ended = this.#children.map((child) => once(child, 'exit'));
    for (const child of this.#children) child.send({});
    await Promise.all(ended);
  }
}

async function write(url, schema, key, callers) {
  const { AuditLog } = await import('@stele/audit');
  const { PostgresLogBackend } = await import('@stele/audit/postgres');
  const { keyPairFromPrivateKey } = await import('@stele/crypto');
  const signer = await keyPairFromPrivateKey(Buffer.from(key, 'hex'));
  const backend = new PostgresLogBackend(url, { schema, timeoutMs: 30_000 });
  const log = await AuditLog.open(backend, { signer, origin: 'example.org/bench' });
  process.on('message', async ({ count, entry }) => {
    if (count === undefined) {
      await log.close();
      process.disconnect();
      return;
    }
    let left = count;
    const call = async () => {
      while (left-- > 0) await log.append(entry);
    };
    await Promise.all(Array.from({ length: Number(callers) }, call));
    process.send('done');
  });
  process.send('open');
}

if (process.argv[1] === SELF && process.send !== undefined) await write(...process.argv.slice(2));
