/** The helpers in the real frameworks, over loopback. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import express from 'express';
import fastify, { type FastifyRequest } from 'fastify';
import { type Context, Hono } from 'hono';
import { describe, expect, it, onTestFinished } from 'vitest';
import { expressHealth, fastifyHealth, type HealthRouteOptions, honoHealth } from '../src/index.js';
import { PATIENT, PRIVATE, readOnly, writable } from './support.js';

type Options = Pick<HealthRouteOptions, 'store' | 'version' | 'paths' | 'verbose'> & {
  /** Whether the credential of a request may read the deep report. */
  allows?: (credential: unknown) => boolean;
};

type Listening = { address(): unknown; close(): unknown };

const urlOf = (server: Listening) => {
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const listening = (server: ReturnType<typeof createServer>) =>
  new Promise<string>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(urlOf(server)));
  });

/** Starts an application with health and pages of its own. */
const FRAMEWORKS: Record<string, (options: Options) => Promise<string>> = {
  async express({ allows, ...options }) {
    const app = express();
    const authorize = allows && ((request: express.Request) => allows(request.get('x-key')));
    app.use(expressHealth({ ...PATIENT, ...options, authorize }));
    app.all('/{*rest}', (_, response) => void response.send('page'));
    return listening(createServer(app));
  },
  async fastify({ allows, ...options }) {
    const app = fastify();
    const authorize = allows && ((request: FastifyRequest) => allows(request.headers['x-key']));
    await app.register(fastifyHealth, { ...PATIENT, ...options, authorize });
    app.get('/', async () => 'page');
    app.post('/healthz', async () => 'page');
    app.get('/healthz/deeper', async () => 'page');
    await app.listen({ port: 0, host: '127.0.0.1' });
    return urlOf(app.server);
  },
  async hono({ allows, ...options }) {
    const app = new Hono();
    const authorize = allows && ((context: Context) => allows(context.req.header('x-key')));
    app.use(honoHealth({ ...PATIENT, ...options, authorize }));
    app.all('*', (context) => context.text('page'));
    return new Promise((resolve) => {
      const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () =>
        resolve(urlOf(server)),
      );
    });
  },
};

describe.each(Object.entries(FRAMEWORKS))('%s', (_, start) => {
  const get = async (url: string, headers: Record<string, string> = {}) => {
    const response = await fetch(url, { headers });
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('content-type')).toMatch(/^application\/json/);
    return [response.status, await response.json()];
  };

  it('answers the three probes', async () => {
    const url = await start({ store: writable(), version: '7' });
    expect(await get(`${url}/healthz`)).toEqual([200, expect.objectContaining({ alive: true })]);
    expect(await get(`${url}/readyz?verbose=1`)).toEqual([
      200,
      expect.objectContaining({ ready: true, probe: 'write' }),
    ]);
    expect(await get(`${url}/health`)).toEqual([
      200,
      expect.objectContaining({ status: 'healthy', version: '7' }),
    ]);
  });

  it('lives while it is not ready, and tells a probe nothing of why', async () => {
    const url = await start({ store: readOnly(), verbose: true });
    expect(await get(`${url}/healthz`)).toEqual([200, expect.anything()]);
    const ready = await get(`${url}/readyz`);
    expect(ready).toEqual([503, expect.objectContaining({ ready: false, code: 'store_unavailable' })]);
    expect(JSON.stringify(ready)).not.toContain('hunter2');
    const deep = await get(`${url}/health`);
    expect(deep).toEqual([503, expect.objectContaining({ status: 'unhealthy' })]);
    expect(JSON.stringify(deep)).toContain(PRIVATE); // the host asked for it
  });

  it('answers HEAD without a body', async () => {
    const url = await start({ store: readOnly() });
    const response = await fetch(`${url}/readyz`, { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([503, '']);
  });

  it('leaves every other request alone', async () => {
    const url = await start({ store: writable() });
    for (const [path, method] of [
      ['/', 'GET'],
      ['/healthz', 'POST'],
      ['/healthz/deeper', 'GET'],
    ])
      expect(await (await fetch(url + path, { method: method as string })).text()).toBe('page');
  });

  it('shows the deep report to operators alone', async () => {
    const url = await start({ store: writable(), allows: (credential) => credential === 'key' });
    expect(await get(`${url}/health`)).toEqual([403, { error: 'forbidden' }]);
    expect(await get(`${url}/health`, { 'x-key': 'wrong' })).toEqual([403, { error: 'forbidden' }]);
    expect(await get(`${url}/health`, { 'x-key': 'key' })).toEqual([
      200,
      expect.objectContaining({ status: 'healthy' }),
    ]);
    expect(await get(`${url}/readyz`)).toEqual([200, expect.anything()]);
    const fail = () => {
      throw new Error(PRIVATE);
    };
    for (const allows of [fail, () => 'yes' as never]) {
      const refusing = await start({ store: writable(), allows });
      expect(await get(`${refusing}/health`, { 'x-key': 'key' })).toEqual([403, { error: 'forbidden' }]);
    }
  });

  it('takes other paths', async () => {
    const paths = { live: '/-/live', ready: '/-/ready' };
    const url = await start({ store: writable(), paths });
    expect(await get(`${url}/-/live`)).toEqual([200, expect.objectContaining({ alive: true })]);
    expect(await get(`${url}/-/ready`)).toEqual([200, expect.objectContaining({ ready: true })]);
    expect(await get(`${url}/health`)).toEqual([200, expect.objectContaining({ status: 'healthy' })]);
  });

  it.each([{ store: undefined as never }, { store: writable(), timeoutMs: 0 }])(
    'refuses %j when it starts',
    async (options) => {
      await expect(start(options)).rejects.toThrow(/must be/);
    },
  );
});

it('an answer that cannot be written reaches the error handler of Express', async () => {
  const handler = expressHealth({ store: writable() });
  const response = {
    statusCode: 0,
    setHeader: () => {
      throw new Error('headers are sent already');
    },
    end: () => {},
  };
  const error = await new Promise((resolve) =>
    handler({ method: 'GET', url: '/healthz' }, response, resolve),
  );
  expect(error).toBeInstanceOf(Error);
});

it('a request without a method or an address is not for a probe', async () => {
  const handler = expressHealth({ store: writable() });
  const response = { statusCode: 0, setHeader: () => {}, end: () => {} };
  for (const request of [{}, { method: 'GET' }]) {
    const given = await new Promise((resolve) => handler(request, response, (error) => resolve(error)));
    expect(given).toBeUndefined();
  }
});
