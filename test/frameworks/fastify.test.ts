import { type FastifyGuardOptions, steleFastify } from '@stele/sdk/adapters';
import Fastify, { type FastifyInstance } from 'fastify';
import { describe, expect, it } from 'vitest';
import { governed, recorded } from './support.js';

const RULES =
  "permit http.get on '/files/**'\ndeny http.* on '/files/secret/**'\npermit http.post on '/pay' when session.user = 'ada'\nlimit http.post 1 per day";

async function application(options: Partial<FastifyGuardOptions> = {}, settings: object = {}) {
  const { monitor, sink } = await governed(RULES);
  const app: FastifyInstance = Fastify(settings);
  app.get('/before/*', async () => 'before');
  await app.register(steleFastify, { monitor, ...options } as never);
  app.get('/files/*', async (request) => (request.params as { '*': string })['*']);
  app.get('/fails', async () => Promise.reject(new Error('broken')));
  app.post('/pay', async () => ({ paid: true }));
  return { app, sink };
}

const ask = async (app: FastifyInstance, url: string, method: 'GET' | 'POST' | 'HEAD' | 'DELETE' = 'GET') => {
  const { statusCode, headers, body } = await app.inject({ method, url });
  return { status: statusCode, type: headers['content-type'], body };
};

describe('steleFastify', () => {
  it('lets through what is permitted, and answers the rest with a problem', async () => {
    const { app, sink } = await application();
    expect(await ask(app, '/files/a.txt')).toMatchObject({ status: 200, body: 'a.txt' });
    const denied = await ask(app, '/files/secret/a');
    expect(denied).toMatchObject({ status: 403, type: expect.stringContaining('application/problem+json') });
    expect(JSON.parse(denied.body)).toMatchObject({ status: 403, code: 'denied_by_rule', retryable: false });
    expect(recorded(sink)).toEqual(['http.get permit', 'outcome done', 'http.get deny']);
  });

  it('guards routes that were declared before it, and unknown ones', async () => {
    const { app } = await application();
    expect(await ask(app, '/before/x')).toMatchObject({ status: 403 });
    expect(await ask(app, '/nowhere')).toMatchObject({ status: 403 });
  });

  it.each([
    '/files/%73ecret/a',
    '/files//secret/a',
    '/files/secret%2Fa',
    '/files/./secret/a',
    '/files/x/../secret/a',
  ])('a path spelled %s is judged as the router reads it', async (url) => {
    const { app } = await application();
    expect((await ask(app, url)).status).toBe(403);
  });

  it('judges HEAD as the GET that answers it', async () => {
    const { app } = await application({ action: undefined as never });
    expect((await ask(app, '/files/secret/a', 'HEAD')).status).toBe(403);
  });

  it('ignores case where the router does', async () => {
    const { app } = await application({}, { routerOptions: { caseSensitive: false } });
    expect((await ask(app, '/FILES/SECRET/a')).status).toBe(403);
    expect((await ask(app, '/FILES/a')).status).toBe(200);
  });

  it('tells of a limit, and when to come again', async () => {
    const { app } = await application({ context: () => ({ session: { user: 'ada' } }) });
    expect((await ask(app, '/pay', 'POST')).status).toBe(200);
    const { statusCode, headers } = await app.inject({ method: 'POST', url: '/pay' });
    expect(statusCode).toBe(429);
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  });

  it('takes action and resource from the route', async () => {
    const { monitor } = await governed("permit files.list on '/mine'");
    const app = Fastify();
    await app.register(steleFastify, { monitor } as never);
    app.get(
      '/list',
      { config: { stele: { action: 'files.list', resource: () => '/mine' } } } as never,
      async () => 1,
    );
    app.get('/other', async () => 1);
    expect((await ask(app, '/list')).status).toBe(200);
    expect((await ask(app, '/other')).status).toBe(403);
  });

  it('a function of the host that throws denies', async () => {
    const { app } = await application({
      resource: () => {
        throw new Error('broken');
      },
    });
    expect((await ask(app, '/files/a')).status).not.toBe(200);
  });

  it('records what failed as unknown', async () => {
    const { monitor, sink } = await governed('permit http.get on /fails');
    const app = Fastify();
    await app.register(steleFastify, { monitor } as never);
    app.get('/fails', async () => Promise.reject(new Error('broken')));
    expect((await ask(app, '/fails')).status).toBe(500);
    expect(recorded(sink)).toEqual(['http.get permit', 'outcome unknown']);
  });

  it('of many requests at once one gets the last unit', async () => {
    const { app } = await application({ context: () => ({ session: { user: 'ada' } }) });
    const answers = await Promise.all(Array.from({ length: 200 }, () => ask(app, '/pay', 'POST')));
    expect(answers.filter(({ status }) => status === 200).length).toBe(1);
  });
});
