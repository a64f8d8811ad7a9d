import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import connect from 'connect';
import express from 'express';
import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { decodedPath } from '../../src/adapters/http-path.js';
import { steleMiddleware } from '../../src/adapters.js';
import { type CovenantDocument, compile, evaluate, MemorySink } from '../../src/index.js';
import { type Cast, cast } from '../support.js';
import { ask, closeServers, connectApp, expressApp, serve } from './http-support.js';

let c: Cast;
const now = () => ({ now: new Date() });

beforeAll(async () => {
  c = await cast();
});

afterEach(closeServers);

describe.each([
  ['Express 5', expressApp],
  ['Connect', connectApp],
])('the path under %s', (_name, makeApp) => {
  let open: CovenantDocument;

  beforeAll(async () => {
    open = await c.covenant("permit http.* on **\ndeny http.* on '/admin/**'", now());
  });

  const seen = async (target: string) => {
    const sink = new MemorySink();
    let runs = 0;
    const port = await serve(
      makeApp(steleMiddleware({ covenant: open, sink }), (_request, response) => {
        runs++;
        response.end('ran');
      }),
    );
    const { status } = await ask(port, target);
    const entry = sink.entries.find((one) => one.kind === 'decision');
    return { status, runs, code: entry?.code, resource: entry?.resource };
  };

  it.each([
    '/admin',
    '/admin/',
    '//admin',
    '/admin//users',
    '/admin?x=1',
    '/ADMIN',
    '/Admin/Users',
    '/%61dmin',
    '/adm%49n',
    '/%41DMIN/x',
    'http://example.test/admin',
    'HTTP://EXAMPLE.TEST:8080/admin/users?x',
    'https://[::1]/admin',
  ])('%s is /admin', async (target) => {
    expect(await seen(target)).toMatchObject({ status: 403, runs: 0, code: 'denied_by_rule' });
  });

  it.each([
    '/public/../admin',
    '/public/%2e%2e/admin',
    '/public/%2E%2e/admin',
    '/public/.%2e/admin',
    '/public/%252e%252e/admin',
    '/./admin',
    '/public%2fadmin',
    '/public%2Fadmin',
    '/public%252fadmin',
    '/public%5cadmin',
    '/public%255cadmin',
    '/public\\admin',
    '/public\\..\\admin',
    '/public%00',
    '/public%0a',
    '/public%7f',
    '/%zz',
    '/%',
    '/%c0%ae%c0%ae/admin',
    '/%ed%a0%80',
    '/public#x',
    '/public#/../admin',
    'http://host;admin/x',
    'http://h%61dmin/x',
    "http://host'/x",
    'http://user@host/x',
    'http://host',
    'http://host?/admin',
    'ftp://host/x',
    '*',
  ])('%s is refused', async (target) => {
    const { status, runs, code } = await seen(target);
    expect(runs).toBe(0);
    // Connect itself answers 404 where it sees a path that does not begin with a slash.
    if (status !== 404) expect([status, code]).toEqual([403, 'malformed_request']);
    else expect(target).toMatch(/^http:\/\/h|^\*$/);
  });

  it.each([
    ['/', '/'],
    ['/public', '/public'],
    ['/public/', '/public/'],
    ['/public?path=../admin&x=%2e%2e#y', '/public'],
    ['/administrator', '/administrator'],
    ['/admin;x=1', '/admin;x=1'],
    ['/public;/admin', '/public;/admin'],
    ['/public/admin', '/public/admin'],
    ['/caf%C3%A9', '/café'],
    ['/%E2%84%AAey', '/\u212aey'],
    ['/a%3Fb%23c', '/a?b#c'],
    ['/a%20b', '/a b'],
    ['/%2561dmin', '/%61dmin'],
    ['/*', '/*'],
    ['/...', '/...'],
    ['/constructor/__proto__', '/constructor/__proto__'],
    ['http://example.test/public?x=http://y/admin', '/public'],
  ])('%s is judged as %s', async (target, resource) => {
    expect(await seen(target)).toEqual({ status: 200, runs: 1, code: 'permitted', resource });
  });

  it('refuses what is longer than a resource may be', async () => {
    expect(await seen(`/${'x'.repeat(5_000)}`)).toMatchObject({ status: 403, runs: 0 });
  });
});

describe('what is served is what was judged', () => {
  it('files that a rule denies are never sent, however they are asked for', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'stele-static-'));
    try {
      for (const name of ['admin', 'public']) {
        mkdirSync(join(folder, name));
        writeFileSync(join(folder, name, 'x.txt'), name);
      }
      const covenant = await c.covenant("permit http.* on **\ndeny http.* on '/admin/**'", now());
      const app = express();
      app.use(steleMiddleware({ covenant }));
      app.use(express.static(folder));
      const port = await serve(app);
      expect((await ask(port, '/public/x.txt')).text).toBe('public');
      // Express takes this for the file admin/x.txt; a reader that ends the host at the first slash sees /x.txt.
      expect((await ask(port, 'http://%61dmin/x.txt')).text).not.toBe('admin');
      const part = fc.constantFrom(
        'admin',
        'public',
        'x.txt',
        '/',
        '//',
        '.',
        '..',
        '%2e',
        '%2f',
        '%5c',
        '%61dmin',
        'ADMIN',
        '#',
        '?',
        ';',
        "'",
        '%',
        '\\',
        'http://',
        'host',
        '@',
        '%00',
        '%20',
        ':',
      );
      const target = fc.array(part, { minLength: 1, maxLength: 8 }).map((parts) => parts.join(''));
      await fc.assert(
        fc.asyncProperty(
          fc.oneof(
            target.map((t) => `/${t}`),
            target.map((t) => `http://${t}`),
          ),
          async (asked) => {
            expect((await ask(port, asked)).text).not.toBe('admin');
          },
        ),
        { numRuns: 500 },
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('a parameter of a route stands in the judged path, for every target', async () => {
    const covenant = await c.covenant('permit http.* on **', now());
    const sink = new MemorySink();
    const app = express();
    app.use(steleMiddleware({ covenant, sink, caseSensitive: true }));
    app.get('/:first/:second', (request, response) => {
      response.json([request.params.first, request.params.second]);
    });
    const port = await serve(app);
    const text = fc.string({ unit: fc.constantFrom(...'aZ.%25ef/\\?#;@:é '), minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(text, text, async (a, b) => {
        const { status, text: body } = await ask(port, `/${encodeURIComponent(a)}/${encodeURIComponent(b)}`);
        if (status !== 200) return;
        const judged = sink.entries.filter((entry) => entry.kind === 'decision').at(-1);
        expect(`/${(JSON.parse(body) as string[]).join('/')}`).toBe(judged?.resource);
      }),
      { numRuns: 200 },
    );
  });

  it('decoding is what decodeURIComponent does to each segment, or refused', () => {
    const segment = fc.string({ unit: 'binary', maxLength: 5 }).filter((s) => !/\p{Cs}/u.test(s));
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), (segments) => {
        const url = `/${segments.map(encodeURIComponent).join('/')}`;
        const path = decodedPath(url);
        const expected = segments.some((s) => s.includes('/')) ? undefined : `/${segments.join('/')}`;
        if (expected === undefined) expect(path).toContain('\\');
        else expect(path).toBe(expected);
      }),
    );
  });

  it('whatever is not decoded cleanly is malformed to the rules', () => {
    const policy = compile('permit ** on **');
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'/.%2eEfF5c\\#?ah:@ \u00e9\u0000') }), (url) => {
        const path = decodedPath(url);
        const code = evaluate(policy, { action: 'http.get', resource: path }).code;
        if (/(^|\/)\.\.?(\/|$)|\\|[\0]/.test(path) || !url.startsWith('/'))
          expect(code).toBe('malformed_request');
      }),
    );
  });
});

describe('case', () => {
  const permitted = async (
    text: string,
    target: string,
    prepare: (app: express.Express) => void = () => {},
    options = {},
  ) => {
    const app = express();
    prepare(app);
    app.use(steleMiddleware({ covenant: await c.covenant(text, now()), ...options }));
    app.use((_request, response) => {
      response.end('ran');
    });
    app.use(((_error, _request, response, _next) => {
      response.status(500).end();
    }) as express.ErrorRequestHandler);
    return (await ask(await serve(app), target)).status;
  };
  const sensitive = (app: express.Express) => void app.enable('case sensitive routing');
  const lower = "permit http.get on **\ndeny http.get on '/admin/**'";
  const upper = "permit http.get on **\ndeny http.get on '/Admin/**'";

  it('is ignored where Express ignores it', async () => {
    expect(await permitted(lower, '/ADMIN/x')).toBe(403);
    expect(await permitted("permit http.get on '/reports/*'", '/Reports/1')).toBe(200);
  });

  it('counts where Express is told so', async () => {
    expect(await permitted(upper, '/Admin/x', sensitive)).toBe(403);
    expect(await permitted(upper, '/admin/x', sensitive)).toBe(200);
    expect(await permitted('permit http.get on /Reports', '/Reports', sensitive)).toBe(200);
    expect(await permitted('permit http.get on /Reports', '/reports', sensitive)).toBe(403);
    expect(await permitted('permit http.get on /reports', '/Reports', sensitive)).toBe(403);
  });

  it('a deny holds where a router ignores case though the application does not', async () => {
    for (const denied of ['deny http.get on /admin/x', "deny http.get on ** when http.path = '/admin/x'"]) {
      const app = express();
      sensitive(app);
      app.use(steleMiddleware({ covenant: await c.covenant(`permit http.* on **\n${denied}`, now()) }));
      app.use(
        express.Router().get('/admin/x', (_request, response) => {
          response.end('ran');
        }),
      );
      const port = await serve(app);
      for (const method of ['GET', 'HEAD']) expect((await ask(port, '/ADMIN/x', method)).status).toBe(403);
    }
  });

  it('counts or not as the option says', async () => {
    expect(await permitted(lower, '/ADMIN/x', sensitive, { caseSensitive: false })).toBe(403);
    expect(await permitted(lower, '/ADMIN/x', undefined, { caseSensitive: true })).toBe(200);
  });

  it.each([
    'deny http.get on /Admin',
    'deny ** on /Admin',
    'deny h*.get on /Admin',
    'require x for http.get on /Admin',
    'limit http.get on /Admin 1 per 1 day',
    "deny http.get on ** when http.path = '/Admin'",
    'permit http.* on ** when not (http.path starts_with "/Admin")',
  ])('a statement that would never fire is refused loudly: %s', async (statement) => {
    expect(await permitted(`permit http.get on **\n${statement}`, '/')).toBe(500);
  });

  it('statements about other things may have capitals', async () => {
    expect(
      await permitted(
        "permit http.get on **\ndeny files.read on /Secret\npermit http.get on /Users\ndeny http.get on ** when args.name = 'X' and has args.name",
        '/',
      ),
    ).toBe(200);
  });

  it('a deny with capitals is refused for an action of the host’s as well', async () => {
    const text = 'permit api.call on **\ndeny api.call on /Secret';
    expect(await permitted(text, '/secret', undefined, { action: 'api.call' })).toBe(500);
  });

  it('resources of the host’s are taken as they are', async () => {
    const text = 'permit http.get on **\ndeny http.get on /Secret';
    expect(await permitted(text, '/', undefined, { resource: '/Secret' })).toBe(403);
    expect(await permitted(text, '/', undefined, { resource: '/secret' })).toBe(200);
    const byPath = "permit http.get on **\ndeny http.get on ** when http.path = '/admin'";
    expect(await permitted(byPath, '/ADMIN', undefined, { resource: '/x' })).toBe(403);
    expect(await permitted(byPath.replace('admin', 'Admin'), '/', undefined, { resource: '/x' })).toBe(500);
  });

  it('only ASCII is folded, as routers do', async () => {
    expect(await permitted('permit http.get on /key', '/%E2%84%AAey')).toBe(403);
    expect(await permitted("permit http.get on '/\u00e4'", '/%C3%84')).toBe(403);
  });
});

describe('mounting', () => {
  it('judges the whole path below a mounted Express router, and below two', async () => {
    const sink = new MemorySink();
    const covenant = await c.covenant("permit http.get on '/api/v1/things/*'", now());
    const inner = express.Router();
    inner.use(steleMiddleware({ covenant, sink }));
    inner.get('/:id', (request, response) => {
      response.end(request.params.id);
    });
    const outer = express.Router();
    outer.use('/things', inner);
    const app = express();
    app.use('/api/v1', outer);
    const port = await serve(app);
    expect(await ask(port, '/api/v1/things/7?x')).toMatchObject({ status: 200, text: '7' });
    expect(await ask(port, 'http://host/api/v1/things/7')).toMatchObject({ status: 200, text: '7' });
    expect((await ask(port, '/api/v1/things')).status).toBe(403);
    expect(sink.entries.flatMap((e) => (e.kind === 'decision' ? [e.resource] : []))).toEqual([
      '/api/v1/things/7',
      '/api/v1/things/7',
      '/api/v1/things',
    ]);
  });

  it('judges the whole path below a mounted Connect application', async () => {
    const covenant = await c.covenant("permit http.get on '/api/things/*'", now());
    const inner = connect();
    inner.use(steleMiddleware({ covenant }));
    inner.use((request, response) => {
      response.end(request.url);
    });
    const app = connect();
    app.use('/api', inner as connect.HandleFunction);
    const port = await serve(app);
    expect(await ask(port, '/api/things/7')).toMatchObject({ status: 200, text: '/things/7' });
    expect((await ask(port, '/api/other')).status).toBe(403);
  });

  it('knows the setting of a mounted Express application', async () => {
    const inner = express();
    inner.enable('case sensitive routing');
    inner.use(steleMiddleware({ covenant: await c.covenant('permit http.get on /sub/Page', now()) }));
    inner.get('/Page', (_request, response) => {
      response.end('ran');
    });
    const app = express();
    app.use('/sub', inner);
    const port = await serve(app);
    expect((await ask(port, '/sub/Page')).status).toBe(200);
    expect((await ask(port, '/sub/page')).status).toBe(403);
  });
});

// Named here once, so that what was tested is what is installed.
it('runs against the frameworks that it names', () => {
  const version = (name: string) =>
    (createRequire(import.meta.url)(`${name}/package.json`) as { version: string }).version;
  expect([version('express').split('.')[0], version('connect').split('.')[0]]).toEqual(['5', '3']);
});
