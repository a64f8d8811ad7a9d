import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readTestTable } from '@stele/ccl/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Folder, RULES, stele, steleJson } from './support.js';

const refund = (amount: unknown, currency = 'EUR') => ({
  action: 'payments.refund',
  resource: '/orders/7',
  context: { args: { amount, currency } },
});
const CASES = [
  {
    name: 'small refunds',
    request: refund(50),
    expect: { code: 'permitted', line: 2, obligations: [], limits: [4] },
  },
  {
    name: 'refunds that need a person',
    request: refund(150),
    expect: { code: 'permitted', obligations: ['human.approval'] },
  },
  { name: 'large refunds', request: refund(201), expect: { code: 'no_matching_permit' } },
  { name: 'other currencies', request: refund(5, 'USD'), expect: 'deny' },
];
const READ = { name: 'reading', request: { action: 'orders.read', resource: '/orders/1' }, expect: 'permit' };

/** A folder with rules and one table over them. */
function suite(cases: readonly unknown[], rules = RULES): Folder {
  const folder = new Folder();
  folder.write('refund.ccl', rules);
  folder.write('refund.ccl.test.json', { covenant: './refund.ccl', cases });
  return folder;
}

describe('stele test', () => {
  it('passes, and names the statements that no case asked for', async () => {
    const folder = suite(CASES);
    const { code, out, err } = await stele(['test', folder.path]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('4 of 4 as expected');
    expect(out).toContain('80 % covered (4 of 5 statements)');
    expect(out).toContain('line 1 never decided anything: permit orders.read');
    expect(out).toMatch(/^4 passed, 0 failed$/m);
  });

  it('fails where a decision is another one, and explains it', async () => {
    const folder = suite([...CASES, { ...READ, name: 'not so', expect: { code: 'denied_by_rule' } }]);
    const { code, out } = await stele(['test', folder.at('refund.ccl.test.json')]);
    expect(code).toBe(1);
    expect(out).toContain('✗ not so');
    expect(out).toContain('expected the code denied_by_rule, got permitted');
    expect(out).toContain("* line 1: permit orders.read     on '/orders/**'");
    expect(out).toMatch(/^4 passed, 1 failed$/m);
  });

  it('fails below the coverage that is asked for', async () => {
    const folder = suite(CASES);
    expect((await stele(['test', folder.path, '--min-coverage', '80'])).code).toBe(0);
    const { code, out } = await stele(['test', folder.path, '--min-coverage', '81']);
    expect([code, out.includes('81 % are asked for')]).toEqual([1, true]);
    const whole = suite([...CASES, READ]);
    expect((await stele(['test', whole.path, '--min-coverage', '100'])).code).toBe(0);
  });

  it('counts the tables of one covenant together', async () => {
    const folder = suite(CASES);
    mkdirSync(folder.at('more'));
    folder.write('more/read.ccl.test.json', { covenant: '../refund.ccl', cases: [READ] });
    const { code, json } = await steleJson(['test', folder.path, '--min-coverage', '100']);
    expect(code).toBe(0);
    expect(json).toMatchObject({
      passed: 5,
      failed: 0,
      errors: [],
      coverage: [{ percent: 100, undecided: [] }],
    });
    expect(json.coverage).toHaveLength(1);
  });

  it('tells tools what failed and why', async () => {
    const folder = suite([{ ...READ, expect: 'deny' }]);
    const { code, json } = await steleJson(['test', folder.path]);
    expect(code).toBe(1);
    expect(json).toMatchObject({ passed: 0, failed: 1 });
    expect(json.tables[0].cases[0]).toMatchObject({
      name: 'reading',
      passed: false,
      differences: ['expected the decision deny, got permit'],
      explanation: { evaluation: { code: 'permitted' } },
    });
    expect(json.coverage[0].undecided.map(({ line }: { line: number }) => line)).toEqual([2, 3, 4, 5]);
  });

  it('tests the constraints of a covenant', async () => {
    const folder = new Folder();
    folder.write('covenant.json', { constraints: RULES });
    folder.write('a.ccl.test.json', { covenant: 'covenant.json', cases: CASES });
    expect((await stele(['test', folder.path])).code).toBe(0);
  });
});

describe('looking for tables', () => {
  it('goes through folders, but not into node_modules, hidden ones and links', async () => {
    const folder = suite(CASES);
    const table = { covenant: './none.ccl', cases: CASES };
    for (const name of ['node_modules', '.hidden', 'target']) mkdirSync(folder.at(name));
    folder.write('node_modules/x.ccl.test.json', table);
    folder.write('.hidden/x.ccl.test.json', table);
    folder.write('other.test.json', table);
    const elsewhere = suite(CASES);
    symlinkSync(elsewhere.path, folder.at('link'));
    symlinkSync(folder.path, join(folder.at('target'), 'loop'));
    const { code, json } = await steleJson(['test', folder.path]);
    expect([code, json.tables.length]).toEqual([0, 1]);
  });

  it('begins where it runs', () => {
    const folder = suite(CASES);
    const bin = fileURLToPath(new URL('../dist/stele.js', import.meta.url));
    const run = (cwd: string) => spawnSync(process.execPath, [bin, 'test'], { cwd, encoding: 'utf8' });
    expect(run(folder.path)).toMatchObject({ status: 0, stderr: '' });
    expect(run(folder.path).stdout).toContain('✓ refund.ccl.test.json  4 of 4');
    expect(run(new Folder().path).status).toBe(2);
  });

  it('never takes nothing for a pass', async () => {
    const empty = new Folder();
    expect((await steleJson(['test', empty.path])).json.error.code).toBe('no_tests');
    expect((await stele(['test', empty.path])).code).toBe(2);
    expect((await stele(['test', empty.at('none.ccl.test.json')])).code).toBe(2);
    expect((await stele(['test', '-'])).code).toBe(2);
  });

  it('takes each table once', async () => {
    const folder = suite(CASES);
    const { json } = await steleJson(['test', folder.path, folder.at('refund.ccl.test.json')]);
    expect(json.tables).toHaveLength(1);
  });

  it('gives up where folders are nested too deep', async () => {
    const folder = new Folder();
    mkdirSync(folder.at('a/'.repeat(40)), { recursive: true });
    const { code, json } = await steleJson(['test', folder.path]);
    expect([code, json.error.code]).toEqual([2, 'too_large']);
  });
});

describe('a table that is wrong', () => {
  const table = (change: object) => ({ covenant: './refund.ccl', cases: CASES, ...change });
  it.each<[string, unknown, string]>([
    ['no JSON', 'nonsense', 'not_json'],
    ['binary data', Buffer.from([0, 200, 1]), 'not_utf8'],
    ['2 MiB', ' '.repeat(2 * 1024 * 1024), 'too_large'],
    ['a name twice', '{"covenant":"./refund.ccl","covenant":"./refund.ccl","cases":[]}', 'not_json'],
    ['deep JSON', `{"covenant":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'not_json'],
    ['a list', [], 'test_table_invalid'],
    ['no cases', table({ cases: [] }), 'test_table_invalid'],
    ['an unknown member', table({ case: [] }), 'test_table_invalid'],
    ['an unknown code', table({ cases: [{ ...READ, expect: { code: 'denied' } }] }), 'test_table_invalid'],
    ['a covenant that is not there', table({ covenant: './none.ccl' }), 'file_unreadable'],
    ['a covenant that is a folder', table({ covenant: '.' }), 'file_unreadable'],
    ['a covenant that is standard input', table({ covenant: '-' }), 'file_unreadable'],
    ['a covenant with a mistake', table({ covenant: './bad.ccl' }), 'ccl_syntax'],
    ['a covenant without constraints', table({ covenant: './refund.ccl.test.json' }), 'not_rules'],
  ])('is an error for %s, and the others run', async (_what, content, expected) => {
    const folder = suite(CASES);
    folder.write('bad.ccl', 'permitt a on /x');
    folder.write('wrong.ccl.test.json', content as string);
    const { code, json, err } = await steleJson(['test', folder.path]);
    expect(code).toBe(2);
    expect(json.errors.map(({ code: each }: { code: string }) => each)).toEqual([expected]);
    expect(json).toMatchObject({ passed: 4, failed: 0 });
    expect(err).toContain('wrong.ccl.test.json');
  });

  it.each([['-1'], ['101'], ['half'], ['1e1'], ['']])('a coverage of %j is a usage error', async (value) => {
    const { code, json } = await steleJson(['test', '.', '--min-coverage', value]);
    expect([code, json.error.code]).toEqual([2, 'usage']);
  });
});

describe('the schema', () => {
  const file = fileURLToPath(new URL('../schema/ccl-test.schema.json', import.meta.url));
  const schema = JSON.parse(readFileSync(file, 'utf8'));

  interface Schema {
    readonly type?: string;
    readonly enum?: readonly unknown[];
    readonly required?: readonly string[];
    readonly properties?: Readonly<Record<string, Schema>>;
    readonly items?: Schema;
    readonly oneOf?: readonly Schema[];
    readonly minimum?: number;
    readonly minLength?: number;
    readonly minItems?: number;
    readonly maxItems?: number;
  }

  /** Values that fit a schema, as far as this one goes. */
  function valuesOf(node: Schema, name = ''): fc.Arbitrary<unknown> {
    if (node.oneOf !== undefined) return fc.oneof(...node.oneOf.map((each) => valuesOf(each)));
    if (node.enum !== undefined) return fc.constantFrom(...node.enum);
    switch (node.type) {
      case 'string':
        return name === 'name' ? fc.uuid() : fc.string({ minLength: node.minLength ?? 0 });
      case 'integer':
        return fc.nat(100).map((n) => n + (node.minimum ?? 0));
      case 'array':
        return fc.array(valuesOf(node.items as Schema), { minLength: node.minItems ?? 0, maxLength: 3 });
      default: {
        const members = Object.entries(node.properties ?? {}).map(([key, each]) => [
          key,
          valuesOf(each, key),
        ]);
        const requiredKeys = (node.required ?? []) as never[];
        return fc.record(Object.fromEntries(members) as Record<string, fc.Arbitrary<unknown>>, {
          requiredKeys,
        });
      }
    }
  }

  it('describes what is read, and every value that it describes is', () => {
    const property = fc.property(valuesOf(schema), (value) => {
      expect(() => readTestTable(value)).not.toThrow();
    });
    fc.assert(property);
  });

  it('leaves nothing out: without a member that it requires nothing is read', () => {
    const property = fc.property(valuesOf(schema), fc.constantFrom(...schema.required), (value, name) => {
      const { [name as string]: _, ...rest } = value as Record<string, unknown>;
      expect(() => readTestTable(rest)).toThrow(expect.objectContaining({ code: 'test_table_invalid' }));
    });
    fc.assert(property);
  });
});
