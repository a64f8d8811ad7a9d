import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile, evaluate, type Request } from '../src/index.js';
import {
  AssertionError,
  Coverage,
  expectDeny,
  expectPermit,
  readTestTable,
  runTestTable,
  TestTableError,
} from '../src/testing.js';
import { documentText, request } from './support/generators.js';

const RULES = `permit a on /x when n <= 5
deny a on /x/secret
limit a on /x 10 of n per hour
require mfa on /x when n > 3`;
const ask = (n?: unknown): Request => ({
  action: 'a',
  resource: '/x',
  context: n === undefined ? {} : { n },
});

/** The assertion error of a call; fails if there is none. */
function assertionOf(act: () => unknown): AssertionError {
  try {
    act();
  } catch (error) {
    if (error instanceof AssertionError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('expectPermit and expectDeny', () => {
  it('return the evaluation when it is the expected one', () => {
    expect(expectPermit(RULES, ask(4))).toEqual(evaluate(compile(RULES), ask(4)));
    expect(expectPermit(compile(RULES), ask(1)).limits).toMatchObject([{ line: 3, cost: 1 }]);
    expect(expectDeny(RULES, ask(6)).code).toBe('no_matching_permit');
    expect(expectDeny(RULES, ask(), 'no_matching_permit').permitted).toBe(false);
    expect(expectDeny(RULES, { action: '', resource: '/x' }, 'malformed_request').matched).toEqual([]);
  });

  it('throw an assertion error that explains itself', () => {
    const error = assertionOf(() => expectPermit(RULES, ask(6)));
    expect(error).toMatchObject({
      name: 'AssertionError',
      code: 'ERR_ASSERTION',
      actual: 'no_matching_permit',
      expected: 'permitted',
    });
    expect(error.message).toContain('expected permit for `a` on `/x`');
    expect(error.message).toContain('n is 6');
    expect(error.message).toContain('(condition is false)');
  });

  it.each<[string, () => unknown, string, string]>([
    ['a permit where a denial is due', () => expectDeny(RULES, ask(1)), 'permitted', 'any denial'],
    [
      'a permit where a code is due',
      () => expectDeny(RULES, ask(1), 'denied_by_rule'),
      'permitted',
      'denied_by_rule',
    ],
    [
      'another code',
      () => expectDeny(RULES, ask(9), 'denied_by_rule'),
      'no_matching_permit',
      'denied_by_rule',
    ],
    ['no request', () => expectPermit(RULES, undefined as never), 'malformed_request', 'permitted'],
    [
      'a request of odd members',
      () => expectPermit(RULES, { action: Object.create(null), resource: Symbol('x') } as never),
      'malformed_request',
      'permitted',
    ],
  ])('fail for %s', (_what, act, actual, expected) => {
    const error = assertionOf(act);
    expect(error).toMatchObject({ actual, expected });
    expect(error.message.includes('expected deny with')).toBe(expected === 'denied_by_rule');
  });

  it('pass no mistake of the test itself', () => {
    expect(() => expectDeny(RULES, ask(9), 'denied' as never)).toThrow(RangeError);
    expect(() => expectDeny(RULES, ask(9), 'permitted' as never)).toThrow(RangeError);
    expect(() => expectDeny('permitt a on /x', ask())).toThrow(
      expect.objectContaining({ code: 'ccl_syntax' }),
    );
    expect(() => expectDeny({} as never, ask())).toThrow(TypeError);
    expect(() => expectDeny(undefined as never, ask())).toThrow(TypeError);
  });

  it('agree with evaluate', () => {
    const passes = (act: () => unknown) => {
      try {
        act();
        return true;
      } catch (error) {
        if (error instanceof AssertionError) return false;
        throw error;
      }
    };
    const property = fc.property(documentText, request, (text, asked) => {
      const policy = compile(text);
      const one = asked as Request;
      const { permitted } = evaluate(policy, one);
      expect(passes(() => expectPermit(policy, one))).toBe(permitted);
      expect(passes(() => expectDeny(policy, one))).toBe(!permitted);
    });
    fc.assert(property, { numRuns: 500 });
  });
});

describe('Coverage', () => {
  it('names the statements that decided nothing', () => {
    const coverage = new Coverage(RULES);
    const lines = () => coverage.report().undecided.map(({ line }) => line);
    expect(coverage.report()).toMatchObject({ statements: 4, decided: 0, percent: 0 });
    expectDeny(coverage, { action: '', resource: '' });
    expectDeny(coverage, ask(6));
    expect(lines()).toEqual([1, 2, 3, 4]);
    expectPermit(coverage, ask(1));
    expect(lines()).toEqual([2, 4]);
    expectPermit(coverage, ask(4));
    expectDeny(coverage, { action: 'a', resource: '/x/secret' });
    expect(coverage.report()).toEqual({ statements: 4, decided: 4, percent: 100, undecided: [] });
  });

  it('counts no statement for what another one decided', () => {
    const coverage = new Coverage('permit a on **\ndeny a on **\nlimit a 1 per day\nrequire x on **');
    expectDeny(coverage, { action: 'a', resource: '/' });
    expect(coverage.report()).toMatchObject({ decided: 1, percent: 25 });
  });

  it('counts a statement also when its assertion fails', () => {
    const coverage = new Coverage('permit a on **');
    expect(() => expectDeny(coverage, { action: 'a', resource: '/' })).toThrow(AssertionError);
    expect(coverage.report().percent).toBe(100);
  });

  it('never rounds up to all', () => {
    const coverage = new Coverage(Array.from({ length: 300 }, (_, i) => `permit a${i} on **`).join('\n'));
    for (let i = 0; i < 299; i++) expectPermit(coverage, { action: `a${i}`, resource: '/' });
    expect(coverage.report().percent).toBe(99);
    expect(new Coverage('# nothing').report()).toMatchObject({ statements: 0, percent: 100 });
  });

  it('takes only what compile made', () => {
    expect(() => new Coverage({} as never).explain(ask())).toThrow(TypeError);
    expect(() => new Coverage('permitt')).toThrow(expect.objectContaining({ code: 'ccl_syntax' }));
  });
});

const CASE = { name: 'one', request: { action: 'a', resource: '/x', context: { n: 4 } }, expect: 'permit' };
const table = (change: object = {}) => ({ covenant: './a.ccl', cases: [{ ...CASE, ...change }] });
/** Whether the only case passes, and if not why. */
const outcome = (change: object) => {
  const [result] = runTestTable(readTestTable(table(change)), new Coverage(RULES));
  expect(result!.passed).toBe(result!.differences.length === 0);
  return result!.differences;
};

describe('a table of tests', () => {
  it('keeps what it reads', () => {
    const read = readTestTable({ $schema: 'x', ...table({ expect: { code: 'permitted', limits: [3] } }) });
    expect(read).toEqual({
      covenant: './a.ccl',
      cases: [{ ...CASE, expect: { permitted: true, code: 'permitted', limits: [3] } }],
    });
  });

  it.each([
    ['permit'],
    [{ code: 'permitted' }],
    [{ code: 'permitted', line: 1, obligations: ['mfa'], limits: [3] }],
  ])('passes for %j', (expected) => {
    expect(outcome({ expect: expected })).toEqual([]);
  });

  it.each<[unknown, object, RegExp]>([
    ['deny', {}, /decision deny, got permit/],
    [{ code: 'denied_by_rule' }, {}, /decision deny/],
    [{ code: 'permitted', line: 2 }, {}, /line 2, got 1/],
    [{ code: 'permitted', obligations: [] }, {}, /obligations none, got mfa/],
    [{ code: 'permitted', obligations: ['mfa', 'x'] }, {}, /obligations mfa, x, got mfa/],
    [{ code: 'permitted', limits: [] }, {}, /lines none, got 3/],
    [{ code: 'permitted', limits: [4] }, {}, /lines 4, got 3/],
    ['permit', { action: 'b', resource: '/x' }, /decision permit, got deny/],
    [
      { code: 'denied_by_rule' },
      { action: 'b', resource: '/x' },
      /code denied_by_rule, got no_matching_permit/,
    ],
    [{ code: 'no_matching_permit', line: 1 }, { action: 'b', resource: '/x' }, /line 1, got none/],
    [{ code: 'malformed_request' }, { action: 'b', resource: '/x' }, /malformed_request/],
  ])('fails for %j', (expected, asked, reason) => {
    const change = Object.keys(asked).length === 0 ? {} : { request: asked };
    expect(outcome({ expect: expected, ...change }).join('; ')).toMatch(reason);
  });

  it('finds the limit that could not be measured by its line', () => {
    const policy = new Coverage('permit a on **\nlimit a 1 of n per day');
    const one = { ...CASE, request: { action: 'a', resource: '/' } };
    const run = (line: number) =>
      runTestTable(
        readTestTable({ covenant: 'x', cases: [{ ...one, expect: { code: 'limit_unmeasurable', line } }] }),
        policy,
      )[0]!.passed;
    expect([run(2), run(3)]).toEqual([true, false]);
  });

  it.each<[string, unknown, string]>([
    ['undefined', undefined, 'no object'],
    ['a list', [], 'no object'],
    ['an empty object', {}, 'covenant: missing'],
    ['no cases', { covenant: 'x' }, 'cases: missing'],
    ['an empty table', { covenant: 'x', cases: [] }, 'cases: a table without cases'],
    ['cases that are no list', { covenant: 'x', cases: {} }, 'cases: no array'],
    ['too many cases', { covenant: 'x', cases: Array(10_001).fill(CASE) }, 'more than 10000'],
    ['an unknown member', { ...table(), case: [] }, 'unknown member `case`'],
    ['an unknown member of a case', table({ expects: 'permit' }), 'cases[0]: unknown member `expects`'],
    ['a case that is no object', { covenant: 'x', cases: ['permit'] }, 'cases[0]: no object'],
    [
      'a case without an expectation',
      { covenant: 'x', cases: [{ ...CASE, expect: undefined }] },
      'cases[0].expect',
    ],
    ['an empty name', table({ name: '' }), 'cases[0].name'],
    ['a name twice', { covenant: 'x', cases: [CASE, CASE] }, 'cases[1].name'],
    ['no covenant', { ...table(), covenant: '' }, 'covenant: no string'],
    ['no request', table({ request: null }), 'cases[0].request: no object'],
    ['no action', table({ request: { resource: '/' } }), 'cases[0].request.action: missing'],
    [
      'an action that is no string',
      table({ request: { action: 5, resource: '/' } }),
      'cases[0].request.action',
    ],
    ['a resource that is no string', table({ request: { action: 'a', resource: null } }), 'request.resource'],
    [
      'a context that is no object',
      table({ request: { action: 'a', resource: '/', context: [] } }),
      'cases[0].request.context',
    ],
    [
      'an unknown member of a request',
      table({ request: { action: 'a', resource: '/', args: {} } }),
      'unknown member `args`',
    ],
    ['an unknown decision', table({ expect: 'allow' }), 'cases[0].expect: neither'],
    ['an expectation without a code', table({ expect: { line: 1 } }), 'cases[0].expect.code: missing'],
    ['an unknown code', table({ expect: { code: 'denied' } }), 'cases[0].expect.code: none of'],
    ['a code that is no string', table({ expect: { code: ['permitted'] } }), 'cases[0].expect.code'],
    ['an inherited code', table({ expect: { code: 'toString' } }), 'cases[0].expect.code'],
    [
      'an unknown expectation',
      table({ expect: { code: 'permitted', obligation: [] } }),
      'unknown member `obligation`',
    ],
    ['line 0', table({ expect: { code: 'permitted', line: 0 } }), 'cases[0].expect.line'],
    ['a line that is no number', table({ expect: { code: 'permitted', line: '1' } }), 'cases[0].expect.line'],
    [
      'limits that are no list',
      table({ expect: { code: 'permitted', limits: 3 } }),
      'expect.limits: no array',
    ],
    ['limits by name', table({ expect: { code: 'permitted', limits: ['a'] } }), 'expect.limits[0]'],
    [
      'obligations by line',
      table({ expect: { code: 'permitted', obligations: [4] } }),
      'expect.obligations[0]',
    ],
  ])('is refused for %s', (_what, value, message) => {
    const error = (() => {
      try {
        readTestTable(value);
      } catch (thrown) {
        return thrown as TestTableError;
      }
      throw new Error('it was read');
    })();
    expect(error).toBeInstanceOf(TestTableError);
    expect(error.code).toBe('test_table_invalid');
    expect(error.message).toContain(message);
  });

  it('compares all names, in any order', () => {
    const policy = new Coverage('permit a on **\nrequire mfa on **\nrequire x on **');
    const one = { ...CASE, request: { action: 'a', resource: '/' } };
    const passes = (obligations: string[]) =>
      runTestTable(
        readTestTable({ covenant: 'x', cases: [{ ...one, expect: { code: 'permitted', obligations } }] }),
        policy,
      )[0]!.passed;
    expect([passes(['x', 'mfa']), passes(['mfa', 'y']), passes(['mfa'])]).toEqual([true, false, false]);
  });

  it('may hold 10,000 cases', () => {
    const cases = Array.from({ length: 10_000 }, (_, i) => ({ ...CASE, name: `${i}` }));
    expect(readTestTable({ covenant: 'x', cases }).cases).toHaveLength(10_000);
  });

  it('is refused, never misread, whatever it is', () => {
    const property = fc.property(fc.anything({ maxDepth: 4, withNullPrototype: true }), (value) => {
      expect(() => readTestTable({ covenant: 'x', cases: [value] })).toThrow(TestTableError);
    });
    fc.assert(property, { numRuns: 500 });
  });
});

const folder = fileURLToPath(new URL('..', import.meta.url));

describe.skipIf(!existsSync(`${folder}/dist/testing.js`))('under the runners themselves', () => {
  const file = (runner: string) => `
import { expectDeny, expectPermit } from '@stele/ccl/testing';
import { compile } from '@stele/ccl';
${runner}
const policy = compile("permit a on /x when n <= 5");
it('passes', () => {
  expectPermit(policy, { action: 'a', resource: '/x', context: { n: 5 } });
  expectDeny(policy, { action: 'a', resource: '/x', context: { n: 6 } }, 'no_matching_permit');
});
it('fails', () => { expectPermit(policy, { action: 'a', resource: '/x', context: { n: 6 } }); });
`;
  const run = (name: string, text: string, command: (path: string) => readonly string[]) => {
    const temporary = mkdtempSync(join(folder, '.example-'));
    try {
      writeFileSync(join(temporary, name), text);
      writeFileSync(join(temporary, 'vitest.config.mjs'), 'export default {};');
      const argv = command(join(temporary, name));
      // Nothing of the runner that this runs under.
      const isOurs = (name: string) => /^(?:VITEST|NODE_|TEST$)/.test(name);
      const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOurs(name)));
      const { status, stdout, stderr } = spawnSync(process.execPath, argv, {
        cwd: temporary,
        env,
        encoding: 'utf8',
      });
      return { status, text: stdout + stderr };
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
  };

  it('tell a failed expectation in node:test', () => {
    const text = file("import { it } from 'node:test';");
    const ran = run('rules.test.mjs', text, (path) => ['--test-reporter=tap', path]);
    expect(ran.status).toBe(1);
    expect(ran.text).toMatch(/# pass 1\b/);
    expect(ran.text).toMatch(/# fail 1\b/);
    expect(ran.text).toContain('ERR_ASSERTION');
    expect(ran.text).toContain('n is 6');
  });

  it('tell a failed expectation in vitest', () => {
    const text = file("import { it } from 'vitest';");
    const manifest = createRequire(import.meta.url).resolve('vitest/package.json');
    const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: { vitest: string } };
    const vitest = join(manifest, '..', bin.vitest);
    const ran = run('rules.test.mjs', text, (path) => [
      vitest,
      'run',
      '--reporter=json',
      '--root',
      join(path, '..'),
    ]);
    expect(ran.status).toBe(1);
    expect(ran.text).toContain('"numPassedTests":1');
    expect(ran.text).toContain('"numFailedTests":1');
    expect(ran.text).toContain('AssertionError');
    expect(ran.text).toContain('n is 6');
  });
});
