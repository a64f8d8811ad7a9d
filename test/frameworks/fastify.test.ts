import { once } from 'node:events';
import { request } from 'node:http';
import { type FastifyGuardOptions, steleFastify, steleSignal } from '@stele/sdk/adapters';
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

/** The settings of the router in each place that this version reads. */
const routerSettings = (settings: object): object[] =>
  'routerOptions' in Fastify().initialConfig ? [settings, { routerOptions: settings }] : [settings];

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

  it.each(routerSettings({ caseSensitive: false }))(
    'ignores case where the router does: %j',
    async (settings) => {
      const { app } = await application({}, settings);
      expect((await ask(app, '/FILES/SECRET/a')).status).toBe(403);
      expect((await ask(app, '/FILES/a')).status).toBe(200);
    },
  );

  it.each([
    ['/files/keys/**', '/files/%E2%84%AA/a', 200],
    ['/files/keys/**', '/files/%E2%84%AAeys/a', 403],
    ['/files/é/**', '/files/%C3%89/a', 403],
    ['/files/É/**', '/files/%C3%89/a', 500],
  ])('folds what is no ASCII, too, where the router does: %s, %s', async (rule, url, status) => {
    const { monitor } = await governed(`permit http.get on '/files/**'\ndeny http.* on '${rule}'`);
    const app = Fastify(routerSettings({ caseSensitive: false }).at(-1));
    await app.register(steleFastify, { monitor } as never);
    app.get('/files/*', async () => 'ran');
    expect((await ask(app, url)).status).toBe(status);
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

  it.each([new Error('broken'), undefined, null, '', 0, false])(
    'a function of the host that throws %s denies',
    async (thrown) => {
      const { app } = await application({
        resource: () => {
          throw thrown;
        },
      });
      expect((await ask(app, '/files/a')).status).toBe(500);
    },
  );

  it.each(['at once', 'later'])('what goes wrong as it lets in denies: %s', async (when) => {
    const { monitor } = await governed(
      `permit http.get on '/files/**'\n${when === 'later' ? 'limit http.get 9 per day' : ''}`,
    );
    const app: FastifyInstance = Fastify();
    app.addHook('preHandler', async (_request, { raw }) => {
      raw.on = () => {
        throw new Error('deaf');
      };
    });
    await app.register(steleFastify, { monitor } as never);
    let runs = 0;
    app.get('/files/*', async () => ++runs);
    expect((await ask(app, '/files/a')).status).toBe(500);
    expect(runs).toBe(0);
  });

  it('records what failed as unknown', async () => {
    const { monitor, sink } = await governed('permit http.get on /fails');
    const app = Fastify();
    await app.register(steleFastify, { monitor } as never);
    app.get('/fails', async () => Promise.reject(new Error('broken')));
    expect((await ask(app, '/fails')).status).toBe(500);
    expect(recorded(sink)).toEqual(['http.get permit', 'outcome unknown']);
  });

  it('reads a path as far as the router does', async () => {
    for (const settings of routerSettings({ useSemicolonDelimiter: true })) {
      const { monitor } = await governed("permit http.get on '/**'\ndeny http.get on '/admin'");
      const app: FastifyInstance = Fastify(settings);
      await app.register(steleFastify, { monitor } as never);
      app.get('/admin', async () => 'admin');
      app.get('/files', async () => 'files');
      for (const url of ['/admin;a=1', '/admin;a=1?b', '/%61dmin;'])
        expect((await ask(app, url)).status).toBe(403);
      expect(await ask(app, '/files;a=1')).toMatchObject({ status: 200, body: 'files' });
    }
  });

  it('records as unknown what became of one who left', async () => {
    const { monitor, sink } = await governed("permit http.get on '/slow'");
    const app = Fastify();
    await app.register(steleFastify, { monitor } as never);
    const left = new Promise<void>((resolve) => {
      app.get('/slow', async (_request, reply) => {
        reply.raw.once('close', resolve);
        client.destroy();
        await left;
        return 'too late';
      });
    });
    const client = request(await app.listen({ port: 0, host: '127.0.0.1' }).then((url) => `${url}/slow`));
    client.on('error', () => undefined).end();
    await left;
    await app.close();
    expect(recorded(sink)).toEqual(['http.get permit', 'outcome unknown']);
  });

  it('records what an answer over a socket was', async () => {
    const { app, sink } = await application();
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    expect((await fetch(`${url}/files/a`)).status).toBe(200);
    await app.close();
    expect(recorded(sink)).toEqual(['http.get permit', 'outcome done']);
  });

  it('tells a handler to stop when its covenant is revoked while it runs', async () => {
    const { monitor, sink, revoke } = await governed("permit http.get on '/job'", { revocationMaxAgeMs: 5 });
    const app = Fastify();
    await app.register(steleFastify, { monitor } as never);
    app.get('/job', async (request) => {
      const signal = steleSignal(request);
      void revoke();
      await once(signal, 'abort');
      throw signal.reason;
    });
    const { status, body } = await ask(app, '/job');
    expect([status, JSON.parse(body).code]).toEqual([500, 'covenant_cut']);
    expect(recorded(sink)).toEqual(['http.get permit', 'outcome unknown']);
    expect(sink.events).toMatchObject([{ kind: 'covenant.cut', actions: 1 }]);
  });

  it('refuses to come after a plugin whose routes it could not guard', async () => {
    const { monitor } = await governed(RULES);
    const app = Fastify();
    app.register(async (scope) => void scope.get('/files/secret/a', async () => 'secret'));
    app.register(steleFastify, { monitor } as never);
    await expect(app.ready()).rejects.toMatchObject({ code: 'guard_too_late' });
  });

  it('guards the routes of plugins that come after it', async () => {
    const { app } = await application();
    await app.register(async (scope) => void scope.get('/files/secret/a', async () => 'secret'));
    expect((await ask(app, '/files/secret/a')).status).toBe(403);
  });

  it('of many requests at once one gets the last unit', async () => {
    const { app } = await application({ context: () => ({ session: { user: 'ada' } }) });
    const answers = await Promise.all(Array.from({ length: 200 }, () => ask(app, '/pay', 'POST')));
    expect(answers.filter(({ status }) => status === 200).length).toBe(1);
  });
});
