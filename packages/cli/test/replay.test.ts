import { beforeAll, describe, expect, it } from 'vitest';
import { Folder, stele, steleJson } from './support.js';

const folder = new Folder();
let rules: string;

const RULES = `permit lookup on **
permit refund on '/orders/**' when args.amount <= 100
deny refund on '/orders/secret'
require human.approval for refund on ** when args.amount > 50
`;
const MAP = { tools: { refund: { resource: '/orders/{arguments.order}' } } };

const lines = (...calls: unknown[]) =>
  calls.map((call) => (typeof call === 'string' ? call : JSON.stringify(call))).join('\n');

/** Replays calls under rules; a map where one is given. */
async function replay(
  trace: string | Uint8Array,
  options: { map?: object; flags?: string[]; rules?: string } = {},
) {
  const file = folder.write('trace.jsonl', trace);
  const covenant = options.rules === undefined ? rules : folder.write('these.ccl', options.rules);
  const map = options.map === undefined ? [] : ['--map', folder.write('map.json', options.map)];
  return steleJson(['replay', '--covenant', covenant, '--trace', file, ...map, ...(options.flags ?? [])]);
}

const refund = (order: unknown, amount: unknown, more: object = {}) => ({
  tool: 'refund',
  arguments: { order, amount },
  ...more,
});

beforeAll(() => {
  rules = folder.write('rules.ccl', RULES);
});

describe('replay', () => {
  it('counts what was permitted, denied and left to a person, per tool and per code', async () => {
    const trace = lines({ tool: 'lookup' }, refund('1', 20), refund('1', 80), refund('1', 500), {
      tool: 'drop',
    });
    const { code, json } = await replay(trace, { map: MAP });
    expect(code).toBe(1);
    expect(json).toMatchObject({ calls: 5, permitted: 2, denied: 2, needs_approval: 1, malformed: 0 });
    expect(json.tools).toEqual([
      { tool: 'lookup', calls: 1, permitted: 1, denied: 0, needs_approval: 0 },
      { tool: 'refund', calls: 3, permitted: 1, denied: 1, needs_approval: 1 },
      { tool: 'drop', calls: 1, permitted: 0, denied: 1, needs_approval: 0 },
    ]);
    expect(json.codes).toEqual({ permitted: 2, obligation_pending: 1, no_matching_permit: 2 });
    expect(json.decisionMicroseconds.p50).toBeGreaterThan(0);
  });

  it('names the rule that denied each call, and its line', async () => {
    const { json } = await replay(lines(refund('secret', 20), refund('1', 500)), { map: MAP });
    expect(json.deniedCalls).toMatchObject([
      {
        line: 1,
        tool: 'refund',
        action: 'refund',
        resource: '/orders/secret',
        code: 'denied_by_rule',
        rule: { line: 3, text: "deny refund on '/orders/secret'" },
      },
      { line: 2, code: 'no_matching_permit', rule: null },
    ]);
  });

  it.each([
    ['every call is permitted', lines({ tool: 'lookup' }), 0],
    ['nothing is there', '', 0],
    ['only blank lines are there', '\n\r\n  \n', 0],
    ['a call needs approval', lines(refund('1', 80)), 0],
    ['a call is denied', lines({ tool: 'lookup' }, { tool: 'drop' }), 1],
    ['a line is malformed', lines({ tool: 'lookup' }, 'x'), 2],
    ['a call is denied and a line is malformed', lines({ tool: 'drop' }, 'x'), 1],
  ])('has its exit code where %s', async (_, trace, expected) => {
    expect((await replay(trace, { map: MAP })).code).toBe(expected);
  });

  it('reads CRLF, and a last line without a newline', async () => {
    const { json } = await replay('{"tool":"lookup"}\r\n\r\n{"tool":"lookup"}');
    expect(json).toMatchObject({ calls: 2, permitted: 2, malformed: 0 });
  });

  it('reports malformed lines with their numbers and goes on', async () => {
    const malformed = [
      'no json',
      '[]',
      '"tool"',
      '{}',
      '{"tool":5}',
      '{"tool":"lookup","arguments":[]}',
      '{"tool":"lookup","arguments":"{}"}',
      '{"tool":"lookup","tool":"drop"}',
      '{"tool":"lookup","time":"yesterday"}',
      '{"tool":"lookup","time":"2026-02-30T00:00:00Z"}',
      '{"tool":"lookup","time":"2026-02-03T00:00:00"}',
      '{"tool":"lookup","time":1e300}',
      '{"tool":"lookup","trace":{}}',
      '{"tool":"\\ud800"}',
      '{"tool":"lookup"} {"tool":"lookup"}',
      `${'['.repeat(100)}${']'.repeat(100)}`,
    ];
    const { code, json, err } = await replay(lines(...malformed, { tool: 'lookup' }));
    expect(code).toBe(2);
    expect(json).toMatchObject({ calls: 1, permitted: 1, malformed: malformed.length });
    expect(json.malformedLines.map(({ line }: { line: number }) => line)).toEqual(
      malformed.map((_, i) => i + 1),
    );
    for (const [i] of malformed.entries()) expect(err).toContain(`trace.jsonl:${i + 1}: `);
  });

  it('reports bytes that are not UTF-8, and a line that is too long, without keeping it', async () => {
    const huge = Buffer.alloc(9 * 1024 * 1024, 'x');
    const trace = Buffer.concat([Buffer.of(0xff, 0x0a), huge, Buffer.from('\n{"tool":"lookup"}\n'), huge]);
    const { json } = await replay(trace);
    expect(json).toMatchObject({
      permitted: 1,
      malformed: 3,
      malformedLines: [{ line: 1 }, { line: 2 }, { line: 4 }],
    });
  });

  it('stops at the first malformed line with --strict', async () => {
    const { code, json } = await replay(lines({ tool: 'drop' }, 'x', 'y'), { flags: ['--strict'] });
    expect([code, json.error.code]).toEqual([2, 'malformed_line']);
    expect(json.error.message).toContain('line 2');
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'judges a tool named %s like any other',
    async (tool) => {
      const { code, json } = await replay(`{"tool":"${tool}","arguments":{"__proto__":{"amount":1}}}`, {
        map: MAP,
      });
      expect(code).toBe(1);
      expect(json.tools).toEqual([{ tool, calls: 1, permitted: 0, denied: 1, needs_approval: 0 }]);
      expect(json.deniedCalls[0].code).toBe('no_matching_permit');
    },
  );

  it('denies a tool whose name is no action', async () => {
    const { json } = await replay(lines({ tool: 'look up' }, { tool: '' }, { tool: 'a..b' }), {
      rules: 'permit ** on **',
    });
    expect(json.codes).toEqual({ malformed_request: 3 });
  });

  it('counts tools beyond the first 10,000 names together', async () => {
    const trace = Array.from({ length: 10_050 }, (_, i) => `{"tool":"t${i}"}`);
    const long = `{"tool":"${'x'.repeat(500)}"}`;
    const { json } = await replay(lines(...trace, long, '{"tool":"t1"}'), { rules: 'permit ** on **' });
    expect(json.tools.length).toBe(10_000);
    expect(json.tools[1].calls).toBe(2);
    expect(json.other).toEqual({ calls: 51, permitted: 51, denied: 0, needs_approval: 0 });
    expect(json.calls).toBe(10_052);
  });

  it('shows as many denied calls as it is told, and writes every decision to a file', async () => {
    const trace = lines(
      ...Array.from({ length: 30 }, () => ({ tool: 'drop' })),
      { tool: 'lookup' },
      refund('1', 80),
    );
    const flags = ['--max-denied', '7', '--decisions', folder.at('decisions.jsonl')];
    const { json } = await replay(trace, { flags, map: MAP });
    expect([json.deniedCalls.length, json.deniedOmitted]).toEqual([7, 23]);
    const written = folder
      .read('decisions.jsonl')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(written.map(({ line }) => line)).toEqual(Array.from({ length: 32 }, (_, i) => i + 1));
    expect(written.slice(29).map(({ outcome }) => outcome)).toEqual([
      'denied',
      'permitted',
      'needs_approval',
    ]);
  });

  it('writes its decisions over nothing that it reads', async () => {
    const trace = lines({ tool: 'lookup' });
    const { code, json } = await replay(trace, { flags: ['--decisions', folder.at('trace.jsonl')] });
    expect([code, json.error.code, folder.read('trace.jsonl')]).toEqual([2, 'usage', trace]);
  });

  it('prints a table for a person, in which no tool can move the cursor', async () => {
    const file = folder.write('trace.jsonl', lines({ tool: 'lookup' }, { tool: '\u001b[2J\u202e' }));
    const { code, out, err } = await stele(['replay', '--covenant', rules, '--trace', file]);
    expect([code, err]).toEqual([1, '']);
    expect(out).toMatch(/lookup +1 +1 +0 +0\n/);
    expect([...out].filter((c) => (c < ' ' && c !== '\n') || c === '\u202e')).toEqual([]);
  });

  it('reads standard input', async () => {
    const argv = ['replay', '--covenant', rules, '--trace', '-'];
    expect((await stele(argv, '{"tool":"lookup"}')).code).toBe(0);
  });

  it('draws its progress on standard error alone, and only if asked where that is no terminal', async () => {
    const file = folder.write('trace.jsonl', lines({ tool: 'lookup' }));
    const argv = ['replay', '--covenant', rules, '--trace', file];
    expect((await stele(argv)).err).toBe('');
    const { out, err } = await stele([...argv, '--progress']);
    expect(err).toContain('lines/s'.slice(0, 5));
    expect(out).not.toContain('\r');
  });

  it.each([
    ['no trace', () => ['--covenant', rules], 'usage'],
    ['no covenant', () => ['--trace', rules], 'usage'],
    [
      'a trace that is not there',
      () => ['--covenant', rules, '--trace', folder.at('none')],
      'file_unreadable',
    ],
    ['a trace that is a folder', () => ['--covenant', rules, '--trace', folder.path], 'file_unreadable'],
    [
      'a place for decisions that cannot be written',
      () => ['--covenant', rules, '--trace', rules, '--decisions', folder.path],
      'file_unwritable',
    ],
    [
      'rules with a mistake',
      () => ['--covenant', folder.write('bad.ccl', 'x'), '--trace', rules],
      'ccl_syntax',
    ],
  ])('exits with 2 for %s', async (_, argv, expected) => {
    const { code, json } = await steleJson(['replay', ...argv()]);
    expect([code, json.error.code]).toEqual([2, expected]);
  });

  it('judges by a signed covenant only if it verifies', async () => {
    const { file, did } = await folder.key('owner.jwk');
    const covenant = folder.at('covenant.json');
    await stele(['sign', rules, '--key', file, '--beneficiary', did, '--out', covenant]);
    const trace = folder.write('trace.jsonl', lines({ tool: 'lookup' }));
    const argv = ['replay', '--trace', trace, '--covenant'];
    expect((await stele([...argv, covenant, '--trust', did])).code).toBe(0);
    const { code, json } = await steleJson([...argv, covenant, '--trust', 'did:key:z6MkOther']);
    expect([code, json.code, json.calls]).toEqual([1, 'covenant_invalid', undefined]);
  });
});

describe('a map', () => {
  const fill = {
    tools: { read: { resource: '/docs/{arguments.id}' }, open: { resource: '{arguments.path}' } },
  };
  const all = 'permit ** on **';

  it.each([
    [{ id: 'a' }, '/docs/a'],
    [{ id: 7 }, '/docs/7'],
    [{ id: true }, '/docs/true'],
    [{ id: '*' }, '/docs/*'],
  ])('fills %j in', async (args, resource) => {
    const { json } = await replay(lines({ tool: 'read', arguments: args }), {
      map: fill,
      rules: 'deny ** on **',
    });
    expect(json.deniedCalls[0].resource).toBe(resource);
  });

  it.each([
    {},
    { id: null },
    { id: '' },
    { id: {} },
    { id: ['a'] },
    { id: 'a/b' },
    { id: '../a' },
    { id: 'a\\b' },
    { id: '.' },
    { id: '..' },
    { id: '%2e%2e' },
    { id: 'a%2fb' },
    { id: 'a\u0000' },
  ])('makes %j a malformed request, never a wider or another resource', async (args) => {
    const { json } = await replay(lines({ tool: 'read', arguments: args }), { map: fill, rules: all });
    expect(json.codes).toEqual({ malformed_request: 1 });
  });

  it('takes a placeholder that stands alone for the whole resource, by the rules for resources', async () => {
    const open = (path: unknown) => ({ tool: 'open', arguments: { path } });
    const good = await replay(lines(open('/a/b'), open('https://example.org/a')), { map: fill, rules: all });
    expect(good.json.permitted).toBe(2);
    const bad = [open('/a/../b'), open('a\\b'), open('https://EXAMPLE.org/a'), open(''), open(undefined)];
    const { json } = await replay(lines(...bad), { map: fill, rules: all });
    expect(json.codes).toEqual({ malformed_request: 5 });
  });

  it('reads own members of objects only', async () => {
    const map = { default: { resource: '/{arguments.a.length}' } };
    const calls = [
      { tool: 't', arguments: { a: [1] } },
      { tool: 't', arguments: { a: 'text' } },
    ];
    expect((await replay(lines(...calls), { map, rules: all })).json.codes).toEqual({ malformed_request: 2 });
    const inherited = { default: { resource: '/{arguments.constructor.name}' } };
    expect((await replay(lines({ tool: 't' }), { map: inherited, rules: all })).json.codes).toEqual({
      malformed_request: 1,
    });
  });

  it('lets no argument choose how deep an action is', async () => {
    const map = { tools: { run: { action: 'run.{arguments.what}' }, any: { action: '{arguments.what}' } } };
    const call = (tool: string, what: string) => ({ tool, arguments: { what } });
    const good = await replay(lines(call('run', 'x'), call('any', 'x')), { map, rules: all });
    expect(good.json.permitted).toBe(2);
    const bad = lines(call('run', 'x.y'), call('any', 'x.y'), call('run', 'x y'));
    expect((await replay(bad, { map, rules: all })).json.codes).toEqual({ malformed_request: 3 });
  });

  it('has a default for tools that it does not name', async () => {
    const map = { tools: { known: {} }, default: { action: 'other.{tool}', resource: '/x' } };
    const { json } = await replay(lines({ tool: 'known' }, { tool: 'new' }), { map, rules: 'deny ** on **' });
    expect(json.deniedCalls).toMatchObject([
      { action: 'known', resource: '/' },
      { action: 'other.new', resource: '/x' },
    ]);
  });

  it.each([
    [[]],
    [{ tool: {} }],
    [{ tools: [] }],
    [{ tools: { a: 'b' } }],
    [{ tools: { a: { act: 'b' } } }],
    [{ tools: { a: { action: 5 } } }],
    [{ default: null }],
    [{ default: { resource: '/{trace}' } }],
    [{ default: { resource: '/{arguments}' } }],
    [{ default: { resource: '/{arguments.}' } }],
    [{ default: { resource: '/{arguments.a' } }],
    [{ default: { resource: '/arguments.a}' } }],
    [{ default: { resource: '/{}' } }],
    [{ default: { resource: '/{{tool}}' } }],
  ])('is refused if it cannot be read: %j', async (map) => {
    const { code, json } = await replay(lines({ tool: 'a' }), { map });
    expect([code, json.error.code]).toEqual([2, 'map_invalid']);
  });
});

describe('limits in a replay', () => {
  const twice = 'permit ** on **\nlimit pay 2 per minute\n';
  const pay = (more: object) => ({ tool: 'pay', ...more });

  it('are counted per trace, in which time stands still, where lines have no time', async () => {
    const calls = ['a', 'b', 'a', 'b', 'a', 'c'].map((trace) => pay({ trace }));
    const { json } = await replay(lines(...calls), { rules: twice });
    expect(json).toMatchObject({
      permitted: 5,
      denied: 1,
      deniedCalls: [{ line: 5, code: 'limit_exceeded', rule: { line: 2 } }],
    });
  });

  it('are counted together on the clock of the lines where they have times', async () => {
    const at = (second: number, trace: string) =>
      pay({ time: `2026-01-01T00:00:${String(second).padStart(2, '0')}Z`, trace });
    const later = pay({ time: '2026-01-01T01:01:00+01:00', trace: 'a' });
    const { json } = await replay(lines(at(0, 'a'), at(10, 'b'), at(20, 'c'), later), { rules: twice });
    expect(json).toMatchObject({ permitted: 3, denied: 1, deniedCalls: [{ line: 3 }] });
  });

  it('take milliseconds since 1970 for a time', async () => {
    const { json } = await replay(lines(...[0, 1, 2, 60_000].map((time) => pay({ time }))), { rules: twice });
    expect(json).toMatchObject({ permitted: 3, deniedCalls: [{ line: 3 }] });
  });

  it('gain no room from a time that goes back', async () => {
    const times = [100_000, 100_000, 30_000, 0, 159_999, 160_000];
    const { json } = await replay(lines(...times.map((time) => pay({ time }))), { rules: twice });
    expect(json.deniedCalls.map(({ line }: { line: number }) => line)).toEqual([3, 4, 5]);
  });

  it('gain no room from a later call that was not charged', async () => {
    const calls = [
      pay({ time: 0 }),
      { tool: 'other', time: 70_000 },
      pay({ time: 10 }),
      pay({ time: 60_001 }),
      pay({ time: 70_001 }),
    ];
    const { json } = await replay(lines(...calls), { rules: twice });
    expect(json.deniedCalls.map(({ line }: { line: number }) => line)).toEqual([5]);
  });

  it('are not charged by what is denied or awaits approval', async () => {
    const strict = `${twice}deny pay on ** when args.bad = true\nrequire ok for pay on ** when args.big = true\n`;
    const call = (args: object) => ({ tool: 'pay', arguments: { bad: false, big: false, ...args } });
    const calls = [
      call({ bad: true }),
      call({ big: true }),
      call({ big: true }),
      call({}),
      call({}),
      call({}),
    ];
    const { json } = await replay(lines(...calls), { rules: strict });
    expect(json).toMatchObject({ permitted: 2, denied: 2, needs_approval: 2, codes: { limit_exceeded: 1 } });
  });

  it('sum a field', async () => {
    const budget = 'permit pay on **\nlimit pay 0.3 of args.amount per day\n';
    const amounts = [0.1, 0.2, 0.1, 0, undefined, -1];
    const { json } = await replay(lines(...amounts.map((amount) => pay({ arguments: { amount } }))), {
      rules: budget,
    });
    expect(json.codes).toEqual({ permitted: 3, limit_exceeded: 1, limit_unmeasurable: 2 });
  });

  it('stay exact for one trace with many calls', async () => {
    const thousand = 'permit ** on **\nlimit pay 1000 per day\n';
    const { json } = await replay(lines(...Array.from({ length: 1_500 }, () => pay({}))), {
      rules: thousand,
    });
    expect(json).toMatchObject({ permitted: 1000, denied: 500 });
  });
});

describe('replay --before --after', () => {
  const AFTER = `permit lookup on **
permit refund on '/orders/**' when args.amount <= 200
require human.approval for refund on ** when args.amount > 100
`;
  const compare = (trace: string, flags: string[] = [], after = AFTER) => [
    ...['replay', '--before', rules, '--after', folder.write('after.ccl', after)],
    ...[
      '--trace',
      folder.write('trace.jsonl', trace),
      '--map',
      folder.write('map.json', JSON.stringify(MAP)),
      ...flags,
    ],
  ];
  const TRACE = lines(
    { tool: 'lookup' },
    refund('1', 20),
    refund('1', 80),
    refund('1', 150),
    refund('secret', 10),
    refund('1', 500),
    'no json',
  );

  it('shows every call that comes out differently, with both reasons', async () => {
    const { code, json } = await steleJson(compare(TRACE));
    expect(code).toBe(1);
    expect(json).toMatchObject({ calls: 6, malformed: 1, flipped: 3, flippedOmitted: 0 });
    expect(json.flips).toEqual({
      'needs_approval -> permitted': 1,
      'denied -> needs_approval': 1,
      'denied -> permitted': 1,
    });
    expect(json.flippedCalls).toMatchObject([
      { before: { line: 3, outcome: 'needs_approval' }, after: { outcome: 'permitted' } },
      { before: { line: 4, code: 'no_matching_permit' }, after: { outcome: 'needs_approval' } },
      { before: { line: 5, code: 'denied_by_rule' }, after: { outcome: 'permitted' } },
    ]);
    const text = await stele(compare(TRACE));
    expect(text.out).toContain('denied -> permitted  line 5');
    expect(text.err).toContain(':7: malformed line');
  });

  it('counts the limits of each by itself', async () => {
    const trace = lines({ tool: 'lookup' }, { tool: 'lookup' }, { tool: 'lookup' });
    const { json } = await steleJson(compare(trace, [], 'permit lookup on **\nlimit lookup 2 per day\n'));
    expect(json.flippedCalls).toMatchObject([
      { before: { line: 3, outcome: 'permitted' }, after: { code: 'limit_exceeded' } },
    ]);
  });

  it('exits with 0 where nothing changes, and keeps as many as asked for', async () => {
    const same = await steleJson(compare(lines({ tool: 'lookup' }), [], RULES));
    expect([same.code, same.json.flipped]).toEqual([0, 0]);
    const few = await steleJson(compare(TRACE, ['--max-denied', '1']));
    expect(few.json).toMatchObject({ flipped: 3, flippedOmitted: 2 });
  });

  it.each([
    ['only one of the two', (after: string) => ['--after', after]],
    ['three covenants', (after: string) => ['--before', rules, '--after', after, '--covenant', rules]],
    [
      'one decision a line',
      (after: string) => ['--before', rules, '--after', after, '--decisions', `${after}.out`],
    ],
  ])('exits with 2 for %s', async (_, flags) => {
    const argv = flags(folder.write('after.ccl', AFTER));
    const { code, json } = await steleJson([
      'replay',
      ...argv,
      '--trace',
      folder.write('trace.jsonl', TRACE),
    ]);
    expect([code, json.error.code]).toEqual([2, 'usage']);
  });

  it('exits with 1 for a candidate that is no valid covenant, and with 2 for rules that cannot be read', async () => {
    const forged = folder.write('forged.json', '{}');
    const { code } = await steleJson(['replay', '--before', rules, '--after', forged, '--trace', forged]);
    expect(code).not.toBe(0);
    expect((await steleJson(compare(TRACE, [], 'permit'))).code).toBe(2);
  });
});
