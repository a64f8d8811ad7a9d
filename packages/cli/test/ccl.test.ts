import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { run } from '../src/index.js';
import { Folder, RULES, stele, steleJson } from './support.js';

const folder = new Folder();
let rules: string;
let files = 0;
const write = (text: string | Uint8Array) => folder.write(`${files++}.ccl`, text);

beforeAll(() => {
  rules = folder.write('rules.ccl', RULES);
});

/** The commands that a text offers to paste, as arguments. */
function pasted(text: string): string[][] {
  return [...text.matchAll(/^ {2}stele (ccl check) (\S+) '([^'\n]+)'$/gm)].map(([, words, file, request]) => [
    ...(words as string).split(' '),
    file as string,
    request as string,
  ]);
}

describe('ccl check', () => {
  it('finds no mistake in rules that have none', async () => {
    const { code, out, err } = await stele(['ccl', 'check', rules]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('5 statements');
    expect((await stele(['ccl', 'check', '-'], RULES)).code).toBe(0);
  });

  it('draws a mistake where it is, with what was likely meant', async () => {
    const bad = write('permit a on /x\n  permitt b on /y');
    const { code, out } = await stele(['ccl', 'check', bad]);
    expect(code).toBe(1);
    expect(out.split('\n').slice(0, 4)).toEqual([
      `${bad}:2:3: error: expected "permit", "deny", "require" or "limit", found \`permitt\``,
      '    permitt b on /y',
      '    ^',
      '  hint: did you mean `permit`?',
    ]);
  });

  it('hands the mistake to tools with its place and the edit', async () => {
    const { code, json } = await steleJson(['ccl', 'check', write('permitt b on /y'), rules]);
    expect(code).toBe(1);
    expect(json.files).toMatchObject([
      {
        statements: 0,
        errors: [
          { line: 1, column: 1, offset: 0, length: 7, suggestion: { start: 0, end: 7, text: 'permit' } },
        ],
      },
      { statements: 5, errors: [] },
    ]);
    expect(json.errors).toEqual([]);
  });

  it('warns, and warnings are no mistakes', async () => {
    const { code, out } = await stele(['ccl', 'check', write('permit a on **\ndeny * on **')]);
    expect(code).toBe(0);
    expect(out).toMatch(/:2: warning \(lone_star\): /);
  });

  it('goes on past a file that it cannot read, and exits with 2', async () => {
    const { code, json, err } = await steleJson([
      'ccl',
      'check',
      folder.at('none.ccl'),
      write('permitt'),
      rules,
    ]);
    expect(code).toBe(2);
    expect(json).toMatchObject({ files: [{}, { statements: 5 }], errors: [{ code: 'file_unreadable' }] });
    expect(err).toContain('no such file');
  });

  it('judges a request behind one file', async () => {
    const request = JSON.stringify({ action: 'orders.read', resource: '/orders/7' });
    expect((await steleJson(['ccl', 'check', rules, request])).json).toMatchObject({ code: 'permitted' });
    expect((await stele(['ccl', 'check', rules, request.replace('read', 'write')])).code).toBe(1);
    for (const argv of [
      [request],
      [rules, rules, request],
      [rules, request, rules],
      [rules, request, request],
    ])
      expect((await steleJson(['ccl', 'check', ...argv])).json).toMatchObject({ error: { code: 'usage' } });
  });

  it('reads the constraints of a covenant, genuine or not', async () => {
    const covenant = folder.write('some.json', { id: 'x', constraints: 'permit a on /x' });
    expect((await stele(['ccl', 'check', covenant])).out).toContain('1 statement,');
    const wrong = folder.write('wrong.json', { constraints: 'permitt a on /x' });
    expect((await stele(['ccl', 'check', wrong])).code).toBe(1);
    expect((await stele(['ccl', 'check', '-'], '{"constraints":"permit a on /x"}')).code).toBe(0);
  });
});

describe('ccl fmt', () => {
  it('is fmt', async () => {
    expect(await stele(['ccl', 'fmt', '-'], 'PERMIT a on /x')).toMatchObject({
      code: 0,
      out: 'permit a on /x\n',
    });
    expect((await stele(['ccl', 'fmt', '--check', rules])).code).toBe(1);
    const { code, err } = await stele(['ccl', 'fmt', '-'], 'permitt a on /x');
    expect([code, err.includes('did you mean `permit`?')]).toEqual([2, true]);
  });
});

describe('ccl explain', () => {
  const ask = (...more: string[]) => ['ccl', 'explain', rules, ...more];
  const refund = ['payments.refund', '/orders/7', '--arg', 'currency=EUR'];

  it('says of every statement what it made of the request', async () => {
    const { code, out } = await stele(ask(...refund, '--arg', 'amount=250'));
    expect(code).toBe(1);
    expect(out).toContain('no_matching_permit');
    expect(out).toMatch(/^- line 1: .*\(action does not match\)$/m);
    expect(out).toMatch(/^ {4}false {4}args\.amount <= 200 {2}\(args\.amount is 250\)$/m);
    expect(out).not.toContain('\u001b');
    expect((await stele(ask(...refund, '--arg', 'amount=50'))).code).toBe(0);
  });

  it('takes the request whole, from the command line, a file or standard input', async () => {
    const request = { action: 'orders.read', resource: '/orders/7', context: { args: {} } };
    const text = JSON.stringify(request);
    const expected = await stele(ask('orders.read', '/orders/7'));
    expect(expected.code).toBe(0);
    expect(await stele(ask(text))).toEqual(expected);
    expect(await stele(ask('--request', folder.write('request.json', request)))).toEqual(expected);
    expect(await stele(ask('--request', '-'), text)).toEqual(expected);
    expect((await stele(ask(text, '--arg', 'amount=5'))).code).toBe(0);
  });

  it('is coloured on a terminal alone', async () => {
    const on = async (isTTY: boolean) => {
      let out = '';
      const stdout = { isTTY, write: (text: string) => (out += text) };
      await run(ask('orders.write', '/orders/1'), { stdin: [], stdout, stderr: stdout });
      return out;
    };
    const plain = await on(false);
    vi.stubEnv('NO_COLOR', '');
    const coloured = await on(true);
    expect(coloured).toContain('\u001b[31mdeny\u001b[39m');
    expect(stripVTControlCharacters(coloured)).toBe(plain);
    vi.stubEnv('NO_COLOR', '1');
    expect(await on(true)).toBe(plain);
    vi.unstubAllEnvs();
  });

  it('tells tools the same', async () => {
    const { code, json } = await steleJson(ask('payments.refund', '/orders/7'));
    expect(code).toBe(1);
    expect(json.evaluation.code).toBe('denied_by_rule');
    expect(json.statements[2]).toMatchObject({
      line: 3,
      decides: true,
      condition: { value: 'unknown', fields: [{ field: 'args.currency', value: 'missing' }] },
    });
  });

  it('says what is malformed', async () => {
    const { code, out } = await stele(ask('orders.read', '/orders/../7'));
    expect([code, out.includes('segment 2 of the resource is `..`')]).toEqual([1, true]);
    expect((await stele(ask('{"action":5,"resource":"/"}'))).out).toContain('a number, not a string');
  });

  it.each([
    ['no request', [], 'usage'],
    ['half a request', ['orders.read'], 'usage'],
    ['a request twice', ['{"action":"a","resource":"/"}', '/x'], 'usage'],
    ['a request twice', ['{"action":"a","resource":"/"}', '--action', 'a'], 'usage'],
    ['a request and its parts', ['a', '/', '--request', '-'], 'usage'],
    ['two requests', ['{"action":"a","resource":"/"}', '--request', '-'], 'usage'],
    ['standard input twice', ['--request', '-', '--context', '-'], 'usage'],
    ['no JSON', ['{'], 'not_json'],
    ['a name twice', ['{"action":"a","resource":"/","action":"b"}'], 'not_json'],
    ['a name twice, once escaped', ['{"action":"a","resource":"/","\\u0061ction":"b"}'], 'not_json'],
    ['a name twice, deep', ['{"action":"a","resource":"/","context":{"a":[{"b":1,"b":1}]}}'], 'not_json'],
    ['an unknown member', ['{"action":"a","resource":"/","args":{}}'], 'not_json'],
    ['a context that is a list', ['{"action":"a","resource":"/","context":[]}'], 'not_json'],
    [
      'a deep context',
      [`{"action":"a","resource":"/","context":${'{"a":'.repeat(64)}1${'}'.repeat(65)}`],
      'not_json',
    ],
  ])('exits with 2 for %s', async (_, more, expected) => {
    const { code, json } = await steleJson(ask(...more), '{"action":"a","resource":"/"}');
    expect([code, json.error.code]).toEqual([2, expected]);
  });

  it('takes the same name in different objects, and braces in strings', async () => {
    const context = { a: { a: [{ a: 1 }, { a: '{"a":1,"a":2}' }] }, '{': '\\"' };
    const text = JSON.stringify({ action: 'orders.read', resource: '/orders/7', context });
    expect((await stele(ask(text))).code).toBe(0);
  });
});

describe('ccl analyze', () => {
  it('finds what does not do what it seems to', async () => {
    const odd = write('permit a on /x\ndeny a on /x\npermit b on /x when n < 1 and n > 1');
    const { code, json } = await steleJson(['ccl', 'analyze', odd]);
    expect(code).toBe(1);
    expect(json.findings.map(({ line }: { line: number }) => line)).toContain(3);
    expect((await stele(['ccl', 'analyze', odd])).out).toContain(`${odd}:3: `);
  });

  it('finds nothing where there is nothing', async () => {
    const { code, out } = await stele(['ccl', 'analyze', '-'], 'permit a on /x');
    expect([code, out]).toEqual([0, 'standard input: nothing found\n']);
  });

  it('exits with 2 for a mistake', async () => {
    const { code, json } = await steleJson(['ccl', 'analyze', '-'], 'permitt a on /x');
    expect([code, json.error.code, json.error.hint]).toEqual([2, 'ccl_syntax', 'did you mean `permit`?']);
  });
});

/** Rules of a parent and of a child that permits more, in one way each. */
const WIDER: readonly [why: string, parent: string, child: string][] = [
  ['a raised number', 'permit a on /x when n <= 5', 'permit a on /x when n <= 6'],
  ['a wider pattern', 'permit a on /x/*', 'permit a on /x/**'],
  ['a dropped deny', "permit a on **\ndeny a on /x when s = 'y'", 'permit a on **'],
  ['a text with a quote', 'permit a on **\ndeny a on ** when s = "it\'s"', 'permit a on ** when has s'],
  ['a resource with a quote', 'permit a on "/it\'s/x"', 'permit a on "/it\'s/*"'],
  [
    'the largest integer',
    'permit a on **\ndeny a on ** when n > 9007199254740991',
    'permit a on ** when has n',
  ],
  ['hidden characters', 'permit a on /x', 'permit a on /x\npermit b on "/\\u202e" when s = "\\u2028\\u0007"'],
];

describe('ccl narrow', () => {
  const narrow = (child: string, parent: string) => ['ccl', 'narrow', write(child), write(parent)];

  it('proves', async () => {
    const argv = narrow('permit a on /x when n < 5', 'permit a on /x/** when n <= 5');
    expect((await stele(argv)).code).toBe(0);
    expect((await steleJson(argv)).json).toEqual({ narrows: true });
  });

  it.each(WIDER)('shows %s by a request that can be pasted', async (_why, parent, child) => {
    const argv = narrow(child, parent);
    const { code, out } = await stele(argv);
    expect(code).toBe(1);
    const commands = pasted(out);
    expect(commands).toHaveLength(2);
    const codes = await Promise.all(commands.map(async (command) => (await stele(command)).code));
    expect(codes).toEqual([0, 1]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
    expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u2028\u202e]/);
    expect((await steleJson(argv)).json).toMatchObject({ narrows: false });
  });

  it('names a limit or an obligation that is missing', async () => {
    const parent = 'permit a on **\nlimit a 5 per day';
    const limit = await steleJson(narrow('permit a on **', parent));
    expect([limit.code, limit.json.missing]).toEqual([1, 'limit']);
    const { out } = await stele(narrow('permit a on **', 'permit a on **\nrequire mfa on **'));
    expect(out).toContain('without the obligation');
  });

  it('exits with 3 where neither is proved', async () => {
    const argv = narrow(
      "permit a on ** when s matches 'a+b?c'",
      "permit a on ** when s matches 'x|a+(b|c)c?'",
    );
    const { code, json } = await steleJson(argv);
    expect([code, json.narrows]).toEqual([3, 'unknown']);
    expect((await stele(argv)).out).toMatch(/^unknown {2}\S/);
  });
});

describe('ccl diff', () => {
  const diff = (before: string, after: string) => ['ccl', 'diff', write(before), write(after)];

  it('proves that nothing changed', async () => {
    const argv = diff(RULES, RULES.split('\n').reverse().join('\n'));
    const { code, out } = await stele(argv);
    expect([code, out.match(/proved/g)?.length]).toEqual([0, 3]);
    expect((await steleJson(argv)).json).toEqual({ equivalent: true });
  });

  it.each(WIDER)('shows %s by a request that can be pasted', async (_why, before, after) => {
    const argv = diff(before, after);
    const { code, out } = await stele(argv);
    expect(code).toBe(1);
    const [command] = pasted(out.slice(out.indexOf('newly permitted:')));
    const [words, check, , request] = command as string[];
    const ask = async (text: string) => (await stele([words, check, write(text), request] as string[])).code;
    expect([await ask(before), await ask(after)]).toEqual([1, 0]);
  });

  it('shows what is denied anew', async () => {
    const argv = diff('permit a on /x', 'permit a on /x when n = 1');
    expect((await stele(argv)).out).toMatch(/^newly denied:\n {2}stele ccl check /m);
    const { code, json } = await steleJson(argv);
    expect([code, json.newlyPermitted, json.newlyDenied.action]).toEqual([1, undefined, 'a']);
  });

  it.each([
    ['limit', 'limit a 5 per day', 'limit a 6 per day'],
    ['obligation', 'require mfa on **', ''],
  ])('shows a weaker %s, and the other way round a stricter one', async (missing, one, other) => {
    const [before, after] = [`permit a on **\n${one}`, `permit a on **\n${other}`];
    const { code, json } = await steleJson(diff(before, after));
    expect([code, json.weaker.missing, json.stricter]).toEqual([1, missing, undefined]);
    expect((await stele(diff(before, after))).out).toContain(`a weaker ${missing}:\n  stele ccl check`);
    const back = await steleJson(diff(after, before));
    expect([back.code, back.json.weaker, back.json.stricter.missing]).toEqual([1, undefined, missing]);
    expect((await stele(diff(after, before))).out).toContain(`a new or stricter ${missing}:\n`);
  });

  it('exits with 3 where it found nothing and can exclude nothing', async () => {
    const argv = diff("permit a on ** when s matches 'a+b?c'", "permit a on ** when s matches 'a+b?c|a+c'");
    const { code, json } = await steleJson(argv);
    expect([code, json.equivalent, typeof json.unknown]).toEqual([3, 'unknown', 'string']);
    expect((await stele(argv)).out).toContain('none found');
  });

  it.each(['narrow', 'diff'])('and %s refuse to read standard input twice', async (name) => {
    expect((await steleJson(['ccl', name, '-', '-'])).json.error.code).toBe('usage');
  });
});

describe('the budget of a proof', () => {
  const pair = () => [write('permit a on /x when n < 5'), write('permit a on /x/** when n <= 5')];

  it.each(['narrow', 'diff'])('spent by %s leaves the answer open, and says how to go on', async (name) => {
    const { code, out } = await stele(['ccl', name, ...pair(), '--budget', '3']);
    expect(code).toBe(3);
    expect(out).toContain('the work budget is spent\n  hint: give the proof more steps with --budget');
  });

  it.each(['analyze', 'check'])('spent by %s is a finding', async (name) => {
    const { out } = await stele(['ccl', name, rules, '--budget', '3']);
    expect(out).toContain('undecided');
    expect((await stele(['ccl', name, rules])).out).not.toContain('undecided');
  });

  it.each(['0', '-1', '1.5', 'x', '', '1e3', '99999999999999999'])('is no `%s`', async (budget) => {
    const { code, err } = await stele(['ccl', 'narrow', ...pair(), '--budget', budget]);
    expect(code).toBe(2);
    expect(err).toContain('It takes a whole number above 0.');
  });
});

describe('hostile files', () => {
  const request = '{"action":"a","resource":"/"}';
  const commands: readonly [name: string, argv: (file: string) => string[]][] = [
    ['check', (file) => ['check', file]],
    ['fmt', (file) => ['fmt', file]],
    ['explain', (file) => ['explain', file, request]],
    ['narrow', (file) => ['narrow', file, rules]],
    ['diff', (file) => ['diff', rules, file]],
    ['analyze', (file) => ['analyze', file]],
  ];
  const deep = `${'[{"a":'.repeat(20_000)}1${'}]'.repeat(20_000)}`;
  const hostile: readonly [what: string, make: () => string][] = [
    ['a folder', () => folder.path],
    ['binary data', () => write(Buffer.from([0, 255, 254, 128, 10, 0]))],
    ['half a character', () => write(Buffer.from([0xed, 0xa0, 0x80]))],
    ['a byte order mark', () => write('\ufeffpermit a on /x')],
    ['a NUL', () => write('permit a on /x\u0000')],
    ['2 MiB of rules', () => write('permit a on /x\n'.repeat(150_000))],
    ['2 MiB of one line', () => write('x'.repeat(2 * 1024 * 1024))],
    ['5 MiB', () => write(' '.repeat(5 * 1024 * 1024))],
    ['10,000 parentheses', () => write(`permit a on /x when ${'('.repeat(10_000)}`)],
    ['half a covenant', () => write('{"constraints":"permit a on /x"')],
    ['JSON without constraints', () => write('{"constraints":5}')],
    ['a covenant with a name twice', () => write('{"constraints":"permit a on /x","constraints":""}')],
    ['a covenant with a lone surrogate', () => write('{"constraints":"permit a on \'/\\ud800\'"}')],
    ['deep JSON', () => write(`{"a":${deep},"constraints":""}`)],
  ];

  it.each(
    hostile.flatMap(([what, make]) => commands.map(([name, argv]) => [what, name, make, argv] as const)),
  )('%s: ccl %s says what is wrong and where', async (_what, name, make, argv) => {
    const { code, out, err } = await stele(['ccl', ...argv(make())]);
    expect([1, 2]).toContain(code);
    if (name !== 'check') expect(code).toBe(2);
    expect(`${out}${err}`).not.toContain('fault of stele itself');
    expect(`${out}${err}`.length).toBeLessThan(2000);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
    expect(`${out}${err}`).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f\u202e\ufeff]/);
  });

  it('and whatever bytes there are end in an exit code', async () => {
    const token = fc.constantFrom(
      'permit',
      'deny',
      'on',
      '/x',
      'when',
      '{',
      '"constraints":',
      '"',
      "'",
      '\n',
      '(',
      '&&',
    );
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.array(token, { maxLength: 12 }).map((tokens) => Buffer.from(tokens.join(' '))),
      fc.json().map((text) => Buffer.from(`{"constraints":${text}}`)),
    );
    const property = fc.asyncProperty(bytes, fc.constantFrom(...commands), async (content, [, argv]) => {
      const { code, out, err } = await stele(['ccl', ...argv('-')], content);
      expect([0, 1, 2, 3]).toContain(code);
      expect(`${out}${err}`).not.toContain('fault of stele itself');
    });
    await fc.assert(property, { numRuns: 500 });
  });
});
