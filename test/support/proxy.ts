/** A TCP proxy that fails on request, so that a server need not. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * `passing`: forwards. `silent`: accepts and takes everything, and says nothing. `deaf`: forwards what is asked, and cuts the
 * connection instead of the answer.
 */
export type ProxyMode = 'passing' | 'silent' | 'deaf';

/**
 * Sees what passes, and says how many of the bytes do: where it is not all of them, every connection is cut behind those.
 * @param server the proxy's own connection to the server: one for each of a client's
 */
export type Inspect = (bytes: Buffer, from: 'client' | 'server', server: Socket) => number;

export class FaultyProxy {
  mode: ProxyMode = 'passing';
  inspect: Inspect = (bytes) => bytes.length;
  readonly #target: URL;
  readonly #sockets = new Set<Socket>();
  #server: Server;
  #port = 0;

  private constructor(target: string) {
    this.#target = new URL(target);
    this.#server = this.#make();
  }

  /** @param target the URL of a server */
  static async before(target: string): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(target);
    await proxy.up();
    return proxy;
  }

  /** The target's URL, through the proxy. */
  get url(): string {
    const url = new URL(this.#target);
    url.hostname = '127.0.0.1';
    url.port = String(this.#port);
    return url.href;
  }

  /** Cuts every connection. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** As if the server were gone: cuts every connection and takes no new one. */
  async down(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.cut();
    await closed;
  }

  /** Takes connections, at the same port as before. */
  async up(): Promise<void> {
    this.#server = this.#make();
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  #make(): Server {
    return createServer((inside) => {
      const outside = connect(Number(this.#target.port), this.#target.hostname);
      this.#keep(inside, outside);
      inside.on('data', (bytes) => {
        if (this.mode !== 'silent') this.#pass(bytes, this.inspect(bytes, 'client', outside), outside);
      });
      outside.on('data', (bytes) => {
        if (this.mode === 'deaf') this.cut();
        if (this.mode === 'passing') this.#pass(bytes, this.inspect(bytes, 'server', outside), inside);
      });
    });
  }

  #pass(bytes: Buffer, most: number, to: Socket): void {
    if (most === bytes.length) to.write(bytes);
    else to.write(bytes.subarray(0, most), () => this.cut());
  }

  #keep(...pair: Socket[]): void {
    for (const socket of pair) {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        for (const other of pair) other.destroy();
      });
    }
  }
}

/** A port of this machine where nobody listens. */
export async function deadPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Asks until it is answered: after a failure the next connections may still be those that were cut. Gives up after 30 seconds. */
export async function eventually<T>(ask: () => Promise<T>): Promise<T> {
  for (const deadline = performance.now() + 30_000; performance.now() < deadline; ) {
    try {
      return await ask();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
  return ask();
}
