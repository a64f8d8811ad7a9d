/** The gateway over streamable HTTP: each client gets a session, and a connection to the upstream server, of its own. */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Address } from '../audit/address.js';
import { CliError } from '../errors.js';
import { printable } from '../output.js';
import { MAX_MESSAGE } from './messages.js';
import type { McpSdk, ServerTransport, Transport } from './sdk.js';
import { Session, type SessionOptions } from './session.js';

const MAX_SESSIONS = 100;
/** After this long without a request a session makes room for another one, in milliseconds. */
const IDLE_MS = 10 * 60_000;
const PATH = '/mcp';

/** What it needs of the SDK. */
export type ListenSdk = Pick<McpSdk, 'StreamableHTTPServerTransport'>;

export const isLoopback = ({ host }: Address) => /^(127\.\d+\.\d+\.\d+|::1|localhost)$/i.test(host);

interface Client {
  readonly transport: ServerTransport;
  readonly session: Promise<Session>;
  lastUsed: number;
  /** Requests that are being answered, the stream for notices included. */
  open: number;
}

export class GatewayServer {
  readonly #clients = new Map<string, Client>();
  readonly #server: Server;
  readonly #sdk: ListenSdk;
  readonly #connect: () => Transport;
  readonly #options: SessionOptions;
  readonly #address: Address;
  #opening = 0;

  constructor(sdk: ListenSdk, connect: () => Transport, address: Address, options: SessionOptions) {
    this.#sdk = sdk;
    this.#connect = connect;
    this.#options = options;
    this.#address = address;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        options.onProblem(error);
        if (!response.headersSent) refuse(response, 500, 'the gateway failed');
        else response.destroy();
      });
    });
  }

  /**
   * Begins to answer.
   * @returns where
   * @throws CliError `usage` where the address cannot be had
   */
  async listen(): Promise<string> {
    const { host, port } = this.#address;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) =>
        reject(
          new CliError(
            'usage',
            `cannot listen on ${printable(host)}:${port}: ${error.code ?? 'unknown error'}`,
            'another process may have the port; 0 takes any that is free',
          ),
        ),
      );
      this.#server.listen(port, host, resolve);
    });
    return `http://${host.includes(':') ? `[${host}]` : host}:${this.#port}${PATH}`;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const sessions = [...this.#clients.values()].map(async ({ session }) => (await session).close());
    await Promise.allSettled(sessions);
    this.#server.closeAllConnections();
    await closed;
  }

  get #port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : this.#address.port;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', 'http://gateway');
    if (!this.#isOurs(request)) return refuse(response, 403, 'this host, or this origin, may not ask');
    if (pathname !== PATH) return refuse(response, 404, 'not found');
    const id = request.headers['mcp-session-id'];
    const client = typeof id === 'string' ? this.#clients.get(id) : undefined;
    if (client === undefined && id !== undefined) return refuse(response, 404, 'there is no such session');
    if (client !== undefined) return this.#pass(client, request, response);
    if (request.method !== 'POST') return refuse(response, 400, 'a session begins with initialize');
    if (!(await this.#hasRoom())) return refuse(response, 503, 'too many sessions');
    await this.#begin(request, response);
  }

  /** A web page in a browser of this machine must not reach the gateway, by whatever name. */
  #isOurs({ headers }: IncomingMessage): boolean {
    if (headers.origin !== undefined) return false;
    if (!isLoopback(this.#address)) return true;
    const port = this.#port;
    return ['127.0.0.1', 'localhost', '[::1]', this.#address.host].some(
      (host) => headers.host === `${host}:${port}`,
    );
  }

  async #pass(client: Client, request: IncomingMessage, response: ServerResponse): Promise<void> {
    client.lastUsed = Date.now();
    client.open++;
    response.once('close', () => {
      client.open--;
      client.lastUsed = Date.now();
    });
    await client.transport.handleRequest(request, response);
  }

  /** A request that is no `initialize` is refused by the transport; then nothing was begun. */
  async #begin(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#opening++;
    let begun: string | undefined;
    const transport: ServerTransport = new this.#sdk.StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      maxRequestBodySize: MAX_MESSAGE,
      onsessioninitialized: (id) => {
        begun = id;
        const client = { transport, session, lastUsed: Date.now(), open: 0 };
        this.#clients.set(id, client);
        this.#opening--;
      },
    });
    const session = Session.open(transport, this.#connect(), this.#options);
    try {
      const opened = await session;
      void opened.ended.then(() => begun !== undefined && this.#clients.delete(begun));
      await transport.handleRequest(request, response);
      if (begun === undefined) await opened.close();
    } finally {
      if (begun === undefined) this.#opening--;
    }
  }

  async #hasRoom(): Promise<boolean> {
    if (this.#clients.size + this.#opening < MAX_SESSIONS) return true;
    const idle = [...this.#clients.values()]
      .filter(({ open, lastUsed }) => open === 0 && lastUsed < Date.now() - IDLE_MS)
      .sort((a, b) => a.lastUsed - b.lastUsed)[0];
    await (await idle?.session)?.close();
    return this.#clients.size + this.#opening < MAX_SESSIONS;
  }
}

function refuse(response: ServerResponse, status: number, message: string): void {
  const body = JSON.stringify({ jsonrpc: '2.0', error: { code: -32000, message }, id: null });
  response.writeHead(status, { 'content-type': 'application/json' }).end(body);
}
