import {
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type RequestListener,
  type Server,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import connect from 'connect';
import express from 'express';
import type { HttpRequestLike, HttpResponseLike } from '../../src/adapters.js';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export type Middleware = (
  request: HttpRequestLike,
  response: HttpResponseLike,
  next: (error?: unknown) => void,
) => void;

/** An application of either framework: the guard, then one handler for everything. */
export type MakeApp = (guard: Middleware, handler: RequestListener) => RequestListener;

export const expressApp: MakeApp = (guard, handler) => {
  const app = express();
  app.use(guard);
  app.use(handler);
  return app;
};

export const connectApp: MakeApp = (guard, handler) => {
  const app = connect();
  app.use(guard);
  app.use(handler);
  return app;
};

const servers: Server[] = [];

/** Listens on a free port of this machine. */
export async function serve(app: RequestListener): Promise<number> {
  const server = createServer(app);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

export async function closeServers(): Promise<void> {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Asks with exactly this request target: unlike `fetch`, nothing is normalised. */
export function ask(
  port: number,
  target: string,
  method = 'GET',
  headers: Record<string, string> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest(
      { host: '127.0.0.1', port, path: target, method, headers, agent: false },
      (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode = 0, headers: received } = response;
          resolve({ status: statusCode, headers: received, text: Buffer.concat(parts).toString() });
        });
      },
    );
    asked.on('error', reject);
    asked.end();
  });
}

/** A promise with its resolve in the hand. */
export function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}
