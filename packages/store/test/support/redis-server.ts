/** A Redis of a test's own, which may be killed and started again. Needs the program `redis-server`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import { afterEveryFile } from '../../../../test/support/file-hooks.js';
import { deadPort } from '../../../../test/support/proxy.js';

const running = new Set<ChildProcess>();
afterEveryFile(() => {
  for (const child of running) child.kill('SIGKILL');
});

export class RedisServer {
  readonly url: string;
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;

  private constructor(port: number, folder: string, options: readonly string[]) {
    this.url = `redis://127.0.0.1:${port}`;
    this.#args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', ...options];
  }

  static async start(folder: string, ...options: string[]): Promise<RedisServer> {
    const server = new RedisServer(await deadPort(), folder, options);
    await server.start();
    return server;
  }

  async start(): Promise<void> {
    const child = spawn('redis-server', this.#args, { stdio: 'ignore' });
    running.add(child);
    child.on('exit', () => running.delete(child));
    this.#child = child;
    const client = new Redis(this.url, { retryStrategy: () => 20, maxRetriesPerRequest: null });
    client.on('error', () => {});
    await client.ping();
    client.disconnect();
  }

  async kill(): Promise<void> {
    const child = this.#child as ChildProcess;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}
