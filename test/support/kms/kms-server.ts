/**
 * A key service on the loopback interface that speaks the protocol of AWS KMS (JSON 1.1 over HTTP, signed with SigV4)
 * with real keys, and that can be told to fail.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Answer, KmsError, KmsKeys } from './kms-keys.js';
import { type Credential, refusalOf } from './sigv4.js';

/** What the next request meets instead of, or after, its answer; `send` changes the text of the answer. */
export type Fault =
  | { refuse: string; status?: number }
  | 'hang'
  | 'cut'
  | { send: (text: string) => string }
  | 'garbage'
  | ((answer: Answer) => Answer);

const MAX_BODY = 1 << 20;

export class KmsServer {
  readonly keys = new KmsKeys();
  readonly credentials = new Map<string, Credential>();
  /** The operations asked for, refused ones too. */
  readonly operations: string[] = [];
  /** The bodies of all requests and answers. */
  readonly traffic: string[] = [];
  readonly #faults: Fault[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
  }

  static async start(): Promise<KmsServer> {
    const server = new KmsServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The next requests meet these, one each. */
  play(...faults: Fault[]): void {
    this.#faults.push(...faults);
  }

  /** Forgets faults and requests. */
  reset(): void {
    this.#faults.length = 0;
    this.operations.length = 0;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readAll(request);
    const operation = String(request.headers['x-amz-target']).replace(/^TrentService\./, '');
    this.operations.push(operation);
    this.traffic.push(body.toString());
    const fault = this.#faults.shift();
    if (fault === 'hang') return;
    try {
      if (request.method !== 'POST' || request.url !== '/') throw new KmsError('UnknownOperationException');
      const refusal = refusalOf(request, body, this.credentials);
      if (refusal !== undefined) throw new KmsError(refusal);
      if (typeof fault === 'object' && 'refuse' in fault) throw new KmsError(fault.refuse, fault.status);
      const answer = this.keys.answer(operation, JSON.parse(body.toString()) as Answer);
      this.#reply(response, 200, JSON.stringify(typeof fault === 'function' ? fault(answer) : answer), fault);
    } catch (error) {
      if (!(error instanceof KmsError)) throw error;
      const text = JSON.stringify({ __type: error.name, message: error.message });
      this.#reply(response, error.status, text, fault);
    }
  }

  #reply(response: ServerResponse, status: number, text: string, fault: Fault | undefined): void {
    this.traffic.push(text);
    const sent = typeof fault === 'object' && 'send' in fault ? fault.send(text) : text;
    const whole = Buffer.from(fault === 'garbage' ? '<html>Bad gateway</html>' : sent);
    response.writeHead(status, {
      'content-type': 'application/x-amz-json-1.1',
      'content-length': whole.length,
    });
    if (fault !== 'cut') response.end(whole);
    else response.write(whole.subarray(0, whole.length >> 1), () => response.destroy());
  }
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MAX_BODY) throw new Error('the request is too large');
    parts.push(part);
  }
  return Buffer.concat(parts);
}
