import { once } from 'node:events';
import type { IncomingMessage, RequestListener } from 'node:http';
import connect from 'connect';
import express from 'express';
import { afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { steleMiddleware, steleSignal } from '../../src/adapters.js';
import {
  type CovenantDocument,
  createMonitor,
  type DecisionEntry,
  type DecisionSink,
  MemoryLimits,
  MemorySink,
  MemoryStore,
  revokeCovenant,
} from '../../src/index.js';
import { type Cast, cast } from '../support.js';
import { ask, closeServers, connectApp, expressApp, gate, serve } from './http-support.js';

let c: Cast;
let simple: CovenantDocument;
const now = () => ({ now: new Date() });

beforeAll(async () => {
  c = await cast();
  simple = await c.covenant(
    "permit http.get on '/orders/*'\ndeny http.* on '/orders/9' when http.method != 'put'",
    now(),
  );
});

afterEach(closeServers);

type Guard = ReturnType<typeof steleMiddleware>;

/** The next outcome that reaches the sink. */
function outcomes(): { sink: MemorySink; next: () => Promise<string> } {
  const sink = new MemorySink();
  const waiting: ((outcome: string) => void)[] = [];
  const seen: string[] = [];
  const append = sink.append.bind(sink);
  sink.append = async (entry: DecisionEntry) => {
    const answer = await append(entry);
    if (entry.kind === 'outcome') {
      const waiter = waiting.shift();
      if (waiter === undefined) seen.push(entry.outcome);
      else waiter(entry.outcome);
    }
    return answer;
  };
  const next = async () => seen.shift() ?? (await new Promise<string>((resolve) => waiting.push(resolve)));
  return { sink, next };
}

describe.each([
  ['Express 5', expressApp],
  ['Connect', connectApp],
])('steleMiddleware under %s', (_name, makeApp) => {
  const app = (
    options: Parameters<typeof steleMiddleware>[0],
    handler: RequestListener = (_q, response) => void response.end('ran'),
  ) => serve(makeApp(steleMiddleware(options), handler));

  it('lets through what is permitted', async () => {
    const port = await app({ covenant: simple, store: new MemoryStore() });
    expect(await ask(port, '/orders/1')).toMatchObject({ status: 200, text: 'ran' });
  });

  it('answers a denial with problem+json and does not run the handler', async () => {
    let runs = 0;
    const port = await app({ covenant: simple, store: new MemoryStore() }, (_q, response) => {
      runs++;
      response.end();
    });
    const denied = await ask(port, '/orders/9?secret=1');
    expect(denied.status).toBe(403);
    expect(denied.headers['content-type']).toBe('application/problem+json');
    expect(denied.headers['cache-control']).toBe('no-store');
    expect(denied.headers['retry-after']).toBeUndefined();
    const problem = JSON.parse(denied.text) as Record<string, unknown>;
    expect(problem).toMatchObject({
      type: 'about:blank',
      status: 403,
      code: 'denied_by_rule',
      retryable: false,
      statement: { line: 2 },
    });
    expect(problem.title).toEqual(expect.any(String));
    expect(problem.detail).toEqual(expect.any(String));
    expect(denied.text).not.toMatch(/secret|put/);
    expect(JSON.parse((await ask(port, '/other')).text)).toMatchObject({ code: 'no_matching_permit' });
    expect(runs).toBe(0);
  });

  it('answers 429 with Retry-After when a limit is used up', async () => {
    const covenant = await c.covenant('permit http.get on **\nlimit http.get 1 per 1 hour', now());
    let clock = Date.now();
    const port = await app({ covenant, limits: new MemoryLimits({ clock: () => clock }) });
    expect((await ask(port, '/')).status).toBe(200);
    clock += 1_000_500;
    const limited = await ask(port, '/');
    expect(limited).toMatchObject({ status: 429, headers: { 'retry-after': '2600' } });
    expect(JSON.parse(limited.text)).toMatchObject({
      status: 429,
      code: 'limit_exceeded',
      retryable: true,
      retryAfterMs: 2_599_500,
    });
    expect(limited.text).not.toContain('"amount"');
    clock += 2_599_500;
    expect((await ask(port, '/')).status).toBe(200);
  });

  it('of many requests at once for one unit, one runs', async () => {
    const covenant = await c.covenant('permit http.get on **\nlimit http.get 1 per 1 hour', now());
    let runs = 0;
    const port = await app({ covenant, limits: new MemoryLimits() }, (_q, response) => {
      runs++;
      response.end();
    });
    const answers = await Promise.all(Array.from({ length: 60 }, () => ask(port, '/')));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(59);
    expect(runs).toBe(1);
  });

  it('shares a limit between two applications of one process', async () => {
    const covenant = await c.covenant('permit http.get on **\nlimit http.get 1 per 1 hour', now());
    const [a, b] = [await app({ covenant }), await app({ covenant })];
    expect([(await ask(a, '/')).status, (await ask(b, '/')).status]).toEqual([200, 429]);
  });

  it('denies while the store is down, and permits when it is back', async () => {
    const store = new MemoryStore();
    const real = store.getRevocations.bind(store);
    store.getRevocations = () => Promise.reject(new Error('store at 10.0.0.1 is down'));
    const port = await app({ covenant: simple, store });
    const down = await ask(port, '/orders/1');
    expect(down.status).toBe(503);
    expect(JSON.parse(down.text)).toMatchObject({ code: 'revocation_unknown', retryable: true });
    expect(down.text).not.toContain('10.0.0.1');
    store.getRevocations = real;
    expect((await ask(port, '/orders/1')).status).toBe(200);
  });

  it('denies a covenant whose parent cannot be had, until it can', async () => {
    const [root, leaf] = await c.chain("permit http.get on '/orders/*'", "permit http.get on '/orders/*'", {
      root: now(),
      leaf: now(),
    });
    const store = new MemoryStore();
    const port = await app({ covenant: leaf, store, trust: [c.owner.did] });
    expect((await ask(port, '/orders/1')).status).not.toBe(200);
    await store.put(root);
    expect((await ask(port, '/orders/1')).status).toBe(200);
  });

  it('denies what was revoked, from the next request on', async () => {
    const store = new MemoryStore();
    const port = await app({ covenant: simple, store });
    expect((await ask(port, '/orders/1')).status).toBe(200);
    await store.putRevocation(await revokeCovenant(simple, { signer: c.owner, reason: 'lost' }));
    expect((await ask(port, '/orders/1')).status).toBe(403);
  });

  it.each<[string, (document: CovenantDocument) => unknown]>([
    ['tampered', (document) => ({ ...document, constraints: 'permit ** on **' })],
    ['unsigned', ({ proof: _, ...rest }) => rest],
    ['unknown field', (document) => ({ ...document, extra: 1 })],
    ['null', () => null],
    ['text', () => 'permit ** on **'],
  ])('denies everything under a covenant that does not hold: %s', async (_what, change) => {
    const port = await app({ covenant: change(simple) as CovenantDocument, store: new MemoryStore() });
    const denied = await ask(port, '/orders/1');
    expect(denied.status).toBe(403);
    expect(JSON.parse(denied.text)).toMatchObject({ code: 'covenant_invalid' });
  });

  it('denies under an expired covenant and one that is not yet active', async () => {
    const hour = 3_600_000;
    const at = (ms: number) => new Date(Date.now() + ms).toISOString();
    const expired = await c.covenant('permit ** on **', {
      now: new Date(Date.now() - 2 * hour),
      expiresAt: at(-hour),
    });
    const early = await c.covenant('permit ** on **', {
      ...now(),
      activatesAt: at(hour),
      expiresAt: at(2 * hour),
    });
    for (const covenant of [expired, early])
      expect((await ask(await app({ covenant }), '/')).status).toBe(403);
  });

  it('says 503 and does not run when the decision cannot be recorded', async () => {
    const sink: DecisionSink = {
      append: () => Promise.reject(new Error('disk full')),
      close: async () => {},
    };
    const port = await app({ covenant: simple, sink });
    const failed = await ask(port, '/orders/1');
    expect(failed.status).toBe(503);
    expect(JSON.parse(failed.text)).toMatchObject({ code: 'record_failed', retryable: true });
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'M-SEARCH', 'QUERY'])(
    'judges %s as itself',
    async (method) => {
      const action = `http.${method.toLowerCase()}`;
      const covenant = await c.covenant(`permit ${action} on /x`, now());
      const port = await app({ covenant });
      expect((await ask(port, '/x', method)).status).toBe(200);
      expect((await ask(port, '/x', 'GET')).status).toBe(403);
      expect((await ask(await app({ covenant: simple }), '/orders/1', method)).status).toBe(403);
    },
  );

  it('does not heed a header that names another method', async () => {
    const port = await app({ covenant: simple });
    for (const name of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override']) {
      expect((await ask(port, '/orders/1?_method=GET', 'POST', { [name]: 'GET' })).status).toBe(403);
    }
  });

  it('HEAD is judged as itself, and as the GET that it runs where a rule denies that', async () => {
    const sink = new MemorySink();
    const covenant = await c.covenant(
      "permit http.* on **\ndeny http.get on '/secret/**'\ndeny http.head on /h",
      now(),
    );
    const port = await app({ covenant, sink });
    expect((await ask(port, '/open', 'HEAD')).status).toBe(200);
    expect((await ask(port, '/secret/x', 'HEAD')).status).toBe(403);
    expect((await ask(port, '/h', 'HEAD')).status).toBe(403);
    expect((await ask(port, '/h', 'GET')).status).toBe(200);
    const judged = sink.entries.flatMap((e) => (e.kind === 'decision' ? [e.action] : []));
    expect(judged).toEqual(['http.head', 'http.get', 'http.head', 'http.get']);
    const only = (text: string) => c.covenant(text, now()).then((document) => app({ covenant: document }));
    expect((await ask(await only('permit http.head on **'), '/x', 'HEAD')).status).toBe(200);
    expect((await ask(await only('permit http.get on **'), '/x', 'HEAD')).status).toBe(403);
    const careful = "permit http.* on **\ndeny http.* on ** when http.method = 'get'";
    expect((await ask(await only(careful), '/x', 'HEAD')).status).toBe(403);
  });

  it('a request that finds out what governs is read in its light', async () => {
    const open = 'permit http.* on **';
    const chain = () => c.chain(open, `${open}\ndeny http.get on /secret`, { root: now(), leaf: now() });
    for (const [method, expected] of [
      ['HEAD', 403],
      ['DELETE', 200],
    ] as const) {
      const [root, covenant] = await chain();
      const store = new MemoryStore();
      const port = await app({ covenant, store, trust: [c.owner.did] });
      expect((await ask(port, '/secret', method)).status).toBe(403);
      await store.put(root);
      expect((await ask(port, '/secret', method)).status).toBe(expected);
    }
  });

  it('hands method and decoded path to conditions, and nothing that the request says of itself', async () => {
    const sink = new MemorySink();
    const port = await app({ covenant: await c.covenant('permit ** on **', now()), sink });
    await ask(port, '/caf%C3%A9/?q=1', 'POST', { 'X-Secret': 'unspoken' });
    expect(sink.entries[0]).toMatchObject({
      action: 'http.post',
      resource: '/café/',
      context: { http: { method: 'post', path: '/café/' } },
    });
    expect(JSON.stringify(sink.entries)).not.toMatch(/unspoken|q=1/);
  });

  it('facts of the host are added, and cannot stand in for those of the request', async () => {
    const covenant = await c.covenant(
      "permit http.get on ** when session.user = 'ann' and http.path = '/x'",
      now(),
    );
    const facts = { session: { user: 'ann' }, http: { path: '/x' } };
    const port = await app({ covenant, context: facts });
    expect((await ask(port, '/x')).status).toBe(200);
    expect((await ask(port, '/y')).status).toBe(403);
    const byRequest = await app({
      covenant,
      context: ({ url }) => ({ session: { user: url === '/x' ? 'ann' : 'bob' } }),
    });
    expect((await ask(byRequest, '/x')).status).toBe(200);
  });

  it('action and resource can be the host’s own', async () => {
    const covenant = await c.covenant('permit orders.read on /orders/7', now());
    const port = await app({
      covenant,
      action: 'orders.read',
      resource: ({ url }) => `/orders/${url?.slice(1)}`,
    });
    expect((await ask(port, '/7')).status).toBe(200);
    expect((await ask(port, '/8')).status).toBe(403);
    expect((await ask(port, '/../7')).status).toBe(403);
  });

  it.each<[string, object]>([
    [
      'throws',
      {
        resource: () => {
          throw new Error('mine');
        },
      },
    ],
    // What a framework takes for leave to go on, or to skip what comes next.
    ...[undefined, null, '', 0, false, 'route', 'router'].map((thrown): [string, object] => [
      `throws ${JSON.stringify(thrown)}`,
      {
        resource: () => {
          throw thrown;
        },
      },
    ]),
    ['gives no text', { resource: () => undefined }],
    ['gives a promise', { action: () => Promise.resolve('http.get') }],
    ['gives facts that are no JSON', { context: () => ({ session: { when: new Date() } }) }],
    [
      'throws for facts',
      {
        context: () => {
          throw new Error('mine');
        },
      },
    ],
  ])('an option that %s never lets the handler run, and never hangs', async (_what, options) => {
    let runs = 0;
    const port = await app({ covenant: simple, ...options }, (_q, response) => {
      runs++;
      response.end();
    });
    expect((await ask(port, '/orders/1')).status).toBeGreaterThanOrEqual(400);
    expect((await ask(port, '/orders/1', 'HEAD')).status).toBeGreaterThanOrEqual(400);
    expect(runs).toBe(0);
  });

  it('asks what a host has put in the place of admit', async () => {
    const monitor = await createMonitor({ covenant: simple });
    const { admit } = monitor;
    let asked = 0;
    monitor.admit = async (request, asking) => {
      asked++;
      return admit.call(monitor, { ...request, action: 'nothing' }, asking);
    };
    const port = await app({ monitor });
    expect((await ask(port, '/orders/1')).status).toBe(403);
    expect(asked).toBe(1);
  });

  it('a mistake in the options is an error at once, or of each request', async () => {
    expect(() => steleMiddleware({} as never)).toThrow(TypeError);
    const port = await app({
      covenant: simple,
      clock: () => {
        throw new Error('no clock');
      },
    });
    expect((await ask(port, '/orders/1')).status).toBeGreaterThanOrEqual(500);
  });

  it('takes a monitor that the host made', async () => {
    const monitor = await createMonitor({ covenant: simple });
    const port = await app({ monitor });
    expect([(await ask(port, '/orders/1')).status, (await ask(port, '/orders/9')).status]).toEqual([
      200, 403,
    ]);
  });

  it('waits for an obligation before the handler runs', async () => {
    const covenant = await c.covenant('permit http.get on **\nrequire human.approval on **', now());
    const asked = gate();
    const answer = gate();
    const order: string[] = [];
    const meet = async () => {
      asked.open();
      await answer.opened;
      order.push('approved');
      return true;
    };
    const port = await app({ covenant, obligations: { 'human.approval': meet } }, (_q, response) => {
      order.push('ran');
      response.end();
    });
    const asking = ask(port, '/');
    await asked.opened;
    answer.open();
    expect((await asking).status).toBe(200);
    expect(order).toEqual(['approved', 'ran']);
    const pending = await ask(
      await app({ covenant, obligations: { 'human.approval': () => 'pending' } }),
      '/',
    );
    expect(pending.status).toBe(403);
    expect(JSON.parse(pending.text)).toMatchObject({
      code: 'obligation_pending',
      pending: ['human.approval'],
      retryable: true,
    });
  });

  it('records the outcome: done when the answer was sent', async () => {
    const { sink, next } = outcomes();
    const port = await app({ covenant: simple, sink });
    await ask(port, '/orders/1');
    expect(await next()).toBe('done');
    expect(sink.entries).toMatchObject([
      { kind: 'decision', seq: 0 },
      { kind: 'outcome', of: 0, outcome: 'done' },
    ]);
  });

  it('records the outcome of each request on one connection', async () => {
    const { sink, next } = outcomes();
    const port = await app({ covenant: simple, sink });
    for (const id of [1, 2, 3]) {
      await (await fetch(`http://127.0.0.1:${port}/orders/${id}`)).text();
      expect(await next()).toBe('done');
    }
  });

  it('records the outcome: unknown when the handler failed', async () => {
    const { sink, next } = outcomes();
    const port = await app({ covenant: simple, sink }, () => {
      throw new Error('half done');
    });
    expect((await ask(port, '/orders/1')).status).toBe(500);
    expect(await next()).toBe('unknown');
  });

  it('records the outcome: unknown when the client went away meanwhile', async () => {
    const { sink, next } = outcomes();
    const running = gate();
    const port = await app({ covenant: simple, sink }, (_q, response) => {
      response.write('part');
      running.open();
    });
    const aborter = new AbortController();
    const asking = fetch(`http://127.0.0.1:${port}/orders/1`, { signal: aborter.signal });
    await running.opened;
    aborter.abort();
    await asking.then((response) => response.text()).catch(() => undefined);
    expect(await next()).toBe('unknown');
  });

  it('does not run for a client that went away during the check, and says so in the record', async () => {
    const covenant = await c.covenant('permit http.get on **\nrequire wait on **', now());
    const { sink, next } = outcomes();
    const asked = gate();
    const gone = gate();
    let runs = 0;
    const wait = async () => {
      asked.open();
      await gone.opened;
      return true;
    };
    const guarded = makeApp(steleMiddleware({ covenant, sink, obligations: { wait } }), () => void runs++);
    const port = await serve((request, response) => {
      response.on('close', gone.open);
      guarded(request, response);
    });
    const aborter = new AbortController();
    const asking = fetch(`http://127.0.0.1:${port}/`, { signal: aborter.signal });
    await asked.opened;
    aborter.abort();
    await expect(asking).rejects.toThrow();
    expect(await next()).toBe('not_performed');
    expect(runs).toBe(0);
  });

  it('a denied client that went away harms nothing', async () => {
    const covenant = await c.covenant('permit http.get on **\nrequire wait on /wait', now());
    const asked = gate();
    const gone = gate();
    const wait = async () => {
      asked.open();
      await gone.opened;
      return false;
    };
    const guarded = makeApp(
      steleMiddleware({ covenant, obligations: { wait } }),
      (_q, response) => void response.end('ran'),
    );
    const port = await serve((request, response) => {
      if (request.url === '/wait') response.on('close', gone.open);
      guarded(request, response);
    });
    const aborter = new AbortController();
    const asking = fetch(`http://127.0.0.1:${port}/wait`, { signal: aborter.signal });
    await asked.opened;
    aborter.abort();
    await expect(asking).rejects.toThrow();
    expect((await ask(port, '/x')).text).toBe('ran');
  });

  it.each([
    ['at once', async () => ({ monitor: await createMonitor({ covenant: simple }) })],
    ['later', async () => ({ covenant: simple })],
    ['later, by a promise of another make', async () => ({ covenant: simple, anotherPromise: true })],
  ])('hands on what goes wrong as it lets in: %s', async (_when, makeOptions) => {
    const { anotherPromise, ...options } = (await makeOptions()) as { anotherPromise?: true };
    if (anotherPromise) vi.stubGlobal('Promise', class extends Promise<unknown> {});
    onTestFinished(() => void vi.unstubAllGlobals());
    let runs = 0;
    const guard = steleMiddleware(options as Parameters<typeof steleMiddleware>[0]);
    const deaf: typeof guard = (request, response, next) => {
      const on = () => {
        throw new TypeError('deaf');
      };
      guard(request, Object.assign(Object.create(response), { on }), next);
    };
    const failures: unknown[] = [];
    const port = await serve(
      makeApp(
        (request, response, next) =>
          deaf(request, response, (error) => {
            failures.push(error);
            next(error);
          }),
        () => void runs++,
      ),
    );
    expect((await ask(port, '/orders/1')).status).toBe(500);
    expect([runs, failures]).toEqual([0, [new TypeError('deaf')]]);
  });

  it('does not answer twice where something has answered already', async () => {
    let runs = 0;
    const guard = steleMiddleware({ covenant: simple });
    const late: typeof guard = (request, response, next) => {
      response.end('early');
      guard(request, response, next);
    };
    const port = await serve(makeApp(late, () => void runs++));
    expect((await ask(port, '/orders/9')).text).toBe('early');
    expect(runs).toBe(0);
  });

  it('tells a handler to stop when its covenant is revoked while it runs', async () => {
    const store = new MemoryStore();
    const { sink, next } = outcomes();
    const revoke = async () =>
      store.putRevocation(await revokeCovenant(simple, { signer: c.owner, reason: 'lost' }));
    const port = await app(
      { covenant: simple, store, sink, revocationMaxAgeMs: 5 },
      async (request, response) => {
        const signal = steleSignal(request);
        void revoke();
        await once(signal, 'abort');
        response.statusCode = 503;
        response.end(signal.reason.code);
      },
    );
    expect(await ask(port, '/orders/1')).toMatchObject({ status: 503, text: 'covenant_cut' });
    expect(await next()).toBe('unknown');
    expect(sink.events).toMatchObject([{ kind: 'covenant.cut', covenant: simple.id, actions: 1 }]);
  });

  it.each(['outer', 'inner'])('tells a handler behind two guards when the %s one cuts', async (which) => {
    const running = gate();
    const monitors = await Promise.all(
      ['outer', 'inner'].map(async (name) => {
        const covenant = await c.covenant('permit http.get on **', now());
        const store = new MemoryStore();
        if (name === which)
          running.opened.then(async () =>
            store.putRevocation(await revokeCovenant(covenant, { signer: c.owner, reason: 'lost' })),
          );
        return createMonitor({ covenant, store, sink: new MemorySink(), revocationMaxAgeMs: 5 });
      }),
    );
    const [outer, inner] = monitors.map((monitor) => steleMiddleware({ monitor })) as [Guard, Guard];
    const guarded = makeApp(inner, async (request, response) => {
      const signal = steleSignal(request);
      running.open();
      await once(signal, 'abort');
      response.end(signal.reason.code);
    });
    const port = await serve((request, response) =>
      outer(request, response, () => guarded(request as IncomingMessage, response)),
    );
    expect((await ask(port, '/')).text).toBe('covenant_cut');
  });

  it('has no signal for a request that no guard let in', async () => {
    const port = await serve((request, response) => {
      let code: unknown;
      try {
        steleSignal(request);
      } catch (error) {
        code = (error as { code?: unknown }).code;
      }
      response.end(code);
    });
    expect((await ask(port, '/orders/1')).text).toBe('request_unguarded');
  });
});

it('stands on a single route of Express, with its parameters', async () => {
  const covenant = await c.covenant('permit files.read on /files/7', now());
  const app = express();
  const guard = steleMiddleware({
    covenant,
    action: 'files.read',
    resource: (request: express.Request<{ id: string }>) => `/files/${request.params.id}`,
  });
  app.get('/files/:id', guard, (request, response) => void response.end(request.params.id));
  const port = await serve(app);
  expect(await ask(port, '/files/7')).toMatchObject({ status: 200, text: '7' });
  expect((await ask(port, '/files/8')).status).toBe(403);
  expect((await ask(port, '/files/7%2f..%2f8')).status).toBe(403);
});

it('an error of the guard reaches the error handler of Express', async () => {
  const app = express();
  app.use(
    steleMiddleware({
      covenant: simple,
      resource: () => {
        throw new Error('mine');
      },
    }),
  );
  const onError: express.ErrorRequestHandler = (error, _request, response, _next) =>
    void response.status(418).end(error.message);
  app.use(onError);
  expect(await ask(await serve(app), '/')).toMatchObject({ status: 418, text: 'mine' });
});

it('an error of the guard reaches the error handler of Connect', async () => {
  const app = connect();
  app.use(
    steleMiddleware({
      covenant: simple,
      resource: () => {
        throw new Error('mine');
      },
    }),
  );
  const onError: connect.ErrorHandleFunction = (error, _request, response, _next) => {
    response.statusCode = 418;
    response.end(error.message);
  };
  app.use(onError);
  expect(await ask(await serve(app), '/')).toMatchObject({ status: 418, text: 'mine' });
});

it('guards a bare node:http server as well', async () => {
  const guard = steleMiddleware({ covenant: simple, caseSensitive: true });
  const port = await serve((request, response) =>
    guard(request, response, (error) => void response.end(error === undefined ? 'ran' : 'error')),
  );
  expect([(await ask(port, '/orders/1')).text, (await ask(port, '/orders/9')).status]).toEqual(['ran', 403]);
});
