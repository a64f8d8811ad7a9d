import { readFileSync } from 'node:fs';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { verifyLog } from '@stele/audit';
import { generateKeyPair } from '@stele/sdk';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import {
  BIN,
  connect,
  covenant,
  fresh,
  type Gateway,
  gateway,
  LIAR,
  start,
  stele,
  UPSTREAM,
  write,
} from './mcp/support.js';

const RULES = 'permit bank.pay on / when args.amount <= 100\nlimit bank.pay 1 per day';
const ALL = 'permit bank.** on **';

/** The tool tells of its progress, and of that of somebody else, and waits to be told to finish. */
async function stepped(call: Gateway['call']) {
  const told: unknown[] = [];
  const running = call('steps', {}, { onprogress: (step: unknown) => told.push(step) });
  await until(() => expect(told.length).toBe(1));
  await call('finish');
  expect(await running).toMatchObject({ content: [{ text: 'stepped' }] });
  expect(told.length).toBe(1);
}

const until = <T>(check: () => T) => vi.waitFor(check, { timeout: 10_000, interval: 20 });

describe('stele mcp-gateway over stdio', () => {
  it('lets through what is permitted, answers the rest with a result, hides what never could be, and records it all', async () => {
    const key = fresh('log.key');
    const { did } = JSON.parse((await stele(['keygen', '--plaintext', '--out', key, '--json'])).out);
    const log = fresh('log');
    const flags = ['--log', log, '--origin', 'bank.example/gateway', '--key', key];
    const { names, call, calls, client } = await gateway({ rules: RULES, flags });
    expect(await names()).toEqual(['pay']);
    expect(await call('pay', { amount: 5 })).toMatchObject({ content: [{ text: 'paid 5' }] });
    const used = await call('pay', { amount: 6 });
    expect(used._meta?.['stele/denial']).toMatchObject({ code: 'limit_exceeded', retryable: true });
    const denied = await call('pay', { amount: 5000 });
    expect(denied.isError).toBe(true);
    expect(denied._meta?.['stele/denial']).toMatchObject({ code: 'no_matching_permit' });
    for (const name of ['admin', '__proto__', 'nobody.knows.it'])
      expect((await call(name)).isError).toBe(true);
    expect(calls()).toEqual(['pay {"amount":5}']);
    expect(client.getServerVersion()).toMatchObject({ name: 'upstream' });
    await client.close();
    // A permit, its outcome, and five denials.
    await until(async () =>
      expect(await verifyLog(log, { keys: [did] })).toMatchObject({ valid: true, size: 7 }),
    );
  });

  it('gives one unit to one of a hundred calls at once, before two processes', async () => {
    const setup = { rules: RULES, documents: await covenant(RULES), flags: ['--limits', fresh('limits.db')] };
    const gateways = await Promise.all([gateway(setup), gateway(setup)]);
    const calls = gateways.flatMap(({ call }) =>
      Array.from({ length: 50 }, () => call('pay', { amount: 1 })),
    );
    expect((await Promise.all(calls)).filter(({ isError }) => isError !== true).length).toBe(1);
    expect(gateways.flatMap((one) => one.calls())).toEqual(['pay {"amount":1}']);
  });

  it('passes on the whole of a call, and what comes back, but for denials that it did not make', async () => {
    const { client, call, calls, names } = await gateway({ rules: ALL });
    expect(await names()).toContain('__proto__');
    expect(await call('__proto__')).toMatchObject({ content: [{ text: 'proto' }] });
    expect(await call('read.all')).toMatchObject({ content: [{ text: 'all of it' }] });
    const _meta = { 'acme/agent': { id: 7 } };
    const told = await client.callTool({ name: 'meta', arguments: {}, _meta });
    expect(JSON.parse((told.content as { text: string }[])[0]?.text ?? '')).toEqual(_meta);
    expect((await call('meta.forged'))._meta).toEqual({ mine: 1 });
    await stepped(call);
    expect((await client.listResources()).resources.length).toBe(1);
    const changed = new Promise<void>((resolve) =>
      client.setNotificationHandler(ToolListChangedNotificationSchema, () => resolve()),
    );
    await call('announce');
    await changed;
    await expect(call('crooked')).rejects.toThrow('no such account');
    // A client that takes no questions is asked none.
    expect((await call('ask')).content[0]?.text).toMatch(/^refused/);
    const controller = new AbortController();
    const slow = expect(call('slow', {}, { signal: controller.signal })).rejects.toThrow();
    await until(() => expect(calls()).toContain('slow began'));
    controller.abort('enough');
    await slow;
    await until(() => expect(calls()).toContain('slow ended'));
    expect((await call('huge', { bytes: 5_000_000 })).content[0]?.text?.length).toBe(5_000_000);
    // One that is too large ends the connection.
    await expect(call('huge', { bytes: 11_000_000 })).rejects.toMatchObject({ code: -32000 });
  });

  it('judges by a map, and shows tools alone where the host says so', async () => {
    const map = write('map.json', { tools: { pay: { resource: '/accounts/{arguments.account}' } } });
    const rules = 'permit bank.pay on /accounts/7\npermit bank.ask on /';
    const { client, call, calls, names } = await gateway({
      rules,
      flags: ['--map', map, '--tools-only'],
      elicits: true,
    });
    expect(await names()).toEqual(['pay', 'ask']);
    expect((await call('pay', { amount: 1, account: 7 })).isError).not.toBe(true);
    expect((await call('pay', { amount: 1, account: 8 })).isError).toBe(true);
    expect((await call('pay', { amount: 1, account: '7/..' })).isError).toBe(true);
    expect(calls().length).toBe(1);
    expect(await call('ask')).toMatchObject({ content: [{ text: 'answered decline' }] });
    expect(Object.keys(client.getServerCapabilities() ?? {})).toEqual(['tools']);
    expect(client.getInstructions()).toBeUndefined();
    await expect(client.request({ method: 'resources/list' }, {} as never)).rejects.toMatchObject({
      code: -32601,
    });
  });

  it('says so when the server dies, and ends', async () => {
    const { call, client, stderr } = await gateway({ rules: ALL });
    const waiting = expect(call('slow')).rejects.toMatchObject({ code: -32000 });
    const closed = new Promise<void>((resolve) => {
      client.onclose = resolve;
    });
    await expect(call('crash')).rejects.toMatchObject({ code: -32000 });
    await waiting;
    await closed;
    await until(() => expect(stderr()).toContain('the upstream server has ended'));
  });
});

describe('stele mcp-gateway before a hostile server', () => {
  const pins = fresh('pins.json');
  let pinned: Awaited<ReturnType<typeof stele>>;
  beforeAll(async () => {
    pinned = await stele(['tools', 'pin', '--out', pins, '--', process.execPath, UPSTREAM]);
  });

  it('lets nothing out before it is decided, nor anything that was not asked for', async () => {
    const { client, call, names } = await gateway({
      rules: 'permit bank.pay on /',
      upstream: ['--', process.execPath, LIAR],
    });
    const odd: unknown[] = [];
    client.onerror = (error) => odd.push(error);
    client.fallbackNotificationHandler = async (notice) => void odd.push(notice);
    client.fallbackRequestHandler = async (request) => {
      odd.push(request);
      return {};
    };
    expect(Object.keys(client.getServerCapabilities() ?? {})).toEqual(['tools']);
    expect(await names()).toEqual(['pay']);
    expect((await call('admin')).isError).toBe(true);
    expect(await call('pay')).toMatchObject({ content: [{ text: 'did pay' }] });
    expect((await call('admin')).isError).toBe(true);
    expect(odd).toEqual([]);
  });

  it('denies a tool whose description changes after it was listed, under pins', async () => {
    expect([pinned.code, pinned.out]).toEqual([0, expect.stringMatching(/^pinned 1\d tools/)]);
    expect(pinned.out).toContain('pay  Pays an amount.');
    const { call, client, names, calls } = await gateway({ rules: ALL, flags: ['--pins', pins] });
    const { tools } = await client.listTools();
    expect(tools.length).toBe(Object.keys(JSON.parse(readFileSync(pins, 'utf8'))).length);
    expect(tools.every((tool) => tool.annotations === undefined)).toBe(true);
    expect(await call('pay', { amount: 1 })).toMatchObject({ content: [{ text: 'paid 1' }] });
    await call('change');
    const denied = await call('pay', { amount: 2 });
    expect(denied._meta?.['stele/denial']).toMatchObject({ code: 'tool_contract_changed', retryable: false });
    expect(await names()).not.toContain('pay');
    expect(calls()).toEqual(['pay {"amount":1}', 'change {}']);
  });

  it('holds it to the pins of a covenant, without a file of them', async () => {
    const server = ['--server', 'bank', '--', process.execPath, UPSTREAM];
    const { code, out, err } = await stele(['tools', 'pin', ...server]);
    expect([code, err]).toEqual([0, expect.stringContaining('pay  Pays an amount.')]);
    const { 'bank.admin': _, ...tools } = JSON.parse(out);
    const documents = await covenant(ALL, { tools });
    const differs = await stele(['tools', 'diff', documents[0] as string, documents[1] as string, ...server]);
    expect(differs).toMatchObject({ code: 1, out: '+ bank.admin  not pinned\n' });
    const { call, client, names, calls } = await gateway({ rules: ALL, documents });
    expect(await names()).toEqual(expect.arrayContaining(['pay', '__proto__', 'read.all', 'change']));
    expect(await names()).not.toContain('admin');
    expect((await client.listTools()).tools.every((tool) => tool.annotations === undefined)).toBe(true);
    expect(await call('pay', { amount: 1 })).toMatchObject({ content: [{ text: 'paid 1' }] });
    expect(await call('__proto__')).toMatchObject({ content: [{ text: 'proto' }] });
    await call('change');
    for (const name of ['pay', 'admin', 'nobody'])
      expect((await call(name))._meta?.['stele/denial']).toMatchObject({ code: 'tool_contract_changed' });
    expect(await names()).not.toContain('pay');
    expect(calls()).toEqual(['pay {"amount":1}', '__proto__ {}', 'change {}']);
  });

  it('does not begin under pins that cannot be read', async () => {
    const documents = await covenant(ALL, { tools: ['pay'] });
    const ran = await stele([
      'mcp-gateway',
      ...documents,
      '--server',
      'bank',
      '--',
      process.execPath,
      UPSTREAM,
    ]);
    expect([ran.code, ran.out]).toEqual([2, '']);
    expect(ran.err).toContain('metadata.tools');
  });

  it('hides and denies what is not pinned, or pinned otherwise; and tells what differs', async () => {
    const same = await stele(['tools', 'diff', '--pins', pins, '--', process.execPath, UPSTREAM]);
    expect(same).toMatchObject({ code: 0, out: 'every tool is as it was pinned\n' });
    const { admin: _, ...others } = JSON.parse(readFileSync(pins, 'utf8'));
    const other = write('pins.json', { ...others, pay: '0'.repeat(64), gone: '1'.repeat(64) });
    const differs = await stele([
      'tools',
      'diff',
      '--pins',
      other,
      '--json',
      '--',
      process.execPath,
      UPSTREAM,
    ]);
    expect(differs.code).toBe(1);
    expect(JSON.parse(differs.out)).toEqual({ added: ['admin'], removed: ['gone'], changed: ['pay'] });
    const { call, calls, names } = await gateway({ rules: ALL, flags: ['--pins', other] });
    expect(await names()).toEqual(expect.not.arrayContaining(['admin', 'pay']));
    for (const name of ['admin', 'pay', 'gone', 'nobody'])
      expect((await call(name))._meta?.['stele/denial']).toMatchObject({ code: 'tool_contract_changed' });
    expect((await call('read.all')).isError).not.toBe(true);
    expect(calls()).toEqual(['read.all {}']);
  });
});

describe('stele mcp-gateway over HTTP', () => {
  const listening = async (rules: string, upstream: readonly string[], env: Record<string, string> = {}) => {
    const args = [
      'mcp-gateway',
      ...(await covenant(rules)),
      '--server',
      'bank',
      '--listen',
      '127.0.0.1:0',
      '--json',
    ];
    const running = await start([BIN, ...args, ...upstream], env);
    return { url: JSON.parse(running.line).url as string, stop: running.stop };
  };

  it('serves several clients, whose limits are counted together, from a server over HTTP', async () => {
    const upstream = await start([UPSTREAM, '--http']);
    const { url, stop } = await listening(`${ALL}\nlimit bank.pay 1 per day`, ['--url', upstream.line]);
    const [a, b] = [await connect(url, true), await connect(url)];
    const calls = [a, b].flatMap(({ call }) => Array.from({ length: 20 }, () => call('pay', { amount: 1 })));
    expect((await Promise.all(calls)).filter(({ isError }) => isError !== true).length).toBe(1);
    expect(await a.call('ask')).toMatchObject({ content: [{ text: 'answered decline' }] });
    await stepped(b.call);
    const changed = new Promise<void>((resolve) =>
      b.client.setNotificationHandler(ToolListChangedNotificationSchema, () => resolve()),
    );
    await b.call('announce');
    await changed;
    const controller = new AbortController();
    const slow = expect(a.call('slow', {}, { signal: controller.signal })).rejects.toThrow();
    controller.abort();
    await slow;
    expect(await stop()).toBe(0);
  });

  it('tells a client that the server is gone', async () => {
    const upstream = await start([UPSTREAM, '--http']);
    const overStdio = await gateway({ rules: ALL, upstream: ['--url', upstream.line] });
    const { url } = await listening(ALL, ['--url', upstream.line]);
    const overHttp = await connect(url);
    const slow = expect(overHttp.call('slow')).rejects.toMatchObject({ code: -32000 });
    await overHttp.call('pay', { amount: 1 });
    await expect(overStdio.call('crash')).rejects.toMatchObject({ code: -32000 });
    await slow;
    await expect(overHttp.call('pay')).rejects.toThrow();
    await until(() => expect(overStdio.stderr()).toContain('the upstream server has ended'));
  });

  it('refuses a message without end', async () => {
    const upstream = await start([UPSTREAM, '--http']);
    const { call } = await gateway({ rules: ALL, upstream: ['--url', upstream.line] });
    await expect(call('huge', { bytes: 11_000_000 })).rejects.toMatchObject({ code: -32000 });
  });

  it('gives each client a process of its own, and answers no web page', async () => {
    const calls = fresh('calls');
    const command = ['--env', 'CALLS', '--', process.execPath, UPSTREAM];
    const { url, stop } = await listening(ALL, command, { CALLS: calls });
    const [a, b] = [await connect(url), await connect(url)];
    await expect(a.call('crash')).rejects.toMatchObject({ code: -32000 });
    expect(await b.call('pay', { amount: 1 })).toMatchObject({ content: [{ text: 'paid 1' }] });
    const post = (headers: Record<string, string>, to = url) =>
      fetch(to, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json', ...headers } });
    expect((await post({ origin: 'https://evil.example' })).status).toBe(403);
    expect((await post({ 'mcp-session-id': 'none' })).status).toBe(404);
    expect((await post({}, url.replace('/mcp', '/other'))).status).toBe(404);
    expect((await fetch(url)).status).toBe(400);
    expect(await stop('SIGINT')).toBe(0);
  });
});

describe('stele mcp-gateway refuses to begin', () => {
  it('before a command that is not there', async () => {
    const ran = await stele([
      'mcp-gateway',
      ...(await covenant(ALL)),
      '--server',
      'bank',
      '--',
      'no-such-command',
    ]);
    expect([ran.code, ran.out]).toEqual([2, '']);
    expect(ran.err).toContain('cannot be asked');
    expect(ran.err).not.toContain('a fault of stele itself');
  });

  it('under a covenant that does not hold', async () => {
    const [, path] = await covenant(ALL);
    const { did } = await generateKeyPair();
    const args = ['--covenant', path as string, '--trust', did, '--server', 'bank', '--', 'x'];
    const ran = await stele(['mcp-gateway', ...args]);
    expect([ran.code, ran.out]).toEqual([2, '']);
    expect(ran.err).toContain('its check "trust" failed');
  });

  it('ends in peace when nobody asks anything', async () => {
    const args = [
      'mcp-gateway',
      ...(await covenant(ALL)),
      '--server',
      'bank',
      '--',
      process.execPath,
      UPSTREAM,
    ];
    expect(await stele(args)).toMatchObject({ code: 0, out: '' });
  });
});
