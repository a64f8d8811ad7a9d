/** What the gateway shows and how it translates, without the SDK of the protocol. */
import { compile, evaluate } from '@stele/ccl';
import { buildCovenant, createMonitor, generateKeyPair, mayEverPermit, toolDigest } from '@stele/sdk';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Passing, progressTokenOf, takes } from '../src/lib/mcp/messages.js';
import { comparePins, isAgreed, pinsText, readPins } from '../src/lib/mcp/pins.js';
import { ToolGate } from '../src/lib/mcp/tool-gate.js';
import { type ListedTool, ToolLister, toolsOf } from '../src/lib/mcp/tool-list.js';
import { translationOf } from '../src/lib/mcp/translation.js';
import { Folder, stele } from './support.js';

const folder = new Folder();
const streams = { stdin: [], stdout: { write: () => true }, stderr: { write: () => true } };

describe('what could be permitted', () => {
  const mayHave = (action: string, ...rules: string[]) =>
    mayEverPermit(
      rules.map((text) => ({ policy: compile(text) })),
      action,
    );

  it('is what a permit names, whatever its resource and its condition', () => {
    expect(mayHave('bank.pay', 'permit bank.pay on /x/* when args.amount < 0')).toBe(true);
    expect(mayHave('bank.pay', 'permit bank.* on /x\nrequire approval for bank.pay on **')).toBe(true);
    expect(mayHave('bank.read:2e:all', 'permit bank.read:2e:all on /')).toBe(true);
    expect(mayHave('bank.pay', 'permit ** on **')).toBe(true);
    expect(mayHave('bank.pay', 'permit bank.p*y on /')).toBe(true);
  });

  it('is nothing that a covenant above does not permit, nor where none is in force', () => {
    expect(mayHave('bank.pay', 'permit bank.** on **', 'permit bank.read on /')).toBe(false);
    expect(mayHave('bank.pay', 'permit bank.read on /', 'permit bank.** on **')).toBe(false);
    expect(mayHave('bank.pay')).toBe(false);
    expect(mayHave('bank.pay', '')).toBe(false);
    expect(mayHave('bank.pay', 'deny bank.pay on /\nlimit bank.pay 1 per day')).toBe(false);
    expect(mayHave('bank..pay', 'permit ** on **')).toBe(false);
    expect(mayHave('Bank.pay', 'permit bank.pay on /')).toBe(false);
  });

  it('hides nothing that is permitted', () => {
    const word = fc.constantFrom('a', 'b', '*', '**', 'a*');
    const pattern = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join('.'));
    const rule = fc
      .tuple(fc.constantFrom('permit', 'deny'), pattern)
      .map(([kind, action]) => `${kind} ${action} on /`);
    const rules = fc.array(rule, { maxLength: 4 }).map((lines) => lines.join('\n'));
    const action = fc.array(fc.constantFrom('a', 'b', 'ab'), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(rules, rules, action, (one, other, words) => {
        const policies = [compile(one), compile(other)];
        const request = { action: words.join('.'), resource: '/' };
        const isPermitted = policies.every((policy) => evaluate(policy, request).permitted);
        const shown = mayEverPermit(
          policies.map((policy) => ({ policy })),
          request.action,
        );
        if (isPermitted) expect(shown).toBe(true);
        if (!`${one}${other}`.includes('deny')) expect(shown).toBe(isPermitted);
      }),
    );
  });
});

describe('the translation of a call', () => {
  const ask = (tool: string, args = {}, map?: unknown) =>
    translationOf('bank', map).mapping({ tool, arguments: args });

  it('names the server first, and never gives two tools one action', () => {
    expect(ask('pay')).toEqual({ action: 'bank.pay', resource: '/' });
    expect(ask('read.all')).toEqual({ action: 'bank.read:2e:all', resource: '/' });
    expect(ask('__proto__')).toEqual({ action: 'bank.__proto__', resource: '/' });
    expect(ask('../x')).toMatchObject({ action: 'bank.:2e::2e::2f:x' });
  });

  it('takes a map, in which a tool cannot add a segment', () => {
    const map = {
      tools: {
        'read.all': { action: 'files.{tool}', resource: '/{arguments.at}' },
        pay: { resource: '{arguments.to}' },
      },
      default: { action: 'other.{tool}' },
    };
    expect(ask('read.all', { at: 'x' }, map)).toEqual({ action: 'files.read:2e:all', resource: '/x' });
    expect(ask('read.all', { at: '../x' }, map)).toBeTypeOf('string');
    expect(ask('read.all', {}, map)).toBeTypeOf('string');
    expect(ask('pay', { to: '/a/b' }, map)).toEqual({ action: 'bank.pay', resource: '/a/b' });
    expect(ask('a.b', {}, map)).toEqual({ action: 'other.a:2e:b', resource: '/' });
    expect(ask('', {}, map)).toBeTypeOf('string');
    expect(() => translationOf('bank', { tools: { pay: { akshun: 'x' } } })).toThrow(/unknown member/);
    expect(() => translationOf('bank', 7)).toThrow(/must be an object/);
  });

  it('says beforehand which action a tool has, unless its arguments choose', () => {
    const map = { tools: { pay: { resource: '/{arguments.to}' }, act: { action: 'bank.{arguments.what}' } } };
    const { actionOf } = translationOf('bank', map);
    expect([actionOf('pay'), actionOf('act'), actionOf('x')]).toEqual(['bank.pay', undefined, 'bank.x']);
  });
});

describe('pins', () => {
  const tools: ListedTool[] = ['pay', '__proto__', 'constructor'].map((name) => ({ name, inputSchema: {} }));
  const read = (content: string | object) => readPins(folder.write('pins.json', content), streams);

  it('are read as they are written, whatever the tools are called', async () => {
    const pins = await read(pinsText(tools));
    expect([...pins.keys()]).toEqual(['__proto__', 'constructor', 'pay']);
    expect(comparePins(pins, tools)).toEqual({ added: [], removed: [], changed: [] });
  });

  it('tell what was added, removed and changed', async () => {
    const pins = await read(pinsText(tools));
    const now = [
      { name: 'pay', description: 'More.' },
      { name: 'toString' },
      { name: 'constructor', inputSchema: {} },
    ];
    expect(comparePins(pins, now)).toEqual({ added: ['toString'], removed: ['__proto__'], changed: ['pay'] });
  });

  it('agree to no tool that is offered twice, is not there, or is no plain JSON', async () => {
    const pins = await read(pinsText(tools));
    const pay = tools[0] as ListedTool;
    expect(isAgreed('pay', pins, [pay])).toBe(true);
    expect(isAgreed('pay', pins, [pay, pay])).toBe(false);
    expect(isAgreed('pay', pins, [pay, { ...pay, description: 'Other.' }])).toBe(false);
    expect(isAgreed('pay', pins, [])).toBe(false);
    expect(isAgreed('other', pins, [{ name: 'other' }])).toBe(false);
    expect(isAgreed('odd', pins, [{ name: 'odd', inputSchema: '\ud800' }])).toBe(false);
    expect(isAgreed('toString', pins, [{ name: 'toString' }])).toBe(false);
    expect(() => pinsText([pay, pay])).toThrow(/twice/);
    expect(() => pinsText([{ name: 'odd', inputSchema: '\ud800' }])).toThrow(/no plain JSON/);
  });

  it.each([
    ['[]', 'not_json'],
    ['{"pay":7}', 'pins_invalid'],
    ['{"pay":"abc"}', 'pins_invalid'],
    [`{"pay":"${'A'.repeat(64)}"}`, 'pins_invalid'],
    [`{"pay":"${'a'.repeat(64)}","pay":"${'b'.repeat(64)}"}`, 'not_json'],
  ])('refuse %s', async (text, code) => {
    await expect(read(text)).rejects.toMatchObject({ code });
  });
});

describe('the gate', () => {
  async function gate(pins?: ReadonlyMap<string, string>) {
    const owner = await generateKeyPair();
    const agent = await generateKeyPair();
    const constraints = 'permit bank.pay on /';
    const covenant = await buildCovenant({
      issuer: {},
      beneficiary: { id: agent.did },
      constraints,
      signer: owner,
    });
    const monitor = await createMonitor({ covenant, trust: [owner.did] });
    return new ToolGate({ monitor, server: 'bank', ...translationOf('bank'), pins });
  }
  const page = {
    tools: [{ name: 'pay', title: 'Pay', _meta: {} }, { name: 'admin' }, null, 7],
    nextCursor: 'x',
    _meta: {},
  };

  it('shows what could be called, and the rest of the page as it is', async () => {
    expect((await gate()).shown(page)).toEqual({ ...page, tools: [page.tools[0]] });
    expect((await gate()).shown({ tools: 'none' })).toEqual({ tools: [] });
    expect((await gate()).shown(null)).toBe(null);
  });

  it('shows of pinned tools what was pinned, and of others nothing', async () => {
    const pins = new Map(Object.entries(JSON.parse(pinsText([{ name: 'pay' }])) as Record<string, string>));
    expect((await gate(pins)).shown(page)).toMatchObject({ tools: [{ name: 'pay' }] });
    expect(JSON.stringify((await gate(pins)).shown(page))).not.toContain('title');
    expect((await gate(new Map())).shown(page)).toMatchObject({ tools: [] });
  });

  const ways = (run: (params: object) => Promise<unknown>, aborted = false) => ({
    signal: aborted ? AbortSignal.abort() : new AbortController().signal,
    tools: new ToolLister(async () => page),
    run,
    ask: () => false,
  });

  it('runs a plain call with what was judged, and refuses what is none', async () => {
    const { call } = { call: (await gate()).call.bind(await gate()) };
    const echo = ways(async (params) => ({ params }));
    expect(await call({ name: 'pay', arguments: { a: 1 }, task: { ttl: 1 }, _meta: { b: 2 } }, echo)).toEqual(
      {
        params: { name: 'pay', arguments: { a: 1 }, _meta: { b: 2 } },
      },
    );
    for (const odd of [{}, { name: 7 }, { name: 'pay', arguments: [] }, { name: 'pay', arguments: 'x' }])
      await expect(call(odd, echo)).rejects.toMatchObject({ code: -32602 });
    await expect(
      call(
        { name: 'pay' },
        ways(async () => 'ran', true),
      ),
    ).rejects.toMatchObject({ code: -32602 });
  });
});

describe('what passes', () => {
  it('is what is known', () => {
    const [all, tools] = [new Passing(false), new Passing(true)];
    expect([all.mayAsk('resources/read'), tools.mayAsk('resources/read')]).toEqual([true, false]);
    for (const method of ['tasks/result', 'tools/run', 'constructor', '', 'initialize'])
      expect(all.mayAsk(method)).toBe(false);
    expect([all.mayTell('notifications/message'), tools.mayTell('notifications/message')]).toEqual([
      true,
      false,
    ]);
    expect(all.mayTell('notifications/cancelled')).toBe(false);
    expect(all.ofServer({ tools: {}, tasks: {}, experimental: {}, logging: {} })).toEqual({
      tools: {},
      logging: {},
    });
    expect(tools.ofServer({ tools: {}, logging: {} })).toEqual({ tools: {} });
    expect([all.ofServer(null), all.ofClient([]), all.ofClient({ sampling: true })]).toEqual([{}, {}, {}]);
  });

  it.each([
    [{}, 'elicitation/create', {}, false],
    [{ elicitation: {} }, 'elicitation/create', {}, true],
    [{ elicitation: {} }, 'elicitation/create', { mode: 'url' }, false],
    [{ elicitation: { url: {} } }, 'elicitation/create', { mode: 'url' }, true],
    [{ elicitation: { url: {} } }, 'elicitation/create', {}, false],
    [{ elicitation: { url: {} } }, 'elicitation/create', { mode: 'other' }, false],
    [{ sampling: {} }, 'sampling/createMessage', {}, true],
    [{ sampling: {} }, 'sampling/createMessage', { tools: [] }, false],
    [{ sampling: { tools: {} } }, 'sampling/createMessage', { tools: [] }, true],
    [{ elicitation: {} }, 'sampling/createMessage', {}, false],
    [{ roots: {} }, 'roots/list', {}, true],
    [{ sampling: {} }, 'roots/list', {}, false],
    [{ roots: {}, sampling: {}, elicitation: {} }, 'tools/call', {}, false],
  ])('to a client with %j: %s %j, %s', (capabilities, method, params, expected) => {
    expect(takes(capabilities, method, params)).toBe(expected);
  });

  it('reads tokens that are some', () => {
    expect(
      [{ progressToken: 1 }, { progressToken: 'a' }, { progressToken: {} }, null].map((_meta) =>
        progressTokenOf({ _meta }),
      ),
    ).toEqual([1, 'a', undefined, undefined]);
  });
});

describe('a listing', () => {
  it('follows the pages, and ends with a server that does not', async () => {
    const pages = [{ tools: [{ name: 'a' }], nextCursor: '1' }, { tools: [{ name: 'b' }, {}] }];
    const asked: unknown[] = [];
    const lister = new ToolLister(async (params) => {
      asked.push(params);
      return pages[asked.length - 1];
    });
    const [one, other] = await Promise.all([lister.all(), lister.all()]);
    expect([one.map(({ name }) => name), other, asked]).toEqual([['a', 'b'], one, [{}, { cursor: '1' }]]);
    const endless = new ToolLister(async () => ({ tools: [], nextCursor: 'x' }));
    await expect(endless.all()).rejects.toThrow('too many tools');
    const many = new ToolLister(async () => ({ tools: Array(9_000).fill({ name: 'x' }), nextCursor: 'x' }));
    await expect(many.all()).rejects.toThrow('too many tools');
    expect([toolsOf(undefined), toolsOf({ tools: {} })]).toEqual([[], []]);
  });
});

describe('the command line of the gateway', () => {
  const covenant = ['--covenant', 'covenant.json'];
  it.each([
    ['no server to ask', ['--server', 'bank'], 'name one server'],
    ['two', ['--server', 'bank', '--url', 'http://127.0.0.1:1/', '--', 'x'], 'name one server'],
    ['a name that is none', ['--server', 'a.b', '--', 'x'], '--server must be'],
    [
      'a secret in the URL',
      ['--server', 'bank', '--url', 'http://u:s3cret@127.0.0.1/'],
      'a user or a password',
    ],
    ['another protocol', ['--server', 'bank', '--url', 'file:///etc/passwd'], 'no http or https URL'],
    [
      'a value of the environment',
      ['--server', 'bank', '--env', 'TOKEN=s3cret', '--', 'x'],
      'no variable TOKEN',
    ],
    [
      '--env beside a URL',
      ['--server', 'bank', '--env', 'PATH', '--url', 'http://127.0.0.1/'],
      'with a command only',
    ],
    ['--json beside the protocol', ['--server', 'bank', '--json', '--', 'x'], '--json is of use'],
    ['no address', ['--server', 'bank', '--listen', 'here', '--', 'x'], '--listen is no address'],
    [
      'a port that is none',
      ['--server', 'bank', '--listen', '127.0.0.1:70000', '--', 'x'],
      '--listen is no address',
    ],
    ['a log without a name', ['--server', 'bank', '--log', 'x', '--', 'x'], '--log needs --origin'],
    ['a key without a log', ['--server', 'bank', '--key', 'x', '--', 'x'], 'with --log only'],
    ['standard input twice', ['--server', 'bank', '--covenant', '-', '--', 'x'], 'not free here'],
    [
      'to do without the SDK',
      ['--server', 'bank', '--', 'x', '--json'],
      'npm install @modelcontextprotocol/sdk@1',
    ],
  ])('refuses %s', async (_, args, message) => {
    const { code, err, out } = await stele(['mcp-gateway', ...covenant, ...args]);
    expect(code).toBe(2);
    expect(err).toContain(message);
    expect(err + out).not.toContain('s3cret');
    // Of what stands behind -- nothing is meant for us.
    if (args.indexOf('--json') > args.indexOf('--')) expect(out).toBe('');
  });

  it('says how to install what it needs', async () => {
    const { err } = await stele(['tools', 'pin', '--out', folder.at('new.json'), '--', 'x']);
    expect(err).toContain('npm install @modelcontextprotocol/sdk@1');
    expect((await stele(['tools', 'pin', '--out', folder.write('old.json', '{}'), '--', 'x'])).err).toContain(
      'exists already',
    );
  });
});

describe('what covenants pin of the tools of a server', () => {
  const pay: ListedTool = { name: 'pay', description: 'Pays.', inputSchema: {}, title: 'Not agreed' };
  const digest = toolDigest({ name: 'pay', description: 'Pays.', inputSchema: {} });

  async function gateOf(tools: Record<string, string>, pins?: Record<string, string>) {
    const [owner, agent] = [await generateKeyPair(), await generateKeyPair()];
    const covenant = await buildCovenant({
      beneficiary: { id: agent.did },
      constraints: 'permit ** on **',
      metadata: { tools },
      signer: owner,
    });
    const monitor = await createMonitor({ covenant });
    const agreed = pins && new Map(Object.entries(pins));
    const gate = new ToolGate({ monitor, server: 'bank', ...translationOf('bank'), pins: agreed });
    let listings = 0;
    const call = async (name: string, offered: readonly ListedTool[]) => {
      const tools = new ToolLister(async () => {
        listings++;
        return { tools: offered };
      });
      const run = async () => ({ content: [] });
      const answer = await gate.call(
        { name },
        { signal: new AbortController().signal, tools, run, ask: () => false },
      );
      return (answer as { _meta?: Record<string, { code: string }> })._meta?.['stele/denial']?.code;
    };
    return { gate, call, listings: () => listings };
  }

  it('is seen and called as it was agreed, and not otherwise', async () => {
    const { gate, call, listings } = await gateOf({ 'bank.pay': digest, 'mail.read': digest });
    const page = { tools: [pay, { name: 'read' }, { name: 'mail.read' }] };
    expect(gate.shown(page)).toEqual({ tools: [{ name: 'pay', description: 'Pays.', inputSchema: {} }] });
    expect(await call('pay', [pay])).toBeUndefined();
    expect(listings()).toBe(1);
    for (const offered of [[], [pay, pay], [pay, { name: 'pay' }], [{ ...pay, description: 'Pays!' }]])
      expect(await call('pay', offered)).toBe('tool_contract_changed');
    for (const name of ['read', 'bank.pay', '__proto__'])
      expect(await call(name, [pay, { name }])).toBe('tool_contract_changed');
  });

  it('and what a file pins must both agree', async () => {
    const { gate, call } = await gateOf({ 'bank.pay': digest }, { pay: '0'.repeat(64) });
    expect(gate.shown({ tools: [pay] })).toEqual({ tools: [] });
    expect(await call('pay', [pay])).toBe('tool_contract_changed');
    const both = await gateOf({ 'bank.pay': digest }, { pay: digest });
    expect(await both.call('pay', [pay])).toBeUndefined();
    const none = await gateOf({}, { pay: digest });
    expect(await none.call('pay', [pay])).toBe('tool_contract_changed');
  });

  it('is compared under the name of the server alone', () => {
    const pins = new Map([
      ['bank.pay', digest],
      ['bank.gone', digest],
      ['bank.odd', digest],
      ['mail.read', digest],
    ]);
    const tools = [pay, { name: 'odd' }, { name: 'read.all' }];
    expect(comparePins(pins, tools, 'bank')).toEqual({
      added: ['bank.read:2e:all'],
      removed: ['bank.gone'],
      changed: ['bank.odd'],
    });
  });
});

describe('stele tools', () => {
  const pay = { name: 'pay', description: 'Pays.', inputSchema: { type: 'object' } };
  const digest = toolDigest(pay);
  const list = folder.write('list.json', { tools: [pay, { name: 'read.all' }] });

  it('pin writes what a covenant takes, from a list', async () => {
    const { code, out, err } = await stele(['tools', 'pin', '--server', 'bank', '--file', list]);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      'bank.pay': digest,
      'bank.read:2e:all': toolDigest({ name: 'read.all' }),
    });
    expect(err).toContain('pay  Pays.');
  });

  it('pin, sign and diff go together', async () => {
    const [pins, mail] = [folder.at('bank.json'), folder.at('mail.json')];
    await stele(['tools', 'pin', '--server', 'bank', '--file', list, '--out', pins]);
    await stele(['tools', 'pin', '--server', 'mail', '--file', list, '--out', mail]);
    const rules = folder.write('rules.ccl', 'permit ** on **');
    const { file } = await folder.key('owner.key');
    const signing = ['sign', rules, '--key', file, '--beneficiary', 'a:b'];
    const covenant = folder.at('pinned.json');
    const signed = await stele([...signing, '--tools', pins, '--tools', mail, '--out', covenant]);
    expect(signed.code).toBe(0);
    const { tools } = JSON.parse(folder.read('pinned.json')).metadata;
    expect(Object.keys(tools)).toEqual(['bank.pay', 'bank.read:2e:all', 'mail.pay', 'mail.read:2e:all']);

    const diff = (tools: string, ...more: string[]) =>
      stele(['tools', 'diff', '--covenant', covenant, '--file', tools, '--json', ...more]);
    expect(await diff(list, '--server', 'bank')).toMatchObject({ code: 0 });
    const now = folder.write('now.json', [{ ...pay, description: 'Pays!' }]);
    const changed = await diff(now, '--server', 'mail');
    expect([changed.code, JSON.parse(changed.out)]).toEqual([
      1,
      { added: [], removed: ['mail.read:2e:all'], changed: ['mail.pay'] },
    ]);
    expect(JSON.parse((await diff(now)).out)).toMatchObject({ added: ['pay'] });

    const refused = async (args: string[]) => JSON.parse((await stele([...args, '--json'])).out).error.code;
    expect(await refused([...signing, '--tools', pins, '--tools', pins])).toBe('pins_invalid');
    const metadata = folder.write('metadata.json', { tools: ['pay'] });
    expect(await refused([...signing, '--metadata', metadata])).toBe('pins_invalid');
    const good = folder.write('good.json', { team: 'x', tools: { pay: digest } });
    expect(await refused([...signing, '--metadata', good, '--tools', pins])).toBe('usage');
    expect((await stele([...signing, '--metadata', good])).code).toBe(0);
    const unpinned = folder.at('unpinned.json');
    await stele([...signing, '--out', unpinned]);
    const diffing = ['tools', 'diff', '--file', list];
    expect(await refused([...diffing, '--covenant', unpinned])).toBe('pins_invalid');
    expect(await refused([...diffing, '--covenant', list])).toBe('pins_invalid');
    expect(await refused(diffing)).toBe('usage');
    expect(await refused([...diffing, '--covenant', covenant, '--pins', pins])).toBe('usage');
    expect(await refused([...diffing, '--pins', pins, '--url', 'http://127.0.0.1:1/'])).toBe('usage');
    expect(await refused([...diffing, '--pins', pins, '--server', 'a.b'])).toBe('usage');
  });

  it.each([
    ['no list', { tools: 7 }],
    ['a text', '"pay"'],
    ['a tool without a name', [{ description: 'x' }]],
  ])('pin refuses %s', async (_, content) => {
    const { code, err } = await stele(['tools', 'pin', '--file', folder.write('odd.json', content)]);
    expect(code).toBe(2);
    expect(err).toContain('no list of tools');
  });

  it('pin refuses a tool that is there twice, and keeps one called __proto__', async () => {
    const twice = folder.write('twice.json', [pay, pay]);
    expect((await stele(['tools', 'pin', '--file', twice])).err).toContain('is there twice');
    const odd = folder.write('proto.json', [{ name: '__proto__' }]);
    const { out } = await stele(['tools', 'pin', '--file', odd]);
    expect(Object.entries(JSON.parse(out))).toEqual([['__proto__', toolDigest({ name: '__proto__' })]]);
  });

  it('pin reads the tools of a module as agents are shown them', async () => {
    const module = folder.write(
      'tools.mjs',
      `console.log('a word on standard output');
setInterval(() => {}, 1_000);
const inputSchema = { type: 'object' };
export const tools = { pay: { description: 'Pays.', inputSchema, execute: () => 1 } };`,
    );
    const { code, out } = await stele(['tools', 'pin', '--file', module]);
    expect([code, JSON.parse(out)]).toEqual([0, { pay: digest }]);
    const hidden = folder.write('hidden.mjs', 'export default [{ name: "x", description: () => "y" }];');
    expect((await stele(['tools', 'pin', '--file', hidden])).err).toContain('"x"');
  });
});
