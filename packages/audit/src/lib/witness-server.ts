/** The HTTP side of a witness. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { WitnessAnswer } from '../witness.js';
import { ADD_CHECKPOINT, MAX_REQUEST_BYTES } from './witness-protocol.js';

export interface ListenOptions {
  /** 127.0.0.1 unless given. */
  host?: string;
  /** Any that is free unless given. */
  port?: number;
  /** How long a request may take to come in, in milliseconds; 10,000 unless given. */
  requestTimeoutMs?: number;
  /** How many connections at once; 64 unless given. */
  maxConnections?: number;
}

/** A server that is running. */
export interface Listening {
  /** The submission prefix. */
  readonly url: string;
  /** Stops taking requests and waits for those under way, as long as a request may take. */
  close(): Promise<void>;
}

/** Serves `POST /add-checkpoint`, and nothing else. */
export function requestListener(
  answer: (body: Uint8Array) => Promise<WitnessAnswer>,
  onError: (error: unknown) => void = () => undefined,
): RequestListener {
  return (request, response) => {
    respond(request, response, answer).catch((error: unknown) => {
      onError(error);
      // Nothing of the error leaves: it may name paths.
      send(response, 500, 'this witness cannot answer at present\n');
    });
  };
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (body: Uint8Array) => Promise<WitnessAnswer>,
): Promise<void> {
  if (request.url !== ADD_CHECKPOINT) return refuse(response, 404, 'there is nothing here\n');
  if (request.method !== 'POST') return refuse(response, 405, 'checkpoints are sent by POST\n');
  let body: Uint8Array | undefined;
  try {
    body = await bodyOf(request);
  } catch {
    response.destroy(); // whoever asked is gone
    return;
  }
  if (body === undefined) return refuse(response, 413, 'the request is too long\n');
  const { status, type, body: text } = await answer(body);
  send(response, status, text, type);
}

/** The body, or undefined if it is too long. */
async function bodyOf(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  // Not destroyed on return, because the answer goes over the same socket.
  for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > MAX_REQUEST_BYTES) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** Answers without reading what else comes. */
function refuse(response: ServerResponse, status: number, text: string): void {
  response.setHeader('Connection', 'close');
  send(response, status, text);
}

function send(
  response: ServerResponse,
  status: number,
  text: string,
  type = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}

/** Starts a server whose connections, requests and waits are all bounded. */
export async function listen(handler: RequestListener, options: ListenOptions): Promise<Listening> {
  const { host = '127.0.0.1', port = 0, requestTimeoutMs = 10_000, maxConnections = 64 } = options;
  const server = createServer(
    {
      requestTimeout: requestTimeoutMs,
      headersTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.min(1_000, requestTimeoutMs),
      keepAliveTimeout: 5_000,
      maxHeaderSize: 8_192,
    },
    handler,
  );
  server.maxConnections = maxConnections;
  server.listen(port, host);
  await once(server, 'listening');
  const { address, family, port: bound } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${bound}`,
    close: () =>
      new Promise((resolve) => {
        // A closing server no longer looks at how long its requests take: a silent connection would hold it for ever.
        const end = setTimeout(() => server.closeAllConnections(), requestTimeoutMs);
        server.close(() => {
          clearTimeout(end);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}
