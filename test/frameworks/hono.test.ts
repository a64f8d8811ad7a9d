import { once } from 'node:events';
import { type HonoGuardOptions, steleHono, steleSignal } from '@stele/sdk/adapters';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { governed, recorded } from './support.js';

const RULES =
  "permit http.get on '/files/**'\ndeny http.* on '/files/secret/**'\npermit http.post on '/pay'\nlimit http.post 1 per day\npermit http.get on /fails";

async function application(options: Partial<HonoGuardOptions> = {}) {
  const { monitor, sink } = await governed(RULES);
  const app = new Hono();
  app.use(steleHono({ monitor, ...options } as HonoGuardOptions) as never);
  app.get('/files/*', (c) => c.text(`file ${c.req.path}`));
  app.post('/pay', (c) => c.json({ paid: true }));
  app.get('/fails', () => {
    throw new Error('broken');
  });
  app.onError((_error, c) => c.text('failed', 500));
  return { app, sink };
}

describe('steleHono', () => {
  it('lets through what is permitted, and answers the rest with a problem', async () => {
    const { app, sink } = await application();
    expect((await app.request('/files/a')).status).toBe(200);
    const denied = await app.request('/files/secret/a');
    expect(denied.status).toBe(403);
    expect(denied.headers.get('content-type')).toBe('application/problem+json');
    expect(await denied.json()).toMatchObject({ code: 'denied_by_rule', title: 'Not permitted' });
    expect(recorded(sink)).toEqual(['http.get permit', 'outcome done', 'http.get deny']);
  });

  it.each(['/files/%73ecret/a', '/files//secret/a', '/files/secret%2Fa', '/files/x/../secret/a', '/nowhere'])(
    'denies %s',
    async (path) => {
      const { app } = await application();
      expect((await app.request(path)).status).toBe(403);
    },
  );

  it('judges HEAD as the GET that answers it', async () => {
    const { app } = await application();
    expect((await app.request('/files/secret/a', { method: 'HEAD' })).status).toBe(403);
  });

  it('guards an application that is mounted in another', async () => {
    const { app } = await application();
    const inner = new Hono().get('/x', (c) => c.text('inner'));
    app.route('/inner', inner);
    expect((await app.request('/inner/x')).status).toBe(403);
  });

  it('tells of a limit, and when to come again', async () => {
    const { app } = await application();
    expect((await app.request('/pay', { method: 'POST' })).status).toBe(200);
    const limited = await app.request('/pay', { method: 'POST' });
    expect(limited.status).toBe(429);
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('records what failed as unknown', async () => {
    const { app, sink } = await application();
    expect((await app.request('/fails')).status).toBe(500);
    expect(recorded(sink)).toEqual(['http.get permit', 'outcome unknown']);
  });

  it('tells a handler to stop when its covenant is revoked while it runs', async () => {
    const { monitor, sink, revoke } = await governed('permit http.get on /job', { revocationMaxAgeMs: 5 });
    const app = new Hono();
    app.use(steleHono({ monitor }) as never);
    app.get('/job', async (c) => {
      const signal = steleSignal(c);
      void revoke();
      await once(signal, 'abort');
      return c.text(signal.reason.code, 503);
    });
    const cut = await app.request('/job');
    expect([cut.status, await cut.text()]).toEqual([503, 'covenant_cut']);
    expect(recorded(sink)).toEqual(['http.get permit', 'outcome unknown']);
    expect(sink.events).toMatchObject([{ kind: 'covenant.cut', actions: 1 }]);
  });

  it('does not run for one who is gone', async () => {
    const { app, sink } = await application();
    const gone = AbortSignal.abort();
    expect((await app.request(new Request('http://localhost/files/a', { signal: gone }))).status).not.toBe(
      200,
    );
    expect(recorded(sink)).toEqual(['http.get permit', 'outcome not_performed']);
  });
});
