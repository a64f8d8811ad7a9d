import { afterEach, describe, expect, it } from 'vitest';
import { compile, evaluate, type Request } from '../src/index.js';

const ask = (text: string, context?: unknown) =>
  evaluate(compile(text), { action: 'a', resource: '/x', context: context as Record<string, unknown> });

describe('a request', () => {
  it('is read once, member by member', () => {
    const reads: string[] = [];
    const members: Record<string, unknown[]> = {
      action: ['a', 'b'],
      resource: ['/x', '/y', '/../z'],
      context: [{ n: 1 }, { n: 2 }],
    };
    const shifting = {} as Request;
    for (const name of Object.keys(members)) {
      Object.defineProperty(shifting, name, {
        get() {
          reads.push(name);
          return members[name]!.shift();
        },
      });
    }
    const policy = compile('permit a on /x when n = 1\ndeny b on **\ndeny ** on /y\nlimit a 5 of n per day');
    expect(evaluate(policy, shifting)).toMatchObject({ permitted: true, limits: [{ cost: 1 }] });
    expect(reads.sort()).toEqual(['action', 'context', 'resource']);
  });

  it('may be asked about while another is decided', () => {
    const policy = compile("permit a on '/**/x/**' when n = 1\npermit ** on '**/y/**/z'");
    const inner: boolean[] = [];
    const context = {
      get n() {
        inner.push(evaluate(policy, { action: 'b', resource: '/y/y/z' }).permitted);
        inner.push(evaluate(policy, { action: 'b', resource: '/x' }).permitted);
        return 1;
      },
    };
    expect(evaluate(policy, { action: 'a', resource: '/x/x/x', context }).permitted).toBe(true);
    expect(inner).toEqual([true, false]);
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'for %s finds no inherited statement',
    (name) => {
      expect(evaluate(compile('permit a on /x\npermit b on /y'), { action: name, resource: '/x' }).code).toBe(
        'no_matching_permit',
      );
      expect(evaluate(compile('permit a on /x\npermit a on /y'), { action: 'a', resource: name }).code).toBe(
        'no_matching_permit',
      );
      const policy = compile(`permit a on /${name}\npermit a on /y`);
      expect(evaluate(policy, { action: 'a', resource: name }).permitted).toBe(true);
    },
  );
});

describe('an evaluation', () => {
  it('is one of its own, so that who changes it changes no other', () => {
    const policy = compile('permit a on /x\nlimit a 5 per day\nrequire mfa on /x');
    const request = { action: 'a', resource: '/x' };
    const first = evaluate(policy, request) as unknown as Record<string, Record<string, unknown>[]>;
    const kept = structuredClone(first);
    for (const list of ['matched', 'limits', 'obligations']) {
      first[list]![0]!.line = 99;
      first[list]!.push({ line: 100 });
    }
    expect(evaluate(policy, request)).toEqual(kept);
  });
});

describe('a context', () => {
  afterEach(() => {
    // biome-ignore lint/suspicious/noExplicitAny: what a polluting dependency would do
    const polluted = [Object.prototype, Array.prototype] as any[];
    for (const prototype of polluted) for (const name of ['n', '0']) delete prototype[name];
  });

  it('lends nothing from polluted prototypes', () => {
    Object.assign(Object.prototype, { n: 1 });
    Object.assign(Array.prototype, { 0: 'a' });
    expect(ask('permit a on /x when n = 1', {}).permitted).toBe(false);
    expect(ask('permit a on /x when has n', {}).permitted).toBe(false);
    expect(ask('permit a on /x\nlimit a 5 of n per day', {}).code).toBe('limit_unmeasurable');
    // biome-ignore lint/suspicious/noSparseArray: holes are the point
    const holes = { list: [,] };
    expect(ask("permit a on /x when list contains 'a'", holes).permitted).toBe(false);
    expect(ask("permit a on /x when some list = 'a'", holes).permitted).toBe(false);
    expect(ask("permit a on /x\ndeny a on /x when every list = 'b'", holes).code).toBe('denied_by_rule');
  });

  it.each([
    ['a Set', new Set(['a'])],
    ['a Map', new Map([['a', true]])],
    ['an array-like', { 0: 'a', length: 1 }],
    ['a typed array', new Uint8Array([1])],
    ['a function', () => ['a']],
    ['a regular expression', /a/],
  ])('is unknown on the right side where it holds %s', (_what, odd) => {
    for (const condition of ['s in @odd', 's = @odd', 's starts_with @odd', 's contains @odd']) {
      expect(ask(`permit a on /x when ${condition}`, { s: 'a', odd }).permitted).toBe(false);
      expect(ask(`permit a on /x when not ${condition}`, { s: 'a', odd }).permitted).toBe(false);
    }
  });

  it('may be huge', () => {
    const list = Array.from({ length: 1_000_000 }, (_, i) => i);
    const text = 'permit a on /x when list contains 999999 and every list >= 0 and s ends_with "b"';
    expect(ask(text, { list, s: `${'a'.repeat(5_000_000)}b` }).permitted).toBe(true);
    let deep: object = { n: 1 };
    for (let i = 0; i < 100_000; i++) deep = { deep };
    expect(ask('permit a on /x when has deep.deep.deep', deep).permitted).toBe(true);
  });
});

describe('comparisons that are written alike', () => {
  it.each([
    ['n = 1', 'every n = 1', { n: 1 }],
    ['n = 1', "n = '1'", { n: 1 }],
    ['n = 1', 'n = 1.5', { n: 1 }],
    ['n = 1', 'on = 1', { n: 1 }],
    ["s = 'A'", "s = 'a'", { s: 'A' }],
    ['has s', 'has s.s', { s: 'A' }],
    ['s in ["A"]', 's not_in ["A"]', { s: 'A' }],
    ['s = @s', 's = @t', { s: 'A', t: 'B' }],
    ["some l matches 'a'", "every l matches 'a'", { l: ['a', 'b'] }],
  ])('are not mistaken for others: %s, %s', (holds, fails, context) => {
    const text = `permit a on /x when ${holds}\npermit a on /x when ${fails} severity critical\npermit a on /x when ${holds}`;
    expect(ask(text, context).matched.map(({ line }) => line)).toEqual([1, 3]);
  });
});
